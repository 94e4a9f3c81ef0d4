package desk

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/nicksnyder/go-i18n/v2/i18n"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/console/session"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/store"
)

// Visit is a request on its way through the console.
type Visit struct {
	W       http.ResponseWriter
	R       *http.Request
	Session *session.Session // nil where nobody is logged in
	Person  store.Person
	Viewer  gk.Viewer
	Page    frame.Page

	desk *Desk
}

// Ctx is the request's.
func (v *Visit) Ctx() context.Context { return v.R.Context() }

// Open wraps a page that nobody need be logged in for.
func (d *Desk) Open(handle func(*Visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := d.Of(r)
		v := d.visit(w, r, s)
		if err == nil && r.Method == http.MethodPost && s != nil {
			err = v.checkForm()
		}
		if err == nil {
			err = handle(v)
		}
		if err != nil {
			v.fail(err)
		}
	}
}

// Inside wraps a page for somebody who is logged in and has at least a role.
func (d *Desk) Inside(role string, handle func(*Visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := d.Of(r)
		v := d.visit(w, r, s)
		switch {
		case err != nil:
		case s == nil:
			v.toLogin()
			return
		case !people.May(s.Person.Role, role):
			err = &forbidden{role}
		case r.Method == http.MethodPost:
			err = v.checkForm()
		}
		if err == nil {
			err = handle(v)
		}
		if err != nil {
			v.fail(err)
		}
	}
}

// visit begins a visit; s is nil where nobody is logged in.
func (d *Desk) visit(w http.ResponseWriter, r *http.Request, s *session.Session) *Visit {
	v := &Visit{W: w, R: r, desk: d, Session: s}
	v.Page = frame.Page{Base: d.Base, Now: d.Keeper.Now(), Drivers: d.Drivers, Demo: d.Demo != nil, Bundle: d.Texts, Failed: new(error)}
	if s != nil {
		v.Person, v.Viewer = s.Person, viewer(s.Person)
		v.Page.Person, v.Page.CSRF, v.Page.Theme = s.Person, s.CSRF, s.Person.Theme
	}
	p := &v.Page
	p.Lang = languageOf(r, v.Person.Language)
	p.Localize = i18n.NewLocalizer(d.Texts, p.Lang)
	p.Zone = zoneOf(v.Person.Zone)
	if s != nil && d.Known != nil {
		p.Known, p.Stage = d.Known(), d.Stage()
	}
	if r.Method == http.MethodGet {
		p.Path = r.URL.RequestURI()
		if done := "done." + r.URL.Query().Get("done"); dones[done] {
			p.Done = done
		}
		if p.Demo {
			p.Happened = d.Demo.Happened()
		}
	}
	return v
}

// Zones are what a person may choose from; the first is the default.
var Zones = []string{"Asia/Shanghai", "Asia/Taipei", "Asia/Singapore", "Asia/Jakarta", "Asia/Bangkok", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "UTC"}

func zoneOf(name string) *time.Location {
	if name == "" {
		name = Zones[0]
	}
	if zone, err := time.LoadLocation(name); err == nil {
		return zone
	}
	return time.FixedZone(name, 8*60*60) // a machine without the zones' data
}

// dones are the texts that a redirect may ask the next page for.
var dones = map[string]bool{
	"done.saved": true, "done.refresh": true, "done.revoked": true, "done.owner": true, "done.removed": true, "done.password": true,
	"done.setpassword": true, "done.ended": true, "done.retired": true, "done.person": true, "done.fault": true, "done.app": true,
	"done.refused": true, "done.sent": true, "done.rotated": true, "done.stopped": true, "done.started": true, "done.search": true, "done.code": true, "done.nocode": true, "done.nothing": true, "done.later": true,
	"done.changed": true, "done.withdrawn": true, "done.broken": true, "done.retiredkey": true,
}

// forbidden says that an act wants another role.
type forbidden struct{ role string }

// Error names the role.
func (f *forbidden) Error() string { return "console: wants the role " + f.role }

// errForm says that a form is none of this login's.
var errForm = errors.New("console: the form is not of this login")

// BadForm is a form that cannot be read.
type BadForm struct{ Err error }

// Error says what cannot be read.
func (b *BadForm) Error() string { return b.Err.Error() }

// longestUpload is how much of a form with a file in it is kept in memory; no form is longer.
const longestUpload = 1 << 20

// checkForm reads the form of a POST and proves that it was made for this login.
func (v *Visit) checkForm() error {
	// A form with a file in it comes as multipart; every other one is read by the same call.
	err := v.R.ParseMultipartForm(longestUpload) //nolint:gosec // G120: the console bounds every body before a page sees it
	if err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return &BadForm{Err: err}
	}
	if !v.Session.Owns(v.R.PostFormValue("csrf")) {
		return errForm
	}
	return nil
}

