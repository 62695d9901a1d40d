package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"systant/pkg/schema"
)

// populate publishes the last hour of some hosts, a sample each two minutes;
// one is in trouble and one is offline.
func (b *broker) populate(t *testing.T, stats schema.Stats, hosts int) {
	t.Helper()
	last := time.Now().UTC()
	for h := range hosts {
		stats.Hostname = fmt.Sprintf("web-%02d", h)
		stats.Tags = [][]string{{"home"}, {"cloud", "prod"}, nil}[h%3]
		for i := range 30 {
			stats.Timestamp = last.Add(-time.Duration(29-i) * 2 * time.Minute)
			stats.CPU.UsagePercent = new(float64((h*7 + i*13) % 100))
			payload, err := json.Marshal(stats)
			if err != nil {
				t.Fatal(err)
			}
			b.publish(t, "systant/"+stats.Hostname+"/stats", payload)
		}
		if h == 1 {
			b.publish(t, "systant/"+stats.Hostname+"/status", []byte(schema.Offline))
		}
	}
}

// views are the pages that are looked at: where they are, and what is there
// when they have been drawn.
var views = []struct{ name, path, drawn string }{
	{"fleet", "/", `document.querySelectorAll(".card .trace-line path[d^=M]").length > 3`},
	{"table", "/?view=table", `document.querySelectorAll(".hosts tbody tr").length > 3`},
	{"heat", "/?view=heat&sort=cpu&group=tag", `document.querySelectorAll(".heat .square").length > 3`},
	{"host", "/host/web-00", `document.querySelector(".chart canvas") !== null`},
	{"compare", "/compare?tag=home", `document.querySelector(".chart canvas") !== null`},
	{"explore", "/explore?expr=systant_disk_usage_percent", `document.querySelector(".chart canvas") !== null`},
	{"ask", "/explore", `document.querySelectorAll(".examples a").length > 2`},
	{"unknown", "/host/nowhere", `document.body.innerText.includes("No host named")`},
}

// violation is what axe-core has found.
type violation struct {
	ID    string   `json:"id"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"`
}

// TestAccessibility holds every page against axe-core, wide and narrow, light
// and dark, and keeps screenshots of all where SYSTANT_SHOTS says.
func TestAccessibility(t *testing.T) {
	axe, err := os.ReadFile("../web/node_modules/axe-core/axe.min.js")
	if err != nil {
		lacking(t, "axe-core is not installed: npm ci in test/web")
	}
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	ctx, complaints := startBrowser(t)
	do(t, ctx, chromedp.Navigate(url))
	holds(t, ctx, `document.body.innerText.includes("No host yet")`) // the dashboard listens
	check(t, ctx, string(axe), "start")
	b.populate(t, machine(t, "amd-desktop", "web"), 12)
	for _, view := range views {
		for _, width := range []int64{1440, 768, 390} {
			for _, theme := range []string{"light", "dark"} {
				p := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1}
				if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, p); err != nil {
					t.Fatal(err)
				}
				media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}
				if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("%s-%d-%s", view.name, width, theme)
				do(t, ctx, chromedp.Navigate(url+view.path))
				holds(t, ctx, view.drawn)
				holds(t, ctx, `document.documentElement.scrollWidth <= innerWidth`)
				if width != 768 { // it differs from neither in what axe-core sees
					check(t, ctx, string(axe), name)
				}
				keep(t, ctx, name)
			}
		}
	}
	do(t, ctx, chromedp.Navigate(url), chromedp.KeyEvent("?"))
	check(t, ctx, string(axe), "help")
	do(t, ctx, chromedp.Click(chromedp.CSS("#help button")), chromedp.Click(chromedp.CSS(`button.goto`)))
	holds(t, ctx, `document.querySelector(".palette input") !== null`)
	check(t, ctx, string(axe), "palette")
	complaints.expectNone(t)
}

// check fails the test for each violation on the page.
func check(t *testing.T, ctx context.Context, axe, name string) {
	t.Helper()
	const run = `window.found = null;
		axe.run(document, { resultTypes: ["violations"] }).then(
			({ violations }) => (window.found = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((one) => one.html.slice(0, 200)) }))),
			(error) => (window.found = [{ id: "error", help: String(error), nodes: [] }]),
		); true`
	evaluate[bool](t, ctx, axe+";"+run)
	holds(t, ctx, "window.found !== null")
	for _, one := range evaluate[[]violation](t, ctx, "window.found") {
		t.Errorf("%s: %s: %s: %s", name, one.ID, one.Help, strings.Join(one.Nodes[:min(3, len(one.Nodes))], "\n\t"))
	}
}

// keep saves a screenshot to the folder that SYSTANT_SHOTS names.
func keep(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("SYSTANT_SHOTS")
	if folder == "" {
		return
	}
	const lossless = 100
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(lossless))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}
