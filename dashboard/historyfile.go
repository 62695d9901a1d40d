package dashboard

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"systant/pkg/config"
	"systant/pkg/mqtt"
)

// HistoryConfig says what is remembered.
type HistoryConfig struct {
	// Path is the folder of what is kept here; empty where nothing is remembered.
	Path string
	// Embedded tells whether numbers are kept there.
	Embedded bool
	// RemoteWriteURL is where numbers are sent too, and QueryURL where they are
	// asked for instead; nil for nowhere.
	RemoteWriteURL, QueryURL *url.URL
	// RemoteUsername and RemotePassword are for both; without a username, the
	// password is a bearer token.
	RemoteUsername, RemotePassword string
	// Retention is how long numbers are kept, and RollupRetention how long their
	// roll-ups; 0 is that there are none. MaxBytes is how large both may become,
	// about; 0 is without bound.
	Retention       time.Duration
	RollupRetention time.Duration
	MaxBytes        int64
	// Rewind is how long samples are kept as they came, and MaxRewindBytes how
	// large their file may become; 0 is not at all, and without bound.
	Rewind         time.Duration
	MaxRewindBytes int64
	// Late is how old a sample may be when it arrives.
	Late time.Duration
	// MaxSeries is the number of series that one host may have.
	MaxSeries int
}

// historySection is the configuration of the history as it is written.
type historySection struct {
	Enabled   bool            `toml:"enabled"`
	Path      string          `toml:"path"`
	Embedded  bool            `toml:"embedded"`
	WriteURL  string          `toml:"remote_write_url"`
	QueryURL  string          `toml:"query_url"`
	Username  string          `toml:"remote_username"`
	Password  string          `toml:"remote_password_file"`
	Retention config.Duration `toml:"retention"`
	Rollups   config.Duration `toml:"rollup_retention"`
	MaxSize   config.Size     `toml:"max_size"`
	Rewind    config.Duration `toml:"rewind"`
	RewindMax config.Size     `toml:"rewind_max_size"`
	Late      config.Duration `toml:"late"`
	MaxSeries int             `toml:"max_series_per_host"`
}

// The bounds of what can be configured.
const (
	minRetention = 6 * time.Hour
	maxRetention = 10 * 365 * 24 * time.Hour
	minSize      = 64 << 20
	// rollupLag is how much longer than samples may be late numbers must be
	// kept, so that whole days of them are there to be rolled up.
	rollupLag     = 3 * 24 * time.Hour
	minRewind     = 10 * time.Minute
	minRewindSize = 1 << 20
	minLate       = 10 * time.Minute
	maxLate       = 7 * 24 * time.Hour
	maxSeries     = 1_000_000
)

// defaultHistory returns what holds where the file says nothing.
func defaultHistory() historySection {
	return historySection{
		Enabled:   true,
		Embedded:  true,
		Retention: config.Seconds(31 * 24 * time.Hour),
		Rollups:   config.Seconds(3 * 365 * 24 * time.Hour),
		Rewind:    config.Seconds(7 * 24 * time.Hour),
		RewindMax: 1 << 30,
		Late:      config.Seconds(24 * time.Hour),
		MaxSeries: 10_000,
	}
}

// check turns the section into what can be run.
func (s historySection) check(f *config.File, getenv func(string) string) (HistoryConfig, error) {
	c := HistoryConfig{
		Retention: s.Retention.Duration(), RollupRetention: s.Rollups.Duration(), MaxBytes: int64(s.MaxSize),
		Rewind: s.Rewind.Duration(), MaxRewindBytes: int64(s.RewindMax), Late: s.Late.Duration(), MaxSeries: s.MaxSeries,
	}
	for _, rule := range c.rules() {
		if rule.broken {
			return c, f.Invalid("history."+rule.option, "%s", rule.text)
		}
	}
	if err := s.remote(&c, f); err != nil || !s.Enabled {
		return c, err
	}
	if c.Path = s.Path; c.Path == "" {
		c.Path = stateFolder(getenv)
	}
	if c.Path == "" {
		return c, f.Invalid("history.path", "must be set, as none of STATE_DIRECTORY, XDG_STATE_HOME and HOME says where")
	}
	return c, nil
}

// remote reads what is said of another engine.
func (s historySection) remote(c *HistoryConfig, f *config.File) (err error) {
	if c.RemoteWriteURL, err = engineURL(f, "remote_write_url", s.WriteURL); err != nil {
		return err
	}
	if c.QueryURL, err = engineURL(f, "query_url", s.QueryURL); err != nil {
		return err
	}
	if c.RemoteUsername, c.RemotePassword = s.Username, ""; s.Password != "" {
		if c.RemotePassword, err = mqtt.ReadSecret(f, "history.remote_password_file", s.Password); err != nil {
			return err
		}
	}
	switch c.Embedded = s.Embedded; {
	case c.QueryURL != nil && c.RemoteWriteURL == nil:
		return f.Invalid("history.query_url", "needs remote_write_url, so that there is something to ask for")
	case !c.Embedded && c.QueryURL == nil:
		return f.Invalid("history.embedded", "must be true where no query_url says what to ask instead")
	case c.RemoteUsername != "" && c.RemotePassword == "":
		return f.Invalid("history.remote_username", "needs remote_password_file")
	}
	return nil
}

// engineURL reads the address of another engine, which may be empty.
func engineURL(f *config.File, option, text string) (*url.URL, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // none is what is said
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, f.Invalid("history."+option, "must be an address such as \"http://127.0.0.1:8428\", without a user or a query")
	}
	return u, nil
}

// rule is what must not be so.
type rule struct {
	broken       bool
	option, text string
}

// rules returns what is held against the configuration.
func (c HistoryConfig) rules() []rule {
	between := func(d, least, most time.Duration) bool { return d >= least && d <= most }
	return []rule{
		{!between(c.Retention, minRetention, maxRetention), "retention", "must be 6h to 3650d"},
		{c.RollupRetention != 0 && !between(c.RollupRetention, c.Retention, maxRetention), "rollup_retention", "must be 0 for none, or retention to 3650d"},
		{!between(c.Late, minLate, min(maxLate, c.Retention)), "late", "must be 10m to 7d, and no more than retention"},
		{c.RollupRetention != 0 && c.Retention < c.Late+rollupLag, "retention", "must be at least three days more than late, or rollup_retention be 0"},
		{c.MaxBytes != 0 && c.MaxBytes < minSize, "max_size", "must be at least 64MiB, or 0 for no bound"},
		{c.Rewind != 0 && !between(c.Rewind, minRewind, maxRetention), "rewind", "must be 0 for not at all, or 10m to 3650d"},
		{c.MaxRewindBytes != 0 && c.MaxRewindBytes < minRewindSize, "rewind_max_size", "must be at least 1MiB, or 0 for no bound"},
		{c.MaxSeries < 1 || c.MaxSeries > maxSeries, "max_series_per_host", "must be 1 to 1000000"},
	}
}

// stateFolder returns where the history is unless the file says so: the folder
// that systemd has made, or the user's
// (https://specifications.freedesktop.org/basedir-spec).
func stateFolder(getenv func(string) string) string {
	if state, _, _ := strings.Cut(getenv("STATE_DIRECTORY"), ":"); state != "" {
		return filepath.Join(state, "history")
	}
	if state := getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "systant", "history")
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "systant", "history")
	}
	return ""
}
