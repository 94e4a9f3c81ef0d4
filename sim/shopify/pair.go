package shopify

import (
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// Kinds of tokens.
const (
	expiring    = "expiring"    // a pair
	endless     = "endless"     // one token without an end
	credentials = "credentials" // for client credentials
	online      = "online"      // of one member of staff
)

// token is what the platform keeps beside a pair.
type token struct {
	store     *sim.Shop
	kind      string
	secret    string    // the one that minted it: it ends with that
	usedAt    time.Time // first use of the refresh token, or of a token without an end in a trade
	successor *sim.Pair // what that use brought
	retired   bool      // a later refresh token was used, or a token acquired
	ended     bool      // the access token was ended by its successor
}

func of(p *sim.Pair) *token { return p.Data.(*token) }

// keep stores a pair that an app got at a store.
func (s *simulator) keep(app *sim.App, store *sim.Shop, p sim.Pair, kind, secret string) *sim.Pair {
	p.App, p.Data = app.ID, &token{store: store, kind: kind, secret: secret}
	if p.Subject.ID == "" {
		p.Subject = subject(store)
	}
	p.Facts = sim.Settings{"kind": kind}
	at := place{app.ID, store.ID}
	made := s.kit.Ledger.Issue(p)
	s.pairs[at] = append(s.pairs[at], made)
	return made
}

// mint makes an expiring pair.
func (s *simulator) mint(app *sim.App, store *sim.Shop, scopes []string, secret string) *sim.Pair {
	now := s.kit.Now().Truncate(time.Second)
	return s.keep(app, store, sim.Pair{
		Access: "shpat_" + sim.Hex(32), Refresh: "shprt_" + sim.Hex(32), Scopes: scopes,
		ExpiresAt: now.Add(s.options.accessLife()), RefreshExpiresAt: now.Add(s.options.refreshLife()),
	}, expiring, secret)
}

// retire ends the refresh tokens of an app at a store that are older than a pair; nil: all that there are.
func (s *simulator) retire(app *sim.App, store *sim.Shop, before *sim.Pair) {
	for _, p := range s.pairs[place{app.ID, store.ID}] {
		if p == before {
			return
		}
		of(p).retired = true
	}
}

// accessTrouble says why an access token does not work, nothing if it does.
func (s *simulator) accessTrouble(p *sim.Pair) string {
	if p == nil {
		return "the access token is unknown"
	}
	t := of(p)
	switch state := s.kit.Ledger.AccessState(p, sim.Rotation{Overlap: sim.Keep}); {
	case state == sim.Revoked:
		return "the app was uninstalled"
	case state == sim.Expired:
		return "the access token has expired"
	case !slices.Contains(secrets(s.kit.Apps.Find(p.App)), t.secret):
		return "the secret that minted the access token was revoked"
	case t.ended:
		return "the access token was traded or replaced"
	}
	return ""
}

// refreshTrouble says why a refresh token does not work, nothing if it does.
func (s *simulator) refreshTrouble(p *sim.Pair, app *sim.App) string {
	if p == nil {
		return "the refresh token is unknown"
	}
	t, now := of(p), s.kit.Now()
	switch {
	case p.App != app.ID:
		return "the refresh token was issued to another app"
	case !p.RevokedAt.IsZero():
		return "the app was uninstalled"
	case !now.Before(p.RefreshExpiresAt):
		return "the refresh token has expired"
	case t.retired:
		return "a later refresh token was used, or a token acquired since"
	case !t.usedAt.IsZero() && !now.Before(t.usedAt.Add(s.options.repeatWindow())):
		return "the refresh token was used, too long ago to be repeated"
	case !slices.Contains(secrets(app), t.secret):
		return "the secret that minted the refresh token was revoked"
	}
	return ""
}
