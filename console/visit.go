package console

import (
	"bytes"
	"context"
	"errors"
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

// visit is a request on its way through the console.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	c       *console
	session *session.Session
	person  store.Person
	viewer  gk.Viewer
	page    frame.Page
}

// ctx is the request's.
func (v *visit) ctx() context.Context { return v.r.Context() }

// open wraps a page that nobody need be logged in for.
func (c *console) open(handle func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := c.Of(r)
		v := c.visit(w, r, s)
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

// inside wraps a page for somebody who is logged in and has at least a role.
func (c *console) inside(role string, handle func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := c.Of(r)
		v := c.visit(w, r, s)
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
func (c *console) visit(w http.ResponseWriter, r *http.Request, s *session.Session) *visit {
	v := &visit{w: w, r: r, c: c, session: s}
	v.page = frame.Page{Base: c.o.Base, Now: c.keeper.Now(), Drivers: c.o.Drivers, Demo: c.o.Demo != nil, Bundle: c.texts, Failed: new(error)}
	if s != nil {
		v.person, v.viewer = s.Person, viewer(s.Person)
		v.page.Person, v.page.CSRF, v.page.Theme = s.Person, s.CSRF, s.Person.Theme
	}
	p := &v.page
	p.Lang = languageOf(r, v.person.Language)
	p.Localize = i18n.NewLocalizer(c.texts, p.Lang)
	p.Zone = zoneOf(v.person.Zone)
	if r.Method == http.MethodGet {
		p.Path = r.URL.RequestURI()
		if done := "done." + r.URL.Query().Get("done"); dones[done] {
			p.Done = done
		}
		if p.Demo {
			p.Happened = c.o.Demo.Happened()
		}
	}
	return v
}

// zones are what a person may choose from; the first is the default.
var zones = []string{"Asia/Shanghai", "Asia/Taipei", "Asia/Singapore", "Asia/Jakarta", "Asia/Bangkok", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "UTC"}

func zoneOf(name string) *time.Location {
	if name == "" {
		name = zones[0]
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
	"done.refused": true,
}

// forbidden says that an act wants another role.
type forbidden struct{ role string }

// Error names the role.
func (f *forbidden) Error() string { return "console: wants the role " + f.role }

// errForm says that a form is none of this login's.
var errForm = errors.New("console: the form is not of this login")

// badForm is a form that cannot be read.
type badForm struct{ error }

// checkForm reads the form of a POST and proves that it was made for this login.
func (v *visit) checkForm() error {
	if err := v.r.ParseForm(); err != nil {
		return &badForm{err}
	}
	if !v.session.Owns(v.r.PostFormValue("csrf")) {
		return errForm
	}
	return nil
}

// toLogin sends a stranger to the log-in, and back here afterwards if it was only a look.
func (v *visit) toLogin() {
	where := "/login"
	if v.r.Method == http.MethodGet {
		if next := v.c.next(v.r.URL.RequestURI()); next != "" {
			where += "?next=" + url.QueryEscape(next)
		}
	}
	v.leave(where)
}

// prove reports whether the person has shown lately who they are; if not, they are asked to.
func (v *visit) prove(back string) bool {
	if v.c.o.Demo != nil || v.session.Proved(v.c.now()) {
		return true
	}
	v.leave("/login?again=1&next=" + url.QueryEscape(v.page.URL("%s", back)))
	return false
}

// seeOther goes on to a page of the console.
func (v *visit) seeOther(path string) { v.leave(v.page.URL("%s", path)) }

// leave answers 303.
func (v *visit) leave(address string) {
	v.w.Header().Set("Location", address)
	v.w.WriteHeader(http.StatusSeeOther)
}

// show renders a page whole before its first byte is sent, so that a text that is missing shows as an error of ours.
func (v *visit) show(status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(v.ctx(), &b); err != nil {
		return err
	}
	if err := *v.page.Failed; err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // the client is gone; there is nobody to tell
	return nil
}

// fail shows what went wrong, in words that hold nothing of the request.
func (v *visit) fail(err error) {
	status, title, text := http.StatusInternalServerError, "error.ours", "error.ours.text"
	var values []any
	var role *forbidden
	var invalid *gk.Invalid
	var bad *badForm
	var later *keeper.Later
	switch {
	case errors.Is(err, context.Canceled):
		return
	case errors.As(err, &role):
		status, title, text = http.StatusForbidden, "error.role", "error.role.text"
		values = []any{"Role", v.page.T("role." + role.role)}
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
		v.w.Header().Set("Retry-After", "5")
	}
	if status == http.StatusInternalServerError {
		v.c.log.Error("console", "error", err, "route", v.r.Pattern)
	}
	*v.page.Failed = nil
	v.page.Done = ""
	view := problemView{Page: v.page, Title: title, Text: v.page.T(text, values...)}
	if err := v.show(status, problem(view)); err != nil {
		v.c.log.Error("console", "error", err, "route", v.r.Pattern)
		http.Error(v.w, "this page cannot be shown", http.StatusInternalServerError)
	}
}

// problemView is a page that says what went wrong.
type problemView struct {
	frame.Page
	Title, Text string // Title is the id of a text
}

// crossOrigin refuses a POST that another site's page made.
func (c *console) crossOrigin(w http.ResponseWriter, r *http.Request) {
	c.visit(w, r, nil).fail(errForm)
}

// noPage answers for addresses that do not exist.
func (c *console) noPage(*visit) error { return store.ErrNotFound }

// field returns what a form says, trimmed.
func (v *visit) field(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }

// viewer is a person as the engine knows callers. What wants more than a scope is guarded by the routes.
func viewer(p store.Person) gk.Viewer {
	return gk.Viewer{Key: p.ID, Scopes: people.Scopes(p.Role)}
}

// act writes what somebody did into the log, with who and from where.
func (c *console) act(ctx context.Context, v *visit, what string, about ...any) {
	c.log.InfoContext(ctx, "console", append([]any{"act", what, "person", v.person.ID, "name", v.person.Name, "address", session.AddressOf(v.r)}, about...)...)
}
