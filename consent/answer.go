package consent

import (
	"encoding/json"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/vault"
)

// answer is what lies sealed with a click until its grants stand.
type answer struct {
	AskedAt time.Time
	Confirm bool // the callback proved nothing and nothing was traded: the platform must be asked
	Issues  []sealableIssue
}

// sealableIssue is an issue written out, secrets and all; it exists only on its way into and out of the vault.
type sealableIssue struct {
	Subject                 gk.Subject
	Access, Refresh         string
	Expires, RefreshExpires time.Time
	Windows                 map[string]time.Time
	Ceiling                 time.Time
	Scopes                  []string
	Shops                   []gk.Shop
	Facts                   map[string]string
	Shared, Same, Final     bool
}

func sealable(issues []platform.Issue) []sealableIssue {
	out := make([]sealableIssue, 0, len(issues))
	for _, i := range issues {
		out = append(out, sealableIssue{
			Subject: i.Subject, Access: i.Token.Access.Reveal(), Refresh: i.Token.Refresh.Reveal(),
			Expires: i.Token.Expires, RefreshExpires: i.Token.RefreshExpires, Windows: i.Token.Windows, Ceiling: i.Ceiling,
			Scopes: i.Scopes, Shops: i.Shops, Facts: i.Facts, Shared: i.Shared, Same: i.Same, Final: i.Final,
		})
	}
	return out
}

func (s sealableIssue) issue() platform.Issue {
	return platform.Issue{
		Subject: s.Subject, Ceiling: s.Ceiling, Scopes: s.Scopes, Shops: s.Shops, Facts: s.Facts, Shared: s.Shared, Same: s.Same, Final: s.Final,
		Token: gk.Token{
			Access: gk.NewSecret(s.Access), Refresh: gk.NewSecret(s.Refresh),
			Expires: s.Expires, RefreshExpires: s.RefreshExpires, Windows: s.Windows,
		},
	}
}

func answerPlace(click string) vault.Place {
	return vault.Place{Table: "clicks", Row: click, Field: "answer"}
}

func (fl *Flow) openAnswer(c gk.Click) (answer, error) {
	var a answer
	plain, err := fl.vault.Open(answerPlace(c.ID), c.Answer)
	if err != nil {
		return a, fmt.Errorf("click %s: %w", c.ID, err)
	}
	if err := json.Unmarshal(plain, &a); err != nil {
		return a, fmt.Errorf("click %s: its answer does not decode", c.ID)
	}
	return a, nil
}
