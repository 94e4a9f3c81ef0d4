package sim

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"time"
)

// mostBody is the longest request that a simulator reads.
const mostBody = 16 << 20

// Handler returns the platform as clients reach it: the simulator with its log and the faults on demand.
func (k *Kit) Handler(sim Simulator) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
		if err != nil {
			http.Error(w, "request body: "+err.Error(), http.StatusBadRequest)
			return
		}
		answer, fault := k.handle(sim, r, body)
		switch {
		case fault == nil:
		case fault.Name == CutBefore || fault.Name == CutAfter:
			panic(http.ErrAbortHandler) // net/http closes the connection without an answer
		case fault.Name == Slow:
			k.wait(r)
		}
		answer.send(w)
	})
}

// wait is over early when the client has gone.
func (k *Kit) wait(r *http.Request) {
	var late time.Duration
	k.Do(func() { late = k.slow() })
	timer := time.NewTimer(late)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// handle does what a request asks for and returns the answer, and the fault that the request met.
func (k *Kit) handle(sim Simulator, r *http.Request, body []byte) (*answer, *Fault) {
	release := k.Clock.Hold()
	defer release()
	k.mu.Lock()
	defer k.mu.Unlock()

	r.Body = io.NopCloser(bytes.NewReader(body))
	id := sim.Identify(r)
	r = rewound(r, body)
	call := &Call{At: k.Now(), Method: r.Method, Path: r.URL.Path, Stage: id.Stage, App: id.App, Subject: id.Subject}
	k.Calls.add(call)
	r = withCall(r, call)

	a := &answer{header: http.Header{}}
	fault, row := k.Faults.take(r.URL.Path, id)
	switch {
	case fault == nil || fault.Name == CutAfter || fault.Name == Slow:
		sim.ServeHTTP(a, r)
		if a.status == http.StatusNotFound && r.Method == http.MethodGet && r.URL.Path == "/" && r.URL.RawQuery == "" {
			*a = answer{header: http.Header{}}
			k.Show(a, r, k.home())
		}
	case fault.Name == CutBefore:
	case fault.Name == Garbage:
		a.header.Set("Content-Type", "application/json")
		_, _ = io.WriteString(a, "{\"access_token\": \x00\xff<html><body>half an ans")
	case fault.status != 0:
		http.Error(a, http.StatusText(fault.status), fault.status)
	default:
		sim.Say(a, r, row)
	}
	if fault != nil && fault.Name != CutAfter && fault.Name != Slow {
		call.Refuse("fault on demand: %s", fault.Name)
	}
	if call.Decision == "" {
		a.judge(call)
	}
	return a, fault
}

// rewound gives a handler the request as it came, whatever Identify has read or parsed of it.
func rewound(r *http.Request, body []byte) *http.Request {
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.Form, r.PostForm, r.MultipartForm = nil, nil, nil
	return r
}

// answer keeps what a handler writes until the request is dealt with.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// judge fills in the decision of a handler that has not told.
func (a *answer) judge(call *Call) {
	if a.status < http.StatusBadRequest {
		call.Accept("")
		return
	}
	call.Refuse("HTTP %d", a.status)
}

func (a *answer) send(w http.ResponseWriter) {
	a.WriteHeader(http.StatusOK)
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	w.Write(a.body.Bytes()) // an error means that the client has gone: nobody is left to tell
}
