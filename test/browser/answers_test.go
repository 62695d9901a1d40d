package browser

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestAnswers looks at Compare and Explore while answers are under way, and at
// what they say where there is none.
func TestAnswers(t *testing.T) {
	b := startBroker(t, 0)
	f := startFront(t, startDashboard(t, b))
	ctx, complaints := startBrowser(t)
	do(t, ctx, chromedp.Navigate(f.URL+"/compare"))
	holds(t, ctx, `document.body.innerText.includes("There is no host yet.")`)
	b.populate(t, machine(t, "amd-desktop", "web"), 6)
	holds(t, ctx, `document.querySelectorAll("tbody tr").length === 6`)

	// No answer stands below another question.
	hold := func(act string) {
		t.Helper()
		wait := make(chan struct{})
		f.set(func() { f.held["/query_range"] = wait })
		do(t, ctx, chromedp.Evaluate[chromedp.Void](act))
		holds(t, ctx, `document.querySelector(".skeleton") !== null && document.querySelector("tbody") === null`)
		f.set(func() { clear(f.held) })
		close(wait)
		holds(t, ctx, `document.querySelector("tbody tr") !== null`)
	}
	hold(`(() => {
		const select = document.querySelector(".head select");
		select.value = "disk.usage_percent";
		select.dispatchEvent(new Event("change", { bubbles: true }));
	})()`)
	do(t, ctx, chromedp.Navigate(f.URL+"/explore?expr=systant_disk_usage_percent"))
	// What all series have in common stands in the table, and not below the chart.
	holds(t, ctx, `/web-0\d mount_point=/.test(document.querySelector("tbody th")?.innerText)`)
	do(t, ctx, chromedp.Navigate(f.URL+`/explore?expr=systant_disk_usage_percent{host="web-00"}`))
	holds(t, ctx, `/^mount_point=/.test(document.querySelector(".legend li")?.innerText) && /^web-00 mount_point=/.test(document.querySelector("tbody th").innerText)`)
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`(() => {
		const input = document.getElementById("expression");
		input.value = "systant_up";
		input.dispatchEvent(new Event("input", { bubbles: true }));
	})()`))
	hold(`requestAnimationFrame(() => document.querySelector(".ask button").click()) && undefined`)
	// A question is a step, so that one can go back to the one before.
	do(t, ctx, chromedp.NavigateBack())
	holds(t, ctx, `document.getElementById("expression")?.value === 'systant_disk_usage_percent{host="web-00"}'`)

	do(t, ctx, chromedp.Navigate(f.URL+"/compare?metric=foo"))
	holds(t, ctx, `document.body.innerText.includes("There is no metric foo.")`)
	do(t, ctx, chromedp.Navigate(f.URL+"/compare?tag=none"))
	holds(t, ctx, `document.body.innerText.includes("No host fits.")`)

	// The way back to the fleet outlasts a reload.
	do(t, ctx, chromedp.Navigate(f.URL+"/?view=table&tag=home"))
	holds(t, ctx, `document.querySelectorAll(".hosts tbody tr").length === 2`)
	do(t, ctx, chromedp.Click(chromedp.CSS(`a[href="/host/web-00"]`)))
	holds(t, ctx, `document.querySelector(".back") !== null`)
	do(t, ctx, chromedp.Reload())
	holds(t, ctx, `document.querySelector(".back")?.getAttribute("href") === "/?view=table&tag=home"`)
	complaints.expectNone(t)
}

// TestSilent looks at the page of a host that is silent: its charts go on while
// somebody looks, and the day that it was last heard on is named.
func TestSilent(t *testing.T) {
	b := startBroker(t, 0)
	f := startFront(t, startDashboard(t, b))
	ctx, complaints := startBrowser(t)
	openDesk(t, ctx, f.URL)
	b.past(t, machine(t, "amd-desktop", "desk"), 5)
	b.publish(t, "systant/desk/status", []byte("offline"))
	holds(t, ctx, `document.querySelector(".chart canvas") !== null && document.querySelector(".state").innerText === "offline"`)
	const charts = "/api/hosts/desk/history"
	evaluate[bool](t, ctx, `Object.defineProperty(document, "hidden", { configurable: true, get: () => true }); true`)
	time.Sleep(2 * time.Second) // what was under way
	before := f.count(charts)
	time.Sleep(16 * time.Second)
	if got := f.count(charts); got != before {
		t.Errorf("while nobody could see them, charts were read %d times, want %d", got, before)
	}
	evaluate[bool](t, ctx, `delete document.hidden; true`)
	for end := time.Now().Add(patience); f.count(charts) == before; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the charts of a silent host were not read again")
		}
	}
	const since = `[...document.querySelectorAll(".title .muted")].find((one) => one.innerText.startsWith("since")).innerText`
	holds(t, ctx, `/^since \d\d:\d\d$/.test(`+since+`)`)
	evaluate[bool](t, ctx, `(() => { const now = Date.now; Date.now = () => now() + 864e5; return true; })()`)
	holds(t, ctx, `/^since \d+ \w+ \d\d:\d\d$/.test(`+since+`)`)
	complaints.allow(http.StatusNotFound)
	complaints.expectNone(t)
}
