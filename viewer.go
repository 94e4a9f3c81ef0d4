package grantkeep

import (
	"slices"
	"time"
)

// Scope is what an API key may do.
type Scope string

// The eight scopes.
const (
	ScopeRead    Scope = "read"
	ScopeToken   Scope = "token"
	ScopeCall    Scope = "call"
	ScopeAppCall Scope = "app_call"
	ScopeLink    Scope = "link"
	ScopeManage  Scope = "manage"
	ScopeExport  Scope = "export"
	ScopeAdmin   Scope = "admin"
)

// Scopes lists the eight.
func Scopes() []Scope {
	return []Scope{ScopeRead, ScopeToken, ScopeCall, ScopeAppCall, ScopeLink, ScopeManage, ScopeExport, ScopeAdmin}
}

// Viewer is who is asking. Empty Owners or Apps mean no limit there. The zero Viewer has no scope and sees nothing.
// What a viewer may not see does not exist for them.
type Viewer struct {
	Key    string // id of the API key, of the login, or "engine"
	Scopes []Scope
	Owners []string
	Apps   []string
}

// Engine is the engine itself, acting on nobody's behalf: it sees everything. Only the keeper and cmd may use it.
func Engine() Viewer { return Viewer{Key: "engine", Scopes: Scopes()} }

// May reports whether the viewer has a scope.
func (v Viewer) May(s Scope) bool { return slices.Contains(v.Scopes, s) }

// SeesApp reports whether the viewer's limits allow an app.
func (v Viewer) SeesApp(app string) bool {
	return len(v.Scopes) > 0 && (len(v.Apps) == 0 || slices.Contains(v.Apps, app))
}

// SeesOwner reports whether the viewer's limits allow what belongs to an owner. Nobody's belongs to viewers without
// an owner limit only.
func (v Viewer) SeesOwner(owner string) bool {
	return len(v.Scopes) > 0 && (len(v.Owners) == 0 || owner != "" && slices.Contains(v.Owners, owner))
}

// SeesGrant reports whether a grant exists for the viewer.
func (v Viewer) SeesGrant(g *Grant) bool { return v.SeesApp(g.App) && v.SeesOwner(g.Owner) }

// Key is an API key as stored: the text itself is known to its holder only.
type Key struct {
	ID        string
	Hash      []byte // SHA-256 of the text
	Name      string
	Scopes    []Scope
	Owners    []string
	Apps      []string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time
}

// Viewer returns who the key's holder is.
func (k Key) Viewer() Viewer {
	return Viewer{Key: k.ID, Scopes: k.Scopes, Owners: k.Owners, Apps: k.Apps}
}
