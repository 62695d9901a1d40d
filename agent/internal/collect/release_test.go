package collect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRelease(t *testing.T) {
	check := func(name, flavour string, versions ...[]int) {
		t.Helper()
		r := parseRelease(name)
		if diff := cmp.Diff(r.versions, versions); r.flavour != flavour || diff != "" {
			t.Errorf("%s: got %q, want %q; versions got -, want +\n%s", name, r.flavour, flavour, diff)
		}
	}
	check("6.1.0-37-cloud-amd64", "#-#-cloud-amd64", []int{6, 1, 0}, []int{37})
	check("6.12.34+rpt-rpi-2712", "#+rpt-rpi-#", []int{6, 12, 34}, []int{2712})
	check("6.1.21-v8+", "#-v8+", []int{6, 1, 21})
	check("5.14.0-503.14.1.el9_5.x86_64", "#-#.el9_#.x86_#", []int{5, 14, 0}, []int{503, 14, 1}, []int{5}, []int{64})
	check("6.6.", "#.", []int{6, 6})
	check("6..1", "#..#", []int{6}, []int{1})
	check("99999999999999999999", "#", []int{0})
	check("", "")
	check("linux", "linux")
	check("ünïx6", "ünïx6")
}

func TestNewer(t *testing.T) {
	check := func(a, than string, want bool) {
		t.Helper()
		if got := parseRelease(a).newer(parseRelease(than)); got != want {
			t.Errorf("%s newer than %s: got %v, want %v", a, than, got, want)
		}
	}
	check("6.1.0-37-amd64", "6.1.0-9-amd64", true)
	check("6.1.0-9-amd64", "6.1.0-37-amd64", false)
	check("6.1.0-37-amd64", "6.1.0-37-amd64", false)
	check("6.1.0-38-cloud-amd64", "6.1.0-37-amd64", false)
	check("6.1.0-38-rt-amd64", "6.1.0-37-amd64", false)
	check("6.14.0-27-generic", "6.8.0-64-generic", true)
	check("6.8.0-1020-aws", "6.8.0-64-generic", false)
	check("6.1.21-v8+", "6.1.21-v7+", false)
	check("6.1.22-v8+", "6.1.21-v8+", true)
	check("6.12.34+rpt-rpi-2712", "6.12.34+rpt-rpi-v8", false)
	check("6.15.10-arch1-1", "6.15.9-arch1-1", true)
	check("6.15.10-zen1-1-zen", "6.15.9-arch1-1", false)
	check("6.14.12-300.fc42.x86_64", "6.14.11-300.fc42.x86_64", true)
	check("6.14.12-300.fc42.x86_64+debug", "6.14.11-300.fc42.x86_64", false)
	check("5.14.0-570.12.1.el9_6.x86_64", "5.14.0-503.14.1.el9_5.x86_64", true)
	check("6.8.12-13-pve", "6.8.12-9-pve", true)
	check("6.6.70-1-lts", "6.6.69-1-lts", true)
	check("6.12.1", "6.12", true)
	check("", "", false)
	check("b", "a", false)
}

// FuzzRelease checks that the parser takes any name, and that no kernel is newer
// than itself or than one that is newer than it.
func FuzzRelease(f *testing.F) {
	f.Add("6.1.0-37-cloud-amd64", "6.1.0-38-cloud-amd64")
	f.Add("6.1.21-v8+", "6.1.21-v7+")
	f.Add("1..2.x9_9.", "0")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := parseRelease(a), parseRelease(b)
		if x.newer(x) || x.newer(y) && y.newer(x) {
			t.Errorf("%q and %q: each is newer", a, b)
		}
		if n := newest([]release{x, y}); n.name != a && n.name != b {
			t.Errorf("newest of %q and %q: got %q", a, b, n.name)
		}
	})
}
