module systant/pkg/schema

go 1.26.0
