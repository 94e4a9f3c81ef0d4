package apps

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
)

// Request has the driver build a request.
func (o Opened) Request(what string, build func() (*platform.Request, error)) (*platform.Request, error) {
	return Drive(o, what, build)
}

// Ask sends one request of the driver through the gate. once says that it spends something and must not be repeated by
// the transport.
func (o Opened) Ask(ctx context.Context, r *platform.Request, once bool, deadline time.Duration) (platform.Reply, error) {
	req, err := httpRequest(ctx, r)
	if err != nil {
		return platform.Reply{}, fmt.Errorf("%w: %w", outbound.ErrNotSent, err)
	}
	begun := time.Now()
	a, err := o.registry.gate.For(o.App.ID, o.Owner).Send(ctx, req, outbound.Policy{Allow: o.Open.AllowsHost, Timeout: deadline, Once: once})
	if err != nil {
		return platform.Reply{}, err
	}
	if told := o.registry.answered.Load(); told != nil {
		(*told)(o.App.Platform, time.Since(begun))
	}
	return platform.Reply{Status: a.Status, Header: a.Header, Body: platform.Readable(a.Body), Truncated: a.Truncated, Received: o.registry.now(), Sent: r.Sent}, nil
}

// OwnersHaveWays reports whether some owners' requests leave by a way of their own.
func (r *Registry) OwnersHaveWays() bool { return len(r.gate.Owners()) > 0 }

// Leaves returns by which way an app's requests leave, for an owner or for nobody, and the address that a platform sees.
func (r *Registry) Leaves(ctx context.Context, app, owner string) (way string, seen netip.Addr, err error) {
	return r.gate.Leaves(ctx, app, owner)
}

// Issues has the driver read the answer to an exchange or a refresh.
func (o Opened) Issues(asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	issues, err := Drive(o, "read issues", func() ([]platform.Issue, error) { return o.Driver.ReadIssues(o.Open, asked, reply) })
	for i := range issues {
		if strings.ContainsRune(issues[i].Subject.ID, utf8.RuneError) {
			return nil, &platform.Garbled{Why: "an id is not UTF-8"}
		}
	}
	if since := o.App.Cursors[lifecycle.CursorSecret]; since != "" && o.Refresh().PinnedTo != "" {
		for i := range issues {
			if !issues[i].Same {
				issues[i].Facts = lifecycle.WithFact(issues[i].Facts, lifecycle.FactMinted, since)
			}
		}
	}
	return issues, err
}

// Diagnose returns the fault that the driver finds in an answer, as an error.
func (o Opened) Diagnose(asked platform.Asked, reply platform.Reply) error {
	f, err := Drive(o, "diagnose", func() (*gk.Fault, error) { return o.Driver.Diagnose(o.Open, asked, reply), nil })
	if err == nil && f != nil {
		return f
	}
	return err
}

// NotSent reports whether a request surely never reached the platform.
func NotSent(err error) bool { return errors.Is(err, outbound.ErrNotSent) }

func httpRequest(ctx context.Context, r *platform.Request) (*http.Request, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, platform.ErrForeignHost // never the text: it may hold a token
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, u.Scheme+"://"+u.Host, bytes.NewReader(r.Body))
	if err != nil {
		return nil, fmt.Errorf("request to %s: malformed method or host", u.Host)
	}
	req.URL = u
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	return req, nil
}

// FaultIn returns the platform's fault in an error, if there is one.
func FaultIn(err error) *gk.Fault {
	var f *gk.Fault
	if errors.As(err, &f) {
		return f
	}
	var g *platform.Garbled
	if errors.As(err, &g) {
		return g.Fault
	}
	return nil
}

// RandomText returns 256 bits of chance as 43 URL-safe characters: links, states, browser secrets and codes.
func RandomText() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Nonce returns what a driver puts into one signed call.
func Nonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
