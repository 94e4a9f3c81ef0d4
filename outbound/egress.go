package outbound

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Direct is the name of the way without a proxy.
const Direct = "direct"

// Way is a way out: a proxy, or none, under the name that an operator gave it.
type Way struct {
	Name  string
	Proxy *url.URL // nil: directly
}

// Egress says by which way requests leave, so that a platform sees the address that was declared there. Like all that opens
// the gate it comes from the start of the process.
type Egress struct {
	Default Way            // of all others
	Apps    map[string]Way // by the id of an app
	Owners  map[string]Way // by owner; goes before the app's
	Echo    *url.URL       // answers with the address that it was asked from; nil: there is none
}

// ways are the gates of an Egress.
type ways struct {
	egress Egress
	gates  map[string]*Gate // by the way's name
}

// through makes a gate for each way.
func through(o Options) (*ways, error) {
	w := &ways{egress: *o.Egress, gates: map[string]*Gate{}}
	for _, way := range w.all() {
		inner := o
		inner.Egress, inner.Proxy = nil, way.Proxy
		gate, err := New(inner)
		if err != nil {
			return nil, fmt.Errorf("way %q: %w", way.Name, err)
		}
		w.gates[way.Name] = gate
	}
	return w, nil
}

// all returns each way once, the default first.
func (w *ways) all() []Way {
	all := []Way{w.egress.Default}
	for _, m := range []map[string]Way{w.egress.Apps, w.egress.Owners} {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !slices.ContainsFunc(all, func(have Way) bool { return have.Name == m[key].Name }) {
				all = append(all, m[key])
			}
		}
	}
	return all
}

// For returns the gate by which the requests of an app leave that are made for a grant of an owner; empty: for none.
func (g *Gate) For(app, owner string) *Gate {
	if g.ways == nil {
		return g
	}
	return g.ways.gates[g.ways.of(app, owner).Name]
}

// of returns the way of an app and an owner.
func (w *ways) of(app, owner string) Way {
	if way, ok := w.egress.Owners[owner]; ok && owner != "" {
		return way
	}
	if way, ok := w.egress.Apps[app]; ok {
		return way
	}
	return w.egress.Default
}

// ErrNoEcho says that nobody was named who tells from which address he is asked.
var ErrNoEcho = errors.New("no echo is named")

// Leaves returns the name of the way by which an app's requests leave, and the address that a platform sees, as the echo
// tells it; way is empty where there is one way only.
func (g *Gate) Leaves(ctx context.Context, app, owner string) (way string, seen netip.Addr, err error) {
	if g.ways == nil || g.ways.egress.Echo == nil {
		return "", netip.Addr{}, ErrNoEcho
	}
	echo := g.ways.egress.Echo
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, echo.Scheme+"://"+echo.Host, nil)
	if err != nil {
		return "", netip.Addr{}, err
	}
	req.URL = echo
	answer, err := g.For(app, owner).Send(ctx, req, Policy{
		Allow: func(scheme, hostport string) bool { return scheme == echo.Scheme && hostport == echo.Host }, Timeout: 10 * time.Second, MaxBody: 1 << 10,
	})
	if err != nil {
		return g.ways.of(app, owner).Name, netip.Addr{}, err
	}
	if answer.Status != http.StatusOK {
		return g.ways.of(app, owner).Name, netip.Addr{}, fmt.Errorf("the echo answered %d", answer.Status)
	}
	seen, err = netip.ParseAddr(strings.TrimSpace(string(answer.Body)))
	if err != nil {
		err = errors.New("the echo did not answer with an address alone")
	}
	return g.ways.of(app, owner).Name, seen.Unmap(), err
}

// Owners returns the owners who have a way of their own, in order.
func (g *Gate) Owners() []string {
	if g.ways == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(g.ways.egress.Owners))
}
