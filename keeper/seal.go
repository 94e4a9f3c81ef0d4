package keeper

import (
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/vault"
)

// pair is a token pair, sealed for one grant and generation.
type pair struct{ access, refresh gk.Sealed }

// key is the id of the key that sealed the pair; 0 for an empty one.
func (p pair) key() int64 {
	for _, s := range []gk.Sealed{p.access, p.refresh} {
		if len(s) > 0 {
			return vault.KeyOf(s)
		}
	}
	return 0
}

func (k *Keeper) sealPair(grant string, generation int64, t gk.Token) (pair, error) {
	var p pair
	var err error
	if !t.Access.Empty() {
		if p.access, err = k.vault.SealSecret(tokenPlace(grant, "access", generation), t.Access); err != nil {
			return pair{}, err
		}
	}
	if !t.Refresh.Empty() {
		if p.refresh, err = k.vault.SealSecret(tokenPlace(grant, "refresh", generation), t.Refresh); err != nil {
			return pair{}, err
		}
	}
	return p, nil
}

func tokenPlace(grant, field string, generation int64) vault.Place {
	return vault.Place{Table: "grants", Row: grant, Field: field, Generation: generation}
}
