module systant/test

go 1.26.0

replace (
	systant/agent => ../agent
	systant/dashboard => ../dashboard
	systant/pkg/config => ../pkg/config
	systant/pkg/mqtt => ../pkg/mqtt
	systant/pkg/schema => ../pkg/schema
	systant/pkg/systemd => ../pkg/systemd
)

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	github.com/eclipse/paho.golang v0.23.0
	github.com/google/go-cmp v0.7.0
	github.com/google/jsonschema-go v0.4.3
	github.com/gorilla/websocket v1.5.3
	github.com/pelletier/go-toml/v2 v2.4.3
	go.yaml.in/yaml/v3 v3.0.6
	golang.org/x/tools v0.52.0
	systant/pkg/config v0.0.0
	systant/pkg/mqtt v0.0.0
	systant/pkg/schema v0.0.0
)

require (
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	golang.org/x/net v0.61.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

require (
	github.com/mochi-mqtt/server/v2 v2.7.9
	github.com/rs/xid v1.4.0 // indirect
	golang.org/x/sys v0.49.0
)
