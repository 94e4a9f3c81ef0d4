package platformtest

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// everyRowIsReadBack asks the simulator for each row of the catalogue, at the request of the row's stage, and compares
// what the driver reads with the row.
func everyRowIsReadBack(t *testing.T, w *world) {
	catalogue := w.d.Spec().Catalogue
	cred, cb := w.grant(w.shops[1]), w.callback(w.shops[1])
	var said, ours, shown, skipped int
	for _, row := range catalogue.Rows() {
		if row.Local() || row.Stage == platform.StagePush {
			ours++
			continue
		}
		if _, unsaid := w.s.Unsaid[row.ID]; unsaid || hiddenBehind(catalogue, row) {
			skipped++
			continue
		}
		f, outcome := w.sayRow(row, cred, cb)
		switch outcome {
		case notAsked:
			skipped++
		case onAPage:
			shown++
		case answered:
			said++
			if f == nil || f.Row != row.ID || f.Action != row.Action || f.Terminal != row.Terminal {
				t.Errorf("row %s is read back as %+v", row.ID, f)
			}
		}
	}
	if said == 0 {
		t.Error("no row was said")
	}
	t.Logf("%d rows read back; %d shown on the platform's own page, %d recognised by us or pushed, %d for other requests",
		said, shown, ours, skipped)
}

// aboutTheApp are the advices of rows that say something of an app, its limits or its caller's address.
var aboutTheApp = []gk.Action{gk.FixConfig, gk.Backoff, gk.WaitApproval, gk.ContactPlatform}

// appRowsAreSaidAtTokenAddresses arms each row about calls for the token requests, and sends one wherever the simulator
// takes it: the row must come and be read as what it is. A platform whose token addresses are none of its API takes none.
func appRowsAreSaidAtTokenAddresses(t *testing.T, w *world) {
	cred, cb := w.grant(w.shops[1]), w.callback(w.shops[1])
	said := 0
	for _, row := range w.d.Spec().Catalogue.Rows() {
		if row.Local() || row.Stage != platform.StageCall || !slices.Contains(aboutTheApp, row.Action) || strings.Contains(row.Code, "*") {
			continue
		}
		for _, stage := range []string{platform.StageToken, platform.StageRefresh} {
			asked := platform.Asked{Stage: stage, Subject: cred.Subject, At: w.app.Now}
			var r *platform.Request
			var err error
			switch {
			case stage == platform.StageToken:
				asked.Subject, asked.Claimed = gk.Subject{}, cb.Subject
				r, err = w.d.ExchangeRequest(w.app, cb)
			case w.renewable():
				r, err = w.d.(platform.Refresher).RefreshRequest(w.app, cred)
			}
			if err != nil {
				t.Fatalf("row %s at %s: %v", row.ID, stage, err)
			}
			name := strings.TrimSpace(row.Code + " " + row.Example)
			if r == nil || !carries(row.When, r.Sent) {
				continue
			}
			u, err := url.Parse(r.URL)
			if err != nil {
				t.Fatal(err)
			}
			match := map[string]string{"stage": stage, "path": u.Path}
			if status, _ := w.ask(http.MethodPost, w.path("faults"), map[string]any{"fault": name, "match": match}); status != http.StatusOK {
				continue
			}
			asked.Sent = r.Sent
			f := w.read(asked, w.send(r, nil))
			w.control(http.MethodDelete, w.path("faults"), nil)
			said++
			if f == nil || !f.Known || f.Terminal || f.Action != row.Action {
				t.Errorf("row %s at a request of %s is read back as %+v", row.ID, stage, f)
			}
		}
	}
	t.Logf("%d times a row about calls was said at a token address", said)
}

// outcomes of asking for a row.
const (
	answered = iota // the driver got to read it
	onAPage         // the platform tells the merchant only
	notAsked        // no request of the suite is one that the row is about
)

// sayRow makes the simulator say a row and returns what the driver reads.
func (w *world) sayRow(row *platform.Row, cred platform.Credential, cb platform.Callback) (f *gk.Fault, outcome int) {
	w.t.Helper()
	if row.Stage == platform.StageAuthorize {
		w.arm(row)
		defer w.control(http.MethodDelete, w.path("faults"), nil)
		in := w.consent(w.shops[1], "approve")
		if in.URL == "" {
			return nil, onAPage
		}
		return w.readCallback(in), answered
	}
	asked := platform.Asked{Stage: row.Stage, Subject: cred.Subject, At: w.app.Now}
	var r *platform.Request
	var err error
	switch {
	case row.Stage == platform.StageToken:
		asked.Subject, asked.Claimed = gk.Subject{}, cb.Subject
		r, err = w.d.ExchangeRequest(w.app, cb)
	case row.Stage == platform.StageRefresh && w.renewable():
		r, err = w.d.(platform.Refresher).RefreshRequest(w.app, cred)
	case row.Stage == platform.StageCall:
		r, err = w.d.Sign(w.app, cred, w.s.Call)
	}
	if err != nil {
		w.t.Fatalf("row %s: %v", row.ID, err)
	}
	if r == nil || !carries(row.When, r.Sent) {
		return nil, notAsked
	}
	w.arm(row)
	defer w.control(http.MethodDelete, w.path("faults"), nil)
	asked.Sent = r.Sent
	return w.read(asked, w.send(r, nil)), answered
}

// arm makes the next request of a row's stage fail with it.
func (w *world) arm(row *platform.Row) {
	w.t.Helper()
	name := row.Code
	if row.Example != "" {
		name += " " + row.Example
	}
	w.control(http.MethodPost, w.path("faults"), map[string]any{"fault": name, "match": map[string]string{"stage": row.Stage}})
}

// readCallback returns the fault that a callback brings.
func (w *world) readCallback(in platform.Incoming) *gk.Fault {
	w.t.Helper()
	cb, err := w.d.ReadCallback(w.app, in)
	var bad *platform.BadCallback
	if errors.As(err, &bad) {
		return bad.Fault
	}
	return cb.Fault
}

// read returns the fault that an answer means to the driver.
func (w *world) read(asked platform.Asked, reply platform.Reply) *gk.Fault {
	w.t.Helper()
	if asked.Stage == platform.StageCall {
		return w.d.Diagnose(w.app, asked, reply)
	}
	_, err := w.d.ReadIssues(w.app, asked, reply)
	if err != nil {
		w.tellsNothing("the error", err.Error())
	}
	var fault *gk.Fault
	var garbled *platform.Garbled
	switch {
	case errors.As(err, &fault):
		return fault
	case errors.As(err, &garbled):
		return garbled.Fault
	}
	return nil
}

// hiddenBehind reports whether an earlier row has the same stage, code and condition and nothing tells the two apart.
func hiddenBehind(c *platform.Catalogue, row *platform.Row) bool {
	if row.Example != "" {
		return false
	}
	for _, earlier := range c.Rows() {
		if earlier == row {
			return false
		}
		if earlier.Stage == row.Stage && earlier.Code == row.Code && earlier.When == row.When {
			return true
		}
	}
	return false
}

// carries reports whether a request is one that a row with a condition is about.
func carries(when string, sent url.Values) bool {
	if name, ok := strings.CutPrefix(when, "!sent:"); ok {
		return sent.Get(name) == ""
	}
	if name, ok := strings.CutPrefix(when, "sent:"); ok {
		return sent.Get(name) != ""
	}
	return true
}
