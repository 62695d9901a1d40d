package dashboard

import (
	_ "embed"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"systant/pkg/config"
	"systant/pkg/mqtt"
	"systant/pkg/schema"
	"systant/pkg/systemd"
)

// FileName is the name of the configuration file that is looked for.
const FileName = "systant-dashboard.toml"

// Reference is a configuration file that names every option with its default.
//
//go:embed reference.toml
var Reference []byte

// maxHostsLimit is the largest fleet that one dashboard is meant for.
const maxHostsLimit = 100_000

// Config is a configuration that has been checked. See [Load].
type Config struct {
	// Listen is where the page is served.
	Listen string
	// AllowedHosts are further names under which it may be asked for.
	AllowedHosts []string
	// Embedded tells that the dashboard runs a broker of its own, as Broker
	// says; otherwise MQTT is the way to another one.
	Embedded bool
	Broker   BrokerConfig
	MQTT     mqtt.Options
	// Topics are the topics below the configured prefix.
	Topics schema.Topics
	// MaxHosts is the number of hosts known at once.
	MaxHosts int
	// ForgetAfter is how long a host may be silent; 0 keeps it for ever.
	ForgetAfter time.Duration
	// History says what is remembered; its path is empty where nothing is.
	History HistoryConfig
	// LogLevel is the least level that is logged.
	LogLevel slog.Level
	// Notifier tells the service manager how the dashboard is doing; nil where
	// there is none.
	Notifier *systemd.Notifier
}

// BrokerConfig says how the dashboard's own broker is reached.
type BrokerConfig struct {
	// Listen is where it listens.
	Listen string
	// Username and Password are asked of clients unless both are empty.
	Username, Password string
}

// file is the configuration as it is written.
type file struct {
	HTTP struct {
		Listen       string   `toml:"listen"`
		AllowedHosts []string `toml:"allowed_hosts"`
	} `toml:"http"`
	MQTT   mqtt.Section `toml:"mqtt"`
	Broker struct {
		Listen       string `toml:"listen"`
		Username     string `toml:"username"`
		Password     string `toml:"password"`
		PasswordFile string `toml:"password_file"`
	} `toml:"broker"`
	Fleet struct {
		MaxHosts    int             `toml:"max_hosts"`
		ForgetAfter config.Duration `toml:"forget_after"`
	} `toml:"fleet"`
	History historySection `toml:"history"`
	Log     struct {
		Level string `toml:"level"`
	} `toml:"log"`
}

// defaults returns what holds where the file says nothing.
func defaults() file {
	var f file
	f.HTTP.Listen = "127.0.0.1:4000"
	f.MQTT = mqtt.DefaultSection()
	f.MQTT.Host = ""
	f.Broker.Listen = "127.0.0.1:1883"
	f.Fleet.MaxHosts = 10_000
	f.History = defaultHistory()
	f.Log.Level = "info"
	return f
}

// Load reads and checks the configuration: the file named path, or the first
// that is found where path is empty, or the defaults where none is. Variables
// of the environment, as getenv returns them, go before the file.
func Load(path string, getenv func(string) string) (Config, error) {
	f, err := config.Read(config.Find(path, FileName))
	if err != nil {
		return Config{}, err
	}
	return check(f, getenv)
}

// Parse checks the text of a configuration file; name stands for it in errors.
func Parse(name string, text []byte, getenv func(string) string) (Config, error) {
	f, err := config.Parse(name, text)
	if err != nil {
		return Config{}, err
	}
	return check(f, getenv)
}

