package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sample is a configuration of every shape that the programs use.
type sample struct {
	General struct {
		Interval Duration `toml:"interval"`
		Tags     []string `toml:"tags"`
		Port     uint16   `toml:"port"`
		Password string   `toml:"password"`
	} `toml:"general"`
	Commands struct {
		Available []struct {
			Trigger string   `toml:"trigger"`
			Timeout Duration `toml:"timeout"`
		} `toml:"available"`
	} `toml:"commands"`
}

// decode parses and decodes text as "x.toml".
func decode(text string) (sample, error) {
	var into sample
	into.General.Interval = Seconds(30 * time.Second)
	f, err := Parse("x.toml", []byte(text))
	if err != nil {
		return into, err
	}
	return into, f.Decode(&into)
}

func TestDurations(t *testing.T) {
	check := func(text string, want time.Duration) {
		t.Helper()
		got, err := decode("[general]\ninterval = " + text)
		if err != nil || got.General.Interval.Duration() != want {
			t.Errorf("interval = %s: got %v, %v; want %v", text, got.General.Interval.Duration(), err, want)
		}
	}
	check(`"5m"`, 5*time.Minute)
	check(`'90'`, 90*time.Second)
	check(`2`, 2*time.Second)
	check(`0.5`, 500*time.Millisecond)
	check(`1_000`, 1000*time.Second)
	check(`-2`, -2*time.Second)
	check(`"30d"`, 30*24*time.Hour)
	check(`"0.5d"`, 12*time.Hour)
	got, err := decode("[general]\ntags = [\"a\"]")
	if err != nil || got.General.Interval.Duration() != 30*time.Second {
		t.Errorf("default interval: got %v, %v; want 30s", got.General.Interval.Duration(), err)
	}
}

func TestBadFilesNameLineAndKey(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no TOML", "[general\n", "x.toml:1: "},
		{"unknown key", "[general]\nintervall = 3", "x.toml:2: general.intervall: there is no such option; did you mean general.interval?"},
		{"unknown table", "\n[genral]\na = 3", "x.toml:2: genral: there is no such option; did you mean general?"},
		{"wrong type", "[general]\n\ntags = 3", "x.toml:3: general.tags: must be a list, not of type integer"},
		{"bad duration", "[general]\ninterval = \"soon\"", "x.toml:2: general.interval: "},
		{"duration of the wrong type", "[general]\ninterval = true", "x.toml:2: general.interval: "},
		{"infinite duration", "[general]\ntags = [\n]\ninterval = inf\nport = 1", "x.toml:4: general.interval: a duration is "},
		{"duration of no number", "[general]\ninterval = nan", "x.toml:2: general.interval: "},
		{"list for a duration", "[general]\ninterval = [1]", "x.toml:2: general.interval: must be a duration, not of type array"},
		{"number for a string", "[general]\npassword = 12345", "x.toml:2: general.password: must be a string in quotes, not of type integer"},
		{"key far from any", "[general]\nxyz = 1", "x.toml:2: general.xyz: there is no such option"},
		{"number too large", "[general]\nport = 70000", "x.toml:2: general.port: "},
		{"twice", "[general]\nport = 1\nport = 2", "x.toml:3: "},
		{"element", "[[commands.available]]\n[[commands.available]]\ntrigger = 3", "x.toml:3: commands.available.trigger: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := decode(test.text)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s…", err, test.want)
			}
		})
	}
}

func TestAllUnknownKeysAreNamed(t *testing.T) {
	_, err := decode("[general]\na = 1\nb = 2")
	want := "x.toml:2: general.a: there is no such option\nx.toml:3: general.b: there is no such option"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestErrorsShowNoValues(t *testing.T) {
	_, err := decode("[general]\npassword = \"canary\"\nport = \"canary\"\nx = 1 canary")
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v, want an error without values", err)
	}
}

func TestInvalidFindsTheLine(t *testing.T) {
	f, err := Parse("x.toml", []byte(`
general.port = 5
[general.sub]
"quoted key" = 1
[[commands.available]]
trigger = "a"
[[commands.available]]
trigger = "b"
[commands.available.env]
A = "1"
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"general.port":                  "x.toml:2: general.port: bad 7",
		"general.sub.quoted key":        "x.toml:4: general.sub.quoted key: bad 7",
		"commands.available[0].trigger": "x.toml:6: commands.available[0].trigger: bad 7",
		"commands.available[1].trigger": "x.toml:8: commands.available[1].trigger: bad 7",
		"commands.available[1].env.A":   "x.toml:10: commands.available[1].env.A: bad 7",
		"mqtt.port":                     "mqtt.port: bad 7",
	}
	for key, text := range want {
		if got := f.Invalid(key, "bad %d", 7).Error(); got != text {
			t.Errorf("got %s, want %s", got, text)
		}
	}
	var e *Error
	if !errors.As(f.Invalid("general.port", "bad"), &e) || e.Line != 2 {
		t.Errorf("got %+v, want an *Error on line 2", e)
	}
}

func TestRead(t *testing.T) {
	folder := t.TempDir()
	if _, err := Read(filepath.Join(folder, "none.toml")); err == nil || !strings.HasSuffix(err.Error(), "none.toml: no such file or directory") {
		t.Errorf("missing file: got %v", err)
	}
	if f, err := Read(""); err != nil || f.Decode(&sample{}) != nil {
		t.Errorf("no file: got %v", err)
	}
	long := filepath.Join(folder, "long.toml")
	if err := os.WriteFile(long, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(long); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("long file: got %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	write := func(path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	got = append(got, Find("given.toml", "no-such-name.toml"), Find("", "no-such-name.toml"))
	write(filepath.Join(home, "systant", "no-such-name.toml"))
	got = append(got, strings.TrimPrefix(Find("", "no-such-name.toml"), home))
	write("no-such-name.toml")
	got = append(got, Find("", "no-such-name.toml"))
	want := []string{"given.toml", "", "/systant/no-such-name.toml", "no-such-name.toml"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("[general]\ninterval = 3\n[[commands.available]]\ntrigger = \"a\"")
	f.Add("a.b.c = [1, {x = 2}]\n[a.d]\n[[e]]\n[[e.f]]\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("x.toml", []byte(text))
		if err != nil {
			return
		}
		if err := file.Decode(&sample{}); err != nil && !strings.HasPrefix(err.Error(), "x.toml") {
			t.Errorf("got %v, want an error that names the file", err)
		}
	})
}

// Sizes are written with a unit, or as bytes.
func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "1_000": 1000, "10GiB": 10 << 30, "1.5 kB": 1500, "64MiB": 64 << 20, "2TB": 2e12, "7B": 7,
	} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "GiB", "-1", "1 XB", "1gib", "NaN", "Inf", "9e30", "99999999TiB", "1GiBB"} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}
