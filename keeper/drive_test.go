package keeper_test

import (
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// fragile is a driver that breaks down over answers that hold a word, and over requests for a shop with an odd id.
type fragile struct {
	platform.Driver
	platform.Refresher
}

func (f fragile) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	if strings.Contains(string(reply.Body), "boom") {
		panic("canary-in-the-panic " + string(reply.Body))
	}
	return f.Driver.ReadIssues(app, asked, reply)
}

func (f fragile) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	if cred.Subject.ID == "1001" {
		return nil, &platform.BadCall{Why: []string{}[len(cred.Scopes)]} // a mistake of a driver: an index out of range
	}
	return f.Refresher.RefreshRequest(app, cred)
}

func TestPanicOfADriverIsThatGrantsFault(t *testing.T) {
	d := all.Drivers()[0]
	l := newLiar(t, fragile{d, d.(platform.Refresher)})
	l.answer = say(http.StatusOK, `{"boom":"canary-hostile"}`)
	request, answer, sound := l.grant(), l.grant(), l.grant()

	if g := l.refresh(request); g.InDoubt() || g.Fault == nil || g.Fault.Code != "local:driver" || g.AttemptID != "" {
		t.Errorf("a panic before anything is sent: in doubt %v, fault %v, attempt %q; want a fault and no doubt", g.InDoubt(), g.Fault, g.AttemptID)
	}
	g := l.refresh(answer)
	if !g.InDoubt() || g.Fault == nil || g.Fault.Code != "local:driver" || !g.Renewable || g.State != gk.Active {
		t.Errorf("a panic over the answer: in doubt %v, fault %v, renewable %v, %s; want a doubt of an active grant", g.InDoubt(), g.Fault, g.Renewable, g.State)
	}
	l.answer = say(http.StatusOK, `{"access_token":"canary-new","refresh_token":"canary-next","expires_in":31536000,"token_type":"Bearer"}`)
	if g := l.refresh(sound); g.Generation != 2 {
		t.Errorf("another grant is at generation %d afterwards, want 2", g.Generation)
	}
	if log := l.log.String(); strings.Contains(log, "canary") || !strings.Contains(log, "broke down") {
		t.Errorf("the log tells too much, or nothing: %s", log)
	}
}
