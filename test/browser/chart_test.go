package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"systant/pkg/schema"
)

// past publishes samples of a host, one for each minute until now, with a
// pause of ten minutes before the last ten.
func (b *broker) past(t *testing.T, stats schema.Stats, minutes int) {
	t.Helper()
	last := time.Now().UTC().Truncate(time.Second)
	for i := range minutes {
		ago := minutes - 1 - i
		if ago >= 10 && ago < 20 {
			continue
		}
		stats.Timestamp = last.Add(-time.Duration(ago) * time.Minute)
		stats.Sequence++
		stats.CPU.UsagePercent = new(float64(ago))
		payload, err := json.Marshal(stats)
		if err != nil {
			t.Fatal(err)
		}
		b.publish(t, "systant/"+stats.Hostname+"/stats", payload)
	}
}

// usage is the chart of the CPU's usage.
const usage = `[...document.querySelectorAll(".chart")].find((one) => one.innerText.startsWith("CPU: Usage"))`

// drawn is whether more than some pixels of it have the colour of the first line.
const drawn = `(() => {
	const canvas = ` + usage + `.querySelector("canvas");
	const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
	let blue = 0;
	for (let i = 0; i < pixels.length; i += 4) blue += pixels[i + 2] > pixels[i] + 60 && pixels[i + 3] > 200 ? 1 : 0;
	return blue > %d;
})()`

// pointer moves over a chart.
type pointer struct {
	t          *testing.T
	ctx        context.Context
	X, Y, W, H float64
}

// overChart returns a pointer over the lines of a chart.
func overChart(t *testing.T, ctx context.Context, chart string) pointer {
	t.Helper()
	type box struct{ X, Y, W, H float64 }
	r := evaluate[box](t, ctx, `(() => { const r = `+chart+`.querySelector(".u-over").getBoundingClientRect(); return { X: r.x, Y: r.y, W: r.width, H: r.height }; })()`)
	return pointer{t, ctx, r.X, r.Y, r.W, r.H}
}

// mouse does something at a share of the width.
func (p pointer) mouse(kind input.DispatchMouseEventType, share float64, clicks int64) {
	p.t.Helper()
	params := input.DispatchMouseEventParams{Type: kind, X: p.X + share*p.W, Y: p.Y + p.H/2, ClickCount: clicks, Button: input.MouseButtonLeft}
	if _, err := chromedp.Call(p.ctx, input.DispatchMouseEvent, params); err != nil {
		p.t.Fatal(err)
	}
}

// drag goes from one share of the width to another with the button down.
func (p pointer) drag(from, to float64) {
	p.t.Helper()
	p.mouse(input.DispatchMouseEventTypeMouseMoved, from, 0)
	p.mouse(input.DispatchMouseEventTypeMousePressed, from, 1)
	p.mouse(input.DispatchMouseEventTypeMouseMoved, (from+to)/2, 0)
	p.mouse(input.DispatchMouseEventTypeMouseMoved, to, 0)
	p.mouse(input.DispatchMouseEventTypeMouseReleased, to, 1)
}

