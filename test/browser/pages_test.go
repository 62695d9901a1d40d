package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"systant/pkg/schema"
)

// TestPages compares hosts, asks questions, and goes from page to page by the
// palette and by keys.
func TestPages(t *testing.T) {
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	ctx, complaints := startBrowser(t)
	do(t, ctx, chromedp.Navigate(url))
	holds(t, ctx, `document.body.innerText.includes("No host yet")`) // the dashboard listens
	b.populate(t, machine(t, "amd-desktop", "web"), 6)
	holds(t, ctx, `document.querySelectorAll(".card").length === 6`)
	holds(t, ctx, `document.querySelectorAll(".card .trace-line path[d^=M]").length >= 6`) // the last hour

	// In groups, the keys go through all of them.
	do(t, ctx, chromedp.Navigate(url+"/?view=heat&group=tag"))
	holds(t, ctx, `[...document.querySelectorAll(".group h2")].map((one) => one.innerText).join() === "cloud 2,home 2,prod 2,no tag 2"`)
	for i := range 5 {
		do(t, ctx, chromedp.KeyEvent("j"))
		holds(t, ctx, fmt.Sprintf(`document.activeElement.dataset.index === "%d"`, i))
	}
	holds(t, ctx, `document.activeElement.ariaLabel.startsWith("web-01: offline")`)

	// Compare.
	do(t, ctx, chromedp.KeyEvent("g"), chromedp.KeyEvent("c"))
	holds(t, ctx, `location.pathname === "/compare" && document.querySelectorAll("tbody tr").length === 6`)
	holds(t, ctx, `document.title.startsWith("Compare")`)
	do(t, ctx, chromedp.SetValue(chromedp.CSS(`.head select`), "disk.usage_percent"))
	evaluate[bool](t, ctx, `document.querySelector(".head select").dispatchEvent(new Event("change", { bubbles: true }))`)
	holds(t, ctx, `location.search === "?metric=disk.usage_percent" && /95.0\s%/.test(document.querySelector("tbody").innerText)`)

	// The palette finds hosts, pages and metrics.
	palette := func(typed string) {
		t.Helper()
		evaluate[bool](t, ctx, `dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true }))`)
		holds(t, ctx, `document.activeElement.matches(".palette input")`)
		do(t, ctx, chromedp.KeyEvent(typed))
	}
	palette("web-03")
	holds(t, ctx, `document.querySelectorAll(".palette li").length === 1`)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	holds(t, ctx, `location.pathname === "/host/web-03" && document.querySelector(".palette") === null`)
	palette("load 1")
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	holds(t, ctx, `location.pathname === "/compare" && location.search.includes("cpu.load_1m")`)
	palette("zzz")
	holds(t, ctx, `document.querySelector(".palette").innerText.includes("Nothing fits")`)
	do(t, ctx, chromedp.KeyEvent(kb.Escape))
	holds(t, ctx, `document.querySelector(".palette") === null`)

	// Explore: the catalogue completes, the answer is a chart and a table, and
	// what is wrong with a question is said.
	do(t, ctx, chromedp.KeyEvent("g"), chromedp.KeyEvent("x"))
	holds(t, ctx, `document.querySelectorAll(".examples a").length > 2`)
	do(t, ctx, chromedp.Focus(chromedp.CSS("#expression")), chromedp.KeyEvent("max(mem_usage"))
	holds(t, ctx, `document.querySelectorAll("#offers li").length === 0`)
	for range len("mem_usage") {
		do(t, ctx, chromedp.KeyEvent(kb.Backspace))
	}
	do(t, ctx, chromedp.KeyEvent("memory_us"))
	holds(t, ctx, `document.querySelectorAll("#offers li").length > 0`)
	do(t, ctx, chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	holds(t, ctx, `document.querySelector("#expression").value.startsWith("max(systant_memory_us")`)
	do(t, ctx, chromedp.KeyEvent(")"), chromedp.KeyEvent(kb.Enter))
	holds(t, ctx, `document.querySelectorAll("tbody tr").length === 1 && document.querySelector(".chart canvas") !== null`)
	do(t, ctx, chromedp.Navigate(url+"/explore?expr=sum("))
	holds(t, ctx, `/parse error/.test(document.querySelector("[role=alert]")?.innerText)`)
	complaints.allow(400) // the question that is none

	// Where there is no page, the page says so.
	for _, path := range []string{"/foo", "/host/web-00/"} {
		do(t, ctx, chromedp.Navigate(url+path))
		holds(t, ctx, `document.querySelector("main")?.innerText.includes("There is no page here.")`)
	}
	complaints.allow(404)
	complaints.expectNone(t)
}

// TestDense looks whether 12 cards and 30 rows fit a screen of 1440 by 900, and
// whether they say what is wrong and since when.
func TestDense(t *testing.T) {
	b := startBroker(t, 0)
	url := startDashboard(t, b)
	ctx, complaints := startBrowser(t)
	for i := range 30 {
		stats := machine(t, "raspberry-pi", fmt.Sprintf("pi-%02d", i))
		if i == 29 {
			stats.Disk = map[string]schema.Disk{"/": {TotalBytes: 1 << 30, UsedBytes: 1 << 30, UsagePercent: 99}}
		}
		b.sample(t, stats)
	}
	for path, want := range map[string]struct {
		element string
		count   int
	}{"/": {".card", 12}, "/?view=table": {".hosts tbody tr", 30}} {
		do(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(url+path))
		holds(t, ctx, fmt.Sprintf(`document.querySelectorAll(%q).length === 30`, want.element))
		holds(t, ctx, fmt.Sprintf(`/^\/ 99\s.\sfull\s*since \d\d:\d\d$/.test(document.querySelector(%q).querySelector(".why")?.innerText)`, want.element))
		seen := evaluate[int](t, ctx, fmt.Sprintf(`[...document.querySelectorAll(%q)].filter((one) => one.getBoundingClientRect().bottom <= innerHeight).length`, want.element))
		if seen < want.count {
			t.Errorf("%s: %d %s in sight, want %d", path, seen, want.element, want.count)
		}
	}
	// In the palette many hosts leave room for pages and actions.
	do(t, ctx, chromedp.Click(chromedp.CSS(".goto")))
	holds(t, ctx, `/pi-04[^]*Show the keys/.test(document.querySelector(".palette")?.innerText)`)
	do(t, ctx, chromedp.KeyEvent("pi-1"))
	holds(t, ctx, `document.querySelectorAll(".palette li").length === 10`)
	// On a phone the name has the room of the state's word.
	do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(url+"/?view=table"))
	holds(t, ctx, `document.querySelector(".hosts tbody a")?.clientWidth > 120 && document.querySelector(".hosts .state").textContent.trim() === "critical" && document.querySelector(".hosts .state span").offsetWidth <= 1`)
	do(t, ctx, chromedp.Navigate(url+"/compare"))
	holds(t, ctx, `document.querySelector("tbody a")?.getBoundingClientRect().height >= 24`)
	complaints.expectNone(t)
}
