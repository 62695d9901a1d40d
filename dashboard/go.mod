module systant/dashboard

go 1.26.0

replace (
	systant/pkg/config => ../pkg/config
	systant/pkg/mqtt => ../pkg/mqtt
	systant/pkg/schema => ../pkg/schema
)

require (
	github.com/eclipse/paho.golang v0.23.0
	github.com/go-chi/chi/v5 v5.5.0
	github.com/google/go-cmp v0.7.0
	github.com/mochi-mqtt/server/v2 v2.7.9
	github.com/r3labs/sse/v2 v2.10.0
	golang.org/x/sync v0.24.0
	systant/pkg/config v0.0.0
	systant/pkg/mqtt v0.0.0
	systant/pkg/schema v0.0.0
)

require (
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/pelletier/go-toml/v2 v2.4.3 // indirect
	github.com/rs/xid v1.4.0 // indirect
	golang.org/x/net v0.43.0 // indirect
	gopkg.in/cenkalti/backoff.v1 v1.1.0 // indirect
)
