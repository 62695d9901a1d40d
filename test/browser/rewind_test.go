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
	do(t, ctx, chromedp.Navigate(url+"/host/desk"))
	holds(t, ctx, `document.body.innerText.includes("No host named desk")`) // the dashboard listens
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
	// New samples do not change what is shown.
	stats.Processes.TopCPU[0].Name = "job-now"
	b.sample(t, stats)
	holds(t, ctx, processes+`.includes("job-27")`)

	// A link shows the same, and a moment before all says what is kept.
	do(t, ctx, chromedp.Reload())
	holds(t, ctx, processes+`.includes("job-27") && !`+processes+`.includes("job-now")`)
	do(t, ctx, chromedp.Navigate(fmt.Sprintf("%s/host/desk?at=%d", url, last.Add(-50*time.Hour).Unix())))
	holds(t, ctx, `/Not shown: .*kept since/.test(document.querySelector(".rewound").innerText)`)
	do(t, ctx, chromedp.KeyEvent("l"))
	holds(t, ctx, `location.search === "" && `+processes+`.includes("job-now")`)

	// A click on a chart shows its moment, a drag does not.
	holds(t, ctx, `document.querySelector(".chart .u-over") !== null`)
	do(t, ctx, chromedp.Click(chromedp.CSS(".chart .u-over")))
	holds(t, ctx, `location.search.startsWith("?at=") && /job-\d/.test(`+processes+`)`)
	do(t, ctx, chromedp.Click(chromedp.CSS(".rewound .set")))
	holds(t, ctx, `document.querySelector(".rewound") === null && `+processes+`.includes("job-now")`)
	complaints.allow(404) // the moment before all
	complaints.expectNone(t)
}
