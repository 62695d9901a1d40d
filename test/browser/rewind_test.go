package browser

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"systant/pkg/schema"
)

// TestRewind shows a host as it was, its processes included: by a click on a
// chart, by keys, and by a link; and what happened to it.
func TestRewind(t *testing.T) {
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	stats := machine(t, "amd-desktop", "desk")
	ctx, complaints := startBrowser(t)
	openDesk(t, ctx, url)
	const n = 30
	last := time.Now().UTC().Truncate(time.Second)
	for i := range n {
		stats.Timestamp = last.Add(-time.Duration(n-1-i) * time.Minute)
		stats.Sequence++
		stats.System.Kernel = "6.12.1"
		if i >= n/2 {
			stats.System.Kernel = "6.12.2"
		}
		stats.CPU.UsagePercent = new(float64(i))
		stats.Processes.TopCPU = []schema.Process{{PID: 100 + i, Name: fmt.Sprintf("job-%d", i), State: "R"}}
		payload, err := json.Marshal(stats)
		if err != nil {
			t.Fatal(err)
		}
		b.publish(t, "systant/desk/stats", payload)
	}
	const processes = `document.querySelector("#section-processes").parentElement.innerText`
	holds(t, ctx, processes+`.includes("job-29")`)
	holds(t, ctx, `document.querySelector(".chart canvas") !== null`)
	do(t, ctx, chromedp.Reload())
	holds(t, ctx, `/kernel 6.12.1 → 6.12.2/.test(document.querySelector(".happenings")?.innerText)`)

	// Keys go back sample by sample, and the whole page with them.
	do(t, ctx, chromedp.KeyEvent(","))
	holds(t, ctx, `document.querySelector(".rewound strong") !== null`)
	for i := n - 2; i >= n-4; i-- {
		do(t, ctx, chromedp.KeyEvent(","))
		holds(t, ctx, fmt.Sprintf(`%s.includes("job-%d") && document.querySelector("h1 ~ *") !== null`, processes, i))
	}
	holds(t, ctx, `document.querySelector(".rewound input").getAttribute("aria-valuetext") !== ""`)
	do(t, ctx, chromedp.KeyEvent("."))
	holds(t, ctx, processes+`.includes("job-27")`)
	holds(t, ctx, `/Usage\s+27.0/.test(document.querySelector("#section-cpu").parentElement.querySelector(".legend").innerText)`)
	// New samples do not change what is shown.
	stats.Processes.TopCPU[0].Name = "job-now"
	b.sample(t, stats)
	holds(t, ctx, processes+`.includes("job-27")`)

	// A link shows the same, and a moment before all says what is kept.
	do(t, ctx, chromedp.Reload())
	holds(t, ctx, processes+`.includes("job-27") && !`+processes+`.includes("job-now")`)
	do(t, ctx, chromedp.Navigate(fmt.Sprintf("%s/host/desk?at=%d", url, last.Add(-50*time.Hour).Unix())))
	holds(t, ctx, `/Not shown: .*kept since \d+ \w+ 20\d\d, \d\d:/.test(document.querySelector(".rewound").innerText)`)
	holds(t, ctx, `document.querySelectorAll("figure.chart").length > 3 && document.querySelector(".dense") === null && document.querySelector(".reasons") === null && !/up \d/.test(document.querySelector(".facts").innerText)`)
	do(t, ctx, chromedp.KeyEvent("l"))
	holds(t, ctx, `location.search === "" && `+processes+`.includes("job-now")`)

	// A click on a chart shows its moment, a drag does not.
	holds(t, ctx, `document.querySelector(".chart .u-over") !== null`)
	do(t, ctx, chromedp.Click(chromedp.CSS(".chart .u-over")))
	holds(t, ctx, `location.search.startsWith("?at=") && /job-\d/.test(`+processes+`)`)
	do(t, ctx, chromedp.Click(chromedp.CSS(".rewound .set")))
	holds(t, ctx, `document.querySelector(".rewound") === null && `+processes+`.includes("job-now")`)

	// What happens is listed at once.
	stats.System.Kernel = "6.12.3"
	stats.Sequence++
	b.sample(t, stats)
	holds(t, ctx, `/kernel 6.12.2 → 6.12.3/.test(document.querySelector(".happenings")?.innerText)`)
	complaints.allow(404) // the moment before all
	complaints.expectNone(t)
}

