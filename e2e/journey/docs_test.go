package journey_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The document can be read, by people, with nothing but the shop: no other host is asked, no script complains.
func TestTheDocumentIsReadableInABrowser(t *testing.T) {
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on this machine, so nobody looks at /docs and /redoc. On Debian: apt-get install chromium")
	}
	s := open(t)
	for path, shown := range map[string][]string{
		"/docs":  {"GET /health", "POST /auth/login", "POST /slippers/", "POST /orders/from-cart"}, // one of every service
		"/redoc": {"Whether the shop is open", "/auth/login", "/slippers/", "/orders/from-cart"},
	} {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			b := s.browse(t, chromium)
			text, shot, err := b.look(s.URL+path, shown)
			if err != nil {
				t.Errorf("%v\nthe page shows\n%s", err, text)
			}
			if len(b.complaints()) > 0 {
				t.Errorf("the page complains: %q", b.complaints())
			}
			// `go test -artifacts` keeps it, for who wants to see the page.
			if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "page.png"), shot, 0o600); err != nil || len(shot) == 0 {
				t.Errorf("a picture of %d bytes: %v", len(shot), err)
			}
		})
	}
}

// look opens a page, and returns its text once it shows the words, and what it looks like.
func (b *browser) look(address string, words []string) (text string, shot []byte, err error) {
	err = chromedp.Do(b.tab, chromedp.EmulateViewport(1280, 1600), chromedp.Navigate(address))
	for err == nil && !shows(text, words) {
		text, err = chromedp.Run(b.tab, chromedp.Evaluate[string](`document.body.innerText`))
	}
	if err == nil {
		shot, err = chromedp.Run(b.tab, chromedp.CaptureScreenshot())
	}
	return text, shot, err
}

// shows says whether a page has all the words, wherever it breaks its lines.
func shows(text string, words []string) bool {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "\u200b", "")), " ")
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// browser is a Chromium of the test's own, and what went wrong in it.
type browser struct {
	tab context.Context //nolint:containedctx // chromedp keeps its tab in one
	mu  sync.Mutex
	bad []string
}

func (b *browser) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bad = append(b.bad, fmt.Sprintf(format, args...))
}

func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bad
}

// browse starts a browser that reaches nobody but the shop.
func (s *store) browse(t *testing.T, chromium string) *browser {
	t.Helper()
	home, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless,
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"))
	t.Cleanup(stop)
	b := &browser{}
	b.tab, cancel = chromedp.NewContext(ctx, chromedp.WithListener(func(event any) { b.hear(home.Host, event) }))
	t.Cleanup(cancel)
	return b
}

// hear complains of what a good page has no part in.
func (b *browser) hear(host string, event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || u.Host != host && u.Scheme != "data" && u.Scheme != "blob" {
			b.complain("it asks %s", e.Request.URL)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			b.complain("%s answers %d", e.Response.URL, e.Response.Status)
		}
	case *network.EventLoadingFailed:
		b.complain("something was not loaded: %s %s", e.ErrorText, e.BlockedReason)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, arg := range e.Args {
				b.complain("on the console: %s %s", arg.Value, arg.Description)
			}
		}
	case *runtime.EventExceptionThrown:
		b.complain("a script fails: %s %s", e.ExceptionDetails.Text, e.ExceptionDetails.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.complain("the browser says: %s %s", e.Entry.Text, e.Entry.URL)
		}
	}
}
