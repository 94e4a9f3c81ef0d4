package api_test

import (
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
)

func TestErasedMerchantIsAnIdAndNothingElse(t *testing.T) {
	h := newHouse(t)
	g := h.addGrant(h.app, "4711", "ann", func(g *gk.Grant) {
		g.Facts = map[string]string{"mail": "owner@shop.example"}
		g.Subject.Name = "Hidden Garden Store"
		g.Shops = []gk.Shop{{ID: "4711", Name: "Hidden Garden Store", Host: g.Subject.Host}}
	})
	for range 2 { // the second answer may be all that the caller got
		if a := h.do("all", http.MethodDelete, "/v1/grants/"+g.ID+"?erase=true", ""); a.status != http.StatusNoContent {
			t.Fatalf("DELETE with erase = %d %s", a.status, a.body)
		}
	}
	for _, path := range []string{"/v1/grants/" + g.ID, "/v1/grants?q=hidden", "/v1/grants?q=" + g.Subject.Host, "/v1/grants/" + g.ID + "/history", "/v1/events"} {
		a := h.do("all", http.MethodGet, path, "")
		for _, known := range []string{"Hidden", "owner@shop", g.Subject.Host} {
			if strings.Contains(a.body, known) {
				t.Errorf("GET %s still tells %s: %s", path, known, a.body)
			}
		}
	}
	row, err := h.store.Grant(t.Context(), gk.Engine(), g.ID)
	if err != nil || row.State != gk.Revoked || len(row.Access) > 0 || row.Subject.ID != "4711" {
		t.Errorf("the erased grant is %+v, %v; want it revoked, with the platform's id and no token", row, err)
	}
	h.expectNoSecrets()
}
