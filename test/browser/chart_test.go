package browser

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

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

// TestCharts looks at a host's past: it is drawn, it is said in words, one can
// zoom in and out of it, and the URL holds what is shown.
func TestCharts(t *testing.T) {
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	stats := machine(t, "amd-desktop", "desk")
	ctx, complaints := startBrowser(t)
	do(t, ctx, chromedp.Navigate(url+"/host/desk"))
	holds(t, ctx, `document.body.innerText.includes("No host named desk")`) // the dashboard listens
	b.past(t, stats, 50)
	const usage = `[...document.querySelectorAll(".chart")].find((one) => one.innerText.startsWith("CPU: Usage"))`
	holds(t, ctx, usage+`?.querySelector("canvas")?.width > 100`)
	holds(t, ctx, `/CPU: Usage. Usage: 0.0\s% to 49.0\s%, last 0.0\s%/.test(`+usage+`.querySelector("[role=img]").ariaLabel)`)
	holds(t, ctx, `document.querySelectorAll(".chart canvas").length >= 4`)
	// Something is drawn, in the colour of the first line.
	holds(t, ctx, `(() => {
		const canvas = `+usage+`.querySelector("canvas");
		const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
		let blue = 0;
		for (let i = 0; i < pixels.length; i += 4) blue += pixels[i + 2] > pixels[i] + 60 && pixels[i + 3] > 200 ? 1 : 0;
		return blue > 100;
	})()`)

	// A drag over the middle half zooms in, a double click out.
	type box struct{ X, Y, W, H float64 }
	over := evaluate[box](t, ctx, `(() => { const r = `+usage+`.querySelector(".u-over").getBoundingClientRect(); return { X: r.x, Y: r.y, W: r.width, H: r.height }; })()`)
	mouse := func(kind input.DispatchMouseEventType, share float64, clicks int64) {
		t.Helper()
		p := input.DispatchMouseEventParams{Type: kind, X: over.X + share*over.W, Y: over.Y + over.H/2, ClickCount: clicks, Button: input.MouseButtonLeft}
		if _, err := chromedp.Call(ctx, input.DispatchMouseEvent, p); err != nil {
			t.Fatal(err)
		}
	}
	mouse(input.DispatchMouseEventTypeMouseMoved, 0.5, 0)
	holds(t, ctx, usage+`.querySelector(".when").innerText !== ""`)
	mouse(input.DispatchMouseEventTypeMouseMoved, 0.25, 0)
	mouse(input.DispatchMouseEventTypeMousePressed, 0.25, 1)
	mouse(input.DispatchMouseEventTypeMouseMoved, 0.5, 0)
	mouse(input.DispatchMouseEventTypeMouseMoved, 0.75, 0)
	mouse(input.DispatchMouseEventTypeMouseReleased, 0.75, 1)
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

	// Any two moments can be shown, in the order in which they were.
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
	complaints.expectNone(t)
}
