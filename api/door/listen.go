package door

import (
	"bytes"
	"log"
	"log/slog"
	"net/http"
	"time"
)

// NewServer returns a server with the limits that hold for every face: what a slow, endless or enormous request may take
// from us. Answers have no limit of their own, since a forwarded call may last; the handlers bound them.
func NewServer(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          log.New(serverLog{logger}, "", 0),
	}
}

// serverLog passes on what net/http has to say, one line each. Of a panic it keeps the fact alone: the value may hold
// a secret, and the faces have logged where it happened.
type serverLog struct{ log *slog.Logger }

// Write logs one message.
func (l serverLog) Write(p []byte) (int, error) {
	line, _, _ := bytes.Cut(p, []byte("\n"))
	if bytes.HasPrefix(line, []byte("http: panic serving")) {
		line = []byte("http: panic serving a request")
	}
	l.log.Warn("server", "message", string(line[:min(len(line), 200)]))
	return len(p), nil
}
