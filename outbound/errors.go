package outbound

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

var (
	// ErrNotSent means that nothing of the request was written to a connection: it was surely not acted upon.
	ErrNotSent = errors.New("not sent")
	// ErrForbidden means that a rule refused the request: its host, its scheme or the address it led to. It wraps ErrNotSent.
	ErrForbidden = fmt.Errorf("forbidden, %w", ErrNotSent)
	// ErrNoAnswer means that something of the request was written and no complete answer came: whether it was acted upon is
	// unknown.
	ErrNoAnswer = errors.New("no answer")
)

// Error is every error of a Gate. It names no path, no query and no body, since tokens travel in all of them, and wraps
// nothing that does.
type Error struct {
	Kind   error  // ErrNotSent, ErrForbidden or ErrNoAnswer
	Method string // GET, POST …
	Host   string // host[:port] as in the address
	Class  string // a few words on the cause, "connection reset", "time-out after 60s"
}

// Error returns method, host, kind and class.
func (e *Error) Error() string {
	return fmt.Sprintf("%s %s: %s: %s", e.Method, e.Host, e.Kind, e.Class)
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// classed is a failure that was understood where it happened: its class, and nothing of its cause.
type classed string

// Error returns the class.
func (c classed) Error() string { return string(c) }

const (
	// errAddress ends a dial to an address that a rule refuses.
	errAddress classed = "the address is not public"
	// errRepeated keeps the transport from sending a request a second time.
	errRepeated classed = "connection lost"
	// errProtocol refuses an answer that turns the connection into something else.
	errProtocol classed = "another protocol"
	// errClosed refuses requests after Close.
	errClosed classed = "the gate is closed"
)

// classOf says in a few words what went wrong, without quoting the error: the texts of net/http and of the resolver contain
// names, addresses and bytes of the answer.
func classOf(err error) string {
	var known classed
	var dns *net.DNSError
	switch {
	case errors.As(err, &known):
		return string(known)
	case errors.As(err, &dns) && dns.IsNotFound:
		return "name not found"
	case errors.As(err, &dns):
		return "name not resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "host unreachable"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
		return "connection closed"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "time-out"
	case errors.Is(err, context.Canceled): // Only the exchange cancels what neither end of time explains.
		return string(errRepeated)
	case isGzip(err):
		return "malformed gzip"
	}
	return classOfText(err.Error())
}

// isGzip reports whether a compressed body was not what it said.
func isGzip(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}

// classOfText knows those errors of net/http that have no exported type. The class is for people and metrics only; nothing
// is decided by it.
func classOfText(text string) string {
	for _, known := range []struct{ mark, class string }{
		{"server closed idle connection", "connection closed"},
		{"response headers exceeded", "headers too long"},
		{"malformed", "malformed answer"},
		{"net/http: invalid", "malformed request"},
		{"with Body length", "malformed request"},
	} {
		if strings.Contains(text, known.mark) {
			return known.class
		}
	}
	return "network"
}

// classOfTLS says why a handshake failed.
func classOfTLS(err error) string {
	var otherHost x509.HostnameError
	var invalid x509.CertificateInvalidError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var remote *net.OpError
	switch {
	case errors.As(err, &otherHost):
		return "TLS: certificate of another host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "TLS: certificate not valid at this time"
	case errors.As(err, &certificate):
		return "TLS: certificate not trusted"
	case errors.As(err, &record):
		return "TLS: the server does not speak it"
	case errors.As(err, &remote) && remote.Op == "remote error": // The server sent an alert.
		return "TLS: refused by the server"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "TLS: connection closed"
	}
	return "TLS"
}
