package mqtt

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"systant/pkg/config"
)

// read turns the text of a file into options, with variables as name=value.
func read(text string, variables ...string) (Options, error) {
	f, err := config.Parse("x.toml", []byte(text))
	if err != nil {
		return Options{}, err
	}
	file := struct {
		MQTT Section `toml:"mqtt"`
	}{DefaultSection()}
	if err := f.Decode(&file); err != nil {
		return Options{}, err
	}
	return file.MQTT.Options(f, func(name string) string {
		for _, variable := range variables {
			if value, ok := strings.CutPrefix(variable, name+"="); ok {
				return value
			}
		}
		return ""
	})
}

func TestServers(t *testing.T) {
	check := func(want, text string, variables ...string) {
		t.Helper()
		o, err := read("[mqtt]\n"+text, variables...)
		if err != nil {
			t.Errorf("%s %q: %v", text, variables, err)
			return
		}
		if got := o.url().String(); got != want {
			t.Errorf("%s %q: got %s, want %s", text, variables, got, want)
		}
		if (o.TLS != nil) != o.secure() {
			t.Errorf("%s %q: got TLS %v", text, variables, o.TLS)
		}
	}
	check("mqtt://mqtt.home:1883", "")
	check("mqtt://broker:1884", "host = 'broker'\nport = 1884")
	check("mqtt://broker:1884", "host = 'broker:1884'")
	check("mqtt://broker:1884", "host = 'broker:1884'\nport = 1884")
	check("mqtt://[fd00::1]:1883", "host = 'fd00::1'")
	check("mqtt://[fd00::1]:1884", "host = '[fd00::1]:1884'")
	check("mqtts://broker:8883", "host = 'mqtts://broker'")
	check("ws://broker:80/mqtt", "host = 'ws://broker'")
	check("wss://broker:443/a/b", "host = 'wss://broker/a/b'")
	check("mqtt://other:1884", "host = 'broker'\nport = 1884", "MQTT_HOST=other")
	check("mqtt://other:1885", "host = 'broker'\nport = 1884", "MQTT_HOST=other:1885")
	check("mqtts://other:1886", "port = 1884", "MQTT_HOST=mqtts://other", "MQTT_PORT=1886")
}

func TestBadSections(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	noCert := write("none.pem", "canary")
	tests := []struct{ text, want string }{
		{"port = 70000", "x.toml:2: mqtt.port: must be a port"},
		{"port = '1883'", "x.toml:2: mqtt.port: must be a whole number, not of type string"},
		{"prot = 1883", "x.toml:2: mqtt.prot: there is no such option; did you mean mqtt.port?"},
		{"host = ''", "x.toml:2: mqtt.host: must be a host name"},
		{"host = 'a b'", "x.toml:2: mqtt.host: must be a host name"},
		{"host = 'http://broker'", "x.toml:2: mqtt.host: must start with mqtt://"},
		{"host = 'mqtt://user:canary@broker'", "x.toml:2: mqtt.host: must not hold a user name or password"},
		{"host = 'mqtt://broker/canary'", "x.toml:2: mqtt.host: must not go on after the port"},
		{"host = 'broker:0'", "x.toml:2: mqtt.host: names port 0"},
		{"host = 'broker:canary'", "x.toml:2: mqtt.host: must be a host name"},
		{"host = 'mqtts://2001:db8::1'", "x.toml:2: mqtt.host: must have an IPv6 address in brackets: mqtts://[2001:db8::1]"},
		{"host = 'broker:1'\nport = 2", "x.toml:3: mqtt.port: is 2, but host names port 1"},
		{"connect_timeout = 0", "x.toml:2: mqtt.connect_timeout: must be 100ms to 1h0m0s"},
		{"keep_alive = '1s'", "x.toml:2: mqtt.keep_alive: must be 5s to 10m0s"},
		{"client_id = \"a\\u0007\"", "x.toml:2: mqtt.client_id: must be at most 128 bytes"},
		{"prefix = 'a/#'", "x.toml:2: mqtt.prefix: prefix"},
		{"password = 'canary'\npassword_file = '/canary'", "x.toml:3: mqtt.password_file: must not be set beside a password"},
		{"password_file = '/no/such/file'", "x.toml:2: mqtt.password_file: open /no/such/file: no such file or directory"},
		{"password_file = '" + write("empty", "\n") + "'", "x.toml:2: mqtt.password_file: " + folder + "/empty must hold a password"},
		{"tls_ca_file = '/ca.pem'", "x.toml:2: mqtt.tls_ca_file: needs TLS: write host as mqtts://mqtt.home"},
		{"host = 'mqtts://a'\ntls_ca_file = '/no/such/file'", "x.toml:3: mqtt.tls_ca_file: open /no/such/file"},
		{"host = 'mqtts://a'\ntls_ca_file = '" + noCert + "'", "x.toml:3: mqtt.tls_ca_file: " + noCert + " holds no PEM certificate"},
		{"host = 'mqtts://a'\ntls_cert_file = '/a'", "x.toml:3: mqtt.tls_cert_file: needs tls_key_file"},
		{"host = 'mqtts://a'\ntls_key_file = '/a'", "x.toml:3: mqtt.tls_key_file: needs tls_cert_file"},
		{"host = 'mqtts://a'\ntls_cert_file = '" + noCert + "'\ntls_key_file = '" + noCert + "'", "x.toml:3: mqtt.tls_cert_file: " + noCert},
	}
	for _, test := range tests {
		_, err := read("[mqtt]\n" + test.text)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "canary") && !strings.Contains(test.want, "canary") {
			t.Errorf("%s:\ngot  %v\nwant %s…", test.text, err, test.want)
		}
	}
}

func TestBadVariables(t *testing.T) {
	for _, test := range []struct{ variable, want string }{
		{"MQTT_PORT=canary", "MQTT_PORT: must be a port"},
		{"MQTT_PORT=-5", "MQTT_PORT: must be a port"},
		{"MQTT_HOST=ftp://a", "MQTT_HOST: must start with"},
		{"MQTT_PASSWORD_FILE=/no/such/file", "MQTT_PASSWORD_FILE: open /no/such/file"},
	} {
		_, err := read("[mqtt]\nport = 1\nhost = 'a'\npassword = 'x'", test.variable)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || !errors.As(err, new(*config.Error)) {
			t.Errorf("%s: got %v, want %s…", test.variable, err, test.want)
		}
	}
}

func TestPasswords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("from file \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(want Secret, text string, variables ...string) {
		t.Helper()
		o, err := read("[mqtt]\n"+text, variables...)
		if err != nil || o.Password != want {
			t.Errorf("%s %q: got %q, %v; want %q", text, variables, string(o.Password), err, string(want))
		}
	}
	check("", "")
	check("plain", "password = 'plain'")
	check("from file ", "password_file = '"+path+"'")
	check("variable", "password_file = '"+path+"'", "MQTT_PASSWORD=variable")
	check("from file ", "password = 'plain'", "MQTT_PASSWORD_FILE="+path)
}

func TestSecretsDoNotShow(t *testing.T) {
	o, err := read("[mqtt]\npassword = 'canary'\nconnect_timeout = 3")
	if err != nil || o.ConnectTimeout != 3*time.Second {
		t.Fatalf("got %+v, %v", o, err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "options", o, "password", o.Password)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "password", o.Password)
	if text := fmt.Sprintf("%v %+v %#v %s %s", o, o, o, o.Password, &log); strings.Contains(text, "canary") {
		t.Errorf("a password shows: %s", text)
	}
}
