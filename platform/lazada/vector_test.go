package lazada_test

import (
	"fmt"
	"net/http"
	"net/url"
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
		"token":  tokenVector,
		"verify": verifyVector,
		"push":   pushVector,
	})
}

func signVector(t *testing.T, v platformtest.Vector) string {
	query, err := url.ParseQuery(v.Call["query"])
	if err != nil {
		t.Fatal(err)
	}
	r, err := driver.Sign(v.App, v.Credential(), platform.Call{
		Method: v.Call["method"], Path: v.Call["path"], Query: query, Body: []byte(v.Call["body"]), Shop: v.Call["shop"],
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Method == http.MethodPost && strings.Contains(r.URL, "?") {
		t.Errorf("a POST's parameters stand in its address: %s", r.URL)
	}
	return v.Signature(t, r)
}

func tokenVector(t *testing.T, v platformtest.Vector) string {
	issues := v.Issues(t)
	if len(issues) != 1 {
		t.Fatalf("ReadIssues = %+v, want one", issues)
	}
	i := issues[0]
	if !i.Ceiling.Equal(i.Token.RefreshExpires) {
		t.Errorf("ceiling = %s, want the refresh token's end", i.Ceiling)
	}
	var shops []string
	for _, s := range i.Shops {
		if !strings.HasPrefix(s.ID, s.Region+":") {
			t.Errorf("shop %s lies in %s", s.ID, s.Region)
		}
		shops = append(shops, s.ID+" "+s.Name)
	}
	return fmt.Sprintf("%s %s access %s refresh %s expires %s refresh ends %s final %v", i.Subject, strings.Join(shops, ", "), i.Token.Access.Reveal(),
		i.Token.Refresh.Reveal(), i.Token.Expires.Format(time.RFC3339), i.Token.RefreshExpires.Format(time.RFC3339), i.Final)
}

func verifyVector(_ *testing.T, v platformtest.Vector) string {
	if err := driver.(platform.Verifier).VerifyCall(v.App, v.Incoming()); err != nil {
		return err.Error()
	}
	return "ok"
}

func pushVector(t *testing.T, v platformtest.Vector) string {
	d, err := driver.(platform.Receiver).Receive(v.App, v.Incoming())
	if err != nil || len(d.Notices) != 1 {
		t.Fatalf("Receive = %+v, %v", d, err)
	}
	n := d.Notices[0]
	said := fmt.Sprintf("%d %s subjects %v shops %v at %s", d.Answer.Status, n.Kind, n.Subjects, n.Shops, n.At.Format(time.RFC3339))
	if !n.Ceiling.IsZero() {
		said += " ends " + n.Ceiling.Format(time.RFC3339)
	}
	return said
}
