module systant/pkg/config

go 1.26.0
