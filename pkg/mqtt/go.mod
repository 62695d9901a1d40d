module systant/pkg/mqtt

go 1.26.0
