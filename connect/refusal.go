package connect

import (
	"net/http"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/platform"
)

// remedy is what a merchant is told of a refusal that they can mend: ids of texts. Without a button, what has to be done
// lies outside of these pages.
type remedy struct{ title, text, button, icon string }

// remedies by the kinds that the platforms' facts give their refusals.
var remedies = map[string]remedy{
	platform.RefusedCancelled: {"m.fail.title", "m.fail.cancel", "m.go.again", "cross"},
	platform.RefusedMain:      {"m.why.account.title", "m.why.main_account", "m.go.account", "person"},
	platform.RefusedOther:     {"m.why.account.title", "m.why.other_account", "m.go.account", "person"},
	platform.RefusedTest:      {"m.why.account.title", "m.why.test_account", "", "person"},
	platform.RefusedOrder:     {"m.why.order.title", "m.why.order", "m.go.ordered", "warn"},
	platform.RefusedScopes:    {"m.fail.title", "m.why.scopes", "m.go.again", "warn"},
	platform.RefusedLate:      {"m.late.title", "m.late.text", "m.go.again", "clock"},
	platform.RefusedAgain:     {"m.fail.title", "m.why.again", "m.go.again", "warn"},
	platform.RefusedSuspended: {"m.fail.title", "m.why.suspended", "", "warn"},
}

// linkMark parts, in a click's cookie, the browser's secret from the link's: with the latter the page about a failure can
// lead the browser that pressed the button back to the start.
const linkMark = "."

// startOf returns the address where this browser can begin again; empty where the link is over or was another browser's.
func (p *pages) startOf(r *http.Request, o consent.Outcome) string {
	a := o.Authorization
	var secret string
	if c, err := r.Cookie(o.CookieName); err == nil {
		_, secret, _ = strings.Cut(c.Value, linkMark)
	}
	if !isSecret(secret) || a.Stage == gk.Done || !a.ExpiresAt.After(p.keeper.Now()) {
		return ""
	}
	return "/connect/" + secret
}

// again leads the browser that pressed a link's button back to the link. The link's secret stands on no page: the cookie
// tells it.
func (p *pages) again(w http.ResponseWriter, r *http.Request) error {
	outcome, err := p.consent.Result(r.Context(), r.PathValue("click"), cookies(r))
	if err != nil {
		return err
	}
	start := p.startOf(r, outcome)
	if start == "" {
		start = "/connect/result/" + outcome.Click.ID
	}
	seeOther(w, start)
	return nil
}

// isSecret reports whether a text can be a link's secret; a cookie may hold anything.
func isSecret(text string) bool {
	if len(text) != 43 {
		return false
	}
	for _, c := range []byte(text) {
		if c != '-' && c != '_' && !isLatin(rune(c)) {
			return false
		}
	}
	return true
}

// refusal chooses the words for a refusal of the platform: what the merchant can do where the facts know it, otherwise by
// whose move it is. What the catalogue says is worded for the vendor and stands behind the details.
func (m *message) refusal(spec *platform.Spec, f *gk.Fault) {
	m.Icon = "warn"
	if f == nil {
		m.Texts = []string{"m.fail.ours"}
		return
	}
	if spec != nil {
		if r, ok := remedies[spec.Refusal(f)]; ok {
			m.Title, m.Texts, m.Icon, m.Go = r.title, []string{r.text}, r.icon, r.button
			if r.button == "m.go.again" {
				m.Mark = markOff
			}
			return
		}
	}
	switch f.Action {
	case gk.Reauthorize:
		m.Texts, m.Go = []string{"m.fail.refused"}, "m.go.again"
		m.Advise = f.Stage == platform.StageAuthorize
	case gk.Retry, gk.Backoff, gk.Refresh, gk.None:
		m.Texts, m.Go = []string{"m.fail.busy"}, "m.go.again"
	case gk.WaitApproval:
		m.Texts = []string{"m.fail.wait"}
	case gk.FixConfig, gk.FixRequest, gk.ContactPlatform:
		m.Texts = []string{"m.fail.ours"}
	}
}
