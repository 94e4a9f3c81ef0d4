package main

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store"
)

// pages puts the demo's own page before the product's handler. It answers to the demo's name only: whoever reaches it can
// act as anybody, and a page elsewhere could point its own name here.
func (d *demonstration) pages(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.show)
	same := http.NewCrossOriginProtection()
	mux.Handle("POST /demo/connect", same.Handler(http.HandlerFunc(d.connect)))
	mux.Handle("POST /demo/advance", same.Handler(http.HandlerFunc(d.advance)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !serves(d.server, r.Host) && !api.Probe(r) {
			misdirected(w)
			return
		}
		if _, pattern := mux.Handler(r); pattern == "" || strings.HasPrefix(r.URL.Path, "/proxy/") { // a mux cleans paths, which are signed as they come
			next.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

type demoApp struct{ ID, Platform string }

type demoJump struct{ By, Name string }

var demoJumps = []demoJump{{"1h", "+1 hour"}, {"24h", "+1 day"}, {"720h", "+30 days"}, {"8640h", "+360 days"}}

type demoGrant struct{ Platform, Name, State, Note, Ends, Next, Renewals string }

func (d *demonstration) show(w http.ResponseWriter, r *http.Request) {
	grants, err := d.store.Grants(r.Context(), gk.Engine(), store.GrantFilter{Limit: 200})
	if err != nil {
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		return
	}
	view := struct {
		Now    string
		Apps   []demoApp
		Grants []demoGrant
		Jumps  []demoJump
	}{Now: d.keeper.Now().Format("2006-01-02 15:04 UTC"), Jumps: demoJumps}
	for _, p := range all.Platforms() {
		spec := p.Driver.Spec()
		if id := d.apps[spec.Code]; id != "" {
			view.Apps = append(view.Apps, demoApp{id, spec.Facts.Names.En})
		}
	}
	for _, g := range grants {
		row := demoGrant{g.Platform, g.Subject.Name, string(g.State), "", day(g.Expires), day(g.DueAt), renewals(g.Generation)}
		if row.Name == "" {
			row.Name = g.Subject.String()
		}
		switch {
		case g.InDoubt():
			row.Note = "in doubt"
		case g.Fault != nil:
			row.Note = g.Fault.Code
		}
		view.Grants = append(view.Grants, row)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+demoStyleHash+"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	if err := demoTemplate.Execute(w, view); err != nil {
		return // the browser has gone
	}
}

func (d *demonstration) connect(w http.ResponseWriter, r *http.Request) {
	_, address, err := d.consent.Begin(r.Context(), gk.Engine(), consent.BeginInput{App: r.PostFormValue("app")})
	if err != nil {
		http.Error(w, "no such app", http.StatusNotFound)
		return
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
}

func (d *demonstration) advance(w http.ResponseWriter, r *http.Request) {
	by, err := time.ParseDuration(r.PostFormValue("by"))
	if err != nil || by <= 0 || by > 400*24*time.Hour {
		http.Error(w, "by is a duration such as 24h, at most 400 days", http.StatusBadRequest)
		return
	}
	if err := d.sims.Clock.Advance(r.Context(), by); err != nil {
		http.Error(w, "the clock did not arrive", http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02 15:04")
}

func renewals(n int64) string {
	if n <= 1 {
		return "not yet renewed"
	}
	return strconv.FormatInt(n-1, 10) + " × renewed"
}

// demoStyle is the page's one style sheet; the policy of the page allows it by its digest.
const demoStyle = `body{font:16px/1.55 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}
h1{font-size:1.6rem}h2{font-size:1.1rem;margin-top:2rem}form{display:inline}
button{font:inherit;padding:.5rem 1rem;margin:.2rem;border:1px solid #1f5fbf;border-radius:8px;background:#1f5fbf;color:#fff;cursor:pointer}
button.plain{background:#fff;color:#1f5fbf}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #d9dee5}
.wide{overflow-x:auto}.calm{color:#55606e}`

var demoStyleHash = func() string {
	sum := sha256.Sum256([]byte(demoStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

var demoTemplate = template.Must(template.New("demo").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Grantkeep demo</title><style>` + demoStyle + `</style></head>
<body>
<h1>Grantkeep demo</h1>
<p class="calm">Server, keeper and simulated platforms in one process. It is {{.Now}} here.</p>
<h2>1. Connect a shop</h2>
<p>{{range .Apps}}<form method="post" action="/demo/connect"><input type="hidden" name="app" value="{{.ID}}"><button>Connect a shop on {{.Platform}}</button></form>{{end}}</p>
<h2>2. See what was granted</h2>
{{if .Grants}}<div class="wide"><table><tr><th>Platform</th><th>Shop</th><th>State</th><th>Token ends</th><th>Next thing due</th><th>Renewals</th></tr>
{{range .Grants}}<tr><td>{{.Platform}}</td><td>{{.Name}}</td><td>{{.State}}{{with .Note}} ({{.}}){{end}}</td><td>{{.Ends}}</td><td>{{.Next}}</td><td>{{.Renewals}}</td></tr>{{end}}</table></div>
{{else}}<p class="calm">Nothing yet.</p>{{end}}
<h2>3. Move the time on</h2>
<p>{{range .Jumps}}<form method="post" action="/demo/advance"><input type="hidden" name="by" value="{{.By}}"><button class="plain">{{.Name}}</button></form>{{end}}</p>
<p class="calm">Whatever falls due on the way is done on the way. <a href="/docs">The API</a> tells the rest.</p>
</body>
</html>
`))
