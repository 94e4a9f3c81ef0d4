package shopify

import (
	"encoding/json"
	"fmt"
	"math"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// caller is who calls the Admin API.
type caller struct {
	pair    *sim.Pair
	store   *sim.Shop
	app     *sim.App
	version string // that answers
}

var versionForm = regexp.MustCompile(`^20[0-9]{2}-(01|04|07|10)$`)

// admin lets a call in that carries a token which works, in X-Shopify-Access-Token only.
func (s *simulator) admin(next func(http.ResponseWriter, *http.Request, caller)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		pair := s.kit.Ledger.ByAccess(r.Header.Get("X-Shopify-Access-Token"))
		why := s.accessTrouble(pair)
		if why == "" && s.elsewhere(r, of(pair).store) {
			why = "the access token belongs to another store"
		}
		if pair == nil && r.Header.Get("Authorization") != "" {
			why = "Authorization is not read: the token belongs into X-Shopify-Access-Token"
		}
		if why != "" {
			s.apiError(w, r, http.StatusUnauthorized, "[API] Invalid API key or access token (unrecognized login or wrong password)", why)
			return
		}
		c := caller{pair: pair, store: of(pair).store, app: s.kit.Apps.Find(pair.App)}
		s.kit.Call(r).About(pair.App, c.store.ID)
		s.kit.Ledger.Use(pair)
		if s.closed(w, r, c.store) {
			return
		}
		if of(pair).kind == endless && s.endlessOver(c.app) {
			s.apiError(w, r, http.StatusForbidden, "[API] Non-expiring access tokens are no longer accepted for the Admin API.", "")
			return
		}
		if version := r.PathValue("version"); version != "" {
			var ok bool
			if c.version, ok = s.version(version); !ok {
				s.apiError(w, r, http.StatusNotFound, "Not Found", "there is no version "+version)
				return
			}
			w.Header().Set("X-Shopify-API-Version", c.version)
			if c.version != version {
				w.Header().Set("X-Shopify-API-Deprecated-Reason", "https://shopify.dev/api/usage/versioning")
			}
		}
		next(w, r, c)
	}
}

// endlessOver reports whether a token without an end is refused.
func (s *simulator) endlessOver(app *sim.App) bool {
	if app.Text("profile") != public {
		return false
	}
	switch s.options.endless() {
	case "accepted":
		return false
	case "refused":
		return true
	}
	made, err := time.Parse(time.RFC3339, app.Text("created_at"))
	return err == nil && !made.Before(endlessBefore) || !s.kit.Now().Before(endlessUntil)
}

// version returns the version that answers for one that is asked for: each lives a year, an older one is answered by
// the oldest that does.
func (s *simulator) version(asked string) (string, bool) {
	if asked == "unstable" {
		return asked, true
	}
	newest, oldest := s.quarter().Format("2006-01"), s.quarter().AddDate(0, -9, 0).Format("2006-01")
	if !versionForm.MatchString(asked) || asked > newest {
		return "", false
	}
	return max(asked, oldest), true
}

// quarter is when the newest version came out.
func (s *simulator) quarter() time.Time {
	now := s.kit.Now()
	return time.Date(now.Year(), (now.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
}

func (s *simulator) accessScopes(w http.ResponseWriter, r *http.Request, c caller) {
	if r.Method != http.MethodGet {
		s.apiError(w, r, http.StatusNotAcceptable, "Not Acceptable", "method "+r.Method)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"access_scopes": handles(c.pair.Scopes)})
}

func handles(scopes []string) []any {
	list := []any{}
	for _, scope := range scopes {
		list = append(list, map[string]any{typeName: "AccessScope", "handle": scope})
	}
	return list
}

// giveBack removes the app from the store at the app's own wish.
func (s *simulator) giveBack(w http.ResponseWriter, r *http.Request, c caller) {
	if r.Method != http.MethodDelete {
		s.apiError(w, r, http.StatusNotAcceptable, "Not Acceptable", "method "+r.Method)
		return
	}
	s.uninstall(c.app, c.store)
	s.kit.Call(r).Accept("the app was removed from the store")
	writeJSON(w, http.StatusOK, struct{}{})
}

// restAPI is the older half of the Admin API.
func (s *simulator) restAPI(w http.ResponseWriter, r *http.Request, c caller) {
	if !s.pour(w, r, c) {
		return
	}
	if s.state(c.store) == "inactive" {
		s.apiError(w, r, http.StatusPaymentRequired, "Unavailable Shop", "the store is inactive")
		return
	}
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			s.apiError(w, r, http.StatusBadRequest, "Bad Request", "content type is not application/json")
			return
		}
	}
	resource, ok := strings.CutSuffix(r.PathValue("path"), ".json")
	resource, id, _ := strings.Cut(resource, "/")
	switch {
	case !ok:
		s.apiError(w, r, http.StatusNotFound, "Not Found", "paths end in .json")
	case resource == "shop" && r.Method == http.MethodGet:
		writeJSON(w, http.StatusOK, map[string]any{"shop": json.RawMessage(shopResource(c.store))})
	case resource == "webhooks":
		s.webhookREST(w, r, c, id)
	case resource == "orders" || resource == "products" || resource == "customers":
		s.list(w, r, c, resource)
	default:
		s.apiError(w, r, http.StatusNotFound, "Not Found", "")
	}
}

