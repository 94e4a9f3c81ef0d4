package shoplazza_test

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
	page := w.Ask("GET", w.link(), "", "")
	if page.Status != 200 || !strings.Contains(page.Text, `name="account" value="`+w.Shop(1)+`"`) {
		t.Fatalf("log-in page = %d %s", page.Status, page.Text)
	}
	page = w.Ask("POST", w.link(), form, url.Values{"account": {w.Shop(1)}}.Encode())
	if !strings.Contains(page.Text, `name="store" value="`+w.Shop(1)+`"`) || !strings.Contains(page.Text, `name="decision" value="approve"`) {
		t.Fatalf("authorize page = %d %s", page.Status, page.Text)
	}
	page = w.Ask("POST", w.link(), form, url.Values{"store": {w.Shop(1)}, "decision": {"approve"}}.Encode())
	if to := page.Header.Get("Location"); page.Status != http.StatusFound || !strings.HasPrefix(to, callback+"?") {
		t.Errorf("agreeing = %d to %q, want the callback", page.Status, to)
	}
}

func TestAdminListsStoresAndApps(t *testing.T) {
	w := start(t)
	page := w.Ask("GET", w.Base+"/", "", "")
	for _, want := range []string{w.Shop(0), w.Setting("client_id"), `value="uninstall"`} {
		if !strings.Contains(page.Text, want) {
			t.Errorf("store admin lacks %q", want)
		}
	}
}

func TestAHostTellsItsStore(t *testing.T) {
	s := start(t)
	got := s.Do("POST", "/shoplazza/consent", map[string]any{
		"url": strings.Replace(s.link(), s.Base, "https://"+s.Shops[2]["host"].(string), 1), "shops": []string{s.Shop(0)},
	})
	at, err := url.Parse(got["callback"].(string))
	if err != nil || at.Query().Get("shop") != s.Shops[2]["host"] {
		t.Errorf("consent at the host of a store = %v, want that store", got)
	}
}
