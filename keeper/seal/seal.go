// Package seal binds the tokens of a grant to their place: grant, field and generation.
package seal

import (
	"fmt"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/vault"
)

// Pair seals a token pair, which keeps its ends, for one grant and generation.
func Pair(v *vault.Vault, grant string, generation int64, t gk.Token) (gk.Pair, error) {
	p := gk.Pair{Expires: t.Expires, RefreshExpires: t.RefreshExpires, Windows: t.Windows}
	for _, one := range []struct {
		field  string
		secret gk.Secret
		into   *gk.Sealed
	}{{"refresh", t.Refresh, &p.Refresh}, {"access", t.Access, &p.Access}} {
		if one.secret.Empty() {
			continue
		}
		sealed, err := v.SealSecret(Place(grant, one.field, generation), one.secret)
		if err != nil {
			return gk.Pair{}, err
		}
		*one.into, p.KeyID = sealed, vault.KeyOf(sealed)
	}
	return p, nil
}

// Place is where a token of a grant stands.
func Place(grant, field string, generation int64) vault.Place {
	return vault.Place{Table: "grants", Row: grant, Field: field, Generation: generation}
}

// Credential opens a grant for use. withAccess also opens the access token, which a refresh does not need.
func Credential(v *vault.Vault, g gk.Grant, withAccess bool) (platform.Credential, error) {
	cred := platform.Credential{
		Subject: g.Subject, Shops: g.Shops, Scopes: g.Scopes, Facts: g.Facts,
		Token: gk.Token{Expires: g.Expires, RefreshExpires: g.RefreshExpires, Windows: g.Windows},
	}
	var err error
	if withAccess && len(g.Access) > 0 {
		if cred.Token.Access, err = v.OpenSecret(Place(g.ID, "access", g.Generation), g.Access); err != nil {
			return cred, fmt.Errorf("grant %s: %w", g.ID, err)
		}
	}
	if len(g.Refresh) > 0 {
		if cred.Token.Refresh, err = v.OpenSecret(Place(g.ID, "refresh", g.Generation), g.Refresh); err != nil {
			return cred, fmt.Errorf("grant %s: %w", g.ID, err)
		}
	}
	return cred, nil
}
