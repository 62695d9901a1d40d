package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"systant/pkg/config"
)

// The bounds of what a configuration may ask for.
const (
	minKeepAlive = 5 * time.Second
	maxKeepAlive = 10 * time.Minute
	maxSecret    = 64 << 10 // bytes of a password file
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
		Prefix:         "systant",
	}
}

// Override sets the fields for which getenv has a value: MQTT_HOST, MQTT_PORT,
// MQTT_USERNAME, MQTT_PASSWORD and MQTT_PASSWORD_FILE. A password from there
// replaces the file's in either form, and a host without a port forgets the
// file's port.
func (s *Section) Override(getenv func(string) string) error {
	if host := getenv("MQTT_HOST"); host != "" {
		s.Host, s.Port = host, 0
	}
	if port := getenv("MQTT_PORT"); port != "" {
		n, err := strconv.Atoi(port)
		if err != nil {
			return &config.Error{Key: "MQTT_PORT", Problem: "must be a number from 1 to 65535"}
		}
		s.Port = n
	}
	if name := getenv("MQTT_USERNAME"); name != "" {
		s.Username = name
	}
	password, file := getenv("MQTT_PASSWORD"), getenv("MQTT_PASSWORD_FILE")
	if password != "" || file != "" {
		s.Password, s.PasswordFile = password, file
	}
	return nil
}

// Options checks the section and reads the files it names. Errors name the
// key, and the line where f has it.
func (s Section) Options(f *config.File, getenv func(string) string) (Options, error) {
	if err := s.Override(getenv); err != nil {
		return Options{}, err
	}
	server, err := s.server(f)
	if err != nil {
		return Options{}, err
	}
	o := Options{
		Server:         server,
		ClientID:       s.ClientID,
		Username:       s.Username,
		ConnectTimeout: s.ConnectTimeout.Duration(),
		KeepAlive:      s.KeepAlive.Duration(),
	}
	if o.ConnectTimeout < 100*time.Millisecond {
		return Options{}, f.Invalid("mqtt.connect_timeout", `must be at least "100ms"`)
	}
	if o.KeepAlive < minKeepAlive || o.KeepAlive > maxKeepAlive {
		return Options{}, f.Invalid("mqtt.keep_alive", "must be %v to %v", minKeepAlive, maxKeepAlive)
	}
	if o.Password, err = s.password(f); err != nil {
		return Options{}, err
	}
	if o.TLS, err = s.tls(f, server); err != nil {
		return Options{}, err
	}
	return o, nil
}

// ports are the schemes that a host may have, with their usual ports.
var ports = map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}

// server makes the broker's URL from host and port.
func (s Section) server(f *config.File) (*url.URL, error) {
	text := s.Host
	if !strings.Contains(text, "://") {
		if strings.Count(text, ":") > 1 && !strings.HasPrefix(text, "[") {
			text = "[" + text + "]" // an IPv6 address
		}
		text = "mqtt://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return nil, f.Invalid("mqtt.host", `must be a host name, an address, or a URL such as "mqtts://broker.example:8883"`)
	}
	usual, known := ports[u.Scheme]
	path := u.Path != "" && u.Path != "/" && !strings.HasPrefix(u.Scheme, "ws")
	switch {
	case !known:
		return nil, f.Invalid("mqtt.host", "scheme %q is none of mqtt, mqtts, ws and wss", u.Scheme)
	case u.User != nil:
		return nil, f.Invalid("mqtt.host", "must not hold a user name or password: use mqtt.username and mqtt.password_file")
	case path || u.RawQuery != "" || u.Fragment != "":
		return nil, f.Invalid("mqtt.host", "must not hold a path, query or fragment")
	case s.Port < 0 || s.Port > 65535:
		return nil, f.Invalid("mqtt.port", "must be 1 to 65535, not %d", s.Port)
	case s.Port != 0 && u.Port() != "" && u.Port() != strconv.Itoa(s.Port):
		return nil, f.Invalid("mqtt.port", "is %d, but mqtt.host names port %s", s.Port, u.Port())
	}
	port := u.Port()
	if s.Port != 0 {
		port = strconv.Itoa(s.Port)
	}
	if port == "" {
		port = usual
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return nil, f.Invalid("mqtt.host", "port %.10q must be 1 to 65535", port)
	}
	u.Host = net.JoinHostPort(u.Hostname(), port)
	return u, nil
}

// password returns the password, from the section or the file it names.
func (s Section) password(f *config.File) (string, error) {
	if s.PasswordFile == "" {
		return s.Password, nil
	}
	if s.Password != "" {
		return "", f.Invalid("mqtt.password", "stands beside mqtt.password_file: keep one of them")
	}
	return ReadSecret(f, "mqtt.password_file", s.PasswordFile)
}

// ReadSecret returns the content of a file without the line feed at its end.
// The error names the key that named the file.
func ReadSecret(f *config.File, key, path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", f.Invalid(key, "%v", err)
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if secret == "" || len(secret) > maxSecret {
		return "", f.Invalid(key, "%s must hold one secret, not %d bytes", path, len(secret))
	}
	return secret, nil
}

// tls returns the TLS configuration for the scheme; nil for one without TLS.
// Certificates are always verified.
func (s Section) tls(f *config.File, server *url.URL) (*tls.Config, error) {
	if server.Scheme != "mqtts" && server.Scheme != "wss" {
		for _, option := range []struct{ key, value string }{
			{"mqtt.tls_ca_file", s.TLSCAFile}, {"mqtt.tls_cert_file", s.TLSCertFile},
			{"mqtt.tls_key_file", s.TLSKeyFile}, {"mqtt.tls_server_name", s.TLSServerName},
		} {
			if option.value != "" {
				return nil, f.Invalid(option.key, "needs TLS: write mqtt.host as \"mqtts://%s\"", server.Hostname())
			}
		}
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.TLSServerName}
	if c.ServerName == "" {
		c.ServerName = server.Hostname()
	}
	if s.TLSCAFile != "" {
		pem, err := os.ReadFile(s.TLSCAFile)
		if err != nil {
			return nil, f.Invalid("mqtt.tls_ca_file", "%v", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, f.Invalid("mqtt.tls_ca_file", "%s holds no PEM certificate", s.TLSCAFile)
		}
	}
	if (s.TLSCertFile == "") != (s.TLSKeyFile == "") {
		return nil, f.Invalid("mqtt.tls_cert_file", "and mqtt.tls_key_file belong together: one is missing")
	}
	if s.TLSCertFile != "" {
		pair, err := tls.LoadX509KeyPair(s.TLSCertFile, s.TLSKeyFile)
		if err != nil {
			return nil, f.Invalid("mqtt.tls_cert_file", "%v", fmt.Errorf("reading the certificate: %w", err))
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
