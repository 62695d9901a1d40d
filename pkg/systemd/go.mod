module systant/pkg/systemd

go 1.26.0
