package douyin_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

var testdata = os.DirFS("testdata")

func TestVectors(t *testing.T) {
	platformtest.Vectors(t, driver, testdata, map[string]func(*testing.T, platformtest.Vector) string{
		"sign":   signVector,
		"ask":    askVector,
		"token":  tokenVector,
		"verify": verifyVector,
		"push":   pushVector,
	})
}

func signVector(t *testing.T, v platformtest.Vector) string {
	r, err := driver.Sign(v.App, v.Credential(), platform.Call{
		Operation: v.Call["operation"], Params: []byte(v.Call["params"]), SignMethod: v.Call["sign_method"],
	})
	if err != nil {
		t.Fatal(err)
	}
	return v.Signature(t, r)
}

func askVector(t *testing.T, v platformtest.Vector) string {
	cred := v.Credential()
	cred.Facts = map[string]string{"auth_subject_type": v.Call["auth_subject_type"]}
	r, err := driver.(platform.Refresher).RefreshRequest(v.App, cred)
	if err != nil {
		t.Fatal(err)
	}
	return v.Signature(t, r)
}

func tokenVector(t *testing.T, v platformtest.Vector) string {
	issues := v.Issues(t)
	if len(issues) != 1 {
		t.Fatalf("ReadIssues = %+v, want one", issues)
	}
	i := issues[0]
	return fmt.Sprintf("%s %s access %s refresh %s expires %s refresh ends %s kind %s", i.Subject, i.Subject.Name, i.Token.Access.Reveal(),
		i.Token.Refresh.Reveal(), i.Token.Expires.Format(time.RFC3339), i.Token.RefreshExpires.Format(time.RFC3339), i.Facts["auth_subject_type"])
}

func verifyVector(_ *testing.T, v platformtest.Vector) string {
	if err := driver.(platform.Verifier).VerifyCall(v.App, v.Incoming()); err != nil {
		return err.Error()
	}
	return "ok"
}

func pushVector(t *testing.T, v platformtest.Vector) string {
	d, err := driver.(platform.Receiver).Receive(v.App, v.Incoming())
	if err != nil {
		t.Fatal(err)
	}
	told := fmt.Sprintf("%d %s", d.Answer.Status, d.Answer.Body)
	for _, n := range d.Notices {
		told = strings.Join([]string{told, n.Kind, n.Subjects[0].String(), n.Dedup}, " ")
	}
	return told
}
