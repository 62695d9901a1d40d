package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"systant/pkg/schema"
)

// machine returns the sample of a recorded machine, as that of a host.
func machine(t *testing.T, kind, host string) schema.Stats {
	t.Helper()
	data, err := os.ReadFile("../../agent/internal/collect/testdata/machines/" + kind + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var stats schema.Stats
	if err := json.Unmarshal(data, &stats); err != nil {
		t.Fatal(err)
	}
	stats.Hostname, stats.Sequence, stats.IntervalSeconds = host, 1, 30
	return stats
}

// TestLive looks whether a host shows up and its values change by themselves.
func TestLive(t *testing.T) {
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	ctx, complaints := startBrowser(t)
	do(t, ctx, chromedp.Navigate(url))
	stats := machine(t, "amd-desktop", "desk")
	stats.CPU.UsagePercent = new(12.3)
	b.sample(t, stats)
	holds(t, ctx, `document.body.innerText.includes("desk")`)
	holds(t, ctx, `/\b12(\.3)?\s?%/.test(document.body.innerText)`)
	stats.Sequence, stats.CPU.UsagePercent = 2, new(87.6)
	b.sample(t, stats)
	holds(t, ctx, `/\b8(7\.6|8)\s?%/.test(document.body.innerText)`)

	do(t, ctx, chromedp.Click(chromedp.CSS(`a[href="/host/desk"]`)))
	holds(t, ctx, `location.pathname === "/host/desk" && document.body.innerText.includes("Ryzen 7 5800X")`)
	stats.Sequence, stats.CPU.UsagePercent = 3, new(45.1)
	b.sample(t, stats)
	holds(t, ctx, `/\b45(\.1)?\s?%/.test(document.body.innerText)`)
	complaints.expectNone(t)
}

// hostileText would run, break out or mislead in a page that is careless.
const hostileText = `"><script>window.pwned=1</script><img src=x onerror="window.pwned=1"><svg onload=window.pwned=1>` + "\u202e{{x}}${x}`"

// fillStrings puts the hostile text into every string below v, as keys of
// maps too.
func fillStrings(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fillStrings(v.Elem())
	case reflect.String:
		v.SetString(hostileText)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillStrings(v.Index(0))
	case reflect.Map:
		element := reflect.New(v.Type().Elem()).Elem()
		fillStrings(element)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(hostileText), element)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			fillStrings(field)
		}
	}
}

// hostilePages are where the texts of hosts are shown: the path, and what is so
// once they are there.
var hostilePages = []struct{ path, shown string }{
	{"/", `document.body.textContent.includes("evil")`},
	{"/?view=table&group=tag", `document.querySelector(".group h2")?.textContent.includes("window.pwned=1</script>")`},
	{"/?view=heat&group=os", `document.querySelector(".group h2")?.textContent.includes("window.pwned=1</script>")`},
	{"/?q=%3Cscript%3Ewindow.pwned%3D1%3C%2Fscript%3E", `document.querySelector("main") !== null`},
	{"/host/evil", `document.body.textContent.includes("window.pwned=1</script>") && document.querySelector(".chart canvas") !== null`},
	{"/host/evil?at=4000000000", `document.querySelector(".rewound") !== null && document.body.textContent.includes("window.pwned=1</script>")`},
	{"/compare?metric=disk.usage_percent", `document.querySelector("tbody tr")?.textContent.includes("evil") && document.querySelector("main").textContent.includes("window.pwned=1</script>")`},
	{"/explore?expr=systant_host_info", `document.querySelector("tbody tr")?.textContent.includes("window.pwned=1</script>")`},
	{"/explore?expr=systant_disk_usage_percent", `document.querySelector(".legend")?.textContent.includes("window.pwned=1</script>")`},
}

// TestHostileStrings shows a host all of whose texts are hostile.
func TestHostileStrings(t *testing.T) {
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	ctx, complaints := startBrowser(t)
	do(t, ctx, chromedp.Navigate(url))
	holds(t, ctx, `document.body.innerText.includes("No host yet")`) // the dashboard listens
	var stats schema.Stats
	fillStrings(reflect.ValueOf(&stats).Elem())
	stats.Hostname, stats.BootID, stats.Sequence, stats.IntervalSeconds = "evil", "b", 1, 30
	b.sample(t, stats)
	for _, page := range hostilePages {
		do(t, ctx, chromedp.Navigate(url+page.path))
		holds(t, ctx, `document.querySelector("main") !== null && document.querySelector("[aria-busy]") === null`)
		holds(t, ctx, page.shown)
		found := evaluate[struct {
			Pwned            bool
			Scripts, Images  int
			Handlers, Broken int
		}](t, ctx, `({
			Pwned: window.pwned !== undefined,
			Scripts: document.body.querySelectorAll("script").length,
			Images: document.querySelectorAll("img").length,
			Handlers: document.querySelectorAll("[onerror],[onload]").length,
			Broken: document.querySelectorAll("x").length,
		})`)
		if found.Pwned || found.Scripts+found.Images+found.Handlers+found.Broken > 0 {
			t.Errorf("%s: text of a host became part of the page: %+v", page.path, found)
		}
	}
	complaints.expectNone(t)
}

