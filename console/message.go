package console

import (
	"net/http"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/console/picture"
	"github.com/grantkeep/grantkeep/store"
)

// message is what to send a merchant, with a link that was made for it.
type message struct {
	Texts    []messageText
	Link     string
	QR       string // path of an SVG
	QRSize   int
	Until    string
	Number   string
	Merchant string // language
}

type messageText struct{ Lang, Tongue, Text string }

// grantLink makes a link with which the same merchant authorizes again. Its secret is shown this once, so the answer is the page
// itself: a redirect would have to carry it in an address.
func (c *console) grantLink(v *desk.Visit) error {
	view, err := c.grantView(v)
	if err != nil {
		return err
	}
	if err := v.Record("grant.link", store.AuditEntry{Grant: view.Grant.ID}); err != nil {
		return err
	}
	a, link, err := c.consent.Begin(v.Ctx(), v.Viewer, consent.BeginInput{App: view.Grant.App, Grant: view.Grant.ID})
	if err != nil {
		return err
	}
	if view.Message, err = c.newMessage(view.Page, &view.Grant, view.App, a, link); err != nil {
		return err
	}
	return v.Show(http.StatusOK, oneGrant(view))
}

// newMessage writes what to send, in the merchant's language first.
func (c *console) newMessage(p frame.Page, g *gk.Grant, app gk.App, a gk.Authorization, link string) (*message, error) {
	m := &message{Link: link, Until: p.Day(a.ExpiresAt), Number: a.Number(), Merchant: merchantTongue(g)}
	var err error
	if m.QR, m.QRSize, err = picture.QR(link); err != nil {
		return nil, err
	}
	id, at := "msg.soon", g.Ceiling
	switch {
	case g.State == gk.Revoked:
		id = "msg.cancelled"
	case g.State == gk.Expired, g.State == gk.Suspended:
		id = "msg.reauthorize"
		if at.IsZero() || at.After(p.Now) {
			at = g.Expires
		}
	case at.IsZero():
		at = g.Expires
	}
	if id != "msg.cancelled" && at.IsZero() {
		id = "msg.again"
	}
	spec := p.Spec(g.Platform)
	for _, t := range []string{m.Merchant, "zh-CN", "zh-TW", "en"} {
		if slices.ContainsFunc(m.Texts, func(done messageText) bool { return done.Lang == t }) {
			continue
		}
		name := g.Platform
		if spec != nil {
			name = spec.Facts.Names.In(t)
		}
		text := p.In(t, id, "Platform", name, "Shop", frame.NameOf(g.Subject), "Date", p.Day(at), "URL", linkFor(t, link), "App", app.Vendor())
		m.Texts = append(m.Texts, messageText{t, tongueName(t), text})
	}
	return m, nil
}

// linkFor is a link as a message in a language carries it. LINE, in which Taiwan's merchants read theirs, opens what asks for it
// in the telephone's own browser.
func linkFor(lang, link string) string {
	if lang == "zh-TW" {
		return link + "?openExternalBrowser=1"
	}
	return link
}

func tongueName(code string) string {
	for _, t := range desk.Tongues {
		if t.Code == code {
			return t.Name
		}
	}
	return code
}

// merchantTongue is the language of a shop's merchant, by the shop's region.
func merchantTongue(g *gk.Grant) string {
	region := g.Subject.Region
	for _, s := range g.Shops {
		if region == "" {
			region = s.Region
		}
	}
	switch strings.ToUpper(region) {
	case "TW", "HK", "MO":
		return "zh-TW"
	case "", "CN":
		return "zh-CN"
	}
	return "en"
}
