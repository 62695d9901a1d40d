package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"systant/pkg/schema"
	"systant/test/chromium"
)

// pageOptions are the command line of the page's measurement.
type pageOptions struct {
	stageOptions
	hosts  int
	loads  int
	sent   int
	scroll time.Duration
}

// benchPage measures the page in Chromium.
func benchPage(ctx context.Context, arguments []string) error {
	var o pageOptions
	flags := flag.NewFlagSet("bench page", flag.ExitOnError)
	flags.StringVar(&o.dashboard, "dashboard", "", "the systant-dashboard binary to measure; empty: it is built")
	flags.IntVar(&o.hosts, "hosts", 1000, "how `many` hosts, each with a sample in 30 s")
	flags.IntVar(&o.loads, "loads", 7, "how `many` times the page is loaded, with nothing in the browser's cache")
	flags.IntVar(&o.sent, "sent", 150, "how `many` samples are published to see when they are on the screen")
	flags.DurationVar(&o.scroll, "scroll", 10*time.Second, "the time of scrolling through each view")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	o.maxHosts = o.hosts + 1
	s, err := setUp(ctx, o.stageOptions)
	defer s.tearDown()
	if err != nil {
		return err
	}
	fleet, err := start(ctx, s.simulate, "-hosts", strconv.Itoa(o.hosts), "-interval", "30s", "-duration", "1h", "-broker", "mqtt://"+s.mqtt)
	if err != nil {
		return err
	}
	defer fleet.stop()
	if err := s.awaitHosts(ctx, o.hosts); err != nil {
		return err
	}
	ctx, end, err := chromium.Start(ctx, filepath.Join(s.folder, "chromium"), ready)
	if err != nil {
		return err
	}
	defer end()
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	m := &screen{stage: s, options: o, out: t}
	for _, one := range []func(context.Context) error{m.loads, m.latency, m.scrolls} {
		if err := one(ctx); err != nil {
			return err
		}
	}
	return t.Flush()
}

// awaitHosts waits until so many hosts are known.
func (s *stage) awaitHosts(ctx context.Context, n int) error {
	return await(ctx, fmt.Sprint("a fleet of ", n), func() bool {
		var health struct{ Hosts map[string]int }
		answer, err := s.get(ctx, "/healthz")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return json.NewDecoder(answer.Body).Decode(&health) == nil && health.Hosts["online"] >= n
	})
}

// screen measures what a browser shows.
type screen struct {
	stage   *stage
	options pageOptions
	out     *tabwriter.Writer
}

// row prints one result.
func (m *screen) row(what, format string, values ...any) {
	fmt.Fprintf(m.out, "%s\t"+format+"\t\n", append([]any{what}, values...)...)
}

// times prints milliseconds of a kind.
func (m *screen) times(what string, ms []float64) {
	times := make([]time.Duration, len(ms))
	for i, one := range ms {
		times[i] = time.Duration(one * float64(time.Millisecond))
	}
	m.row(what, "%.1f / %.1f / %.1f of %d", quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1), len(times))
}

// firstValue notes in a page when the first value of a host is there.
const firstValue = `new MutationObserver((_, me) => {
	if (!/\d\s?%/.test(document.querySelector("main")?.textContent)) return;
	me.disconnect();
	requestAnimationFrame(() => setTimeout(() => (window.firstValue = performance.now())));
}).observe(document, { childList: true, subtree: true, characterData: true });`

// scripts returns what the page has loaded of JavaScript, in bytes as they were
// transferred.
const scripts = `performance.getEntriesByType("resource").filter((one) => one.name.endsWith(".js")).reduce((sum, one) => sum + one.encodedBodySize, 0)`

// loads measures how long it takes until the first value is on the screen, and
// how much is transferred for it.
func (m *screen) loads(ctx context.Context) error {
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: firstValue}); err != nil {
		return err
	}
	for _, view := range []struct{ name, path, more string }{
		{"fleet", "/", "true"},
		{"host with charts", "/host/amd-desktop-0000", `document.querySelector(".chart canvas") !== null`},
	} {
		var ms []float64
		for range m.options.loads {
			if _, err := chromedp.Call(ctx, network.ClearBrowserCache, cdp.Empty{}); err != nil {
				return err
			}
			if err := m.open(ctx, view.path, "window.firstValue > 0 && "+view.more); err != nil {
				return err
			}
			one, err := chromedp.Run(ctx, chromedp.Evaluate[float64]("window.firstValue"))
			if err != nil {
				return err
			}
			ms = append(ms, one)
		}
		bytes, err := chromedp.Run(ctx, chromedp.Evaluate[int](scripts))
		if err != nil {
			return err
		}
		m.times(view.name+": first value after ms, half / 99 % / all within", ms)
		m.row(view.name+": JavaScript transferred, kB", "%.1f", float64(bytes)/1e3)
	}
	return nil
}

