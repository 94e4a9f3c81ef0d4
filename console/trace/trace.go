// Package trace shows what is asked of a platform for one grant, and what came of it lately, as somebody may read it who must
// not see a secret.
package trace

import (
	"maps"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/offline"
)

// Trace is what is known of the refreshes of a grant.
type Trace struct {
	Attempts []Attempt // the latest first
	Request  string    // of the next refresh, secrets and signature hidden; empty: there is none
}

// Attempt is one refresh and what came of it.
type Attempt struct {
	At   time.Time
	What string
	Tone string // ok, warn, bad
	Code string // what the platform said; empty: nothing
	ID   string // by which the platform finds the request
}

// Of traces a grant.
func Of(p frame.Page, registry *apps.Registry, g *gk.Grant, app gk.App) Trace {
	return Trace{Attempts: attempts(p, g), Request: request(registry, g, app)}
}

func attempts(p frame.Page, g *gk.Grant) (list []Attempt) {
	if g.Attempting(p.Now) {
		list = append(list, Attempt{At: g.AttemptAt, What: p.T("trace.running"), Tone: "warn"})
	}
	if g.InDoubt() {
		list = append(list, Attempt{At: g.DoubtSince, What: p.T("trace.doubt"), Tone: "warn"})
	}
	if f := g.Fault; f != nil && !f.At.IsZero() {
		what := p.T("trace.refused", "Stage", p.T("stage."+f.Stage))
		if g.Failures > 1 {
			what += " · " + p.T("trace.failures", "N", frame.Count(g.Failures))
		}
		list = append(list, Attempt{At: f.At.Time, What: what, Tone: "bad", Code: f.Code, ID: f.RequestID})
	}
	if !g.PairAskedAt.IsZero() {
		what := p.T("trace.consent", "N", frame.Count(g.Generation))
		if g.PairSpent >= 0 {
			what = p.T("trace.pair", "N", frame.Count(g.Generation), "Spent", frame.Count(g.PairSpent))
		}
		list = append(list, Attempt{At: g.PairAskedAt, What: what, Tone: "ok"})
	}
	slices.SortStableFunc(list, func(a, b Attempt) int { return b.At.Compare(a.At) })
	return list
}

// made stands for tokens, which are hidden: none is opened for a page.
const made = "a-token-that-is-not-shown"

// request writes the request by which a grant would be refreshed at this moment, by the same driver that will send it.
func request(registry *apps.Registry, g *gk.Grant, app gk.App) string {
	opened, err := registry.Open(app)
	if err != nil || !g.Renewable || g.State == gk.Revoked {
		return "" // the page says elsewhere what is wrong with the app, and that the grant cannot be refreshed
	}
	token := gk.Token{Access: gk.NewSecret(made), Refresh: gk.NewSecret(made), Expires: g.Expires, RefreshExpires: g.RefreshExpires}
	r, err := offline.Request(opened.Driver, opened.Open, offline.Step{Do: "refresh", Subject: g.Subject, Facts: maps.Clone(g.Facts), Token: token})
	if err != nil || r == nil {
		return "" // nothing is asked on this platform
	}
	printed := offline.PrintMasked(opened.Open, r, gk.NewSecret(made), gk.NewSecret(r.Signature))
	var b strings.Builder
	b.WriteString(printed.Method + " " + printed.URL + "\n")
	for _, name := range slices.Sorted(maps.Keys(printed.Headers)) {
		b.WriteString(name + ": " + printed.Headers[name] + "\n")
	}
	if printed.Body != "" {
		b.WriteString("\n" + printed.Body + "\n")
	}
	return b.String()
}
