package gateway

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// bodyMost is the longest body that is kept, to be signed and, if need be, sent again.
const bodyMost = 16 << 20

// Proxy sends a request as a call of a grant. rest is the part of the escaped path behind the grant, without the slash
// before it: the path on platforms with paths, the operation on others, whose params are the body. It returns what
// [Gateway.Call] returns.
func (g *Gateway) Proxy(w http.ResponseWriter, r *http.Request, v gk.Viewer, grant, rest string) error {
	use, _, err := g.keeper.Use(r.Context(), v, grant, wanted)
	if err != nil {
		return err
	}
	facts := use.Driver.Spec().Facts
	call, err := read(facts, r, rest)
	if err != nil {
		return err
	}
	if err := check(use, call); err != nil {
		return err // before the body is read
	}
	body, up, err := g.body(w, r, facts.StreamBody)
	if err != nil {
		return err
	}
	defer body.free()
	if up == nil && facts.Style == "operation" {
		call.Params = body.bytes
	} else if up == nil {
		call.Body = body.bytes
	}
	return g.forward(r.Context(), w, v, use, call, up)
}

// read turns a request into a call without its body. Headers that may not be passed on are left out, except those with
// which a caller tries to speak for somebody, which are refused.
func read(f *platform.Facts, r *http.Request, rest string) (platform.Call, error) {
	if err := plain(r.Header); err != nil {
		return platform.Call{}, err
	}
	for name := range r.Header {
		if !strings.EqualFold(name, "Authorization") && f.Reserved.Has(name) && !strings.EqualFold(name, "Cookie") {
			return platform.Call{}, &platform.BadCall{Field: "headers", Why: "names what only we may set (an identifier, token, time or signature); leave it out"}
		}
	}
	if f.Style == "operation" {
		return readOperation(r, rest)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return platform.Call{}, &platform.BadCall{Field: "query", Why: "cannot be read; encode it, and separate with &"}
	}
	return platform.Call{Method: r.Method, Path: "/" + rest, Query: query, Header: passable(r.Header)}, nil
}

func readOperation(r *http.Request, rest string) (platform.Call, error) {
	if r.Method != http.MethodPost {
		return platform.Call{}, &platform.BadCall{Field: "method", Why: "must be POST, with the params as a JSON object"}
	}
	if r.URL.RawQuery != "" {
		return platform.Call{}, &platform.BadCall{Field: "query", Why: "has no place here; params belong in the body"}
	}
	return platform.Call{Operation: rest}, nil
}

// plain refuses a request that wants another protocol than one request and one answer.
func plain(h http.Header) error {
	if len(h["Upgrade"]) > 0 || contains(strings.Join(h["Connection"], ","), "Upgrade") {
		return &platform.BadCall{Field: "headers", Why: "ask for another protocol, which is not passed on"}
	}
	for _, te := range h["Te"] {
		if !strings.EqualFold(strings.TrimSpace(te), "trailers") {
			return &platform.BadCall{Field: "headers", Why: "hold TE, which belongs to the connection; leave it out"}
		}
	}
	return nil
}

// body reads the body of a request. One that is too long to be kept goes by once where the platform lets it; what was read
// of it stays in memory until then.
func (g *Gateway) body(w http.ResponseWriter, r *http.Request, stream bool) (*kept, *upload, error) {
	rc := http.NewResponseController(w)
	most := int64(bodyMost)
	if stream {
		most = streamsFrom
	}
	if r.ContentLength > most && !stream {
		return nil, nil, ErrTooLarge
	}
	if r.ContentLength > most {
		return &kept{from: g.bodies}, &upload{paced{r.Body, rc, g.idle}, r.ContentLength}, nil
	}
	_ = rc.SetReadDeadline(time.Now().Add(g.idle)) // a recorder in a test has none
	body, err := g.bodies.read(r.Body, r.ContentLength, most+1, 1)
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return nil, nil, ErrTooSlow
	case errors.Is(err, ErrCrowded):
		return nil, nil, err
	case err != nil:
		return nil, nil, &platform.BadCall{Field: "body", Why: "broke off"}
	case int64(len(body.bytes)) <= most:
		_ = rc.SetReadDeadline(time.Time{}) // else it would end a call that lasts
		return body, nil, nil
	case !stream:
		body.free()
		return nil, nil, ErrTooLarge
	}
	rest := struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body.bytes), paced{r.Body, rc, g.idle}), r.Body}
	return body, &upload{rest, r.ContentLength}, nil
}

// paced is a body that may stand still for a while, but not for ever.
type paced struct {
	io.ReadCloser
	rc   *http.ResponseController
	idle time.Duration
}

// Read reads the body.
func (p paced) Read(b []byte) (int, error) {
	_ = p.rc.SetReadDeadline(time.Now().Add(p.idle)) // a recorder in a test has none
	n, err := p.ReadCloser.Read(b)
	if err != nil {
		_ = p.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}