// open opens a path and waits until an expression is true.
func (m *screen) open(ctx context.Context, path, so string) error {
	if err := chromedp.Do(ctx, chromedp.Navigate("http://"+m.stage.http+path)); err != nil {
		return err
	}
	return await(ctx, path+" with "+so, func() bool {
		yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](so))
		return err == nil && yes
	})
}

// watch notes in a page when the text of a host's CPU is another one, and on the
// screen.
const watch = `window.shown = []; new MutationObserver(() => {
	const text = document.querySelector(".measure .number")?.textContent.match(/^\d+/)?.[0];
	if (text === undefined || text === window.shown.at(-1)?.text) return;
	const one = { text, at: 0 };
	window.shown.push(one);
	requestAnimationFrame(() => setTimeout(() => (one.at = performance.timeOrigin + performance.now())));
}).observe(document, { childList: true, subtree: true, characterData: true }); true`

// shown is a text, and when it was published or on the screen, in milliseconds
// since 1970.
type shown struct {
	Text string
	At   float64
}

// latency publishes samples of one host and sees when each is on the screen,
// among a fleet that sends its own.
func (m *screen) latency(ctx context.Context) error {
	c, err := dial(ctx, m.stage.mqtt)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := connectMQTT(c); err != nil {
		return err
	}
	if err := m.open(ctx, "/?q=probe", `document.querySelector("main") !== null`); err != nil {
		return err
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](watch)); err != nil {
		return err
	}
	var sent []shown
	for i := range m.options.sent {
		usage := float64(1 + i%99) // as it is shown
		stats := schema.Stats{Hostname: "probe", Timestamp: time.Now().UTC(), IntervalSeconds: 30, CPU: &schema.CPU{UsagePercent: &usage}}
		payload, err := json.Marshal(stats)
		if err != nil {
			return err
		}
		sent = append(sent, shown{strconv.Itoa(1 + i%99), float64(time.Now().UnixMicro()) / 1e3})
		if _, err := c.Write(publishPacket("systant/probe/stats", payload)); err != nil {
			return err
		}
		// No multiple of any rhythm in the dashboard.
		if err := pause(ctx, 613*time.Millisecond); err != nil {
			return err
		}
	}
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[[]shown]("shown"))
	if err != nil {
		return err
	}
	var ms []float64
	for _, one := range seen {
		for len(sent) > 0 && sent[0].Text != one.Text {
			sent = sent[1:] // it was never shown
		}
		if len(sent) > 0 {
			ms = append(ms, one.At-sent[0].At)
			sent = sent[1:]
		}
	}
	m.times("published to on the screen, ms, half / 99 % / all within", ms)
	return nil
}

// scrolling scrolls through the page and notes the time between its frames. It
// asks the page for nothing meanwhile, which would have it laid out early.
const scrolling = `window.frames = []; {
	let last = 0, place = 0, way = 40;
	const end = performance.now() + %d, most = document.scrollingElement.scrollHeight - innerHeight;
	const step = (now) => {
		if (last > 0) frames.push(now - last);
		last = now;
		place += way;
		if (place >= most) way = -40;
		else if (place <= 0) way = 40;
		scrollTo(0, place);
		if (now < end) requestAnimationFrame(step);
		else window.over = true;
	};
	requestAnimationFrame(step);
} true`

// scrolls measures the frames while one scrolls and values change.
func (m *screen) scrolls(ctx context.Context) error {
	for _, view := range []string{"cards", "table", "heat"} {
		if err := m.open(ctx, "/?view="+view, `document.querySelectorAll("[data-index]").length > 3`); err != nil {
			return err
		}
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(scrolling, m.options.scroll.Milliseconds()))); err != nil {
			return err
		}
		if err := await(ctx, "the end of scrolling", func() bool {
			over, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("window.over === true"))
			return err == nil && over
		}); err != nil {
			return err
		}
		frames, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64]("frames"))
		if err != nil {
			return err
		}
		m.times(view+" of "+strconv.Itoa(m.options.hosts)+": ms a frame, half / 99 % / all within", frames)
	}
	return nil
}
