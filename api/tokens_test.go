package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
)

// TestTokenReadsAgree asks for every token in two ways, the plain one and one with an empty parameter, which takes the
// way through huma and encoding/json. Nobody can tell which of the two answered.
func TestTokenReadsAgree(t *testing.T) {
	h := newHouse(t)
	h.addKey("ann", scopesOf("token"), []string{"ann"}, nil)
	leased := func(g *gk.Grant) { // so that no read begins a refresh, which would change what the next one sees
		g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "att_1", "another", h.now, h.now.Add(90*time.Second)
	}
	grants := map[string]gk.Grant{
		"plain": h.addGrant(h.app, "100", "ann", leased),
		"rich": h.addGrant(h.app, "<1>&\"\\\u2028\x7f\t", "ann", func(g *gk.Grant) {
			leased(g)
			g.Expires = h.now.Add(90*time.Minute + 7*time.Millisecond)
			g.Windows = map[string]time.Time{"w2": h.now.Add(time.Hour), "r1": h.now.Add(time.Minute)}
			g.Subject.Parent, g.Subject.Host, g.Subject.Region, g.Subject.Name = "p", "shop.example", "eu", "小店 <é>"
			g.Shops = []gk.Shop{
				{ID: "1", Name: "店", Host: "one.example", Region: "eu", Facts: map[string]string{"cipher": "c"}},
				{ID: `2"`, LostAt: gk.At(h.now.In(time.FixedZone("", 3600)))},
			}
		}),
		"endless": h.addGrant(h.app, "102", "ann", func(g *gk.Grant) {
			leased(g)
			g.Expires, g.Shops = time.Time{}, nil
		}),
		"stale": h.addGrant(h.app, "103", "ann", func(g *gk.Grant) {
			leased(g)
			g.Fault = &gk.Fault{Platform: "shoplazza", Stage: "refresh", Code: "a<b>", Message: "x & y\u2029", Action: gk.Retry}
		}),
		"ended": h.addGrant(h.app, "104", "ann", func(g *gk.Grant) {
			leased(g)
			g.State, g.Expires = gk.Suspended, h.now.Add(-time.Minute)
			g.Fault = &gk.Fault{Platform: "shoplazza", Stage: "refresh", Code: "a<b>", Message: "x & y", Action: gk.Retry}
		}),
		"held":  h.addGrant(h.app, "105", "ann", func(g *gk.Grant) { g.State = gk.Held }),
		"other": h.addGrant(h.app, "106", "bob", nil),
	}
	queries := []string{
		"wait=0", "wait=0&min_valid=90s", "min_valid=%39%30s&wait=0s", "min%5Fvalid=90&wait=0.0", "wait=0&min_valid=1e3", "wait=0&not_generation=1",
		"wait=0&not_generation=+1", "wait=0&not_generation=%2B01", "wait=0&not_generation=-1", "wait=0&not_generation=x",
		"wait=0&window=r1", "wait=0&window=R1", "wait=-1s", "wait=soon", "wait=0&wait=0", "wait=0&min_valid=30000h&x=1", "wait=0&%zz=1", "wait=0;min_valid=1",
		"wait=0&min_valid", "wait=0&&", "Wait=0",
	}
	shown := map[string]int{}
	for name, g := range grants {
		subject := "/v1/token?app=" + h.app.ID + "&subject=" + url.QueryEscape(g.Subject.String()) + "&"
		for _, path := range []string{"/v1/grants/" + g.ID + "/token?", subject} {
			for _, query := range queries {
				for _, tag := range []string{"", `W/"1", "7"`, `"7"`} {
					empty := "window=&"
					if strings.Contains(query, "window") {
						empty = "min_valid=&"
					}
					plain := h.do("ann", http.MethodGet, path+query, "", "If-None-Match", tag)
					whole := h.do("ann", http.MethodGet, path+empty+query, "", "If-None-Match", tag)
					if plain.status != whole.status || plain.body != whole.body {
						t.Errorf("%s: GET %s%s\nplain = %d %s\nwhole = %d %s", name, path, query, plain.status, plain.body, whole.status, whole.body)
					}
					if diff := cmp.Diff(whole.header, plain.header); diff != "" {
						t.Errorf("%s: GET %s%s: headers\n%s", name, path, query, diff)
					}
					if plain.status == http.StatusOK {
						shown[name]++
					}
				}
			}
		}
	}
	for name := range grants {
		if served := name != "ended" && name != "held" && name != "other"; served != (shown[name] > 0) {
			t.Errorf("the token of %s was shown %d times", name, shown[name])
		}
	}
	h.expectNoSecrets()
}

func TestTokensAreReadBySubjectWithoutTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.addKey("bob", scopesOf("token"), []string{"bob"}, nil)
		h.addGrant(h.app, "100", "ann", nil)
		path := "/v1/token?app=" + h.app.ID + "&subject=shop:100"
		for _, key := range []string{"all", "bob"} {
			if got, want := h.do(key, http.MethodGet, path, "").status, map[string]int{"all": http.StatusOK, "bob": http.StatusNotFound}[key]; got != want {
				t.Errorf("%s: %d, want %d", key, got, want)
			}
		}
		h.close()
		time.Sleep(2 * time.Second)
		if a := h.do("all", http.MethodGet, path, ""); a.status != http.StatusOK || a.member(t, "stale") != true {
			t.Errorf("without the database = %d, want 200 and stale\n%s", a.status, a.body)
		}
		if a := h.do("bob", http.MethodGet, path, ""); a.status != http.StatusServiceUnavailable || strings.Contains(a.body, accessToken) {
			t.Errorf("another owner's token without the database = %d, want 503\n%s", a.status, a.body)
		}
	})
}
