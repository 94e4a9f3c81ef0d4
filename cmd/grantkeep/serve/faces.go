package serve

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/connect"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/console"
	"github.com/grantkeep/grantkeep/keeper"
)

// Faces are the addresses under which the server is reached: by merchants and platforms, by programs, by staff. On
// loopback one address may serve all; elsewhere no route of one answers on another.
type Faces struct{ Public, API, Console string }

// ConsoleBase is the path of the console where it shares its address with another face.
const ConsoleBase = "/console"

// ownConsole reports whether the console has an address of its own.
func (f Faces) ownConsole() bool {
	return shell.Host(f.Console) != shell.Host(f.Public) && shell.Host(f.Console) != shell.Host(f.API)
}

// Desk is where the pages of the console begin: behind its base, where it shares its address.
func (f Faces) Desk() string {
	if f.ownConsole() {
		return f.Console
	}
	return f.Console + ConsoleBase
}

// staff makes the handler of the console.
func (f Faces) staff(k *keeper.Keeper, flow *consent.Flow, in *Installation, demo console.Demo, log *slog.Logger) http.Handler {
	if k.Frozen() {
		return api.Frozen() // a login is a change, too
	}
	o := console.Options{
		Keeper: k, Consent: flow, Store: in.Store, Drivers: in.platforms(), URL: f.Console, Base: ConsoleBase, Version: shell.Version, Log: log, Demo: demo,
		News: in.News, APIURL: f.API, Stopping: in.Stopping, Provider: in.staff,
		NewKey: func() (gk.Secret, []byte) {
			key := door.NewKey()
			return key, door.HashKey(key)
		},
	}
	if f.ownConsole() {
		o.Base = ""
	}
	return console.New(o)
}

// consolePath reports whether a path belongs to the console where it shares its address.
func consolePath(path string) bool {
	return path == ConsoleBase || strings.HasPrefix(path, ConsoleBase+"/") || path == "/login" || strings.HasPrefix(path, "/login/")
}

// Handler puts the faces together, told apart by the Host that a request names. A host that is none of them gets 421,
// whatever it asks for.
func (f Faces) Handler(k *keeper.Keeper, flow *consent.Flow, in *Installation, pushes http.Handler, demo console.Demo, log *slog.Logger) http.Handler {
	public := http.NewServeMux()
	if k.Frozen() {
		public.Handle("/", api.Frozen())
	} else {
		public.Handle("/", connect.New(connect.Options{Keeper: k, Consent: flow, PublicURL: f.Public, Log: log}))
		public.Handle("/push/{app}", pushes)
	}
	programs := api.New(api.Options{
		Keeper: k, Consent: flow, Store: in.Store, Drivers: in.platforms(), APIURL: f.API, Version: shell.Version, Log: log, Metrics: in.metrics, Uses: in.Uses,
		News: in.News, Stopping: in.Stopping,
	})
	staff, own := f.staff(k, flow, in, demo, log), f.ownConsole()
	var last atomic.Pointer[named] // nearly every request names the host that the one before named
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := last.Load()
		if to == nil || to.host != r.Host {
			to = f.named(r.Host)
			last.Store(to)
		}
		switch {
		case door.Probe(r):
			programs.ServeHTTP(w, r)
		case r.URL.Path == "/favicon.ico" && r.Method == http.MethodGet && (to.public || to.api || to.console):
			icon(w)
		case to.console && (own || consolePath(r.URL.Path)):
			staff.ServeHTTP(w, r)
		case to.public && (!to.api || merchant(r.URL.Path)):
			public.ServeHTTP(w, r)
		case to.api:
			programs.ServeHTTP(w, r)
		default:
			Misdirected(w)
		}
	})
}

// named says which faces a Host header names.
type named struct {
	host                 string
	public, api, console bool
}

func (f Faces) named(host string) *named {
	to := &named{host: host, public: Serves(f.Public, host), api: Serves(f.API, host), console: Serves(f.Console, host)}
	if f.ownConsole() && to.console && (to.public || to.api) { // several ports of loopback
		to.console = host == shell.Host(f.Console)
	}
	if to.public && to.api && shell.Host(f.Public) != shell.Host(f.API) { // two ports of loopback
		to.public, to.api = host == shell.Host(f.Public), host == shell.Host(f.API)
	}
	return to
}

func Serves(address, host string) bool {
	u, err := url.Parse(address)
	return err == nil && door.Serves(u, host)
}

// Misdirected answers a request for a host that is not ours. It repeats nothing of the request.
func Misdirected(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, "this server has no such host", http.StatusMisdirectedRequest)
}

// icon answers a browser that asks by itself for the sign of the address.
func icon(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "max-age=86400")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3445cf"/>`+ // the browser may be gone
		`<path d="M9 15.500 14.500 21 23.500 11" fill="none" stroke="#fff" stroke-width="3.500" stroke-linecap="round" stroke-linejoin="round"/></svg>`)
}

// merchant reports whether a path belongs to the face of merchants and platforms.
func merchant(path string) bool {
	for _, p := range []string{"/connect/", "/callback/", "/install/", "/push/"} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}
