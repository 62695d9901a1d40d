module systant/test

go 1.26.0

replace (
	systant/agent => ../agent
	systant/dashboard => ../dashboard
	systant/pkg/config => ../pkg/config
	systant/pkg/mqtt => ../pkg/mqtt
	systant/pkg/schema => ../pkg/schema
)

require (
	systant/agent v0.0.0
	systant/dashboard v0.0.0
	systant/pkg/config v0.0.0
	systant/pkg/mqtt v0.0.0
	systant/pkg/schema v0.0.0
)
