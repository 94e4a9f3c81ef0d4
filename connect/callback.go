package connect

import (
	"io"
	"net/http"
	"strings"

	"github.com/grantkeep/grantkeep/platform"
)

// longestCallback is how much of a platform's POST is read, in bytes.
const longestCallback = 256 << 10

// callback takes what a platform sent back and shows the end of it under a clean address, so that no code stays in an
// address bar, a history or a screenshot.
func (p *pages) callback(w http.ResponseWriter, r *http.Request) error {
	in, err := p.incoming(w, r)
	if err != nil {
		return err
	}
	outcome, err := p.consent.Callback(r.Context(), r.PathValue("app"), in, cookies(r))
	if err != nil {
		return err
	}
	if a := outcome.Answer; a.Status != 0 {
		if a.ContentType != "" {
			w.Header().Set("Content-Type", a.ContentType)
		}
		w.WriteHeader(a.Status)
		_, _ = w.Write(a.Body) // a server that hung up sends it again
		return nil
	}
	seeOther(w, "/connect/result/"+outcome.Click.ID)
	return nil
}

// install takes a merchant who begins in the platform's app store straight to the platform's page, as the stores demand.
func (p *pages) install(w http.ResponseWriter, r *http.Request) error {
	in, err := p.incoming(w, r)
	if err != nil {
		return err
	}
	pressed, err := p.consent.Install(r.Context(), r.PathValue("app"), in)
	if err != nil {
		return err
	}
	p.leave(w, pressed)
	return nil
}

// incoming is the request as the platform believes it made it: at our public address, whatever proxies stand between.
// Only a POST has a body; query and body are never merged.
func (p *pages) incoming(w http.ResponseWriter, r *http.Request) (platform.Incoming, error) {
	in := platform.Incoming{Method: r.Method, URL: p.public + r.URL.RequestURI(), Header: r.Header.Clone()}
	if r.Method != http.MethodPost {
		return in, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestCallback))
	if err != nil {
		return in, &badRequest{err}
	}
	in.Body = body
	return in, nil
}

// cookies reads the browser's secrets from its cookies by name; empty where there is none.
func cookies(r *http.Request) func(name string) string {
	return func(name string) string {
		c, err := r.Cookie(name)
		if err != nil {
			return "" // http.ErrNoCookie is the only one
		}
		browser, _, _ := strings.Cut(c.Value, linkMark)
		return browser
	}
}
