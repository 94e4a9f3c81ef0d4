package shopify

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// Say answers with a row of the catalogue.
func (s *simulator) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	call := s.kit.Call(r)
	kind, code, _ := strings.Cut(row.Code, ":")
	switch {
	case row.Stage == "push" && kind == "userErrors":
		payload := userErrors(row.Example)
		delete(payload, typeName)
		writeJSON(w, http.StatusOK, map[string]any{"data": map[string]any{"webhookSubscriptionCreate": payload}})
	case row.Stage == "push":
		s.sayPush(w, r, row.Code)
	case kind == "http":
		s.sayStatus(w, r, code, row.Example)
	case kind == "graphql":
		code, _, _ = strings.Cut(code, ":")
		s.sayGraphQL(w, r, code, cmp.Or(row.Example, "Parse error on \"}\""))
	case call.Stage == "authorize":
		s.authorizeError(w, r, row.Code, row.Example)
	case call.Stage == "call":
		s.apiError(w, r, http.StatusBadRequest, cmp.Or(row.Example, row.Code), row.Code)
	default:
		status := http.StatusBadRequest
		if row.Code == "invalid_client" || strings.Contains(row.Example, "active refresh_token") {
			status = http.StatusUnauthorized
		}
		s.refuse(w, r, status, row.Code, row.Example, row.Code)
	}
}

// sayPush sends what a topic tells about the store that a call names, and then does as the platform would.
func (s *simulator) sayPush(w http.ResponseWriter, r *http.Request, topic string) {
	call := s.kit.Call(r)
	app, store := s.kit.Apps.Find(call.App), s.kit.Shops.Find("shop", call.Subject)
	if app != nil && store != nil {
		switch topic {
		case "app/uninstalled":
			s.uninstall(app, store)
		case "app/scopes_update":
			scopes := appScopes(app)
			if here := s.installed[place{app.ID, store.ID}]; here != nil {
				scopes = here.scopes
			}
			s.fire(app, store, topic, scopesBody(app, store, scopes, scopes), 0)
		case "customers/data_request":
			s.fire(app, store, topic, privacyBody(store, dataRequest()), 0)
		case "customers/redact":
			s.fire(app, store, topic, privacyBody(store, customerRedact()), 0)
		case "shop/redact":
			s.fire(app, store, topic, privacyBody(store, nil), 0)
		}
	}
	s.ServeHTTP(w, r)
}

// sayStatus says a row whose code is an HTTP status: 404, 5xx, or a kind of one, such as 403:scope.
func (s *simulator) sayStatus(w http.ResponseWriter, r *http.Request, code, text string) {
	number, _, _ := strings.Cut(code, ":")
	status, err := strconv.Atoi(strings.Replace(number, "xx", "00", 1))
	if err != nil || status < 300 || status > 599 {
		status = http.StatusInternalServerError
	}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "2.0")
	}
	field, wrong, two := strings.Cut(text, " ")
	if status == http.StatusUnprocessableEntity && two {
		s.kit.Call(r).Refuse("%s", text)
		writeJSON(w, status, map[string]any{"errors": map[string][]string{field: {wrong}}})
		return
	}
	s.apiError(w, r, status, cmp.Or(text, http.StatusText(status), "Error"), "")
}

// refuse answers a refusal of the token endpoint: JSON only for those who ask for it. The log has the true reason.
func (s *simulator) refuse(w http.ResponseWriter, r *http.Request, status int, code, text, why string) {
	s.kit.Call(r).Refuse("%s: %s", code, why)
	if s.options.refusals() == "json" && strings.Contains(r.Header.Get("Accept"), "application/json") {
		writeJSON(w, status, struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}{code, text})
		return
	}
	title := strconv.Itoa(status)
	if status == http.StatusUnauthorized && s.options.refusals() == "html" {
		title = "unauthorized"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!DOCTYPE html>\n<html><head><title>%s - Oauth error %s</title></head>\n<body><p>Oauth error %s: %s</p></body></html>\n",
		title, code, code, html.EscapeString(text))
}

// apiError answers in the form of the Admin API: one text. The log has the reason, or the text.
func (s *simulator) apiError(w http.ResponseWriter, r *http.Request, status int, text, why string) {
	s.kit.Call(r).Refuse("%d %s", status, cmp.Or(why, text))
	writeJSON(w, status, map[string]string{"errors": text})
}

// closed answers for a store that is frozen or locked.
func (s *simulator) closed(w http.ResponseWriter, r *http.Request, store *sim.Shop) bool {
	switch s.state(store) {
	case "402":
		s.apiError(w, r, http.StatusPaymentRequired, "Unavailable Shop", "")
	case "423":
		s.apiError(w, r, http.StatusLocked, "Locked", "the store is locked")
	default:
		return false
	}
	return true
}

// writeJSON writes a value as the platform does: nothing escaped for HTML, nothing to be cached.
func writeJSON(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // only values of this package are written
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Request-Id", uuid())
	w.WriteHeader(status)
	w.Write(bytes.TrimSuffix(body.Bytes(), []byte("\n"))) // the kit keeps it: this cannot fail
}
