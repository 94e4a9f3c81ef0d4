package main

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/connect"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform/all"
)

// faces are the addresses under which the server is reached: by merchants and platforms, by programs, by staff. On
// loopback one address may serve all; elsewhere no route of one answers on another.
type faces struct{ public, api string }

// handler puts the faces together, told apart by the Host that a request names.
func (f faces) handler(k *keeper.Keeper, in *installation, pushes http.Handler, log *slog.Logger) http.Handler {
	public := http.NewServeMux()
	public.Handle("/", connect.New(connect.Options{Keeper: k, PublicURL: f.public, Log: log}))
	public.Handle("/push/{app}", pushes)
	programs := api.New(api.Options{Keeper: k, Store: in.store, Drivers: all.Drivers(), APIURL: f.api, Version: version, Log: log})
	if hostOf(f.public) == hostOf(f.api) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if merchant(r.URL.Path) {
				public.ServeHTTP(w, r)
				return
			}
			programs.ServeHTTP(w, r)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.EqualFold(r.Host, hostOf(f.public)):
			public.ServeHTTP(w, r)
		case strings.EqualFold(r.Host, hostOf(f.api)):
			programs.ServeHTTP(w, r)
		default:
			http.Error(w, "this server has no such host", http.StatusMisdirectedRequest)
		}
	})
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
