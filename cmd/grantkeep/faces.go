package main

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/connect"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/console"
	"github.com/grantkeep/grantkeep/keeper"
)

// faces are the addresses under which the server is reached: by merchants and platforms, by programs, by staff. On
// loopback one address may serve all; elsewhere no route of one answers on another.
type faces struct{ public, api, console string }

// consoleBase is the path of the console where it shares its address with another face.
const consoleBase = "/console"

// ownConsole reports whether the console has an address of its own.
func (f faces) ownConsole() bool {
	return hostOf(f.console) != hostOf(f.public) && hostOf(f.console) != hostOf(f.api)
}

// staff makes the handler of the console.
func (f faces) staff(k *keeper.Keeper, flow *consent.Flow, in *installation, demo console.Demo, log *slog.Logger) http.Handler {
	if k.Frozen() {
		return api.Frozen() // a login is a change, too
	}
	o := console.Options{
		Keeper: k, Consent: flow, Store: in.store, Drivers: in.platforms(), URL: f.console, Base: consoleBase, Version: version, Log: log, Demo: demo,
		NewKey: func() (gk.Secret, []byte) {
			key := api.NewKey()
			return key, api.HashKey(key)
		},
	}
	if f.ownConsole() {
		o.Base = ""
	}
	return console.New(o)
}

// consolePath reports whether a path belongs to the console where it shares its address.
func consolePath(path string) bool {
	return path == consoleBase || strings.HasPrefix(path, consoleBase+"/") || path == "/login" || strings.HasPrefix(path, "/login/")
}

// handler puts the faces together, told apart by the Host that a request names. A host that is none of them gets 421,
// whatever it asks for.
func (f faces) handler(k *keeper.Keeper, flow *consent.Flow, in *installation, pushes http.Handler, demo console.Demo, log *slog.Logger) http.Handler {
	public := http.NewServeMux()
	if k.Frozen() {
		public.Handle("/", api.Frozen())
	} else {
		public.Handle("/", connect.New(connect.Options{Keeper: k, Consent: flow, PublicURL: f.public, Log: log}))
		public.Handle("/push/{app}", pushes)
	}
	programs := api.New(api.Options{
		Keeper: k, Consent: flow, Store: in.store, Drivers: in.platforms(), APIURL: f.api, Version: version, Log: log, Metrics: in.metrics, Uses: in.uses,
		News: in.news, Stopping: in.stopping,
	})
	staff, own := f.staff(k, flow, in, demo, log), f.ownConsole()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		toPublic, toAPI, toConsole := serves(f.public, r.Host), serves(f.api, r.Host), serves(f.console, r.Host)
		if own && toConsole && (toPublic || toAPI) { // several ports of loopback
			toConsole = r.Host == hostOf(f.console)
		}
		if toPublic && toAPI && hostOf(f.public) != hostOf(f.api) { // two ports of loopback
			toPublic, toAPI = r.Host == hostOf(f.public), r.Host == hostOf(f.api)
		}
		switch {
		case api.Probe(r):
			programs.ServeHTTP(w, r)
		case toConsole && (own || consolePath(r.URL.Path)):
			staff.ServeHTTP(w, r)
		case toPublic && (!toAPI || merchant(r.URL.Path)):
			public.ServeHTTP(w, r)
		case toAPI:
			programs.ServeHTTP(w, r)
		default:
			misdirected(w)
		}
	})
}

func serves(address, host string) bool {
	u, err := url.Parse(address)
	return err == nil && api.Serves(u, host)
}

// misdirected answers a request for a host that is not ours. It repeats nothing of the request.
func misdirected(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, "this server has no such host", http.StatusMisdirectedRequest)
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

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
