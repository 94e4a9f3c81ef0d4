package connect

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/nicksnyder/go-i18n/v2/i18n"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
)

// words are the values that texts of the catalogue may name. They come from anybody, so a page escapes them.
type words struct {
	Vendor   string // whose app it is
	Platform string
	Owner    string // the vendor's customer
	Shop     string
	Other    string // the shop that agreed instead
	Suffix   string // fixed end of a shop's host
	Date     string
	Ref      string // short number for the vendor's support
	Scopes   string
	Support  string // how the vendor's support is reached
	Minutes  int    // what the platform's page leaves the merchant
	Days     int    // the longest authorization that the merchant can choose
}

// page is what every page has.
type page struct {
	words
	Lang     string
	Sign     string // the vendor's letters
	Picture  string // address of the vendor's picture; empty: the letters stand there
	Tile     string // the platform's letters
	Tint     int    // the colour of its tile, 0 to 8
	Switch   bool   // the address can be opened again in another language
	HasForm  bool
	Reload   int // the page asks again by itself after so many seconds; 0: it does not
	localize *i18n.Localizer
}

// T returns a text of the catalogue in the page's language. An id that is in no catalogue is an error, and the page is
// not shown.
func (p page) T(id string) (string, error) {
	text, err := p.localize.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: p.words})
	return p.set(text), err
}

// set is a text as the page's language sets it: in Chinese a blank stands between Han and Latin letters.
func (p page) set(text string) string {
	if !strings.HasPrefix(p.Lang, "zh") {
		return text
	}
	return spaced(text)
}

// around returns a text that names the number, in three parts: before it, the number, and after it.
func (p page) around(id string) ([3]string, error) {
	text, err := p.T(id)
	before, after, found := strings.Cut(text, p.Ref)
	if p.Ref == "" || !found {
		return [3]string{text}, err
	}
	return [3]string{before, p.Ref, after}, err
}

// on returns the page with another date, for a text about one row.
func (p page) on(date string) page {
	p.Date = date
	return p
}

// pageFor begins a page that knows no app.
func (p *pages) pageFor(r *http.Request) page {
	lang := languageOf(r)
	return page{Lang: lang, localize: i18n.NewLocalizer(p.texts, lang)}
}

// about adds whose app on which platform the page is about.
func (p page) about(app gk.App, spec *platform.Spec) page {
	p.Vendor, p.Platform, p.Support = app.Vendor(), app.Platform, app.Face.Support
	p.Sign, p.Picture = app.Face.Letters, ""
	if p.Sign == "" {
		p.Sign = initial(p.Vendor)
	}
	if len(app.Face.Picture) > 0 {
		p.Picture = apps.SignPath(&app)
	}
	if spec != nil {
		p.Platform = spec.Facts.Names.In(p.Lang)
		if name := spec.Facts.Page.Name.In(p.Lang); name != "" {
			p.Platform = name
		}
		p.Suffix = spec.Facts.ShopSuffix
		p.Tile = spec.Facts.Page.Short.In(p.Lang)
	}
	if p.Tile == "" {
		p.Tile = initial(p.Platform)
	}
	if spec != nil && spec.Facts.Page.Tint > 0 {
		p.Tint = (spec.Facts.Page.Tint - 1) % len(tints)
	}
	return p
}

// initial is the first letter of a name, for a sign where there is no logo.
func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if r == utf8.RuneError {
		return "·"
	}
	return strings.ToUpper(string(r))
}

// dateIn writes a day as the platform's merchants count days.
func dateIn(spec *platform.Spec, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	zone := time.UTC
	if spec != nil {
		zone = spec.Facts.Refresh.Location()
	}
	return t.In(zone).Format(time.DateOnly)
}

// show renders a page whole before its first byte is sent, so that a text that is missing shows as an error of ours.
func (p *pages) show(ctx context.Context, w http.ResponseWriter, status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client is gone; there is nobody to tell
	return nil
}

// tints are the classes of the tiles' colours.
var tints = [...]string{"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"}

// tint is the class of a tile's colour.
func tint(n int) string { return tints[n] }
