package try

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
)

// listenOn opens the callback on loopback.
func (t *trial) listenOn(ctx context.Context, address, path string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; another address goes with --listen", address, shell.Bare(err))
	}
	if t.app.CallbackURL == "" {
		t.app.CallbackURL = "http://" + l.Addr().String() + path
	}
	t.server = &http.Server{Handler: http.HandlerFunc(t.serve), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	go func() { _ = t.server.Serve(l) }() // it ends with close
	return nil
}

// serve takes what the browser brings. Only a callback with this run's state ends the waiting.
func (t *trial) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	cb, err := t.read("http://" + r.Host + r.URL.RequestURI())
	text := t.tell.word("arrived")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		text = t.tell.word("is callback", err)
	} else {
		select {
		case t.arrived <- cb:
		default: // a reloaded page: the first one counts
		}
	}
	_, _ = io.WriteString(w, "<!doctype html><html lang=\""+t.tell.lang+"\"><meta name=\"viewport\" content=\"width=device-width\"><title>grantkeep try</title><p>"+
		htmlText(text)+"</p></html>") // an error means that the browser has gone
}

func htmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// pasted takes off what chats and mails put around an address, and encodes the blanks that a browser's bar shows.
func pasted(line string) string {
	return strings.ReplaceAll(strings.Trim(line, " \t\r\"'`<>()“”‘’「」，。,;"), " ", "%20")
}

// read reads an address that the browser ended on. Its errors hold no part of it.
func (t *trial) read(address string) (platform.Callback, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return platform.Callback{}, errors.New(t.tell.word("paste.whole"))
	}
	if link, err := url.Parse(t.link); err == nil && link.Host == u.Host && link.Path == u.Path && u.Path != "" {
		return platform.Callback{}, errors.New(t.tell.word("paste.link"))
	}
	cb, err := t.driver.ReadCallback(t.open(), platform.Incoming{Method: http.MethodGet, URL: address})
	var bad *platform.BadCallback
	switch {
	case errors.Is(err, platform.ErrForged):
		return cb, errors.New(t.tell.word("paste.forged"))
	case errors.As(err, &bad):
		return cb, errors.New(t.tell.word("paste.bad", bad.Why))
	case err != nil:
		return cb, err
	case cb.Empty:
		return cb, errors.New(t.tell.word("paste.empty"))
	case cb.Cancel:
		return cb, errors.New(t.tell.word("paste.cancel"))
	case cb.State == "" && t.driver.Spec().Facts.Callback.StateIn != "none":
		return cb, errors.New(t.tell.word("paste.stateless"))
	case cb.State != "" && subtle.ConstantTimeCompare([]byte(cb.State), []byte(t.state)) != 1:
		return cb, errors.New(t.tell.word("paste.other"))
	}
	return cb, nil
}

// authorize prints the link and waits for the callback.
func (t *trial) authorize(ctx context.Context) (platform.Callback, error) {
	link, err := t.driver.Link(t.open(), platform.Want{State: t.state, Hint: t.subject})
	if err != nil {
		return platform.Callback{}, err
	}
	facts := t.driver.Spec().Facts
	t.link = link.URL
	t.tell.step("link.title", t.tell.word("link", facts.Page.Account.In(t.tell.lang), t.app.CallbackURL))
	t.tell.say("\n%s", link.URL)
	if link.SignedText != "" {
		t.tell.say("%s", t.tell.word("link.signed", link.SignedText))
	}
	if !link.Expires.IsZero() {
		t.tell.say("%s", t.tell.word("link.until", link.Expires.Local().Format("15:04:05")))
	}
	brings := "brings.code"
	if !facts.Tokens {
		brings = "brings.shop"
	}
	t.tell.step("callback.title", t.tell.word("callback", t.tell.word(brings)))
	if t.sim != nil && !t.byHand {
		return t.simulated(ctx, link.URL)
	}
	cb, err := t.await(ctx)
	if err != nil {
		return cb, err
	}
	return cb, t.refused(cb)
}

// refused tells a callback that brings an error instead of a code.
func (t *trial) refused(cb platform.Callback) error {
	if cb.Fault == nil {
		return nil
	}
	t.tell.fault(explain.Describe(t.driver, t.open(), cb.Fault))
	return shell.ErrFailed
}

// await waits for the first good callback, at the loopback address or pasted.
func (t *trial) await(ctx context.Context) (platform.Callback, error) {
	ctx, stop := context.WithTimeout(ctx, t.wait)
	defer stop()
	if t.server != nil {
		t.tell.say("%s", t.tell.word("waiting", t.app.CallbackURL))
	} else {
		t.tell.say("%s", t.tell.word("paste"))
	}
	lines := t.keys.Read()
	for {
		select {
		case cb := <-t.arrived:
			return cb, nil
		case line, ok := <-lines:
			if !ok {
				if t.server == nil {
					return platform.Callback{}, t.noCallback()
				}
				lines = nil // nobody will paste; the browser may still come
				continue
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			cb, err := t.read(pasted(line))
			if err == nil {
				return cb, nil
			}
			t.tell.say("%s", t.tell.word("told", err))
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return platform.Callback{}, t.noCallback()
			}
			return platform.Callback{}, ctx.Err()
		}
	}
}

// simulated lets the simulator's merchant agree and follows the redirect as their browser does.
func (t *trial) simulated(ctx context.Context, link string) (platform.Callback, error) {
	shop, address, err := t.sim.agree(ctx, link)
	if err != nil {
		return platform.Callback{}, err
	}
	t.tell.say("%s", t.tell.word("agrees", shop))
	if t.server == nil {
		cb, err := t.read(address)
		if err != nil {
			return cb, err
		}
		return cb, t.refused(cb)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return platform.Callback{}, errors.New("the simulated platform redirects to an address that is none")
	}
	if _, err := t.sim.gate.Send(ctx, req, outbound.Policy{Allow: func(string, string) bool { return true }}); err != nil {
		return platform.Callback{}, err
	}
	select {
	case cb := <-t.arrived:
		return cb, t.refused(cb)
	default:
		cb, err := t.read(address)
		if err == nil {
			err = t.noCallback()
		}
		return cb, err
	}
}
