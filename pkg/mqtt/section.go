package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"systant/pkg/config"
	"systant/pkg/schema"
)

// The bounds of what a configuration may ask for.
const (
	minConnectTimeout = 100 * time.Millisecond
	maxConnectTimeout = time.Hour
	minKeepAlive      = 5 * time.Second
	maxKeepAlive      = 10 * time.Minute
	maxClientID       = 128      // bytes
	maxSecret         = 64 << 10 // bytes; the protocol's own limit
)

// Section is the [mqtt] table of a configuration, as the file has it.
type Section struct {
	Host           string          `toml:"host"`
	Port           int             `toml:"port"`
	ConnectTimeout config.Duration `toml:"connect_timeout"`
	Username       string          `toml:"username"`
	Password       string          `toml:"password"`
	PasswordFile   string          `toml:"password_file"`
	TLSCAFile      string          `toml:"tls_ca_file"`
	TLSCertFile    string          `toml:"tls_cert_file"`
	TLSKeyFile     string          `toml:"tls_key_file"`
	TLSServerName  string          `toml:"tls_server_name"`
	KeepAlive      config.Duration `toml:"keep_alive"`
	ClientID       string          `toml:"client_id"`
	Prefix         string          `toml:"prefix"`
}

// DefaultSection returns what holds where the file says nothing.
func DefaultSection() Section {
	return Section{
		Host:           "mqtt.home",
		ConnectTimeout: config.Seconds(10 * time.Second),
		KeepAlive:      config.Seconds(15 * time.Second),
		Prefix:         schema.DefaultPrefix,
	}
}

// Options checks the section and reads the files it names. MQTT_HOST,
// MQTT_PORT, MQTT_USERNAME, MQTT_PASSWORD and MQTT_PASSWORD_FILE, as getenv
// returns them, go before the file; a password from there replaces both forms
// in the file. Errors are [*config.Error] and name the key's line or the
// variable, never a value that could be secret.
func (s Section) Options(f *config.File, getenv func(string) string) (Options, error) {
	c := check{Section: s, file: f, from: make(map[string]string)}
	c.environment(getenv)
	o := Options{
		ClientID:       s.ClientID,
		ConnectTimeout: s.ConnectTimeout.Duration(),
		KeepAlive:      s.KeepAlive.Duration(),
	}
	for _, step := range []func(*Options) error{c.values, c.server, c.login, c.tls} {
		if err := step(&o); err != nil {
			return Options{}, err
		}
	}
	return o, nil
}

// check is a section on its way to options.
type check struct {
	Section
	file *config.File
	from map[string]string // the variables that values come from, by key
}

// invalid returns an error for a key of the section, or for the variable that
// replaced it.
func (c *check) invalid(key, problem string, args ...any) error {
	err := c.file.Invalid("mqtt."+key, problem, args...)
	if variable := c.from[key]; variable != "" {
		if e, ok := errors.AsType[*config.Error](err); ok {
			return &config.Error{Key: variable, Problem: e.Problem}
		}
	}
	return err
}

// environment puts variables in the place of what the file says.
func (c *check) environment(getenv func(string) string) {
	if host := getenv("MQTT_HOST"); host != "" {
		c.Host, c.from["host"] = host, "MQTT_HOST"
		if u, err := parseServer(host); err == nil && u.Port() != "" {
			c.Port = 0 // a port that stands beside the host goes before the file's
		}
	}
	if port := getenv("MQTT_PORT"); port != "" {
		n, err := strconv.Atoi(port)
		if err != nil {
			n = -1
		}
		c.Port, c.from["port"] = n, "MQTT_PORT"
	}
	if name := getenv("MQTT_USERNAME"); name != "" {
		c.Username, c.from["username"] = name, "MQTT_USERNAME"
	}
	password, file := getenv("MQTT_PASSWORD"), getenv("MQTT_PASSWORD_FILE")
	if password != "" || file != "" {
		c.Password, c.PasswordFile = password, file
		c.from["password"], c.from["password_file"] = "MQTT_PASSWORD", "MQTT_PASSWORD_FILE"
	}
}

// values checks the options that stand for themselves.
func (c *check) values(o *Options) error {
	if o.ConnectTimeout < minConnectTimeout || o.ConnectTimeout > maxConnectTimeout {
		return c.invalid("connect_timeout", "must be %v to %v, not %v", minConnectTimeout, maxConnectTimeout, o.ConnectTimeout)
	}
	if o.KeepAlive < minKeepAlive || o.KeepAlive > maxKeepAlive {
		return c.invalid("keep_alive", "must be %v to %v, not %v", minKeepAlive, maxKeepAlive, o.KeepAlive)
	}
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if len(c.ClientID) > maxClientID || strings.ContainsFunc(c.ClientID, unprintable) {
		return c.invalid("client_id", "must be at most %d bytes of printable characters", maxClientID)
	}
	var err error
	if o.Topics, err = schema.NewTopics(c.Prefix); err != nil {
		return c.invalid("prefix", "%v", err)
	}
	return nil
}

// defaultPort returns the port of a scheme, or 0 for a scheme that a broker
// can't have.
func defaultPort(scheme string) int {
	return map[string]int{"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}[scheme]
}

// parseServer reads a host as people write it: a name, an address, either
// with a port, or a URL.
func parseServer(host string) (*url.URL, error) {
	if !strings.Contains(host, "://") {
		if strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "[") {
			host = "[" + host + "]" // an IPv6 address
		}
		host = "mqtt://" + host
	}
	return url.Parse(host)
}

