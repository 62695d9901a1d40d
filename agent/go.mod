module systant/agent

go 1.26.0

replace (
	systant/pkg/config => ../pkg/config
	systant/pkg/mqtt => ../pkg/mqtt
	systant/pkg/schema => ../pkg/schema
	systant/pkg/systemd => ../pkg/systemd
)

require (
	systant/pkg/config v0.0.0
	systant/pkg/mqtt v0.0.0
	systant/pkg/schema v0.0.0
	systant/pkg/systemd v0.0.0
)

require (
	github.com/NVIDIA/go-nvml v0.13.4-1
	github.com/godbus/dbus/v5 v5.2.4
	github.com/google/go-cmp v0.7.0
	github.com/prometheus/procfs v0.23.0
	golang.org/x/crypto v0.58.0
	golang.org/x/sys v0.49.0
	golang.org/x/time v0.16.0
	golang.org/x/tools v0.52.0
)

require (
	github.com/eclipse/paho.golang v0.23.0 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/pelletier/go-toml/v2 v2.4.3 // indirect
	golang.org/x/net v0.61.0 // indirect
)