// TestBrokerLost looks for the banner while the broker is away.
func TestBrokerLost(t *testing.T) {
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	ctx, complaints := startBrowser(t)
	b.sample(t, machine(t, "vm", "virtual"))
	do(t, ctx, chromedp.Navigate(url))
	holds(t, ctx, `document.body.innerText.includes("virtual")`)
	holds(t, ctx, `document.querySelector(".banner") === null`)
	b.close()
	holds(t, ctx, `document.querySelector(".banner")?.innerText.includes("Broker not reachable") === true`)
	startBroker(t, b.port)
	holds(t, ctx, `document.querySelector(".banner") === null`)
	complaints.expectNone(t)
}

// TestKeyboard searches with the keyboard alone.
func TestKeyboard(t *testing.T) {
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	ctx, complaints := startBrowser(t)
	for _, kind := range []string{"vm", "server", "raspberry-pi"} {
		b.sample(t, machine(t, kind, kind))
	}
	do(t, ctx, chromedp.Navigate(url))
	holds(t, ctx, `document.querySelectorAll("[data-index]").length === 3`)
	// KeyEvent sends the key and its character apart, so that the character
	// would still be typed after the page had taken the key and moved the
	// focus. A keyboard sends them as one.
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: "/", Code: "Slash", Text: "/"}); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, ctx, `document.activeElement.id === "search"`)
	do(t, ctx, chromedp.KeyEvent("rasp"))
	holds(t, ctx, `document.querySelectorAll("[data-index]").length === 1 && document.querySelector("[data-index]").innerText === "raspberry-pi"`)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	holds(t, ctx, `location.pathname === "/host/raspberry-pi"`)
	// Each section's heading is in sight when a key comes to it.
	do(t, ctx, chromedp.EmulateViewport(1000, 500))
	holds(t, ctx, `document.querySelectorAll("[data-index]").length > 5`)
	for i := range 12 {
		do(t, ctx, chromedp.KeyEvent(map[bool]string{true: "j", false: "k"}[i < 7]))
		at := i
		if i >= 7 {
			at = 12 - i
		}
		holds(t, ctx, fmt.Sprintf(`document.activeElement.dataset.index === "%d"`, at))
		holds(t, ctx, `(({ top, bottom }) => top >= document.querySelector(".top").offsetHeight && bottom <= innerHeight)(document.activeElement.querySelector("h2").getBoundingClientRect())`)
	}
	do(t, ctx, chromedp.NavigateBack())
	holds(t, ctx, `document.querySelectorAll("[data-index]").length === 1`)
	do(t, ctx, chromedp.Focus(chromedp.CSS("#search")), chromedp.KeyEvent(kb.Escape))
	holds(t, ctx, `document.querySelectorAll("[data-index]").length === 3`)
	do(t, ctx, chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent("?"))
	holds(t, ctx, `document.getElementById("help")?.open`)
	complaints.expectNone(t)
}

// TestScreenshots looks whether the page fits its window at every width, and
// keeps pictures of it where asked to.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SYSTANT_SCREENSHOTS")
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	ctx, complaints := startBrowser(t)
	for _, kind := range []string{"amd-desktop", "container", "intel-laptop", "nvidia-host", "old-kernel", "raspberry-pi", "server", "vm"} {
		b.sample(t, machine(t, kind, kind))
	}
	for _, width := range []int64{1440, 768, 390} {
		for _, theme := range []string{"light", "dark"} {
			scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}
			if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, scheme); err != nil {
				t.Fatal(err)
			}
			for name, path := range map[string]string{"fleet": "/", "host": "/host/server"} {
				do(t, ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(url+path))
				holds(t, ctx, `document.querySelector("[aria-busy]") === null && document.body.innerText.includes("server")`)
				overflow := evaluate[int](t, ctx, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
				if overflow > 0 {
					t.Errorf("%s at %d pixels: %d pixels too wide", path, width, overflow)
				}
				if folder == "" {
					continue
				}
				picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(folder, strings.Join([]string{name, fmt.Sprint(width), theme}, "-")+".png")
				if err := os.WriteFile(file, picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	complaints.expectNone(t)
}
