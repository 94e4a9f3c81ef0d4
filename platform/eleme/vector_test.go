package eleme_test

import (
	"os"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

var testdata = os.DirFS("testdata")

func TestVectors(t *testing.T) {
	platformtest.Vectors(t, driver, testdata, map[string]func(*testing.T, platformtest.Vector) string{
		"sign":  signVector,
		"push":  pushVector,
		"token": tokenVector,
	})
}

func signVector(t *testing.T, v platformtest.Vector) string {
	cred := platform.Credential{Token: gk.Token{Access: gk.NewSecret(v.Call["token"])}}
	req, err := driver.Sign(v.App, cred, platform.Call{Operation: v.Call["operation"], Params: []byte(v.Call["params"]), ID: v.Call["id"]})
	if err != nil {
		t.Fatal(err)
	}
	return v.Signature(t, req)
}

func pushVector(t *testing.T, v platformtest.Vector) string {
	d, n := v.Delivery(t)
	if d.Answer.Status != 200 || string(d.Answer.Body) != `{"message":"ok"}` || n.Dedup != "200011112222333344" {
		t.Errorf("answer = %d %s, dedup %s", d.Answer.Status, d.Answer.Body, n.Dedup)
	}
	return n.Kind + " " + n.Subjects[0].String() + " shop " + strings.Join(n.Shops, ",") + " at " + n.At.Format(time.RFC3339)
}

func tokenVector(t *testing.T, v platformtest.Vector) string {
	issues := v.Issues(t)
	if len(issues) != 1 {
		t.Fatalf("ReadIssues = %+v, want one", issues)
	}
	tok := issues[0].Token
	return "access " + tok.Access.Reveal() + " refresh " + tok.Refresh.Reveal() + " expires " + tok.Expires.Format(time.RFC3339)
}
