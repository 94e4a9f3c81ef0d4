package toy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
)

// link makes a link and returns its authorization and its path.
func (w *world) link(in consent.BeginInput) (gk.Authorization, string) {
	w.t.Helper()
	in.App = w.app.ID
	a, link, err := w.flow.Begin(w.t.Context(), gk.Engine(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return a, strings.TrimPrefix(link, "https://hub.example")
}

// ask sends a merchant's request to the pages: a form where one is given.
func (w *world) ask(path string, form url.Values, cookies ...*http.Cookie) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept-Language", "en")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	answer := httptest.NewRecorder()
	w.pages.ServeHTTP(answer, r)
	return answer.Result()
}

// TestToyWarnsOfAConsentThatIsNotNeeded: another consent ends the pair of before, so a link for a grant in good order says
// so, to its maker and to the merchant.
func TestToyWarnsOfAConsentThatIsNotNeeded(t *testing.T) {
	w := open(t)
	g := w.connect()
	for name, c := range map[string]struct {
		in   consent.BeginInput
		want bool
	}{
		"the grant to reconnect":       {consent.BeginInput{Grant: g.ID, Owner: "cust-1"}, true},
		"the account by its id":        {consent.BeginInput{Shop: account, Owner: "cust-1"}, true},
		"one of the account's shops":   {consent.BeginInput{Shop: "shop-2", Owner: "cust-1"}, true},
		"the account, somebody else's": {consent.BeginInput{Shop: account, Owner: "cust-2"}, false},
		"another account":              {consent.BeginInput{Shop: "acc-2", Owner: "cust-1"}, false},
		"nobody yet":                   {consent.BeginInput{Owner: "cust-1"}, false},
	} {
		a, path := w.link(c.in)
		ended, err := w.flow.Replaces(t.Context(), gk.Engine(), a)
		if err != nil || slices.Contains(ended, g.ID) != c.want || len(ended) > 1 {
			t.Errorf("%s: it replaces %v, %v; want the grant: %v", name, ended, err, c.want)
		}
		page := read(t, w.ask(path, nil))
		if warns := strings.Contains(page, "replaces the connection at once"); warns != c.want {
			t.Errorf("%s: the page warns: %v, want %v", name, warns, c.want)
		}
	}
	if err := w.keeper.Revoke(t.Context(), gk.Engine(), g.ID); err != nil {
		t.Fatal(err)
	}
	a, _ := w.link(consent.BeginInput{Grant: g.ID, Owner: "cust-1"})
	if ended, err := w.flow.Replaces(t.Context(), gk.Engine(), a); err != nil || len(ended) > 0 {
		t.Errorf("a link for a grant that has ended replaces %v, %v; want nothing", ended, err)
	}
}

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
