package answer

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// undecided are the 4xx statuses after which nobody knows whether the platform acted: a proxy gave up waiting, or two
// requests met.
var undecided = []int{http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, 499}

// Check sorts out the answer of a token address by its status and the outermost form of its body. refusal is what the
// driver read there as the platform's own no, nil if it found none. Check returns
//
//   - a *platform.Garbled where the outcome is unknown: a 5xx, a body that is cut off or is no JSON object, a 4xx in the
//     form of the application that does not say no;
//   - a *gk.Fault for a refusal: the given one; a redirect, which nobody followed; a 4xx page of the platform's edge, since
//     whoever was turned away in front of the application has spent nothing;
//   - nil for an object that can be read on.
func Check(app platform.App, asked platform.Asked, reply platform.Reply, refusal *gk.Fault) error {
	status := reply.Status
	switch {
	case status >= 500:
		return &platform.Garbled{Why: "HTTP status " + strconv.Itoa(status), Fault: refusal}
	case status >= 300 && status < 400:
		f := statusFault(app, asked, status)
		f.Action = gk.FixConfig // a token request never moves: an address in front of the platform is wrong
		return f
	case reply.Truncated:
		return &platform.Garbled{Why: "the answer is cut off", Fault: refusal}
	case refusal != nil && !(OfTheEdge(reply) && endsByLikeness(app, refusal)):
		return refusal
	case status == http.StatusTooManyRequests, OfTheEdge(reply):
		return turnedAway(app, asked, reply)
	case status >= 400 && platform.JSONObject(reply.Body) == nil:
		return garbled("the answer is not a JSON object, with HTTP status " + strconv.Itoa(status))
	case platform.JSONObject(reply.Body) == nil:
		return garbled("the answer is not a JSON object")
	case status >= 400:
		return garbled("HTTP status " + strconv.Itoa(status) + " without an error")
	}
	return nil
}

// OfTheEdge reports whether an answer is a 4xx of whatever stands in front of the platform's application: a page, plain
// words or nothing, where the application answers JSON.
func OfTheEdge(reply platform.Reply) bool {
	return reply.Status >= 400 && reply.Status < 500 && !slices.Contains(undecided, reply.Status) && !attemptsJSON(reply.Body)
}

// endsByLikeness reports whether a refusal that would end the token or the grant was read by a row about calls. In a page,
// or plain words, at a token address that is a likeness only: the "Forbidden" of a firewall is no missing scope.
func endsByLikeness(app platform.App, refusal *gk.Fault) bool {
	row := app.Spec().Catalogue.Row(refusal.Row)
	return row != nil && row.Stage == platform.StageCall && ends(refusal)
}

func ends(f *gk.Fault) bool {
	return f.Terminal || f.Action == gk.Reauthorize || f.Action == gk.Refresh
}

// turnedAway is the fault of a request that the platform's edge did not let through. Where the catalogue knows nothing of
// the status, trying again later is right: the app itself is not at fault for a block page of a minute.
func turnedAway(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	f := app.Spec().Catalogue.EdgeRefusal(asked.Stage, reply)
	if f == nil {
		f = statusFault(app, asked, reply.Status)
	}
	ours := f.Row == platform.RowEdgeRefused || f.Row == platform.RowFirewall
	if !f.Known || ours || ends(f) {
		f.Action, f.Terminal = gk.Backoff, false // a row about calls: at a token address a page says nothing of the grant
	}
	if !f.Known { // plain words or none: the edge's all the same
		f.Known, f.Row = true, platform.RowEdgeRefused
	}
	f.RetryAfter = RetryAfter(reply)
	return f
}

func statusFault(app platform.App, asked platform.Asked, status int) *gk.Fault {
	code := "http:" + strconv.Itoa(status)
	q := platform.Query{Stage: asked.Stage, Codes: []string{code}, Sent: asked.Sent}
	return app.Spec().Catalogue.Fault(q, code, status)
}

// attemptsJSON reports whether a body was meant as JSON: a damaged object is the application's, not the edge's.
func attemptsJSON(body []byte) bool {
	body = bytes.TrimSpace(body)
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}

// longestPause bounds Retry-After: a longer one is a mistake, and a grant that waits for a month is as good as lost.
const longestPause = 24 * time.Hour

// RetryAfter reads the header Retry-After, whole or broken seconds or a date; zero where it says nothing.
func RetryAfter(reply platform.Reply) time.Duration {
	value := reply.Header.Get("Retry-After")
	if n, err := strconv.ParseFloat(value, 64); err == nil && n >= 0 && n < 1<<31 {
		return min(time.Duration(n*float64(time.Second)), longestPause)
	}
	if at, err := http.ParseTime(value); err == nil && !reply.Received.IsZero() {
		return min(max(at.Sub(reply.Received), 0), longestPause)
	}
	return 0
}
