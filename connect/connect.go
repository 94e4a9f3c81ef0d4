// Package connect serves the pages that a merchant sees: the start page behind a link, the way back from a platform,
// the entry from a platform's app store, and how it all ended.
//
// The pages are whole without JavaScript: links, one form and answers of 303. A request with GET changes nothing on
// /connect, whoever opens it, since chat programs fetch every link for a preview; the press of the button is a POST.
// What a platform sends back never stays in an address bar: the callback answers 303 to /connect/result/CLICK, which
// shows something to the browser that pressed the button, and to no other.
package connect

import (
	_ "embed"
	"log/slog"
	"net/http"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
)

// Options is what the pages are made of. Keeper, Consent and PublicURL are required.
type Options struct {
	Keeper    *keeper.Keeper
	Consent   *consent.Flow
	PublicURL string // scheme://host[:port] under which merchants and platforms reach these pages
	Log       *slog.Logger
}

// pages answers the requests.
type pages struct {
	keeper  *keeper.Keeper
	consent *consent.Flow
	public  string
	log     *slog.Logger
	texts   *i18n.Bundle
}

//go:embed style.css
var stylesheet string

// New returns the handler of /connect, /callback and /install. It panics on a mistake in the embedded catalogues, which
// is one of the build.
func New(o Options) http.Handler {
	p := &pages{keeper: o.Keeper, consent: o.Consent, public: o.PublicURL, log: o.Log, texts: loadTexts()}
	if p.log == nil {
		p.log = slog.Default()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect/style.css", serveStyle)
	mux.HandleFunc("GET /connect/sign/{app}", p.page(p.sign))
	mux.HandleFunc("GET /connect/{secret}", p.page(p.start))
	mux.Handle("POST /connect/{secret}", p.sameOrigin(p.page(p.press)))
	mux.HandleFunc("GET /connect/result/{click}", p.page(p.result))
	mux.HandleFunc("GET /connect/again/{click}", p.page(p.again))
	mux.HandleFunc("GET /callback/{app}", p.page(p.callback))
	mux.HandleFunc("POST /callback/{app}", p.page(p.callback))
	mux.HandleFunc("GET /install/{app}", p.page(p.install))
	// A pattern for GET takes HEAD too, and a scanner's HEAD must neither spend a code nor begin anything.
	mux.HandleFunc("HEAD /callback/{app}", notByHead)
	mux.HandleFunc("HEAD /install/{app}", notByHead)
	return p.guarded(mux)
}

// guarded sets the headers that every answer carries, also one of the mux itself.
func (p *pages) guarded(next http.Handler) http.Handler {
	secure := p.secure()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy("'none'"))
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Robots-Tag", "noindex")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// policy is the Content-Security-Policy of a page whose form may lead to the given sources.
func policy(formAction string) string {
	return "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action " + formAction
}

func (p *pages) secure() bool { return strings.HasPrefix(p.public, "https://") }

// sameOrigin refuses a POST that another site's page made.
func (p *pages) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	// Behind a proxy the Host header may be another than the one that the browser sees.
	if err := protection.AddTrustedOrigin(p.public); err != nil {
		panic("connect: public URL must be scheme://host[:port]: " + err.Error())
	}
	protection.SetDenyHandler(p.page(func(w http.ResponseWriter, r *http.Request) error {
		return p.show(r.Context(), w, http.StatusForbidden, notice(message{page: p.pageFor(r), Mark: markOff, Icon: "cross", Title: "m.fail.title", Texts: []string{"m.refused.cross"}}))
	}))
	return protection.Handler(next)
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write([]byte(stylesheet)) // the client is gone; there is nobody to tell
}

func notByHead(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "GET")
	w.WriteHeader(http.StatusMethodNotAllowed)
}

// seeOther sends the browser on with a GET, whatever it came with: 307 would post a code once more.
func seeOther(w http.ResponseWriter, address string) {
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}