// TestCharts looks at a host's past: it is drawn, it is said in words, one can
// zoom in and out of it, and the URL holds what is shown.
func TestCharts(t *testing.T) {
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	stats := machine(t, "amd-desktop", "desk")
	ctx, complaints := startBrowser(t)
	openDesk(t, ctx, url)
	b.past(t, stats, 50)
	holds(t, ctx, usage+`?.querySelector("canvas")?.width > 100`)
	holds(t, ctx, `/CPU: Usage. Usage: 0.0\s% to 49.0\s%, last 0.0\s%/.test(`+usage+`.querySelector("[role=img]").ariaLabel)`)
	holds(t, ctx, `document.querySelectorAll(".chart canvas").length >= 4`)
	// Something is drawn, in the colour of the first line.
	holds(t, ctx, fmt.Sprintf(drawn, 100))

	// A drag over the middle half zooms in, a double click out.
	p := overChart(t, ctx, usage)
	p.mouse(input.DispatchMouseEventTypeMouseMoved, 0.5, 0)
	holds(t, ctx, usage+`.querySelector(".when").innerText !== ""`)
	p.drag(0.25, 0.75)
	holds(t, ctx, `location.search.startsWith("?from=")`)
	for clicks := range int64(2) {
		p.mouse(input.DispatchMouseEventTypeMousePressed, 0.5, clicks+1)
		p.mouse(input.DispatchMouseEventTypeMouseReleased, 0.5, clicks+1)
	}
	holds(t, ctx, `location.search === ""`)
	time.Sleep(500 * time.Millisecond) // longer than a click waits for a second one
	holds(t, ctx, `location.search === "" && document.querySelector(".rewound") === null`)
	// A click whose pointer slips is a click.
	p.drag(0.5, 0.5+2/p.W)
	holds(t, ctx, `location.search.startsWith("?at=") && document.querySelector(".rewound button.set") !== null`)
	do(t, ctx, chromedp.Click(chromedp.CSS(".rewound button.set")))
	holds(t, ctx, `location.search === ""`)
	p.drag(0.25, 0.75)
	holds(t, ctx, `(() => { const q = new URLSearchParams(location.search); const s = q.get("to") - q.get("from"); return s > 1500 && s < 2100; })()`)
	holds(t, ctx, `document.querySelector(".ranges .fixed") !== null && document.querySelector(".ranges [aria-pressed=true]") === null`)
	do(t, ctx, chromedp.Reload())
	holds(t, ctx, usage+`?.querySelector("canvas") && document.querySelector(".ranges .fixed") !== null`)
	do(t, ctx, chromedp.KeyEvent("-"))
	holds(t, ctx, `(() => { const q = new URLSearchParams(location.search); return q.get("to") - q.get("from") > 2100; })()`)
	do(t, ctx, chromedp.KeyEvent("l"))
	holds(t, ctx, `location.search === ""`)
	do(t, ctx, chromedp.KeyEvent("["))
	holds(t, ctx, `Math.abs(Date.now() / 1000 - 1800 - new URLSearchParams(location.search).get("to")) < 60`)
	complaints.expectNone(t)
}

// TestRanges chooses the time that charts show: any two moments, and spans.
func TestRanges(t *testing.T) {
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	stats := machine(t, "amd-desktop", "desk")
	ctx, complaints := startBrowser(t)
	openDesk(t, ctx, url)
	b.past(t, stats, 50)
	holds(t, ctx, usage+`?.querySelector("canvas")?.width > 100`)

	// Any two moments can be shown, in the order in which they were.
	do(t, ctx, chromedp.Click(chromedp.CSS(`.between summary`)))
	holds(t, ctx, `document.getElementById("between-to") !== null`)
	do(t, ctx, chromedp.Focus(chromedp.CSS("#between-to")), chromedp.KeyEvent(kb.Escape))
	holds(t, ctx, `!document.querySelector(".between").open && document.activeElement.matches(".between summary")`)
	do(t, ctx, chromedp.Click(chromedp.CSS(`.between summary`)))
	holds(t, ctx, `document.getElementById("between-to") !== null`)
	do(t, ctx, chromedp.Click(chromedp.CSS("h1")))
	holds(t, ctx, `!document.querySelector(".between").open`)
	do(t, ctx, chromedp.Click(chromedp.CSS(`.between summary`)))
	holds(t, ctx, `document.getElementById("between-to") !== null`)
	evaluate[bool](t, ctx, `(() => {
		document.getElementById("between-from").value = "2026-03-02T12:00";
		document.getElementById("between-to").value = "2025-03-02T12:00";
		document.querySelector(".between form button").click();
		return true;
	})()`)
	holds(t, ctx, `(() => { const q = new URLSearchParams(location.search); return q.get("to") - q.get("from") === 365 * 86400; })()`)
	holds(t, ctx, `document.querySelector(".ranges .fixed").innerText === "2 Mar 2025, 12:00 – 2 Mar 2026, 12:00" && !document.querySelector(".between").open`)

	// Another span is a click, and live again.
	do(t, ctx, chromedp.Click(chromedp.CSS(`.ranges button:nth-of-type(3)`)))
	holds(t, ctx, `location.search === "?range=24h"`)
	holds(t, ctx, usage+`.querySelector("canvas") !== null`)
	stats.Sequence, stats.CPU.UsagePercent = 1000, new(77.7)
	b.sample(t, stats)
	do(t, ctx, chromedp.Click(chromedp.CSS(`.ranges button:nth-of-type(1)`)))
	holds(t, ctx, `/last 77.7\s%/.test(`+usage+`.querySelector("[role=img]")?.ariaLabel)`)

	// A comparison that is none is none.
	do(t, ctx, chromedp.Navigate(url+"/host/desk?before=constructor"))
	holds(t, ctx, usage+`?.querySelector("canvas")?.isConnected`)
	// A single sample is seen.
	stats.Hostname, stats.Sequence = "lone", 1
	b.sample(t, stats)
	do(t, ctx, chromedp.Navigate(url+"/host/lone"))
	holds(t, ctx, fmt.Sprintf(drawn, 3))
	complaints.expectNone(t)
}
