package taobao

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// grant is what an account agreed to. Its end is fixed when it begins: neither a further authorization nor a refresh
// moves it, only a renewed order does. Every pair hangs on a grant.
type grant struct {
	given, ends time.Time
	day         string // on which refreshes were counted, GMT+8
	refreshes   int
}

type grantKey struct{ app, account string }

// live returns the grant of an account that runs, nil if there is none.
func (s *simulator) live(app *sim.App, account *sim.Shop) *grant {
	g := s.grants[grantKey{app.ID, account.ID}]
	if g == nil || !s.kit.Now().Before(g.ends) {
		return nil
	}
	return g
}

// begin returns the grant that an account gives by agreeing: the one that runs, or else one that begins.
func (s *simulator) begin(app *sim.App, account *sim.Shop) *grant {
	if g := s.live(app, account); g != nil {
		return g
	}
	g := &grant{given: s.kit.Now(), ends: s.endOf(app, account)}
	s.grants[grantKey{app.ID, account.ID}] = g
	return g
}

// liveGrants counts the grants of an app that run.
func (s *simulator) liveGrants(app *sim.App) int {
	n := 0
	for key, g := range s.grants {
		if key.app == app.ID && s.kit.Now().Before(g.ends) {
			n++
		}
	}
	return n
}

// end ends the grant of one account. It is kept, so that a sub-account can be told that its main account's has ended.
func (s *simulator) end(app *sim.App, account *sim.Shop) {
	if g := s.live(app, account); g != nil {
		g.ends = s.kit.Now()
	}
	s.kit.Ledger.Revoke(app.ID, subject(app, account))
}

// endGrants ends the grants of an account and, with a main account's, those of its sub-accounts.
func (s *simulator) endGrants(app *sim.App, account *sim.Shop) {
	s.end(app, account)
	for _, sub := range s.kit.Shops.All() {
		if sub.Parent == account.ID {
			s.end(app, sub)
		}
	}
}

// Revoke does what a seller does who cancels every app: the account is named by its id, its nick or an open id.
// Only a main account's end is told: the message has no word for sub-accounts.
func (s *simulator) Revoke(named string) error {
	account := s.account(named)
	if account == nil {
		return fmt.Errorf("no account %q", named)
	}
	for _, app := range s.kit.Apps.All() {
		s.cancel(app, account)
	}
	return nil
}

func (s *simulator) cancel(app *sim.App, account *sim.Shop) {
	running := s.live(app, account) != nil
	s.endGrants(app, account)
	if running && account.Parent == "" {
		s.tellCancel(app, account)
	}
}

// mayNot returns the error and the text with which an account is refused that has logged in to authorize an app, empty
// if nothing stands in its way.
func (s *simulator) mayNot(app *sim.App, account *sim.Shop) (code, text string) {
	seller := s.mainOf(account)
	if account != seller {
		if code, text := s.subMayNot(app, seller, account); text != "" {
			return code, text
		}
	}
	if bound := strings.Fields(app.Text("bound_accounts")); len(bound) > 0 && !slices.Contains(bound, seller.ID) && !slices.Contains(bound, account.ID) {
		if s.options.boundError() == "bind" {
			return "", boundTo + strings.Join(bound, ",")
		}
		return notBound, notBoundText
	}
	if orderBound(app) && !s.ordered(seller, app) {
		return invalidClient, "Application " + app.ID + " need purchase"
	}
	if most := mostSessions(app); most > 0 && s.live(app, account) == nil && s.liveGrants(app) >= most {
		return "", tooManySessions(most)
	}
	return "", ""
}

// subMayNot tells why a sub-account may not authorize: its main account comes first, and then has to let it.
func (s *simulator) subMayNot(app *sim.App, main, sub *sim.Shop) (code, text string) {
	switch before := s.grants[grantKey{app.ID, main.ID}]; {
	case app.Text("sub_accounts") == "false" || app.Settings["sub_accounts"] == false:
		return "", "subuser can't access"
	case before == nil:
		return accessDenied, "parent account should authorize in web way first."
	case s.live(app, main) == nil:
		return accessDenied, "parent account forbidden"
	case !dataOf(sub).allowed:
		return accessDenied, "parent account forbid this sub account to access app."
	}
	return "", ""
}