// TestRewinding looks at the page while it goes from the present to the past and
// through it: what was there stays, and so do the time shown and the focus.
func TestRewinding(t *testing.T) {
	b := startBroker(t, 0)
	f := startFront(t, startDashboard(t, b))
	ctx, complaints := startBrowser(t)
	openDesk(t, ctx, f.URL)
	b.past(t, machine(t, "amd-desktop", "desk"), 50)
	holds(t, ctx, `document.querySelector(".chart canvas") !== null && document.querySelector("#section-processes") !== null`)

	// The present stays until the moment has been read, and tables keep their order.
	evaluate[bool](t, ctx, `document.querySelector("#section-processes").parentElement.querySelector("thead button").click(); true`)
	const sorted = `document.querySelector("#section-processes").parentElement.querySelector("thead th").ariaSort !== null`
	holds(t, ctx, sorted)
	wait := make(chan struct{})
	f.set(func() { f.held["/moment"] = wait })
	do(t, ctx, chromedp.Focus(chromedp.CSS("#rewind")))
	evaluate[bool](t, ctx, `scrollTo(0, 500); window.plot = document.querySelector(".chart canvas"); true`)
	do(t, ctx, chromedp.KeyEvent(","))
	holds(t, ctx, `document.querySelector(".rewound input") !== null && document.querySelector(".sections.old") !== null && scrollY > 450`)
	f.set(func() { clear(f.held) })
	close(wait)
	holds(t, ctx, `document.querySelector(".rewound strong") !== null && document.querySelector(".sections.old") === null && scrollY > 450`)
	holds(t, ctx, sorted+` && window.plot.isConnected && document.activeElement.id === "rewind"`)

	// The slider's ends stay while it moves, and after a reload.
	slide := func(share float64) {
		t.Helper()
		evaluate[bool](t, ctx, fmt.Sprintf(`(() => {
			const slider = document.querySelector(".rewound input");
			slider.value = Number(slider.min) + %v * (slider.max - slider.min);
			return slider.dispatchEvent(new Event("input", { bubbles: true }));
		})()`, share))
	}
	const ends = `(({ min, max }) => min + " " + max)(document.querySelector(".rewound input"))`
	before := evaluate[string](t, ctx, ends)
	for _, share := range []float64{0.9, 0.6, 0.2, 0.95, 0} {
		slide(share)
		holds(t, ctx, fmt.Sprintf(`%s === %q && document.querySelector(".ranges [aria-pressed=true]").innerText === "1h"`, ends, before))
	}
	do(t, ctx, chromedp.Reload())
	holds(t, ctx, `document.querySelector(".rewound input") !== null`)
	holds(t, ctx, fmt.Sprintf(`%s === %q`, ends, before))

	// Keys mean the same on the slider, and at the last sample the next is now.
	slide(0.9)
	holds(t, ctx, `document.querySelector(".rewound strong") !== null`)
	shown := evaluate[string](t, ctx, `document.querySelector(".rewound strong time").dateTime`)
	do(t, ctx, chromedp.Focus(chromedp.CSS(".rewound input")), chromedp.KeyEvent(","))
	holds(t, ctx, fmt.Sprintf(`document.querySelector(".rewound strong time").dateTime < %q && document.activeElement.matches(".rewound input")`, shown))
	slide(1)
	const after = `document.querySelector(".steps button:nth-child(2)")`
	do(t, ctx, chromedp.Focus(chromedp.CSS(".steps button:nth-child(2)")))
	holds(t, ctx, `document.querySelector(".rewound strong") !== null && !`+after+`.disabled`)
	for range 9 {
		evaluate[bool](t, ctx, after+`?.click(); true`)
		time.Sleep(100 * time.Millisecond)
	}
	holds(t, ctx, `document.querySelector(".rewound") === null && location.search === "" && document.activeElement.id === "rewind"`)
	complaints.allow(404)
	complaints.expectNone(t)
}
