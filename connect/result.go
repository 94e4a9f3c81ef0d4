package connect

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/lifecycle"
)

// donePage says what a merchant has connected.
type donePage struct {
	page
	Title, Under string // ids of texts
	Shops        []shopRow
	Back         string // where the vendor wants the merchant to go on; empty: nowhere
}

// shopRow is one shop of a result.
type shopRow struct {
	Name  string
	Until string // last day; empty: none known
	End   string // id of the text about its end
	Held  bool
}

// result shows how a click stands to the browser that made it, and nothing of it to others.
func (p *pages) result(w http.ResponseWriter, r *http.Request) error {
	outcome, err := p.consent.Result(r.Context(), r.PathValue("click"), cookies(r))
	if err != nil {
		return err
	}
	pg := p.pageFor(r).about(outcome.App, outcome.Spec)
	pg.Switch = true
	pg.Ref = outcome.Authorization.Number()
	if outcome.Click.Stranded() {
		return p.show(r.Context(), w, http.StatusOK, notice(newFailure(pg, outcome, p.startOf(r, outcome) != "")))
	}
	switch outcome.Click.Stage {
	case gk.Done:
		code, err := p.confirmCode(r, outcome)
		if err != nil {
			return err
		}
		return p.show(r.Context(), w, http.StatusOK, done(newDonePage(pg, outcome, code)))
	case gk.Failed:
		return p.show(r.Context(), w, http.StatusOK, notice(newFailure(pg, outcome, p.startOf(r, outcome) != "")))
	case gk.Begun, gk.Exchanging, gk.Issued:
	}
	if outcome.Click.Stage == gk.Begun && !outcome.Click.ExpiresAt.After(p.keeper.Now()) {
		outcome.Click.Reason = gk.ReasonExpired
		return p.show(r.Context(), w, http.StatusOK, notice(newFailure(pg, outcome, p.startOf(r, outcome) != "")))
	}
	return p.show(r.Context(), w, http.StatusOK, notice(newWait(pg, outcome, p.startOf(r, outcome) != "")))
}

// confirmCode is the one-time code for the vendor's own log-in. It goes to the browser that both began and completed: a
// click that another browser completed was a forwarded link, and its sender must not get what confirms it.
func (p *pages) confirmCode(r *http.Request, o consent.Outcome) (string, error) {
	if o.Click.Held || r.Method != http.MethodGet {
		return "", nil
	}
	return p.consent.ConfirmCode(r.Context(), o)
}

// A waiting page asks again after so many seconds, less often once the merchant has been told that it takes longer.
const (
	lookSoon  = 3
	lookLater = 20
	longWait  = time.Minute
)

// newWait says that a click has not ended. start says that this browser can open the platform's page again. The page asks again by itself, with or without JavaScript.
func newWait(p page, o consent.Outcome, start bool) message {
	p.Reload = lookSoon
	m := message{Mark: markOff, Icon: "clock", Title: "m.wait.working", Texts: []string{"m.wait.text"}}
	switch {
	case o.Click.Stage == gk.Begun:
		m.Title, m.Texts = "m.wait.title", []string{"m.wait.begun"}
		if start {
			m.Start = "/connect/again/" + o.Click.ID
		}
	case !o.Click.SpentAt.IsZero() && o.At.Sub(o.Click.SpentAt) > longWait:
		p.Reload = lookLater
		m.Texts, m.ShowRef = []string{"m.wait.long"}, true
	}
	m.page = p
	return m
}

// newDonePage lists what a click has connected.
func newDonePage(p page, o consent.Outcome, code string) donePage {
	d := donePage{Title: "m.done.title", Under: "m.done.under", Back: signed(backTo(o.ReturnTo, o.Authorization.ID, "completed", code), o)}
	missing := map[string]bool{}
	for i := range o.Grants {
		g := &o.Grants[i]
		if len(g.Shops) > 0 || !namesOthers(o.Grants, g) {
			d.Shops = append(d.Shops, rowsOf(o, g)...)
		}
		for scope := range strings.FieldsSeq(strings.ReplaceAll(g.Facts[lifecycle.FactMissing], ",", " ")) {
			if !missing[scope] {
				p.Scopes = strings.TrimPrefix(p.Scopes+", "+scope, ", ")
			}
			missing[scope] = true
		}
	}
	slices.SortStableFunc(d.Shops, func(a, b shopRow) int { return strings.Compare(a.Name, b.Name) })
	switch {
	case o.Authorization.Kind == gk.KindCancel:
		d.Title, d.Under = "m.cancel.done", "m.done.close"
	case held(o.Grants):
		d.Under = "m.done.held"
	}
	d.page = p
	return d
}

