// Package chromium starts the browser that the page is tested and measured in.
package chromium

import (
	"context"
	"errors"
	"os/exec"
	"time"

	"github.com/chromedp/chromedp"
)

// ErrMissing is returned where there is no browser.
var ErrMissing = errors.New("chromium is not installed")

// names are what the browser may be called, or where it may be.
var names = []string{"chromium", "/usr/bin/chromium", "chromium-browser", "google-chrome"}

// Start starts a browser that talks to nobody by itself, with its profile in a
// folder, and returns a context for chromedp and what ends it. The options are
// for the browser's first page. It returns [ErrMissing] where there is none.
func Start(ctx context.Context, folder string, patience time.Duration, options ...chromedp.ContextOption) (context.Context, context.CancelFunc, error) {
	path := ""
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, nil, ErrMissing
	}
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(folder), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.WindowSize(1440, 900), chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
	}
	ctx, endBrowser := chromedp.NewExecAllocator(ctx, flags...)
	ctx, endPage := chromedp.NewContext(ctx, options...)
	return ctx, func() { endPage(); endBrowser() }, nil
}
