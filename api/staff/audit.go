package staff

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/store"
)

// AuditEntry is one line of the audit as the API shows it.
type AuditEntry struct {
	Position int64       `json:"position"`
	At       wire.Moment `json:"at"`
	Until    wire.Moment `json:"until,omitzero" doc:"the last of several uses that are counted together"`
	Actor    string      `json:"actor" doc:"id of an API key or of a person"`
	Action   string      `json:"action" doc:"as in grant.revoke; token.read, token.sign, token.call and token.proxy are counted together"`
	App      string      `json:"app,omitempty"`
	Grant    string      `json:"grant,omitempty"`
	Object   string      `json:"object,omitempty" doc:"an authorization, a key"`
	Address  string      `json:"address,omitempty" doc:"IP address from which the request came"`
	Count    int64       `json:"count"`
	Status   int         `json:"status,omitempty" doc:"of the answer, where it was a refusal; the same request has a line before it"`
}

func auditEntry(e store.AuditEntry) AuditEntry {
	return AuditEntry{
		Position: e.Position, At: wire.At(e.At), Until: wire.At(e.Until), Actor: e.Actor, Action: e.Action, App: e.App, Grant: e.Grant, Object: e.Object,
		Address: e.Address, Count: e.Count, Status: e.Status,
	}
}

func (s staffRoutes) routeAudit() {
	door.Add(s.Door, huma.Operation{
		OperationID: "list-audit", Method: http.MethodGet, Path: "/v1/audit", Summary: "Read who did what",
		Description: "In its order, none skipped, for 400 days. What changes something has a line before it is done; reads and uses of tokens are " +
			"counted together for seconds. Pass the last position as after; next is that position while there are more. For keys without limits only.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		After  int64  `query:"after" minimum:"0" doc:"position of the last line that was seen"`
		Actor  string `query:"actor" maxLength:"100"`
		Action string `query:"action" maxLength:"100"`
		Grant  string `query:"grant" maxLength:"100"`
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	}) (*wire.Output[wire.List[AuditEntry]], error) {
		if len(key.Owners) > 0 || len(key.Apps) > 0 {
			return nil, problem.New(problem.Forbidden, "the audit is of everybody: it needs a key without limits to owners or apps")
		}
		f := store.AuditFilter{After: in.After, Actor: in.Actor, Action: in.Action, Grant: in.Grant, Limit: in.Limit + 1}
		rows, err := s.Store.AuditAfter(ctx, f)
		if err != nil {
			return nil, err
		}
		next := func(e store.AuditEntry) string { return strconv.FormatInt(e.Position, 10) }
		return wire.Answer(wire.PageOf(rows, in.Limit, auditEntry, next)), nil
	})
}
