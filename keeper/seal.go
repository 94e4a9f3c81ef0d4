package keeper

import (
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/vault"
)

// sealPair seals a token pair, which keeps its ends, for one grant and generation.
func (k *Keeper) sealPair(grant string, generation int64, t gk.Token) (gk.Pair, error) {
	p := gk.Pair{Expires: t.Expires, RefreshExpires: t.RefreshExpires, Windows: t.Windows}
	for _, one := range []struct {
		field  string
		secret gk.Secret
		into   *gk.Sealed
	}{{"refresh", t.Refresh, &p.Refresh}, {"access", t.Access, &p.Access}} {
		if one.secret.Empty() {
			continue
		}
		sealed, err := k.vault.SealSecret(tokenPlace(grant, one.field, generation), one.secret)
		if err != nil {
			return gk.Pair{}, err
		}
		*one.into, p.KeyID = sealed, vault.KeyOf(sealed)
	}
	return p, nil
}

func tokenPlace(grant, field string, generation int64) vault.Place {
	return vault.Place{Table: "grants", Row: grant, Field: field, Generation: generation}
}
