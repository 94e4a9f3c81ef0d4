package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
)

// Call sends a call on behalf of a grant and passes the answer on. An error means that nothing was written to w; an
// answer that breaks off in the middle breaks the caller's connection off too.
func (g *Gateway) Call(ctx context.Context, w http.ResponseWriter, v gk.Viewer, grant string, call platform.Call) error {
	use, _, err := g.keeper.Use(ctx, v, grant, wanted)
	if err != nil {
		return err
	}
	return g.forward(ctx, w, v, use, call, nil)
}

// CallApp sends a call of an app's own, without a merchant's token, and passes the answer on as [Gateway.Call] does.
func (g *Gateway) CallApp(ctx context.Context, w http.ResponseWriter, v gk.Viewer, app string, call platform.Call) error {
	use, err := g.keeper.UseApp(ctx, v, app)
	if err != nil {
		return err
	}
	return g.forward(ctx, w, v, use, call, nil)
}

// upload is the body of a call that is too long to be kept: it goes by once.
type upload struct {
	body   io.ReadCloser
	length int64 // -1: unknown
}

// outcome is the answer to one sending of a call.
type outcome struct {
	use   keeper.Use
	resp  *http.Response
	body  io.Reader
	size  int64 // of the body; -1: unknown
	watch *watch
	fault *gk.Fault     // nil: the call succeeded, or nobody can tell
	later time.Duration // how long the platform wants to be left alone
}

// close ends the request.
func (o *outcome) close() {
	o.watch.end()
	_ = o.resp.Body.Close() // the answer is passed on, or nobody wants it
}

// forward sends a call, once more after a refresh where the platform refused the token, and passes the answer on.
func (g *Gateway) forward(ctx context.Context, w http.ResponseWriter, v gk.Viewer, use keeper.Use, call platform.Call, up *upload) error {
	o, err := g.send(ctx, use, call, up)
	if err != nil {
		return err
	}
	if want, ok := cure(use, o.fault); ok && up == nil && !use.OfApp {
		if again, refreshed := g.refreshed(ctx, v, use, want); refreshed {
			o.close()
			if o, err = g.send(ctx, again, call, nil); err != nil {
				return err
			}
		}
	}
	if f := o.fault; f != nil && !use.OfApp && (f.Terminal || f.Action == gk.Reauthorize || use.Driver.Spec().TokenRefused(f)) {
		g.keeper.Suspect(use.Grant.ID)
	}
	defer o.close()
	return g.pass(w, o)
}

// cure returns the refresh that may help against a fault; false if none does. A refresh also opens Taobao's short
// windows, one of which may have ended long before the token does.
func cure(use keeper.Use, f *gk.Fault) (keeper.TokenWant, bool) {
	spec := use.Driver.Spec()
	want := keeper.TokenWant{MinValid: wanted.MinValid, NotGeneration: use.Grant.Generation, Window: spec.WindowEnded(f)}
	return want, want.Window != "" || spec.TokenRefused(f)
}

// refreshed opens a grant with a newer token than the one that was refused; false if there is none.
func (g *Gateway) refreshed(ctx context.Context, v gk.Viewer, use keeper.Use, want keeper.TokenWant) (keeper.Use, bool) {
	if use.Credential.Token.Access.Empty() || !g.pace.mayRefresh(use.Grant.ID) {
		return keeper.Use{}, false
	}
	again, stale, err := g.keeper.Use(ctx, v, use.Grant.ID, want)
	if gap := time.Duration(use.Driver.Spec().Facts.Limits.TokenCalls.Gap); err == nil && stale && 0 < gap && gap < longestTurn {
		select { // a token call a moment ago may be all that stood in the way
		case <-time.After(gap):
		case <-ctx.Done():
			return keeper.Use{}, false
		}
		again, stale, err = g.keeper.Use(ctx, v, use.Grant.ID, want)
	}
	if err != nil || stale || again.Grant.Generation == use.Grant.Generation {
		return keeper.Use{}, false
	}
	g.log.Info("a call is repeated after a renewal", "platform", again.Grant.Platform, "grant", again.Grant.ID)
	return again, true
}

// send signs a call, sends it, and looks at the answer.
func (g *Gateway) send(ctx context.Context, use keeper.Use, call platform.Call, up *upload) (*outcome, error) {
	use.App.Now = g.keeper.Now()
	signed, err := sign(use, call)
	if err != nil {
		return nil, err
	}
	if err := g.pace.wait(ctx, use, call); err != nil {
		return nil, err
	}
	watch := newWatch(ctx, g.headerWait)
	req, err := request(watch, g.headerWait, signed, up)
	if err != nil {
		watch.end()
		return nil, err
	}
	asked := platform.Asked{Stage: platform.StageCall, Subject: use.Grant.Subject, Sent: signed.Sent, At: g.keeper.Now()}
	resp, err := g.keeper.Forward(watch.ctx, use, req) //nolint:bodyclose // outcome.close does
	if err != nil {
		watch.end()
		return nil, err
	}
	watch.moved(g.idle)
	resp.Body = watched{resp.Body, watch, g.idle}
	o := &outcome{use: use, resp: resp, body: resp.Body, size: resp.ContentLength, watch: watch}
	if resp.StatusCode < http.StatusOK {
		o.close()
		return nil, platform.ErrGarbage
	}
	g.pace.level(use, call, resp.Header)
	if telling(resp) {
		h := readHead(resp)
		text, truncated := h.seen()
		o.body = h
		if o.size < 0 && req.Method != http.MethodHead {
			o.size = h.whole()
		}
		o.fault = use.Driver.Diagnose(use.App, asked, platform.Reply{
			Status: resp.StatusCode, Header: resp.Header, Body: text, Truncated: truncated, Received: g.keeper.Now(), Sent: signed.Sent,
		})
		o.later = g.pace.learn(use, call, resp, o.fault)
	}
	return o, nil
}

// request makes the request of the standard library. It is sent with the bytes that were signed, or with a body that
// goes by once.
func request(watch *watch, patience time.Duration, signed *platform.Request, up *upload) (*http.Request, error) {
	u, err := url.Parse(signed.URL)
	if err != nil {
		return nil, platform.ErrForeignHost // never the text: it may hold a token
	}
	var body io.Reader
	if len(signed.Body) > 0 {
		body = bytes.NewReader(signed.Body)
	}
	req, err := http.NewRequestWithContext(watch.ctx, signed.Method, u.Scheme+"://"+u.Host, body) //nolint:gosec // the driver built it, and the gate asks where it may go
	if err != nil {
		return nil, errors.Join(outbound.ErrNotSent, platform.ErrForeignHost)
	}
	req.URL = u
	for name, values := range signed.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if up != nil {
		req.Body, req.ContentLength = watched{up.body, watch, patience}, up.length
	}
	return req, nil
}
