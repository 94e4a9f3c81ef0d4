package e2e

import (
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
)

// TestCallsOfAnAppItself sends operations of whole apps, and what is none of them, with keys of every kind.
func TestCallsOfAnAppItself(t *testing.T) {
	w := newTown(t)
	shopee := w.Apps["shopee"]
	w.connect("shopee", shopee, 0, "bob")
	call := func(key gk.Secret, app string, call map[string]any) reply {
		return w.ask(key, http.MethodPost, "/v1/apps/"+app+"/call", map[string]any{"call": call})
	}
	shops := map[string]any{"method": "GET", "path": "/api/v2/public/get_shops_by_partner"}
	key := w.addKey("apps", []gk.Scope{gk.ScopeAppCall}, nil, nil)
	if got := call(key, shopee, shops); got.status != http.StatusOK || !strings.Contains(got.body, "shop") {
		t.Errorf("the app's shops = %d %s", got.status, got.body)
	}
	before := len(w.calls("shopee")) + len(w.calls("taobao")) + len(w.calls("eleme")) + len(w.calls("shoplazza"))
	for name, c := range map[string]struct {
		key    gk.Secret
		app    string
		call   map[string]any
		status int
	}{
		"a merchant's":           {key, shopee, map[string]any{"method": "GET", "path": "/api/v2/shop/get_shop_info"}, http.StatusUnprocessableEntity},
		"one that mints tokens":  {key, shopee, map[string]any{"method": "POST", "path": "/api/v2/public/get_token_by_resend_code", "body": "{}"}, http.StatusUnprocessableEntity},
		"taobao's merchant's":    {key, w.Apps["taobao"], map[string]any{"operation": "taobao.trades.sold.get"}, http.StatusUnprocessableEntity},
		"eleme's merchant's":     {key, w.Apps["eleme"], map[string]any{"operation": "eleme.user.getUser"}, http.StatusUnprocessableEntity},
		"shoplazza has none":     {key, w.Apps["shoplazza"], map[string]any{"method": "GET", "path": "/openapi/2022-01/shop"}, http.StatusUnprocessableEntity},
		"an identifier of ours":  {key, shopee, map[string]any{"method": "GET", "path": "/api/v2/public/get_shops_by_partner", "query": map[string]any{"partner_id": "1"}}, http.StatusUnprocessableEntity},
		"without the scope":      {w.addKey("calls", []gk.Scope{gk.ScopeCall, gk.ScopeToken, gk.ScopeManage}, nil, nil), shopee, shops, http.StatusForbidden},
		"with a limit to owners": {w.addKey("ann", gk.Scopes(), []string{"ann"}, nil), shopee, shops, http.StatusNotFound},
		"of another app":         {w.addKey("other", gk.Scopes(), nil, []string{w.Apps["taobao"]}), shopee, shops, http.StatusNotFound},
		"of no app":              {key, "app_none", shops, http.StatusNotFound},
	} {
		if got := call(c.key, c.app, c.call); got.status != c.status {
			t.Errorf("%s = %d %s, want %d", name, got.status, got.body, c.status)
		}
	}
	if got := w.ask(w.Key, http.MethodPost, "/v1/apps/"+shopee+"/stop", nil); got.status >= 300 {
		t.Fatalf("stop = %d %s", got.status, got.body)
	}
	if got := call(key, shopee, shops); got.status != http.StatusConflict {
		t.Errorf("of a stopped app = %d %s, want 409", got.status, got.body)
	}
	if after := len(w.calls("shopee")) + len(w.calls("taobao")) + len(w.calls("eleme")) + len(w.calls("shoplazza")); after != before {
		t.Errorf("%d requests reached a platform that should not", after-before)
	}
}