// toLogin sends a stranger to the log-in, and back here afterwards if it was only a look.
func (v *Visit) toLogin() {
	where := "/login"
	if v.R.Method == http.MethodGet {
		if next := v.desk.Next(v.R.URL.RequestURI()); next != "" {
			where += "?next=" + url.QueryEscape(next)
		}
	}
	v.Leave(where)
}

// Prove reports whether the person has shown lately who they are; if not, they are asked to.
func (v *Visit) Prove(back string) bool {
	if v.desk.Demo != nil || v.Session.Proved(v.desk.Now()) {
		return true
	}
	v.Leave("/login?again=1&next=" + url.QueryEscape(v.Page.URL("%s", back)))
	return false
}

// SeeOther goes on to a page of the console.
func (v *Visit) SeeOther(path string) { v.Leave(v.Page.URL("%s", path)) }

// Leave answers 303.
func (v *Visit) Leave(address string) {
	v.W.Header().Set("Location", address)
	v.W.WriteHeader(http.StatusSeeOther)
}

// Show renders a page whole before its first byte is sent, so that a text that is missing shows as an error of ours.
func (v *Visit) Show(status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(v.Ctx(), &b); err != nil {
		return err
	}
	if err := *v.Page.Failed; err != nil {
		return err
	}
	v.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.W.WriteHeader(status)
	_, _ = v.W.Write(b.Bytes()) // the client is gone; there is nobody to tell
	return nil
}

// fail shows what went wrong, in words that hold nothing of the request.
func (v *Visit) fail(err error) {
	status, title, text := http.StatusInternalServerError, "error.ours", "error.ours.text"
	var values []any
	var role *forbidden
	var invalid *gk.Invalid
	var bad *BadForm
	var later *keeper.Later
	switch {
	case errors.Is(err, context.Canceled):
		return
	case errors.As(err, &role):
		status, title, text = http.StatusForbidden, "error.role", "error.role.text"
		values = []any{"Role", v.Page.T("role." + role.role)}
	case errors.Is(err, errForm):
		status, title, text = http.StatusForbidden, "error.form", "error.form.text"
	case errors.Is(err, store.ErrNotFound):
		status, title, text = http.StatusNotFound, "error.404", "error.404.text"
	case errors.As(err, &invalid):
		status, title, text = http.StatusUnprocessableEntity, "error.invalid", "error.invalid.text"
		values = []any{"Field", invalid.Field, "Why", invalid.Why}
	case errors.As(err, &bad):
		status, title, text = http.StatusBadRequest, "error.form", "error.form.text"
	case errors.Is(err, store.ErrUnavailable), errors.As(err, &later):
		status, title, text = http.StatusServiceUnavailable, "error.away", "error.away.text"
		v.W.Header().Set("Retry-After", "5")
	}
	if status == http.StatusInternalServerError {
		v.desk.Log.Error("console", "error", err, "route", v.R.Pattern)
	}
	*v.Page.Failed = nil
	v.Page.Done = ""
	view := frame.ProblemView{Page: v.Page, Title: title, Text: v.Page.T(text, values...)}
	if err := v.Show(status, frame.Problem(view)); err != nil {
		v.desk.Log.Error("console", "error", err, "route", v.R.Pattern)
		http.Error(v.W, "this page cannot be shown", http.StatusInternalServerError)
	}
}

// CrossOrigin refuses a POST that another site's page made.
func (d *Desk) CrossOrigin(w http.ResponseWriter, r *http.Request) {
	d.visit(w, r, nil).fail(errForm)
}

// viewer is a person as the engine knows callers. What wants more than a scope is guarded by the routes.
func viewer(p store.Person) gk.Viewer {
	return gk.Viewer{Key: p.ID, Scopes: people.Scopes(p.Role)}
}

// Field returns what a form says, trimmed.
func (v *Visit) Field(name string) string { return strings.TrimSpace(v.R.PostFormValue(name)) }

// Picture returns the picture that a form sends as a data: address; empty where none was chosen.
func (v *Visit) Picture(name string) (string, error) {
	file, head, err := v.R.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) || err == nil && head.Size == 0 {
		return "", nil
	}
	if err != nil {
		return "", &BadForm{Err: err}
	}
	defer file.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(io.LimitReader(file, longestUpload))
	if err != nil {
		return "", &BadForm{Err: err}
	}
	return "data:" + http.DetectContentType(b) + ";base64," + base64.StdEncoding.EncodeToString(b), nil
}

// Fields returns every value of a name that a form gives more than once.
func (v *Visit) Fields(name string) []string {
	v.R.PostFormValue(name)   // reads the form
	return v.R.PostForm[name] //nolint:forbidigo // a field of the request, which sends nothing
}
