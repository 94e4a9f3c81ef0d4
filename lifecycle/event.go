package lifecycle

import (
	"maps"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Facts of a grant that the rules read and write.
const (
	FactShared      = "shared_pair"        // the pair is common to several grants, until the first refresh of each
	FactMissing     = "missing_scopes"     // scopes that were wanted and not granted, separated by blanks
	FactMinted      = "minted_with"        // since when the app had the secret that minted the pair, where pairs are pinned to one
	FactSeen        = "seen_at"            // when the platform last confirmed the grant
	FactUnconfirmed = "unconfirmed_import" // only an importer vouches for the subject; the value is when the platform is asked next
)

// Event makes an event about a grant that is being changed.
func Event(kind, actor string, g *gk.Grant, now time.Time, data map[string]any) gk.Event {
	return gk.Event{Kind: kind, Actor: actor, App: g.App, Grant: g.ID, Owner: g.Owner, GrantVersion: g.Version + 1, At: now, Data: data}
}

// FaultData is what an event tells of a fault.
func FaultData(f *gk.Fault) map[string]any {
	if f == nil {
		return map[string]any{}
	}
	return map[string]any{"code": f.Code, "stage": f.Stage, "action": string(f.Action), "row": f.Row, "whose_move": f.Action.Move()}
}

// Why is what an event tells about why a grant is as it is.
func Why(g *gk.Grant) map[string]any {
	data := FaultData(g.Fault)
	if g.Fault != nil && g.Fault.Reason != "" {
		data["reason"] = g.Fault.Reason
	}
	return data
}

// NoAnswer is the fault of a grant whose refresh was not answered.
func NoAnswer(g *gk.Grant, now time.Time) *gk.Fault {
	return &gk.Fault{Platform: g.Platform, Stage: platform.StageRefresh, Code: "local:no_answer", Action: gk.Retry, At: gk.At(now)}
}

// WithFact returns facts with one of them changed, or removed by an empty value; the map it is given is not touched.
func WithFact(facts map[string]string, name, value string) map[string]string {
	out := maps.Clone(facts)
	if out == nil {
		out = map[string]string{}
	}
	if value == "" {
		delete(out, name)
	} else {
		out[name] = value
	}
	return out
}

// Shared reports whether a grant still has the pair that its authorization gave to several subjects at once.
func Shared(g *gk.Grant) bool { return g.Facts[FactShared] == "true" }

// Release clears the attempt of a grant.
func Release(g *gk.Grant) { g.Attempt = gk.Attempt{} }

// calm takes all trouble with the present pair from a grant: a pair that works outweighs every conclusion drawn without it.
func calm(g *gk.Grant) {
	g.Fault, g.Failures, g.RetryAt, g.Doubt = nil, 0, time.Time{}, gk.Doubt{}
}

// later returns the later of two moments.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
