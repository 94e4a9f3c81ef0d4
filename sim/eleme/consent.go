package eleme

import (
	"fmt"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// consent is what an account gave an app. It is the account's, but covers shops one by one: each can be lost.
type consent struct {
	shops   []string // covered
	removed []string // taken away by authDelOperate, which authRecoverOperate gives back
	spoilt  bool     // the shops were invalid meanwhile: no refresh any more
}

// covers reports whether an app may act for a shop of an account.
func (s *simulator) covers(h holder, shop string) bool {
	c := s.consents[h]
	return c != nil && slices.Contains(c.shops, shop)
}

// give stores what an account agrees to, in place of what it agreed to before.
func (s *simulator) give(h holder, shops []string) {
	account := s.kit.Shops.Find(kindAccount, h.account)
	s.consents[h] = &consent{shops: shops, spoilt: stateOf(account) == invalid}
}

// Revoke ends every app's grant of a shop, or of an account with all its shops.
func (s *simulator) Revoke(named string) error {
	shop := s.kit.Shops.Find("", named)
	if shop == nil {
		return fmt.Errorf("no shop or account %q", named)
	}
	account, shops := shop.ID, s.shopsOf(shop.ID)
	if shop.Kind == kindShop {
		account, shops = shop.Owner, []string{shop.ID}
	}
	for _, app := range s.kit.Apps.All() {
		s.cancel(app, account, shops)
	}
	return nil
}

// cancel takes shops away from an app as a merchant does, and tells the app of each.
func (s *simulator) cancel(app *sim.App, account string, shops []string) {
	for _, id := range shops {
		if s.covers(holder{app.ID, account}, id) {
			s.pushCancelled(app, account, id)
		}
	}
	h := holder{app.ID, account}
	s.take(h, shops)
	if c := s.consents[h]; c != nil {
		c.removed = slices.DeleteFunc(c.removed, func(id string) bool { return slices.Contains(shops, id) })
	}
}

// take takes shops away from an app and returns those that it had. With the last shop the tokens die.
func (s *simulator) take(h holder, shops []string) (taken []string) {
	c := s.consents[h]
	if c == nil {
		return nil
	}
	for _, id := range shops {
		if i := slices.Index(c.shops, id); i >= 0 {
			c.shops = slices.Delete(c.shops, i, i+1)
			taken = append(taken, id)
		}
	}
	if len(c.shops) == 0 {
		s.kit.Ledger.Revoke(h.app, subject(h.account))
	}
	return taken
}

// giveBack restores shops that the app itself took away, and returns them. The tokens live again with the first.
func (s *simulator) giveBack(h holder, shops []string) (back []string) {
	c := s.consents[h]
	if c == nil {
		return nil
	}
	for _, id := range shops {
		if i := slices.Index(c.removed, id); i >= 0 {
			c.removed = slices.Delete(c.removed, i, i+1)
			back = append(back, id)
		}
	}
	c.shops = append(c.shops, back...)
	if pair := s.kit.Ledger.Latest(h.app, subject(h.account)); pair != nil && len(back) > 0 {
		pair.RevokedAt = time.Time{}
	}
	return back
}
