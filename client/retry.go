package client

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	idempotencyKey = "Idempotency-Key"
	mostTries      = 4
	longestWait    = 30 * time.Second // that the server may ask for between two tries
)

// patient sends a request, and again after the pause that the server asks for when it says 429 or 503 itself. What a
// platform says is passed on as it is: its limits are the server's business.
func patient(send func(*http.Request) (*http.Response, error), req *http.Request) (*http.Response, error) {
	for try := 1; ; try++ {
		res, err := send(req)
		if err != nil || try == mostTries || !repeatable(req, res) {
			return res, err
		}
		wait := pause(res)
		if wait > longestWait {
			return res, nil
		}
		_ = res.Body.Close() // it is not wanted
		if req, err = again(req); err != nil {
			return nil, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-req.Context().Done():
			timer.Stop()
			return nil, req.Context().Err()
		case <-timer.C:
		}
	}
}

// repeatable reports whether a request may be sent again after an answer: 429 says that nothing was done; after 503
// only what is harmless twice.
func repeatable(req *http.Request, res *http.Response) bool {
	if platforms(res) || req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return false
	}
	switch res.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusServiceUnavailable:
		return req.Method != http.MethodPost && req.Method != http.MethodPatch || req.Header.Get(idempotencyKey) != ""
	}
	return false
}

// platforms reports whether an answer is a platform's: those come sandboxed, and the server's own do not.
func platforms(res *http.Response) bool {
	return res.Header.Get("Content-Security-Policy") == "sandbox"
}

// pause is how long the server wants to be left alone: a second where it does not say.
func pause(res *http.Response) time.Duration {
	if s, err := strconv.Atoi(strings.TrimSpace(res.Header.Get("Retry-After"))); err == nil && s >= 0 {
		return time.Duration(s) * time.Second
	}
	return time.Second
}

// again makes the same request with its body from the start.
func again(req *http.Request) (*http.Request, error) {
	next := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		next.Body = body
	}
	return next, nil
}
