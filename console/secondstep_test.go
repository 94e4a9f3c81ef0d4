package console_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/grantkeep/grantkeep/store"
)

// codeOf is what a phone shows.
func codeOf(h *house, secret string, later time.Duration) string {
	h.t.Helper()
	code, err := totp.GenerateCode(secret, h.now().Add(later))
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

func TestASecondStepIsNeededOnceItIsSetUpAndEachCodeIsGoodOnce(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleOperator)
	if !strings.Contains(v.get("/console").body, "protect it with a second step") {
		t.Error("an operator is not asked to set up a second step")
	}
	made := v.post("/console/settings/code")
	found := regexp.MustCompile(`name="secret" value="([A-Z2-7]+)"`).FindStringSubmatch(made.body)
	if made.status != http.StatusOK || found == nil || !strings.Contains(made.body, `class="qr"`) {
		t.Fatalf("setting up = %d without a secret for the phone", made.status)
	}
	secret := found[1]
	if a := v.post("/console/settings/code/confirm", "secret", secret, "code", "000000"); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, secret) {
		t.Errorf("a wrong code = %d, want the page again with the same secret", a.status)
	}
	other := h.visitor()
	if a := other.post("/login", "name", "operator-1", "password", secretPassword); a.status != http.StatusSeeOther {
		t.Fatalf("a log-in before it is set up = %d", a.status)
	}
	first := codeOf(h, secret, 0)
	if a := v.post("/console/settings/code/confirm", "secret", secret, "code", first); a.status != http.StatusSeeOther {
		t.Fatalf("the right code = %d", a.status)
	}
	if a := other.get("/console"); a.status != http.StatusSeeOther {
		t.Error("a log-in without the second step outlives its setting up")
	}
	p, err := h.store.PersonByName(t.Context(), "operator-1")
	if err != nil || p.Code == "" || strings.Contains(p.Code, secret) {
		t.Fatalf("what is kept is %q, %v; want it sealed", p.Code, err)
	}
	stranger := h.visitor()
	for what, code := range map[string]string{"none": "", "a wrong one": "000000", "the one that set it up": first} {
		if a := stranger.post("/login", "name", "operator-1", "password", secretPassword, "code", code); a.status != http.StatusUnauthorized {
			t.Errorf("a log-in with the password and %s = %d, want 401", what, a.status)
		}
	}
	h.pass(time.Minute)
	next := codeOf(h, secret, 0)
	if a := stranger.post("/login", "name", "operator-1", "password", secretPassword, "code", next); a.status != http.StatusSeeOther {
		t.Errorf("a log-in with the password and the code = %d", a.status)
	}
	if a := h.visitor().post("/login", "name", "operator-1", "password", secretPassword, "code", next); a.status != http.StatusUnauthorized {
		t.Errorf("the same code once more = %d, want 401", a.status)
	}
	chief := h.login(store.RoleAdministrator)
	if a := stranger.post("/console/settings/people/"+p.ID+"/code", "x", "y"); a.status != http.StatusForbidden {
		t.Errorf("an operator takes a second step away: %d", a.status)
	}
	if a := chief.post("/console/settings/people/"+p.ID+"/code", "x", "y"); a.status != http.StatusSeeOther {
		t.Errorf("an administrator takes it away: %d", a.status)
	}
	if a := h.visitor().post("/login", "name", "operator-1", "password", secretPassword); a.status != http.StatusSeeOther {
		t.Errorf("a log-in after that = %d", a.status)
	}
}