// server finds scheme, host, path and port. No message repeats the host: it
// may hold a password that somebody put there.
func (c *check) server(o *Options) error {
	u, err := parseServer(c.Host)
	switch {
	case err != nil || u.Hostname() == "" || strings.ContainsAny(u.Hostname(), " \t/,"):
		return c.invalid("host", "must be a host name, an address, or a URL such as mqtts://broker.example:8883")
	case strings.Count(u.Host, ":") > 1 && !strings.HasPrefix(u.Host, "["):
		return c.invalid("host", "must have an IPv6 address in brackets: %s://[2001:db8::1]", u.Scheme)
	case u.User != nil:
		return c.invalid("host", "must not hold a user name or password: use username and password_file")
	case defaultPort(u.Scheme) == 0:
		return c.invalid("host", "must start with mqtt://, mqtts://, ws:// or wss://, not %s://", u.Scheme)
	case u.RawQuery != "" || u.Fragment != "" || !strings.HasPrefix(u.Scheme, "ws") && strings.Trim(u.Path, "/") != "":
		return c.invalid("host", "must not go on after the port")
	}
	o.Scheme, o.Host = u.Scheme, u.Hostname()
	if strings.HasPrefix(u.Scheme, "ws") {
		o.Path = u.Path
		if strings.Trim(o.Path, "/") == "" {
			o.Path = "/mqtt" // what EMQX and HiveMQ listen on; Mosquitto takes any
		}
	}
	return c.port(o, u)
}

// port finds the port: the host's, the section's, or the scheme's usual one.
func (c *check) port(o *Options, u *url.URL) error {
	if c.Port < 0 || c.Port > 65535 {
		return c.invalid("port", "must be a port from 1 to 65535, or 0 for the usual one")
	}
	o.Port = c.Port
	if text := u.Port(); text != "" {
		port, err := strconv.Atoi(text)
		if err != nil || port < 1 || port > 65535 {
			return c.invalid("host", "names port %.10s, which must be 1 to 65535", text)
		}
		if c.Port != 0 && c.Port != port {
			return c.invalid("port", "is %d, but host names port %d: keep one of them", c.Port, port)
		}
		o.Port = port
	}
	if o.Port == 0 {
		o.Port = defaultPort(u.Scheme)
	}
	return nil
}

// login finds user name and password.
func (c *check) login(o *Options) error {
	o.Username, o.Password = c.Username, Secret(c.Password)
	if c.PasswordFile == "" {
		return nil
	}
	if c.Password != "" {
		return c.invalid("password_file", "must not be set beside a password: keep one of them")
	}
	secret, problem := readSecret(c.PasswordFile)
	if problem != "" {
		return c.invalid("password_file", "%s", problem)
	}
	o.Password, o.PasswordFile = Secret(secret), c.PasswordFile
	return nil
}

// ReadSecret returns the content of a file without the line feed at its end.
// The error names the key that named the file.
func ReadSecret(f *config.File, key, path string) (string, error) {
	secret, problem := readSecret(path)
	if problem != "" {
		return "", f.Invalid(key, "%s", problem)
	}
	return secret, nil
}

// readSecret returns a file's secret, or what is wrong with it.
func readSecret(path string) (secret, problem string) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err.Error()
	}
	secret = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if secret == "" || len(secret) > maxSecret {
		return "", fmt.Sprintf("%s must hold a password, not %d bytes", path, len(secret))
	}
	return secret, ""
}

// tls makes the TLS configuration where the scheme uses one. The broker's
// certificate is always verified; there is no option against it.
func (c *check) tls(o *Options) error {
	if !o.secure() {
		return c.noTLS(o)
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.TLSServerName}
	if o.TLS.ServerName == "" {
		o.TLS.ServerName = o.Host
	}
	if c.TLSCAFile != "" {
		pem, err := os.ReadFile(c.TLSCAFile)
		if err != nil {
			return c.invalid("tls_ca_file", "%v", err)
		}
		o.TLS.RootCAs = x509.NewCertPool()
		if !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return c.invalid("tls_ca_file", "%s holds no PEM certificate", c.TLSCAFile)
		}
	}
	switch {
	case c.TLSCertFile == "" && c.TLSKeyFile == "":
		return nil
	case c.TLSKeyFile == "":
		return c.invalid("tls_cert_file", "needs tls_key_file beside it")
	case c.TLSCertFile == "":
		return c.invalid("tls_key_file", "needs tls_cert_file beside it")
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile)
	if err != nil {
		return c.invalid("tls_cert_file", "%s with %s: %v", c.TLSCertFile, c.TLSKeyFile, err)
	}
	var last atomic.Pointer[tls.Certificate]
	last.Store(&pair)
	o.TLS.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		// They are short-lived in some places. While one file is new and the other
		// is not, the pair from before is tried.
		if newer, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile); err == nil {
			last.Store(&newer)
		}
		return last.Load(), nil
	}
	return nil
}

// noTLS refuses TLS options for a scheme without TLS: whoever set them takes
// the link for a safe one.
func (c *check) noTLS(o *Options) error {
	for _, option := range []struct{ key, value string }{
		{"tls_ca_file", c.TLSCAFile}, {"tls_cert_file", c.TLSCertFile},
		{"tls_key_file", c.TLSKeyFile}, {"tls_server_name", c.TLSServerName},
	} {
		if option.value != "" {
			return c.invalid(option.key, "needs TLS: write host as mqtts://%s", net.JoinHostPort(o.Host, strconv.Itoa(o.Port)))
		}
	}
	return nil
}
