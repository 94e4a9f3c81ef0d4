package shopeev1_test

import (
	"net/url"
	"os"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

func TestVectors(t *testing.T) {
	platformtest.Vectors(t, driver, os.DirFS("testdata"), map[string]func(*testing.T, platformtest.Vector) string{
		"link": linkVector,
		"sign": signVector,
	})
}

// linkVector makes both kinds of link, which have one recipe.
func linkVector(t *testing.T, v platformtest.Vector) string {
	var tokens [2]string
	for i, cancel := range []bool{false, true} {
		l, err := driver.Link(v.App, platform.Want{Cancel: cancel})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(l.URL)
		if err != nil {
			t.Fatal(err)
		}
		redirect := v.App.Settings["redirect_uri"]
		if u.Query().Get("redirect") != redirect || l.SignedText != "REDACTED"+redirect {
			t.Errorf("link = %+v, want the redirect %s", l, redirect)
		}
		tokens[i] = u.Query().Get("token")
	}
	if tokens[0] != tokens[1] {
		t.Errorf("tokens = %v, want the same for both links", tokens)
	}
	return "token " + tokens[0]
}

// signVector signs the vector's body as the caller wrote it and as the driver fills it in.
func signVector(t *testing.T, v platformtest.Vector) string {
	if api := v.Call["api"]; api != "" {
		v.App.Endpoints = map[string]string{"api": api}
	}
	signature := ""
	for _, body := range [][]byte{v.Incoming().Body, nil} {
		req, err := driver.Sign(v.App, v.Credential(), platform.Call{Method: "POST", Path: v.Call["path"], Body: body})
		if err != nil {
			t.Fatal(err)
		}
		got := v.Signature(t, req)
		if signature != "" && got != signature {
			t.Errorf("%s of the body filled in, want %s", got, signature)
		}
		signature = got
	}
	return signature
}
