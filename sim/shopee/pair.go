package shopee

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// pairKey finds a pair by one of its tokens and its subject: the first pair after a main account's consent is one and the
// same for all its shops and merchants, yet each of them spends it for itself.
type pairKey struct {
	token   string
	subject sim.Subject
}

// lease is what the simulator keeps beside a pair.
type lease struct {
	next   *sim.Pair // the pair that its refresh token brought
	usedAt time.Time // when it did; zero: not yet
}

// keep refreshes every access token without taking the old one away: here a lease tells when it dies.
var keep = sim.Rotation{Grace: sim.Keep, Overlap: sim.Keep}

// issue stores a pair for one subject of a link.
func (s *simulator) issue(x *link, access, refresh string, from time.Time) *sim.Pair {
	p := s.kit.Ledger.Issue(sim.Pair{
		App:                    x.app.ID,
		Subject:                x.subject(),
		Access:                 access,
		Refresh:                refresh,
		ExpiresAt:              from.Add(s.options.accessLife()),
		RefreshExpiresAt:       s.kit.Now().Add(s.options.refreshLife()),
		AuthorizationExpiresAt: x.ends,
		Data:                   &lease{},
	})
	s.pairs[pairKey{access, p.Subject}] = p
	s.pairs[pairKey{refresh, p.Subject}] = p
	return p
}

// issueFirst gives one common pair to everything that a consent linked and that is linked still, nil if nothing is.
// The access token's life counts from a moment.
func (s *simulator) issueFirst(given *consent, from time.Time) *sim.Pair {
	access, refresh := sim.Hex(32), sim.Hex(32)
	var first *sim.Pair
	for _, x := range given.living() {
		if s.options.oldPair() == "kills" {
			s.kit.Ledger.Revoke(x.app.ID, x.subject())
		}
		p := s.issue(x, access, refresh, from)
		if first == nil {
			first = p
		}
	}
	return first
}

func (s *simulator) accessState(p *sim.Pair) sim.State {
	if state := s.kit.Ledger.AccessState(p, keep); state != sim.Alive {
		return state
	}
	used := p.Data.(*lease).usedAt
	if !used.IsZero() && !s.kit.Now().Before(used.Add(s.options.overlap())) {
		return sim.Spent
	}
	return sim.Alive
}

// expireIn is how an answer tells the end of an access token.
func (s *simulator) expireIn(p *sim.Pair) int64 {
	if s.options.expireIn() == "epoch" {
		return p.ExpiresAt.Unix()
	}
	return int64(p.ExpiresAt.Sub(s.kit.Now()).Round(time.Second) / time.Second)
}
