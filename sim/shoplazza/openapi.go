package shoplazza

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// openAPI is the part of the Open API that a grant touches.
func (s *simulator) openAPI(w http.ResponseWriter, r *http.Request) {
	pair := s.kit.Ledger.ByAccess(r.Header.Get("Access-Token"))
	if state := s.kit.Ledger.AccessState(pair, s.keeping(pair)); state != sim.Alive || s.elsewhere(r, pair.Subject) && pair.Subject.Kind == "shop" {
		s.openAPIError(w, r, s.options.noTokenStatus(), "Unauthorized")
		s.kit.Call(r).Refuse("the access token is %s, or of another store", stateWord(state))
		return
	}
	s.kit.Call(r).About(pair.App, pair.Subject.ID)
	s.kit.Ledger.Use(pair)
	if pair.Subject.Kind == "partner" {
		s.partnerAPI(w, r, pair)
		return
	}
	if !s.pour(w, r, pair) {
		return
	}
	if r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			s.openAPIError(w, r, http.StatusBadRequest, "")
			return
		}
	}
	store := s.kit.Shops.Find("shop", pair.Subject.ID)
	resource, id, _ := strings.Cut(r.PathValue("path"), "/")
	switch {
	case resource == "shop" && id == "":
		s.shop(w, r, pair, store)
	case resource == "oauth" && id == "access_scopes":
		s.accessScopes(w, r, pair)
	case resource == "webhooks":
		s.webhookAPI(w, r, pair, store, id)
	case listed[resource] != "":
		s.list(w, r, pair, resource)
	default:
		s.openAPIError(w, r, http.StatusNotFound, "Record not found")
	}
}

// partnerAPI answers any call that carries the app's own token and names the app beside it.
func (s *simulator) partnerAPI(w http.ResponseWriter, r *http.Request, pair *sim.Pair) {
	if r.Header.Get("App-Client-Id") != pair.App {
		s.openAPIError(w, r, http.StatusUnauthorized, "Unauthorized")
		s.kit.Call(r).Refuse("app-client-id does not name the token's app")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"code": "Success", "message": "Success", "data": map[string]any{}})
}

func (s *simulator) shop(w http.ResponseWriter, r *http.Request, pair *sim.Pair, store *sim.Shop) {
	if r.Method != http.MethodGet {
		s.openAPIError(w, r, http.StatusMethodNotAllowed, "Method Not Allowed")
		return
	}
	if s.options.shopScope() && !s.may(w, r, pair, "read_shop") {
		return
	}
	label, _, _ := strings.Cut(store.Host, ".")
	writeResource(w, r, map[string]any{"shop": map[string]any{
		"id": json.Number(store.ID), "name": store.Name, "domain": label + ".example", "system_domain": store.Host,
		"primary_locale": "zh-CN", "currency": "USD", "timezone": "+08:00",
	}})
}

func (s *simulator) accessScopes(w http.ResponseWriter, r *http.Request, pair *sim.Pair) {
	if r.Method != http.MethodGet {
		s.openAPIError(w, r, http.StatusMethodNotAllowed, "Method Not Allowed")
		return
	}
	handles := []map[string]string{}
	for _, scope := range pair.Scopes {
		handles = append(handles, map[string]string{"handle": scope})
	}
	writeResource(w, r, map[string]any{"access_scopes": handles})
}

// listed are resources that can be read and made, and the word in their scopes: enough to meet 403 and 422.
var listed = map[string]string{"products": "product", "orders": "order", "customers": "customer", "collections": "collection"}

func (s *simulator) list(w http.ResponseWriter, r *http.Request, pair *sim.Pair, resource string) {
	switch r.Method {
	case http.MethodGet:
		if s.may(w, r, pair, "read_"+listed[resource]) {
			writeResource(w, r, map[string]any{resource: []any{}})
		}
	case http.MethodPost:
		if !s.may(w, r, pair, "write_"+listed[resource]) {
			return
		}
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			s.openAPIError(w, r, http.StatusBadRequest, "")
			return
		}
		if title, ok := body["title"].(string); !ok || title == "" {
			s.wrongField(w, r, "title", "can't be blank")
			return
		}
		writeResource(w, r, map[string]any{listed[resource]: map[string]any{"id": sim.Hex(32), "title": body["title"]}})
	default:
		s.openAPIError(w, r, http.StatusMethodNotAllowed, "Method Not Allowed")
	}
}

// may answers 403 unless the scope was granted.
func (s *simulator) may(w http.ResponseWriter, r *http.Request, pair *sim.Pair, scope string) bool {
	if slices.Contains(pair.Scopes, scope) {
		return true
	}
	s.openAPIError(w, r, http.StatusForbidden, "Forbidden")
	s.kit.Call(r).Refuse("the scope %s was not granted", scope)
	return false
}

// wrongField answers 422 in the map form.
func (s *simulator) wrongField(w http.ResponseWriter, r *http.Request, field, wrong string) {
	s.kit.Call(r).Refuse("%s %s", field, wrong)
	writeJSON(w, http.StatusUnprocessableEntity, map[string]any{"errors": map[string][]string{field: {wrong}}})
}

// writeResource answers with a resource: bare up to 2022-01, inside an envelope from 2025-06.
func writeResource(w http.ResponseWriter, r *http.Request, resource any) {
	if enveloped(r) {
		resource = map[string]any{"code": "Success", "message": "Success", "data": resource}
	}
	writeJSON(w, http.StatusOK, resource)
}

// pour lets a call into the two buckets; both must have room.
func (s *simulator) pour(w http.ResponseWriter, r *http.Request, pair *sim.Pair) bool {
	now := s.kit.Now()
	key := [2]string{pair.App, pair.Subject.ID}
	app, store := s.perApp[key], s.perStore[pair.Subject.ID]
	if app == nil {
		app = &bucket{}
		s.perApp[key] = app
	}
	if store == nil {
		store = &bucket{}
		s.perStore[pair.Subject.ID] = store
	}
	app.drain(now, s.options.appLeak())
	store.drain(now, s.options.storeLeak())
	size := s.options.appBucket()
	wait := max(app.wait(size, s.options.appLeak()), store.wait(s.options.storeBucket(), s.options.storeLeak()))
	if wait > 0 {
		s.tooMany(w, r, app.used(), size, wait)
		return false
	}
	app.level++
	store.level++
	w.Header().Set("X-Shoplazza-Shop-Api-Call-Limit", strconv.Itoa(app.used())+"/"+strconv.Itoa(size))
	return true
}
