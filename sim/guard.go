package sim

import (
	"crypto/sha256"
	"crypto/subtle"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/grantkeep/grantkeep"
)

// guarded lets only those in who mean this machine. The name in Host must be a loopback one, or the address listened on:
// a foreign name that resolves to this machine (DNS rebinding) is refused, and so is a form that a foreign page sends.
func guarded(listen string, next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := hostname(r.Host); !isLoopback(name) && name != listen {
			http.Error(w, "this simulator answers to loopback names only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guardedControl refuses what a page in a browser could send, even to read, and what is not JSON.
func guardedControl(listen string, next http.Handler) http.Handler {
	return guarded(listen, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site := r.Header.Get("Sec-Fetch-Site")
		if site != "" && site != "same-origin" && site != "none" || r.Header.Get("Origin") != "" && site != "same-origin" {
			http.Error(w, "control calls come from no other site", http.StatusForbidden)
			return
		}
		if r.Method == http.MethodPost {
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
				http.Error(w, "control calls take application/json", http.StatusUnsupportedMediaType)
				return
			}
		}
		next.ServeHTTP(w, r)
	}))
}

// withToken lets in who brings the token, if there is one.
func withToken(token grantkeep.Secret, next http.Handler) http.Handler {
	if token.Empty() {
		return next
	}
	want := sha256.Sum256([]byte("Bearer " + token.Reveal()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "control calls need the token of --token-file, as Authorization: Bearer", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostname returns the name in a Host header, in lower case and without port and brackets.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// isLoopback reports whether a name means this machine: localhost, names below it, and loopback addresses.
func isLoopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}
