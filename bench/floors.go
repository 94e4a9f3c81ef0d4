package bench

import (
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// bareHandler answers every request with one text.
func bareHandler(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = io.WriteString(w, text)
	})
}

// bareRelay is a reverse proxy to an address that does no more than sign: it puts a token on what it forwards.
func bareRelay(to string) http.Handler {
	target := &url.URL{Scheme: "http", Host: to}
	transport := &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256}
	return &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Set("Access-Token", "a.made.up")
	}}
}
