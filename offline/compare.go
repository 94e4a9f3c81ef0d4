package offline

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// Compared is the text that somebody signed beside the right one, the app's secrets hidden in both.
type Compared struct {
	Theirs, Ours string
	At           int // how many characters are alike in front; -1: the texts are the same
}

// Compare puts the text that somebody signed beside the right one of a line of request or verify. False says that nothing
// is signed there, or that the line cannot be read, which Line tells in words.
func (c Commands) Compare(do string, text []byte, theirs string) (Compared, bool) {
	var l line
	if json.Unmarshal(text, &l) != nil {
		return Compared{}, false
	}
	d, err := explain.Find(c.Drivers, l.Platform)
	if err != nil {
		return Compared{}, false
	}
	app, err := l.open(d, c.moment(l))
	if err != nil {
		return Compared{}, false
	}
	ours := c.rightText(do, d, app, &l)
	if ours == "" {
		return Compared{}, false
	}
	m := l.mask(app)
	both := Compared{Theirs: m.in(strings.TrimRight(theirs, "\r\n")), Ours: m.in(ours), At: -1}
	if both.Theirs == both.Ours {
		return both, true
	}
	a, b := []rune(both.Theirs), []rune(both.Ours)
	for both.At = 0; both.At < min(len(a), len(b)) && a[both.At] == b[both.At]; both.At++ {
		continue
	}
	return both, true
}

// moment is when a line is answered.
func (c Commands) moment(l line) time.Time {
	if l.Now.IsZero() {
		return c.Now().UTC()
	}
	return l.Now.Time
}

// rightText is the text that has to be signed; empty where none is.
func (c Commands) rightText(do string, d platform.Driver, app platform.App, l *line) string {
	switch do {
	case "request":
		r, err := Request(d, app, l.step())
		if err != nil {
			return ""
		}
		return r.SignedText
	case "verify":
		prover, ok := d.(platform.Prover)
		body, err := l.Request.body()
		if !ok || err != nil {
			return ""
		}
		in := platform.Incoming{Method: strings.ToUpper(l.Request.Method), URL: l.Request.URL, Header: headerOf(l.Request.Headers), Body: body}
		if in.Method == "" {
			in.Method = http.MethodPost
		}
		if l.Token.Access != "" {
			app.Token = &platform.Credential{Subject: l.Subject.noun(), Token: l.token()}
		}
		if app.PushURL == "" {
			app.PushURL = in.URL
		}
		proof, ok := prover.Proof(app, l.Kind, in)
		if !ok {
			return ""
		}
		return proof.Text
	}
	return ""
}
