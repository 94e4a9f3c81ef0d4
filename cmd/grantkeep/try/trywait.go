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
	text := "The authorization has arrived. Close this window and go on in the terminal."
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		text = "This is the callback of grantkeep try. " + err.Error()
	} else {
		select {
		case t.arrived <- cb:
		default: // a reloaded page: the first one counts
		}
	}
	//nolint:gosec // the text is escaped
	_, _ = io.WriteString(w, "<!doctype html><html lang=\"en\"><meta name=\"viewport\" content=\"width=device-width\"><title>grantkeep try</title><p>"+
		htmlText(text)+"</p></html>") // an error means that the browser has gone
}

func htmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// read reads an address that the browser ended on. Its errors hold no part of it.
func (t *trial) read(address string) (platform.Callback, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return platform.Callback{}, errors.New("that is no whole address; copy the browser's address line, from http to its end")
	}
	cb, err := t.driver.ReadCallback(t.open(), platform.Incoming{Method: http.MethodGet, URL: address})
	var bad *platform.BadCallback
	switch {
	case errors.Is(err, platform.ErrForged):
		return cb, errors.New("the proof in the address fails: it was not made with this app's secret, or the address was changed on the way")
	case errors.As(err, &bad):
		return cb, fmt.Errorf("the address cannot be used: %s", bad.Why)
	case err != nil:
		return cb, err
	case cb.Empty:
		return cb, errors.New("the address has neither a code nor an error: it is not the one that follows the consent")
	case cb.State == "" && t.driver.Spec().Facts.Callback.StateIn != "none":
		return cb, errors.New("the address carries no state, so it did not come from this link; open the link again")
	case cb.State != "" && subtle.ConstantTimeCompare([]byte(cb.State), []byte(t.state)) != 1:
		return cb, errors.New("the address carries the state of another link; use the link printed by this run")
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
	t.tell.step("The link", "The merchant opens it, logs in and agrees. %s\nThe callback address is %s.", facts.Page.Account.En, t.app.CallbackURL)
	t.tell.say("\n%s", link.URL)
	if link.SignedText != "" {
		t.tell.say("\nIt is signed over: %s", link.SignedText)
	}
	if !link.Expires.IsZero() {
		t.tell.say("It is accepted until %s.", link.Expires.Local().Format("15:04:05"))
	}
	brings := "a code that works once"
	if !facts.Tokens {
		brings = "the shop's id"
	}
	t.tell.step("The callback", "The platform sends the merchant's browser back with %s.", brings)
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
		t.tell.say("Waiting at %s. If the browser ends elsewhere, paste its address here.", t.app.CallbackURL)
	} else {
		t.tell.say("Paste the address that the browser ended on, from https to its end; that the page itself fails is no matter.")
	}
	lines := t.keys.Read()
	for {
		select {
		case cb := <-t.arrived:
			return cb, nil
		case line, ok := <-lines:
			if !ok {
				if t.server == nil {
					return platform.Callback{}, errNoCallback
				}
				lines = nil // nobody will paste; the browser may still come
				continue
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			cb, err := t.read(strings.TrimSpace(line))
			if err == nil {
				return cb, nil
			}
			t.tell.say("%v.", err)
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return platform.Callback{}, errNoCallback
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
	t.tell.say("The simulated merchant of %s agrees.", shop)
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
			err = errNoCallback
		}
		return cb, err
	}
}
