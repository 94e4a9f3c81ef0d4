package door

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// actions names what a route does in the audit. Whatever changes something or hands out many tokens at once is here, and
// is written down before it is done: what cannot be written down is not done. Uses of single tokens are counted together
// ([Uses]). A route that is neither here nor in unaudited fails a test.
var actions = map[string]string{
	"POST /v1/apps":                 "app.create",
	"PATCH /v1/apps/{id}":           "app.change",
	"DELETE /v1/apps/{id}":          "app.remove",
	"POST /v1/apps/{id}/check":      "app.check",
	"POST /v1/apps/{id}/stop":       "app.stop",
	"POST /v1/apps/{id}/start":      "app.start",
	"POST /v1/apps/{id}/call":       "app.call",
	"POST /v1/apps/{id}/grants":     "grant.obtain",
	"POST /v1/apps/{id}/return-key": "app.return_key",
	"POST /v1/apps/{id}/recover":    "app.recover",

	"POST /v1/authorizations":              "authorization.create",
	"POST /v1/authorizations/{id}/confirm": "authorization.confirm",
	"POST /v1/authorizations/{id}/place":   "authorization.place",

	"PATCH /v1/grants/{id}":                     "grant.change",
	"DELETE /v1/grants/{id}":                    "grant.revoke",
	"POST /v1/grants/{id}/confirm":              "grant.confirm",
	"POST /v1/users":                            "user.create",
	"POST /v1/users/{id}/password":              "user.password",
	"DELETE /v1/users/{id}":                     "user.remove",
	"POST /v1/webhooks":                         "webhook.create",
	"PATCH /v1/webhooks/{id}":                   "webhook.change",
	"DELETE /v1/webhooks/{id}":                  "webhook.remove",
	"POST /v1/webhooks/{id}/rotate":             "webhook.rotate",
	"POST /v1/webhooks/{id}/test":               "webhook.test",
	"POST /v1/webhooks/{id}/replay":             "webhook.replay",
	"POST /v1/webhooks/{id}/deliveries/{event}": "webhook.replay",
	"POST /v1/alarms":                           "alarm.create",
	"PATCH /v1/alarms/{id}":                     "alarm.change",
	"DELETE /v1/alarms/{id}":                    "alarm.remove",
	"POST /v1/alarms/{id}/test":                 "alarm.test",
	"POST /v1/grants/{id}/link":                 "grant.link",
	"POST /v1/grants/{id}/refresh":              "grant.refresh",
	"POST /v1/grants/import":                    "grant.import",
	"GET /v1/grants/export":                     "grant.export",

	"POST /v1/keys":           "key.create",
	"DELETE /v1/keys/{id}":    "key.revoke",
	"POST /v1/keyring/rotate": "keyring.rotate",
	"POST /v1/keyring/retire": "keyring.retire",
}

// Uses of tokens, which are counted together.
const (
	UsedRead  = "token.read"
	UsedSign  = "token.sign"
	UsedCall  = "token.call"
	UsedProxy = "token.proxy"
)

// auditPatience bounds how long a request waits until it is written down.
const auditPatience = 5 * time.Second

// audited has what a route does written down first. A refusal gets a line of its own, which says with which status.
func (s *Door) audited(route string, next http.HandlerFunc) http.HandlerFunc {
	action, ok := actions[route]
	if !ok {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if s.Keeper.Frozen() { // a copy that is only read; it hands out tokens to whoever holds a key of the original
			s.Log.InfoContext(r.Context(), "audit", "action", action, "key", CallerOf(r.Context()).ID)
			next(w, r)
			return
		}
		e := s.auditEntry(r, action)
		if err := s.record(r.Context(), e); err != nil {
			if r.Context().Err() == nil { // who hung up before anything was done is told nothing, and nobody is told of them
				s.Log.ErrorContext(r.Context(), "a request was refused, since it cannot be written down in the audit", "action", action, "error", err)
			}
			s.WriteProblem(w, r, err)
			return
		}
		next(w, r)
		v, ok := r.Context().Value(visitOf{}).(*visit)
		if !ok || v.status < http.StatusBadRequest {
			return
		}
		e.At, e.Status = s.Keeper.Now(), v.status
		if err := s.record(context.WithoutCancel(r.Context()), e); err != nil {
			s.Log.ErrorContext(r.Context(), "a refusal is missing in the audit", "action", action, "status", v.status, "error", err)
		}
	}
}

func (s *Door) record(ctx context.Context, e store.AuditEntry) error {
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	return s.Store.Record(ctx, e)
}

// longestObject is longer than any id. Longer ones name nothing that is there.
const longestObject = 100

// auditEntry is the line of a request, as far as its address names what it is about.
func (s *Door) auditEntry(r *http.Request, action string) store.AuditEntry {
	e := store.AuditEntry{At: s.Keeper.Now(), Actor: CallerOf(r.Context()).ID, Action: action, Address: addressOf(r.RemoteAddr), Count: 1}
	id := r.PathValue("id")
	if len(id) > longestObject {
		id = id[:longestObject]
	}
	switch {
	case strings.Contains(r.Pattern, "/v1/apps/"):
		e.App = id
	case strings.Contains(r.Pattern, "/v1/grants/"):
		e.Grant = id
	default:
		e.Object = id
	}
	return e
}

// addressOf returns the IP address of a peer; empty where it has none.
func addressOf(remote string) string {
	if address, _, ok := strings.Cut(remote, ":"); ok && strings.Trim(address, "0123456789.") == "" && address != "" {
		return address // an address of version 4, as nearly all are, needs no reading
	}
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return ""
	}
	return peer.Addr().Unmap().WithZone("").String()
}

// networkOf returns the network of an address, of the size that one house has: /24 and /48.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 24
	if ip.Is6() {
		bits = 48
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return network.String()
}
