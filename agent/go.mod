module systant/agent

go 1.26.0

replace (
	systant/pkg/config => ../pkg/config
	systant/pkg/mqtt => ../pkg/mqtt
	systant/pkg/schema => ../pkg/schema
)

require (
	systant/pkg/config v0.0.0
	systant/pkg/mqtt v0.0.0
	systant/pkg/schema v0.0.0
)

require (
	github.com/NVIDIA/go-nvml v0.13.4-1
	github.com/google/go-cmp v0.7.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/godbus/dbus/v5 v5.2.4 // indirect
	github.com/prometheus/procfs v0.23.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
)
