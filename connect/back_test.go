package connect_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/consent"
)

// TestTheResultIsPassedOnSigned follows a merchant to the vendor, who believes the address with the return key alone.
func TestTheResultIsPassedOnSigned(t *testing.T) {
	h := newHouse(t)
	key, err := h.keeper.Apps().NewReturnKey(t.Context(), gk.Engine(), h.app.ID)
	if err != nil {
		t.Fatal(err)
	}
	a, link := h.begin(consent.BeginInput{Owner: "cust-1", Shop: "demo-7", ReturnTo: "https://erp.example/back?tab=a%2Fb&gk_sig=old&gk_at=1", Confirm: true})
	b := h.browser()
	back := b.get(h.consent(b.post(link, nil).Header.Get("Location")))
	page := b.get(back.Header.Get("Location"))
	page.wants(t, http.StatusOK, "gk_sig=")
	address := html.UnescapeString(regexp.MustCompile(`https://erp\.example/back[^"]*`).FindString(page.html))
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	uri, now := u.RequestURI(), h.keeper.Now()
	got, err := client.VerifyReturn(uri, key, now, time.Minute)
	if err != nil || got.Authorization != a.ID || got.Status != "completed" || got.Confirm.Empty() || u.Query().Get("tab") != "a/b" {
		t.Errorf("VerifyReturn(%q) = %+v, %v; want the authorization completed", uri, got, err)
	}
	if strings.Contains(page.html, key.Reveal()) {
		t.Error("the page holds the key")
	}
	another, err := h.keeper.Apps().NewReturnKey(t.Context(), gk.Engine(), h.app.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, uri string
		key       gk.Secret
		now       time.Time
	}{
		{"another key", uri, another, now},
		{"no key", uri, gk.Secret{}, now},
		{"too old", uri, key, now.Add(2 * time.Minute)},
		{"from the future", uri, key, now.Add(-2 * time.Minute)},
		{"another status", strings.Replace(uri, "status=completed", "status=failed", 1), key, now},
		{"another path", strings.Replace(uri, "/back", "/other", 1), key, now},
		{"something behind it", uri + "&status=failed", key, now},
		{"no signature", strings.Split(uri, "&gk_sig=")[0], key, now},
	} {
		if got, err := client.VerifyReturn(c.uri, c.key, c.now, time.Minute); err == nil {
			t.Errorf("%s: VerifyReturn = %+v, want an error", c.name, got)
		}
	}
}
