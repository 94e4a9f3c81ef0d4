package shopee_test

import (
	"net/http"
	"os"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

func TestVectors(t *testing.T) {
	platformtest.Vectors(t, driver, os.DirFS("testdata"), map[string]func(*testing.T, platformtest.Vector) string{
		"sign":  signVector,
		"push":  pushVector,
		"token": tokenVector,
	})
}

// signVector takes the vector's step.
func signVector(t *testing.T, v platformtest.Vector) string {
	var req *platform.Request
	var err error
	switch step := v.Call["step"]; step {
	case "link", "cancel":
		var l platform.Link
		l, err = driver.Link(v.App, platform.Want{Form: "signed", Cancel: step == "cancel"})
		req = &platform.Request{Method: http.MethodGet, URL: l.URL, Signature: l.Signature, SignedText: l.SignedText}
	case "exchange":
		req, err = driver.ExchangeRequest(v.App, platform.Callback{Code: gk.NewSecret("c0de"), Subject: gk.Subject{Kind: "shop", ID: "77001234"}})
	case "refresh":
		req, err = driver.(platform.Refresher).RefreshRequest(v.App, platform.Credential{
			Subject: gk.Subject{Kind: "shop", ID: "77001234"}, Token: gk.Token{Refresh: gk.NewSecret("7265667265736831")},
		})
	case "census":
		req, err = driver.(platform.Census).CensusRequest(v.App, "shop", "")
	default:
		req, err = driver.Sign(v.App, v.Credential(), platform.Call{Method: "GET", Path: v.Call["path"]})
	}
	if err != nil {
		t.Fatal(err)
	}
	return v.Signature(t, req)
}

func pushVector(t *testing.T, v platformtest.Vector) string {
	d, n := v.Delivery(t)
	if d.Answer.Status != http.StatusNoContent || len(d.Answer.Body) != 0 {
		t.Errorf("answer = %d %q, want 204 and nothing", d.Answer.Status, d.Answer.Body)
	}
	return n.Kind + " " + n.Subjects[0].String() + " at " + n.At.Format(time.RFC3339) + " matched " + d.Matched
}

func tokenVector(t *testing.T, v platformtest.Vector) string {
	issues := v.Issues(t)
	got := ""
	if issues[0].Shared {
		got = "shared "
	}
	for _, i := range issues {
		if i.Token.Access.Empty() || i.Token.Refresh.Empty() || !i.Token.RefreshExpires.Equal(v.App.Now.Add(30*24*time.Hour)) {
			t.Errorf("pair of %s is not complete: %+v", i.Subject, i.Token)
		}
		got += i.Subject.String()
		if i.Subject.Parent != "" {
			got += "<" + i.Subject.Parent
		}
		got += " "
	}
	return got + "until " + issues[0].Token.Expires.Format(time.RFC3339)
}
