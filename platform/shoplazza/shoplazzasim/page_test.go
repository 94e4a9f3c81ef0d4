package shoplazzasim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestPagesWorkAsPlainForms walks the pages as a browser without JavaScript does.
func TestPagesWorkAsPlainForms(t *testing.T) {
	w := start(t)
	const form = "application/x-www-form-urlencoded"
	page := w.ask("GET", w.link(), "", "")
	if page.status != 200 || !strings.Contains(page.text, `name="account" value="`+w.shop(1)+`"`) {
		t.Fatalf("log-in page = %d %s", page.status, page.text)
	}
	page = w.ask("POST", w.link(), form, url.Values{"account": {w.shop(1)}}.Encode())
	if !strings.Contains(page.text, `name="store" value="`+w.shop(1)+`"`) || !strings.Contains(page.text, `name="decision" value="approve"`) {
		t.Fatalf("authorize page = %d %s", page.status, page.text)
	}
	page = w.ask("POST", w.link(), form, url.Values{"store": {w.shop(1)}, "decision": {"approve"}}.Encode())
	if to := page.header.Get("Location"); page.status != http.StatusFound || !strings.HasPrefix(to, callback+"?") {
		t.Errorf("agreeing = %d to %q, want the callback", page.status, to)
	}
}

func TestAdminListsStoresAndApps(t *testing.T) {
	w := start(t)
	page := w.ask("GET", w.base+"/", "", "")
	for _, want := range []string{w.shop(0), w.app["client_id"].(string), `value="uninstall"`} {
		if !strings.Contains(page.text, want) {
			t.Errorf("store admin lacks %q", want)
		}
	}
}

func TestAHostTellsItsStore(t *testing.T) {
	s := start(t)
	got := s.do("POST", "/shoplazza/consent", map[string]any{
		"url": strings.Replace(s.link(), s.base, "https://"+s.shops[2]["host"].(string), 1), "shops": []string{s.shop(0)},
	})
	at, err := url.Parse(got["callback"].(string))
	if err != nil || at.Query().Get("shop") != s.shops[2]["host"] {
		t.Errorf("consent at the host of a store = %v, want that store", got)
	}
}
