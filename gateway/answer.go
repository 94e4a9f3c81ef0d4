package gateway

import (
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// dropped are the headers of an answer that are not passed on: those of one connection, and those with which a platform
// would speak to a browser in our name.
var dropped = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true, "Proxy-Connection": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
	"Set-Cookie": true, "Set-Cookie2": true, "Alt-Svc": true, "Clear-Site-Data": true, "Strict-Transport-Security": true,
	"Public-Key-Pins": true, "Expect-Ct": true, "Nel": true, "Report-To": true, "Reporting-Endpoints": true, "Refresh": true,
	"Service-Worker-Allowed": true, "Content-Security-Policy-Report-Only": true, "Timing-Allow-Origin": true,
}

// drops reports whether a header of an answer is not passed on: by the list, by its family, or because it is one of the
// platform's own credentials.
func drops(f *platform.Facts, name string) bool {
	name = http.CanonicalHeaderKey(name)
	return dropped[name] || strings.HasPrefix(name, "Access-Control-") || strings.HasPrefix(name, "Grantkeep-") || f.Reserved.Has(name)
}

// buffers hold what is on its way from a platform to a caller.
var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// pass writes an answer to the caller as it comes: a body of unknown length piece by piece, trailers after it.
func (g *Gateway) pass(w http.ResponseWriter, o *outcome) error {
	facts := o.use.Driver.Spec().Facts
	h, hide := w.Header(), newMask(o.use)
	copyHeader(h, o.resp.Header, facts)
	hide.header(h)
	o.body = &masked{mask: hide, body: o.body}
	h.Del("Content-Length")
	bodiless := o.resp.StatusCode == http.StatusNoContent || o.resp.StatusCode == http.StatusNotModified
	if o.size >= 0 && !bodiless && len(o.resp.Trailer) == 0 { // trailers need chunks
		h.Set("Content-Length", strconv.FormatInt(o.size, 10))
	}
	for name := range o.resp.Trailer {
		if !drops(facts, name) {
			h.Add("Trailer", name)
		}
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox")
	h.Set("Cache-Control", "no-store")
	if o.fault != nil {
		line, err := faultLine(explain.Describe(o.use.Driver, o.use.App, o.fault))
		if err != nil {
			return err
		}
		h.Set("Grantkeep-Fault", hide.text(line))
	}
	if o.later > 0 && h.Get("Retry-After") == "" {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(o.later.Seconds()))))
	}
	w.WriteHeader(o.resp.StatusCode)
	g.copyBody(w, o)
	hide.header(o.resp.Trailer)
	for name, values := range o.resp.Trailer {
		if !drops(facts, name) {
			h[http.TrailerPrefix+name] = values
		}
	}
	return nil
}

func copyHeader(to, from http.Header, f *platform.Facts) {
	named := strings.Join(from["Connection"], ",")
	for name, values := range from {
		if !drops(f, name) && !contains(named, name) {
			to[name] = values
		}
	}
}

// contains reports whether a list separated by commas has a name.
func contains(list, name string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(part), name) {
			return true
		}
	}
	return false
}

// copyBody passes the body on. When the platform breaks off, so must we: a caller could not tell a cut answer from a whole
// one otherwise.
func (g *Gateway) copyBody(w http.ResponseWriter, o *outcome) {
	rc := http.NewResponseController(w)
	piecemeal := o.size < 0
	buf := buffers.Get().(*[32 << 10]byte) //nolint:forcetypeassert // the pool holds nothing else
	defer buffers.Put(buf)
	for {
		n, err := o.body.Read(buf[:])
		if n > 0 {
			_ = rc.SetWriteDeadline(time.Now().Add(g.idle)) // a recorder in a test has none
			if _, werr := w.Write(buf[:n]); werr != nil {
				return // the caller has left
			}
			if piecemeal && rc.Flush() != nil {
				return
			}
		}
		if errors.Is(err, io.EOF) {
			_ = rc.SetWriteDeadline(time.Time{})
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
