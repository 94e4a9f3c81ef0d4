package connect

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Tones of a page's mark.
const (
	markOK  = "ok"
	markBad = "bad"
	markOff = "off"
)

// message is a page with something to say and at most one thing to do.
type message struct {
	page
	Mark, Icon    string
	Title         string   // id of a text
	Texts         []string // ids of texts
	Cause, Remedy string   // the catalogue's words, in the page's language
	Advise        bool     // the cause says more than our words; otherwise it stands behind "details" with the remedy
	Go, Start     string   // id of the button's text, and where it leads; empty: nothing to press
	Said          string   // the platform's own code and text, marked as such
	ShowRef       bool
	Back          string // where the vendor wants the merchant to go on; empty: nowhere
}

// quote takes the catalogue's words about a fault.
func (m *message) quote(spec *platform.Spec, f *gk.Fault) {
	if row := spec.Catalogue.Row(f.Row); row != nil {
		m.Cause, m.Remedy = m.set(row.Cause.In(m.Lang)), m.set(row.Remedy.In(m.Lang))
	}
}

// badRequest is a body that cannot be read.
type badRequest struct{ err error }

func (b *badRequest) Error() string { return "body: " + b.err.Error() }

func (b *badRequest) Unwrap() error { return b.err }

// page makes a handler of a function that may fail. It is the one place where an error turns into a status and words;
// a log line names the route, never the address, which holds a link's secret or a code.
func (p *pages) page(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := serve(w, r)
		if err == nil {
			return
		}
		if r.Context().Err() != nil {
			p.log.DebugContext(r.Context(), "client left", "route", r.Pattern)
			return
		}
		status, m := p.explain(p.pageFor(r), err)
		switch status {
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			w.Header().Set("Retry-After", strconv.Itoa(int(comeBack/time.Second)))
		}
		if status >= http.StatusInternalServerError {
			p.log.ErrorContext(r.Context(), "merchant's page failed", "route", r.Pattern, "app", r.PathValue("app"), "status", status, "error", err)
		}
		w.Header().Set("Content-Security-Policy", policy("'none'"))
		if err := p.show(r.Context(), w, status, notice(m)); err != nil {
			p.log.ErrorContext(r.Context(), "error page cannot be shown", "route", r.Pattern, "error", err)
			http.Error(w, http.StatusText(status), status)
		}
	}
}

// comeBack is when a browser that was turned away may try again.
const comeBack = 30 * time.Second

// explain turns an error into a status and a page.
func (p *pages) explain(pg page, err error) (int, message) {
	m := message{page: pg, Mark: markBad, Icon: "warn", Title: "m.error.title", Texts: []string{"m.error.ours"}}
	var refused *consent.Refused
	var bad *badRequest
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &refused):
		return p.refuse(m, refused)
	case errors.As(err, &tooLong):
		m.Title, m.Texts = "m.fail.title", []string{"m.refused.incomplete"}
		return http.StatusRequestEntityTooLarge, m
	case errors.As(err, &bad):
		m.Title, m.Texts = "m.fail.title", []string{"m.refused.incomplete"}
		return http.StatusBadRequest, m
	case errors.Is(err, store.ErrNotFound):
		m.Mark, m.Title, m.Texts = markOff, "m.unknown.title", []string{"m.unknown.text"}
		return http.StatusNotFound, m
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, keeper.ErrDraining):
		m.Texts = []string{"m.error.later"}
		return http.StatusServiceUnavailable, m
	}
	return http.StatusInternalServerError, m
}

// refuse says why a link or a callback leads nowhere. Nothing of the request is repeated.
func (p *pages) refuse(m message, refused *consent.Refused) (int, message) {
	m.Mark, m.Title, m.Texts = markOff, "m.fail.title", []string{"m.refused." + refused.Reason}
	if refused.Fault != nil {
		if d := p.keeper.Apps().Driver(refused.Fault.Platform); d != nil {
			m.quote(d.Spec(), refused.Fault)
		}
	}
	switch refused.Reason {
	case consent.RefusedLink:
		m.Icon, m.Title, m.Switch = "cross", "m.unknown.title", true
		return http.StatusNotFound, m
	case consent.RefusedLapsed:
		m.Icon, m.Title, m.Switch = "clock", "m.lapsed.title", true
		return http.StatusGone, m
	case consent.RefusedUsed:
		m.Mark, m.Icon, m.Title, m.Switch = markOK, "check", "m.used.title", true
		return http.StatusGone, m
	case consent.RefusedBrowser:
		m.Icon, m.Title, m.Switch = "check", "m.neutral.title", true
		return http.StatusOK, m
	case consent.RefusedEmpty:
		m.Icon, m.Title = "check", "m.neutral.title"
		return http.StatusOK, m
	case consent.RefusedBusy:
		m.Icon, m.Title = "clock", "m.error.title"
		return http.StatusTooManyRequests, m
	}
	return http.StatusBadRequest, m
}