// list reads or makes things that need a scope: enough to meet 403 and 422.
func (s *simulator) list(w http.ResponseWriter, r *http.Request, c caller, resource string) {
	scope := map[string]string{http.MethodGet: "read_" + resource, http.MethodPost: "write_" + resource}[r.Method]
	switch {
	case scope == "":
		s.apiError(w, r, http.StatusNotAcceptable, "Not Acceptable", "method "+r.Method)
	case !may(c.pair.Scopes, scope):
		s.apiError(w, r, http.StatusForbidden, "[API] This action requires merchant approval for "+scope+" scope.", "")
	case r.Method == http.MethodGet:
		writeJSON(w, http.StatusOK, map[string]any{resource: []any{}})
	default:
		var body map[string]map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			s.apiError(w, r, http.StatusBadRequest, "Bad Request", "the body is no JSON object of an object")
			return
		}
		one := strings.TrimSuffix(resource, "s")
		if title, ok := body[one]["title"].(string); resource == "products" && (!ok || title == "") {
			s.wrongField(w, r, "title", "can't be blank")
			return
		}
		writeJSON(w, http.StatusCreated, map[string]any{one: map[string]any{"id": json.Number(sim.Digits(10))}})
	}
}

// wrongField answers 422 in the map form.
func (s *simulator) wrongField(w http.ResponseWriter, r *http.Request, field, wrong string) {
	s.kit.Call(r).Refuse("%s %s", field, wrong)
	writeJSON(w, http.StatusUnprocessableEntity, map[string]any{"errors": map[string][]string{field: {wrong}}})
}

// pour lets a REST call into the bucket of its plan.
func (s *simulator) pour(w http.ResponseWriter, r *http.Request, c caller) bool {
	l := restLimits[s.planOf(c.store)]
	b := bucketOf(s.rest, c.pair)
	room := b.room(s.kit.Now(), l)
	if room >= 1 {
		b.level++
	}
	w.Header().Set("X-Shopify-Shop-Api-Call-Limit", fmt.Sprintf("%d/%d", int(math.Ceil(b.level)), int(l.size)))
	if room >= 1 {
		return true
	}
	w.Header().Set("Retry-After", fmt.Sprintf("%.1f", math.Ceil((1-room)/l.leak)))
	s.apiError(w, r, http.StatusTooManyRequests,
		fmt.Sprintf("Exceeded %d calls per second for api client. Reduce request rates to resume uninterrupted service.", int(l.leak)), "")
	return false
}

// shopResource is a store as REST and webhooks write it.
func shopResource(store *sim.Shop) []byte {
	text, err := json.Marshal(struct {
		ID      json.Number `json:"id"`
		Name    string      `json:"name"`
		Email   string      `json:"email"`
		Domain  string      `json:"domain"`
		Host    string      `json:"myshopify_domain"`
		Plan    string      `json:"plan_name"`
		Country string      `json:"country_code"`
	}{json.Number(store.ID), store.Name, "owner@" + label(store) + ".example", label(store) + ".example", store.Host, "basic", "SG"})
	if err != nil {
		panic(err) // an id is a number, the rest text
	}
	return text
}
