package door

import (
	gk "github.com/grantkeep/grantkeep"
)

// noKey marks the routes that anybody may use: they tell nothing of anybody.
const noKey gk.Scope = ""

// Scopes is the one place that says what each route needs. A route that is not here cannot be registered, and a line
// here that no route uses fails a test.
var Scopes = map[string]gk.Scope{
	"GET /healthz":             noKey,
	"GET /readyz":              noKey,
	"GET /openapi.json":        noKey,
	"GET /docs":                noKey,
	"GET /problems":            noKey,
	"GET /problems/{name}":     noKey,
	"GET /schemas/events.json": noKey,
	"GET /metrics":             gk.ScopeRead,

	"GET /v1/platforms":     gk.ScopeRead,
	"GET /v1/explain":       gk.ScopeRead,
	"POST /v1/explain":      gk.ScopeRead,
	"GET /v1/events":        gk.ScopeRead,
	"GET /v1/events/stream": gk.ScopeRead,

	"GET /v1/webhooks":                          gk.ScopeManage,
	"POST /v1/webhooks":                         gk.ScopeManage,
	"GET /v1/webhooks/{id}":                     gk.ScopeManage,
	"PATCH /v1/webhooks/{id}":                   gk.ScopeManage,
	"DELETE /v1/webhooks/{id}":                  gk.ScopeManage,
	"POST /v1/webhooks/{id}/rotate":             gk.ScopeManage,
	"POST /v1/webhooks/{id}/test":               gk.ScopeManage,
	"GET /v1/webhooks/{id}/deliveries":          gk.ScopeManage,
	"POST /v1/webhooks/{id}/deliveries/{event}": gk.ScopeManage,
	"POST /v1/webhooks/{id}/replay":             gk.ScopeManage,

	"GET /v1/alarms":            gk.ScopeManage,
	"POST /v1/alarms":           gk.ScopeManage,
	"GET /v1/alarms/{id}":       gk.ScopeManage,
	"PATCH /v1/alarms/{id}":     gk.ScopeManage,
	"DELETE /v1/alarms/{id}":    gk.ScopeManage,
	"POST /v1/alarms/{id}/test": gk.ScopeManage,

	"GET /v1/apps":                  gk.ScopeRead,
	"GET /v1/apps/{id}":             gk.ScopeRead,
	"POST /v1/apps":                 gk.ScopeManage,
	"PATCH /v1/apps/{id}":           gk.ScopeManage,
	"DELETE /v1/apps/{id}":          gk.ScopeManage,
	"POST /v1/apps/{id}/check":      gk.ScopeManage,
	"POST /v1/apps/{id}/stop":       gk.ScopeManage,
	"POST /v1/apps/{id}/start":      gk.ScopeManage,
	"POST /v1/apps/{id}/call":       gk.ScopeAppCall,
	"POST /v1/apps/{id}/grants":     gk.ScopeManage,
	"POST /v1/apps/{id}/return-key": gk.ScopeManage,
	"POST /v1/apps/{id}/recover":    gk.ScopeManage,

	"GET /v1/authorizations":               gk.ScopeRead,
	"GET /v1/authorizations/{id}":          gk.ScopeRead,
	"POST /v1/authorizations":              gk.ScopeLink,
	"POST /v1/authorizations/{id}/confirm": gk.ScopeLink,
	"POST /v1/authorizations/{id}/place":   gk.ScopeManage,

	"GET /v1/summary":              gk.ScopeRead,
	"GET /v1/grants":               gk.ScopeRead,
	"GET /v1/grants/{id}":          gk.ScopeRead,
	"GET /v1/grants/{id}/history":  gk.ScopeRead,
	"PATCH /v1/grants/{id}":        gk.ScopeManage,
	"DELETE /v1/grants/{id}":       gk.ScopeManage,
	"POST /v1/grants/{id}/confirm": gk.ScopeManage,
	"GET /v1/grants/{id}/token":    gk.ScopeToken,
	"GET /v1/token":                gk.ScopeToken,
	"POST /v1/grants/{id}/refresh": gk.ScopeToken,
	"POST /v1/grants/{id}/link":    gk.ScopeLink,
	"POST /v1/grants/import":       gk.ScopeManage,
	"GET /v1/grants/export":        gk.ScopeExport,

	// The answer of sign holds a token: its handler wants that scope too.
	"POST /v1/grants/{id}/sign":    gk.ScopeCall,
	"POST /v1/grants/{id}/call":    gk.ScopeCall,
	"GET /proxy/{grant}/{rest}":    gk.ScopeCall,
	"POST /proxy/{grant}/{rest}":   gk.ScopeCall,
	"PUT /proxy/{grant}/{rest}":    gk.ScopeCall,
	"PATCH /proxy/{grant}/{rest}":  gk.ScopeCall,
	"DELETE /proxy/{grant}/{rest}": gk.ScopeCall,

	"GET /v1/keys":         gk.ScopeAdmin,
	"POST /v1/keys":        gk.ScopeAdmin,
	"DELETE /v1/keys/{id}": gk.ScopeAdmin,

	"POST /v1/keyring/rotate": gk.ScopeAdmin,
	"POST /v1/keyring/retire": gk.ScopeAdmin,
	"GET /v1/keyring":         gk.ScopeAdmin,

	"GET /v1/checks": gk.ScopeManage,

	"GET /v1/audit":                gk.ScopeAdmin,
	"GET /v1/users":                gk.ScopeAdmin,
	"POST /v1/users":               gk.ScopeAdmin,
	"POST /v1/users/{id}/password": gk.ScopeAdmin,
	"DELETE /v1/users/{id}":        gk.ScopeAdmin,
}

// Paths lists the prefixes of everything that the API answers, for a mux on which it shares an address with other faces.
func Paths() []string {
	return []string{"/v1/", "/proxy/", "/problems", "/problems/", "/schemas/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"}
}