// rowsOf lists the shops that a grant reaches, or its subject where there is no shop.
func rowsOf(o consent.Outcome, g *gk.Grant) []shopRow {
	row := shopRow{Held: g.State == gk.Held, End: "m.done.open"}
	end := g.Ceiling
	if end.IsZero() && !g.Renewable {
		end = g.Expires
	}
	if !end.IsZero() {
		row.End, row.Until = "m.done.until", dateIn(o.Spec, end)
	}
	var rows []shopRow
	for _, s := range g.Shops {
		if !s.LostAt.IsZero() {
			continue
		}
		row.Name = subjectName(gk.Subject{Name: s.Name, Host: s.Host, ID: s.ID})
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		row.Name = subjectName(g.Subject)
		rows = append(rows, row)
	}
	return rows
}

// namesOthers reports whether a grant is no shop while others of the same consent are: its id would stand among theirs
// as if it were one.
func namesOthers(grants []gk.Grant, g *gk.Grant) bool {
	return g.Subject.Kind != gk.KindShop && slices.ContainsFunc(grants, func(x gk.Grant) bool { return x.Subject.Kind == gk.KindShop })
}

func held(grants []gk.Grant) bool {
	for i := range grants {
		if grants[i].State == gk.Held {
			return true
		}
	}
	return false
}

// backTo adds to a return address which authorization ended and how; code is the one-time proof for the vendor's own
// log-in, if it wants one. Nothing else leaves: no shop, no token. Parameters of these names that the address brought
// are replaced, so that nobody can write the answer beforehand.
func backTo(returnTo, authorization, status, code string) string {
	u, err := url.Parse(returnTo)
	if returnTo == "" || err != nil {
		return "" // the keeper has checked it; what cannot be read leads nowhere
	}
	q := u.Query()
	q.Set("authorization", authorization)
	q.Set("status", status)
	q.Del("gk_confirm")
	if code != "" {
		q.Set("gk_confirm", code)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// newFailure chooses the words for a click that came to nothing. start says that this browser can begin again.
func newFailure(p page, o consent.Outcome, start bool) message {
	m := message{Mark: markBad, Icon: "person", Title: "m.fail.title", ShowRef: true}
	m.Back = signed(backTo(o.ReturnTo, o.Authorization.ID, "failed", ""), o)
	p.Minutes, p.Shop = minutes(o), o.Authorization.Shop
	switch o.Click.Reason {
	case gk.ReasonExpired:
		m.Mark, m.Icon, m.Title, m.Texts, m.Go = markOff, "clock", "m.late.title", []string{"m.late.text"}, "m.go.again"
	case gk.ReasonOtherSubject:
		m.Go = "m.go.account"
		m.Texts = []string{otherText(&p, o.Click)}
	case gk.ReasonOwnerConflict:
		m.Texts = []string{"m.fail.owner"}
	case gk.ReasonLostAnswer:
		m.Icon, m.Texts, m.Go = "warn", []string{"m.fail.lost"}, "m.go.again"
	case gk.ReasonUnconfirmed:
		m.Icon, m.Texts, m.Go = "warn", []string{"m.fail.unconfirmed"}, "m.go.again"
	default:
		m.refusal(o.Spec, o.Click.Fault)
	}
	if start {
		m.Start = "/connect/again/" + o.Click.ID
	}
	if !start && m.Go == "m.go.again" { // no button: the words say where it goes on
		again := "m.fail.again"
		if o.Authorization.Kind == gk.KindInstall {
			again = "m.fail.reinstall"
		}
		m.Texts = append(m.Texts, again)
	}
	m.page = p
	if f := o.Click.Fault; f != nil && o.Spec != nil {
		m.quote(o.Spec, f)
		m.Said = strings.TrimSpace(f.Code + " " + f.Message)
	}
	return m
}

// otherText says that another shop agreed than the link was for, and names both as far as they are known. The one that
// agreed is named to the browser that it agreed in, and to no other.
func otherText(p *page, c gk.Click) string {
	if !c.Held {
		p.Other = subjectName(c.Hint)
	}
	known := p.Other != "" && (p.Shop == "" || p.Other != p.Shop && c.Hint.Host != p.Shop)
	switch {
	case known && p.Shop != "":
		return "m.fail.other.both"
	case known:
		return "m.fail.other.only"
	case p.Shop != "":
		return "m.fail.other.named"
	}
	return "m.fail.other"
}

func minutes(o consent.Outcome) int {
	if o.Spec == nil {
		return 0
	}
	return int(time.Duration(o.Spec.Facts.Link.Finish) / time.Minute)
}
