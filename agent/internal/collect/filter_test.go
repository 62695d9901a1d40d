package collect

import (
	"strconv"
	"strings"
	"testing"
)

func TestFilter(t *testing.T) {
	tests := []struct {
		name             string
		include, exclude []string
		allowed, refused []string
	}{
		{"everything", nil, nil, []string{"", "/", "eth0"}, nil},
		{"excluded", nil, []string{"veth*", "lo"}, []string{"eth0", "lo0"}, []string{"veth1a", "veth", "lo"}},
		{"included", []string{"/", "/srv/*"}, nil, []string{"/", "/srv/a", "/srv/a/b"}, []string{"/srv", "/home"}},
		{"both", []string{"eth*"}, []string{"eth1"}, []string{"eth0", "eth10"}, []string{"eth1", "wlan0"}},
		{"one character", []string{"sd?"}, nil, []string{"sda", "sdé"}, []string{"sd", "sdaa"}},
		{"a set", []string{"sd[a-c]", "nvme[!1]"}, nil, []string{"sdb", "nvme0"}, []string{"sdd", "nvme1"}},
		{"a literal bracket", []string{"[[]x]"}, nil, []string{"[x]"}, []string{"x"}},
		{"nothing special", []string{"a.b+(c)^$|\\"}, nil, []string{"a.b+(c)^$|\\"}, []string{"aXb+(c)^$|\\"}},
		{"a line feed", []string{"a*b"}, nil, []string{"a\nb"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := NewFilter(test.include, test.exclude)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range test.allowed {
				if !f.Allows(name) {
					t.Errorf("%q is refused", name)
				}
			}
			for _, name := range test.refused {
				if f.Allows(name) {
					t.Errorf("%q is allowed", name)
				}
			}
		})
	}
}

func TestFilterWithSeveralNames(t *testing.T) {
	f, err := NewFilter([]string{"nvme*"}, []string{"Sensor 2"})
	if err != nil {
		t.Fatal(err)
	}
	if !f.Allows("nvme0/Composite", "nvme0", "Composite") || f.Allows("nvme0/Sensor 2", "nvme0", "Sensor 2") || f.Allows("k10temp/Tctl", "Tctl") {
		t.Error("one name has to be included, and none excluded")
	}
}

func TestBadPatterns(t *testing.T) {
	for _, pattern := range []string{"", "[", "a[b", "[]", "[!]", "[z-a]"} {
		_, err := NewFilter([]string{"good*"}, []string{pattern})
		if err == nil || !strings.Contains(err.Error(), strconv.Quote(pattern)) {
			t.Errorf("pattern %q: got error %v, want one that names it", pattern, err)
		}
	}
}

func TestFilterIncludes(t *testing.T) {
	f, err := NewFilter([]string{"/srv*"}, []string{"/srv/tmp"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"/srv/a": true, "/srv/tmp": true, "/home": false} {
		if got := f.Includes(name); got != want {
			t.Errorf("Includes of %s: got %v, want %v", name, got, want)
		}
	}
	if (Filter{}).Includes("/") {
		t.Error("Includes without patterns: got true, want false: nobody asked by name")
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("a*[!b-c]?", "axdz")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if filter, err := NewFilter([]string{pattern}, nil); err == nil {
			filter.Allows(name)
		}
	})
}
