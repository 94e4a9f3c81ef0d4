// Package frame is what every page of the console has: its language, its person, its texts and addresses.
package frame

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Page is what every page has.
type Page struct {
	Lang, Theme string
	Zone        *time.Location
	Now         time.Time // product time
	Person      store.Person
	CSRF        string
	Section     string // the entry of the menu that is current
	Path        string // of this page with its query, to come back to
	Done        string // id of the text about what was just done; empty: nothing
	Demo        bool
	Happened    Passed           // what the demo's clock passed over
	Known       map[string]int64 // how many there are, by the entry of the menu, as they were last counted
	Stage       string           // the environment of all our apps; empty: they are of several, or not known
	Base        string
	Bundle      *i18n.Bundle
	Localize    *i18n.Localizer
	Failed      *error // the first text that could not be made
	Drivers     []platform.Driver
}

// T returns a text of the catalogue in the page's language; values are given as name, value, name, value. A text that
// cannot be made keeps the page from being shown.
func (p Page) T(id string, values ...any) string { return p.in(p.Localize, id, values...) }

// In is T in another language than the page's.
func (p Page) In(lang, id string, values ...any) string {
	return p.in(p.Localize, id, append(values, "\x00lang", lang)...)
}

func (p Page) in(l *i18n.Localizer, id string, values ...any) string {
	data := map[string]any{}
	for i := 0; i+1 < len(values); i += 2 {
		name, _ := values[i].(string)
		if name == "\x00lang" {
			lang, _ := values[i+1].(string)
			l = i18n.NewLocalizer(p.Bundle, lang)
			continue
		}
		data[name] = values[i+1]
	}
	config := &i18n.LocalizeConfig{MessageID: id, TemplateData: data}
	if fmt.Sprint(data["N"]) == "1" {
		config.PluralCount = 1
	}
	text, err := l.Localize(config)
	if err != nil && config.PluralCount != nil { // a text that is the same for one and for many
		config.PluralCount = nil
		text, err = l.Localize(config)
	}
	if err == nil && strings.Contains(text, "<no value>") {
		err = fmt.Errorf("console: the text %s is not given all its values", id)
	}
	if err != nil && *p.Failed == nil {
		*p.Failed = err
	}
	return text
}

// URL is the address of a page of the console.
func (p Page) URL(format string, args ...any) string {
	path := fmt.Sprintf(format, args...)
	if path == "/" && p.Base != "" {
		return p.Base
	}
	return p.Base + path
}

// May reports whether the person may do what wants a role.
func (p Page) May(role string) bool { return people.May(p.Person.Role, role) }

// PlatformName is what people call a platform.
func (p Page) PlatformName(code string) string {
	if s := p.Spec(code); s != nil {
		return s.Facts.Names.In(p.Lang)
	}
	return code
}

// Letters are what stands on a platform's tile.
func (p Page) Letters(code string) string {
	if s := p.Spec(code); s != nil && s.Facts.Page.Short.In(p.Lang) != "" {
		return s.Facts.Page.Short.In(p.Lang)
	}
	return initial(p.PlatformName(code))
}

func (p Page) Spec(code string) *platform.Spec {
	for _, d := range p.Drivers {
		if d.Spec().Code == code {
			return d.Spec()
		}
	}
	return nil
}

// Tint is the class of a platform's tile: its colour, of which there are four.
func Tint(code string) string {
	n := 0
	for _, c := range []byte(code) {
		n += int(c)
	}
	return [...]string{"tb", "sp", "el", "sz"}[n%4]
}

func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if r == utf8.RuneError {
		return "·"
	}
	return strings.ToUpper(string(r))
}

// Count writes a number in threes.
func Count[N int | int64](n N) string {
	text := strconv.FormatInt(int64(n), 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// At writes a moment in the person's zone: relative within two days, else the date.
func (p Page) At(t time.Time) string {
	d := t.Sub(p.Now)
	switch {
	case t.IsZero():
		return "–"
	case d > -time.Minute && d < time.Minute:
		return p.T("time.now")
	case d < 0 && d > -48*time.Hour:
		return p.T("time.ago", "T", p.Span(-d))
	case d > 0 && d < 48*time.Hour:
		return p.T("time.in", "T", p.Span(d))
	}
	return p.Moment(t)
}

// Span writes a length of time in its largest unit.
func (p Page) Span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return p.T("span.minutes", "N", max(int(d/time.Minute), 1))
	case d < 48*time.Hour:
		return p.T("span.hours", "N", int(d/time.Hour))
	}
	return p.T("span.days", "N", int(d/(24*time.Hour)))
}

// Moment writes date and time in the person's zone.
func (p Page) Moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(p.Zone).Format("2006-01-02 15:04")
}

// Day writes a date in the person's zone.
func (p Page) Day(t time.Time) string { return t.In(p.Zone).Format(time.DateOnly) }

// ZoneName names the person's zone once on every page.
func (p Page) ZoneName() string { return "UTC" + p.Now.In(p.Zone).Format("-07:00") }

// NameOf is what people call a subject.
func NameOf(s gk.Subject) string {
	switch {
	case s.Name != "":
		return s.Name
	case s.Host != "":
		return s.Host
	}
	return s.ID
}

// TongueOf is the language in which names of a region are written, for their glyphs.
func TongueOf(region, name string) string {
	for _, r := range name {
		if r > 0x2e80 {
			switch strings.ToUpper(region) {
			case "TW", "HK", "MO":
				return "zh-TW"
			}
			return "zh-CN"
		}
	}
	return "en"
}

// Passed is what happened on the way of a move of the time.
type Passed struct {
	Refreshes, Events int64
	Warnings, Ended   int64
	Any               bool // the time has been moved
}

func Cut(text string, n int) string {
	if len(text) > n {
		return text[:n]
	}
	return text
}

// UTC writes a moment for machines.
func UTC(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Whose move something is, as the pages say it to the vendor's people: the engine's "us" is nobody to them.
const (
	MoveMerchant = "merchant"
	MoveUs       = "us"
	MovePlatform = "platform"
	MoveNobody   = "nobody"
)

// ConfirmView is a page that asks before something dangerous. A heavy one wants the last digits typed.
type ConfirmView struct {
	Page
	Title, Text []string
	Action      string
	Back        string
	Button      string // id of a text
	Typed       string // what has to be typed; empty: nothing
	TypedLabel  string
	Mistake     bool
	Hidden      [][2]string // names and values that go with the form
	Calm        bool        // nothing is destroyed
}

// lastDigits is how much of an id is typed to confirm.
const lastDigits = 4

// Last is the end of an id, which is typed to confirm.
func Last(text string) string {
	runes := []rune(text)
	return string(runes[max(len(runes)-lastDigits, 0):])
}

// ProblemView is a page that says what went wrong.
type ProblemView struct {
	Page
	Title, Text string // Title is the id of a text
}

// Plain writes a number that is a name, without marks between its figures.
func Plain(n int64) string { return strconv.FormatInt(n, 10) }

// SafeCells keeps a table's cells from being read as formulas by the programs that open it.
func SafeCells(cells []string) []string {
	for i, c := range cells {
		r, _ := utf8.DecodeRuneInString(c)
		if c != "" && strings.ContainsRune("=+-@\t\r\n\x00＝＋－＠", r) {
			cells[i] = "'" + c
		}
	}
	return cells
}

// MomentForm is how a field of day and time writes a moment.
const MomentForm = "2006-01-02T15:04"