// check decodes a file and turns it into a configuration that can be run.
func check(f *config.File, getenv func(string) string) (Config, error) {
	raw := defaults()
	if err := f.Decode(&raw); err != nil {
		return Config{}, err
	}
	c := Config{
		Listen:       raw.HTTP.Listen,
		AllowedHosts: raw.HTTP.AllowedHosts,
		Embedded:     raw.MQTT.Host == "" && getenv("MQTT_HOST") == "",
		MaxHosts:     raw.Fleet.MaxHosts,
		ForgetAfter:  raw.Fleet.ForgetAfter.Duration(),
	}
	if err := checkHTTP(f, c); err != nil {
		return Config{}, err
	}
	if c.MaxHosts < 1 || c.MaxHosts > maxHostsLimit {
		return Config{}, f.Invalid("fleet.max_hosts", "must be 1 to %d, not %d", maxHostsLimit, c.MaxHosts)
	}
	if c.ForgetAfter < 0 {
		return Config{}, f.Invalid("fleet.forget_after", "must not be negative; 0 keeps hosts for ever")
	}
	level := raw.Log.Level
	if from := getenv("SYSTANT_LOG_LEVEL"); from != "" {
		level = from
	}
	if err := c.LogLevel.UnmarshalText([]byte(level)); err != nil {
		return Config{}, f.Invalid("log.level", "must be debug, info, warn or error, not %q", level)
	}
	var err error
	if c.History, err = raw.History.check(f, getenv); err != nil {
		return Config{}, err
	}
	if c.Broker, err = checkBroker(f, raw, c.Embedded); err != nil {
		return Config{}, err
	}
	if c.Embedded {
		raw.MQTT = ownSection(raw.MQTT, c.Broker)
		getenv = func(string) string { return "" } // the variables are about another broker
	}
	if c.Topics, err = schema.NewTopics(raw.MQTT.Prefix); err != nil {
		return Config{}, f.Invalid("mqtt.prefix", "%v", err)
	}
	if c.MQTT, err = raw.MQTT.Options(f, getenv); err != nil {
		return Config{}, err
	}
	return c, nil
}

// checkHTTP checks where the page is served.
func checkHTTP(f *config.File, c Config) error {
	if problem := badAddress(c.Listen); problem != "" {
		return f.Invalid("http.listen", "%s", problem)
	}
	for _, name := range c.AllowedHosts {
		if name == "" || strings.ContainsAny(name, "/:*@ ") {
			return f.Invalid("http.allowed_hosts", "%q must be a host name without scheme, port or *", name)
		}
	}
	return nil
}

// checkBroker checks the embedded broker, and reads its password.
func checkBroker(f *config.File, raw file, used bool) (BrokerConfig, error) {
	b := BrokerConfig{Listen: raw.Broker.Listen, Username: raw.Broker.Username, Password: raw.Broker.Password}
	if problem := badAddress(b.Listen); problem != "" {
		return b, f.Invalid("broker.listen", "%s", problem)
	}
	if raw.Broker.PasswordFile != "" {
		if b.Password != "" {
			return b, f.Invalid("broker.password_file", "must not be set beside password")
		}
		if used {
			var err error
			if b.Password, err = mqtt.ReadSecret(f, "broker.password_file", raw.Broker.PasswordFile); err != nil {
				return b, err
			}
		}
	}
	secured := b.Username != "" && (b.Password != "" || raw.Broker.PasswordFile != "" && !used)
	switch {
	case (b.Username != "" || b.Password != "") && !secured:
		return b, f.Invalid("broker.username", "username and password belong together")
	case used && !secured && !loopback(b.Listen):
		return b, f.Invalid("broker.listen", "%s can be reached by other machines, "+
			"so username and password (or password_file) must be set in [broker]", b.Listen)
	}
	return b, nil
}

// ownSection returns the way to the dashboard's own broker. Its host is
// replaced once the broker has its address.
func ownSection(from mqtt.Section, b BrokerConfig) mqtt.Section {
	own := mqtt.DefaultSection()
	own.Host, own.Prefix = "127.0.0.1", from.Prefix
	own.Username, own.Password = b.Username, b.Password
	return own
}

// badAddress says what is wrong with an address to listen on, or "".
func badAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "must be an address and a port, such as 127.0.0.1:4000"
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return "port " + port + " must be 0 to 65535"
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && host != "localhost" {
		return "must start with an IP address, or with : for every address of this machine"
	}
	return ""
}

// loopback tells whether an address that [badAddress] accepts can be reached
// from this machine only.
func loopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// ownMQTT returns the way to the dashboard's own broker at its address.
func (c Config) ownMQTT(at net.Addr) mqtt.Options {
	o := c.MQTT
	if tcp, ok := at.(*net.TCPAddr); ok {
		o.Host, o.Port = tcp.IP.String(), tcp.Port
		if tcp.IP.IsUnspecified() {
			o.Host = "127.0.0.1"
		}
	}
	return o
}
