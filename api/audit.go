package api

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
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
}

// Uses of tokens, which are counted together.
const (
	usedRead  = "token.read"
	usedSign  = "token.sign"
	usedCall  = "token.call"
	usedProxy = "token.proxy"
)

// auditPatience bounds how long a request waits until it is written down.
const auditPatience = 5 * time.Second

// audited has what a route does written down first. A refusal gets a line of its own, which says with which status.
func (s *server) audited(route string, next http.HandlerFunc) http.HandlerFunc {
	action, ok := actions[route]
	if !ok {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if s.keeper.Frozen() { // a copy that is only read; it hands out tokens to whoever holds a key of the original
			s.log.InfoContext(r.Context(), "audit", "action", action, "key", callerOf(r.Context()).ID)
			next(w, r)
			return
		}
		e := s.auditEntry(r, action)
		if err := s.record(r.Context(), e); err != nil {
			s.log.ErrorContext(r.Context(), "a request was refused, since it cannot be written down in the audit", "action", action, "error", err)
			s.writeProblem(w, r, err)
			return
		}
		next(w, r)
		v, ok := r.Context().Value(visitOf{}).(*visit)
		if !ok || v.status < http.StatusBadRequest {
			return
		}
		e.At, e.Status = s.keeper.Now(), v.status
		if err := s.record(context.WithoutCancel(r.Context()), e); err != nil {
			s.log.ErrorContext(r.Context(), "a refusal is missing in the audit", "action", action, "status", v.status, "error", err)
		}
	}
}

func (s *server) record(ctx context.Context, e store.AuditEntry) error {
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	return s.store.Record(ctx, e)
}

// longestObject is longer than any id. Longer ones name nothing that is there.
const longestObject = 100

// auditEntry is the line of a request, as far as its address names what it is about.
func (s *server) auditEntry(r *http.Request, action string) store.AuditEntry {
	e := store.AuditEntry{At: s.keeper.Now(), Actor: callerOf(r.Context()).ID, Action: action, Address: addressOf(r.RemoteAddr), Count: 1}
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

// AuditEntry is one line of the audit as the API shows it.
type AuditEntry struct {
	Position int64  `json:"position"`
	At       moment `json:"at"`
	Until    moment `json:"until,omitzero" doc:"the last of several uses that are counted together"`
	Actor    string `json:"actor" doc:"id of an API key"`
	Action   string `json:"action" doc:"as in grant.revoke; token.read, token.sign, token.call and token.proxy are counted together"`
	App      string `json:"app,omitempty"`
	Grant    string `json:"grant,omitempty"`
	Object   string `json:"object,omitempty" doc:"an authorization, a key"`
	Address  string `json:"address,omitempty" doc:"IP address from which the request came"`
	Count    int64  `json:"count"`
	Status   int    `json:"status,omitempty" doc:"of the answer, where it was a refusal; the same request has a line before it"`
}

func auditEntry(e store.AuditEntry) AuditEntry {
	return AuditEntry{
		Position: e.Position, At: at(e.At), Until: at(e.Until), Actor: e.Actor, Action: e.Action, App: e.App, Grant: e.Grant, Object: e.Object,
		Address: e.Address, Count: e.Count, Status: e.Status,
	}
}

func (s *server) routeAudit() {
	add(s, huma.Operation{
		OperationID: "list-audit", Method: http.MethodGet, Path: "/v1/audit", Summary: "Read who did what",
		Description: "In its order, none skipped, for 400 days. What changes something has a line before it is done; reads and uses of tokens are " +
			"counted together for seconds. Pass the last position as after; next is that position while there are more. For keys without limits only.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		After  int64  `query:"after" minimum:"0" doc:"position of the last line that was seen"`
		Actor  string `query:"actor" maxLength:"100"`
		Action string `query:"action" maxLength:"100"`
		Grant  string `query:"grant" maxLength:"100"`
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	}) (*output[list[AuditEntry]], error) {
		if len(key.Owners) > 0 || len(key.Apps) > 0 {
			return nil, problem(forbidden, "the audit is of everybody: it needs a key without limits to owners or apps")
		}
		f := store.AuditFilter{After: in.After, Actor: in.Actor, Action: in.Action, Grant: in.Grant, Limit: in.Limit + 1}
		rows, err := s.store.AuditAfter(ctx, f)
		if err != nil {
			return nil, err
		}
		next := func(e store.AuditEntry) string { return strconv.FormatInt(e.Position, 10) }
		return &output[list[AuditEntry]]{pageOf(rows, in.Limit, auditEntry, next)}, nil
	})
}
