package gateway_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/eleme"
	"github.com/grantkeep/grantkeep/platform/shopee"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/platform/taobao"
)

var engine = gk.Engine()

func setHost(host string) func(*gk.Grant) ([]gk.Event, error) {
	return func(g *gk.Grant) ([]gk.Event, error) {
		g.Subject.Host = host
		return nil, nil
	}
}

// shop plays Shoplazza: it accepts the tokens after the first so many.
func shop(refused int64, refreshes *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(r.URL.Path, "/admin/oauth/") {
			n := refreshes.Add(1)
			_, _ = fmt.Fprintf(w, `{"token_type":"Bearer","access_token":"fresh-%d","refresh_token":"next-%d","expires_in":31556952,"expires_at":%d,
				"created_at":%d,"store_id":"1001","scope":"read_shop"}`, n, n, time.Now().Add(8000*time.Hour).Unix(), time.Now().Unix())
			return
		}
		if refreshes.Load() < refused {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"errors":["Unauthorized"]}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, `{"token":%q,"body":%q}`, r.Header.Get("Access-Token"), body)
	}
}

func apiCalls(h *house) (n int) {
	for _, r := range h.requests() {
		if strings.HasPrefix(r.URL.Path, "/openapi/") {
			n++
		}
	}
	return n
}

func TestRefusedTokenIsRefreshedAndTheCallRepeatedOnce(t *testing.T) {
	var refreshes atomic.Int64
	h := newHouse(t, shoplazza.New(), shop(1, &refreshes), gateway.Options{})
	res, body := h.get("POST", products, `{"title":"茶"}`)
	if res.StatusCode != 200 || !strings.Contains(body, `"token":"fresh-1"`) || !strings.Contains(body, `茶`) {
		t.Errorf("%d %s, want the second answer", res.StatusCode, body)
	}
	if f := fault(t, res.Header); f != nil {
		t.Errorf("the header tells %v of a call that succeeded", f)
	}
	if apiCalls(h) != 2 || refreshes.Load() != 1 {
		t.Errorf("%d calls and %d renewals, want 2 and 1", apiCalls(h), refreshes.Load())
	}
	if g := h.row(); g.Generation != 2 || g.State != gk.Active {
		t.Errorf("the grant is %s at generation %d, want active at 2", g.State, g.Generation)
	}
	h.expectNoSecretLogged()
}

func TestPlatformThatAlwaysRefusesIsAskedTwiceAndTheGrantIsLeftAlone(t *testing.T) {
	var refreshes atomic.Int64
	h := newHouse(t, shoplazza.New(), shop(1000, &refreshes), gateway.Options{})
	res, body := h.get("GET", products, "")
	f := fault(t, res.Header)
	if res.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "Unauthorized") || f == nil || f["code"] != "http:401" || f["report"] != nil {
		t.Errorf("%d %s with %v, want the platform's own 401, explained without a report", res.StatusCode, body, f)
	}
	if n := refreshes.Load(); n != 1 {
		t.Errorf("%d renewals, want 1", n)
	}
	for range 20 {
		h.get("GET", products, "")
	}
	// Three at the caller's cost, and one because our own question was refused too.
	if n := refreshes.Load(); n > 4 {
		t.Errorf("%d renewals, want at most 4", n)
	}
}

func TestRefusedRequestsChangeNothingAboutTheGrant(t *testing.T) {
	var alive atomic.Int64
	h := newHouse(t, shopee.New(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/api/v2/shop/get_shop_info" {
			alive.Add(1)
			_, _ = io.WriteString(w, `{"error":"","message":"","request_id":"1","shop_name":"x","auth_time":1,"expire_time":4102444800}`)
			return
		}
		_, _ = io.WriteString(w, `{"error":"error_param","message":"wrong","request_id":"r-1"}`)
	}, gateway.Options{})
	before := h.row()
	for range 10 {
		res, _ := h.get("GET", "/api/v2/product/get_item_list", "")
		if f := fault(t, res.Header); res.StatusCode != 200 || f == nil || f["code"] != "error_param" || f["request_id"] != "r-1" {
			t.Fatalf("%d with %v, want 200 with error_param", res.StatusCode, f)
		}
	}
	if after := h.row(); after.Version != before.Version {
		t.Errorf("the grant's row changed: version %d, want %d", after.Version, before.Version)
	}
}

// TestShortWindowIsOpenedAgain plays Taobao, where a sensitive call needs a window that may have ended before its time.
func TestShortWindowIsOpenedAgain(t *testing.T) {
	var opened, calls atomic.Int64
	h := newHouse(t, taobao.New(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/router/rest" || strings.Contains(string(body), "auth.token") {
			opened.Add(1)
			_, _ = io.WriteString(w, `{"access_token":"fresh","refresh_token":"next","token_type":"Bearer","expires_in":86400,"re_expires_in":86400,
				"r1_expires_in":86400,"r2_expires_in":86400,"w1_expires_in":86400,"w2_expires_in":1800,"taobao_user_id":"1001","taobao_user_nick":"x"}`)
			return
		}
		if calls.Add(1); opened.Load() == 0 {
			_, _ = io.WriteString(w, `{"error_response":{"code":53,"msg":"Remote service error","sub_code":"isv.w2-security-authorize-invalid","request_id":"r"}}`)
			return
		}
		_, _ = io.WriteString(w, `{"trade_memo_update_response":{}}`)
	}, gateway.Options{})
	res, body := h.get("POST", "/taobao.trade.memo.update", `{"tid":1}`)
	if res.StatusCode != 200 || !strings.Contains(body, "trade_memo_update_response") || opened.Load() != 1 || calls.Load() != 2 {
		t.Errorf("%d %s after %d renewals and %d calls (%v); want the second answer after 1 and 2", res.StatusCode, body, opened.Load(), calls.Load(), h.refusal())
	}
}

func TestPauseThatThePlatformAskedForIsKept(t *testing.T) {
	h := newHouse(t, shoplazza.New(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"errors":["Too Many Requests"]}`)
	}, gateway.Options{})
	res, _ := h.get("GET", products, "")
	if f := fault(t, res.Header); res.StatusCode != 429 || res.Header.Get("Retry-After") != "7" || f == nil || f["action"] != "backoff" {
		t.Fatalf("%d, Retry-After %q, %v; want the platform's 429", res.StatusCode, res.Header.Get("Retry-After"), f)
	}
	_, err := h.call(platform.Call{Method: "GET", Path: products})
	var later *keeper.Later
	if !errors.Is(err, gateway.ErrPaced) || !errors.As(err, &later) || later.After > 7*time.Second || later.After < 5*time.Second || later.Fault == nil {
		t.Errorf("the next call: %v, want it kept back for some 7 s with the platform's fault", err)
	}
	if n := len(h.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestBucketOfTheFactsIsNotOverrun(t *testing.T) {
	h := newHouse(t, shoplazza.New(), ok, gateway.Options{})
	done := make(chan error, 60)
	begun := time.Now()
	for range 60 {
		go func() {
			_, err := h.call(platform.Call{Method: "GET", Path: products})
			done <- err
		}()
	}
	paced := 0
	for range 60 {
		if err := <-done; errors.Is(err, gateway.ErrPaced) {
			paced++
		} else if err != nil {
			t.Error(err)
		}
	}
	// 40 at once, and 2 a second for those who wait their turn, at most 5 s.
	if most := 40 + int(2*time.Since(begun).Seconds()) + 1; len(h.requests()) > most || paced == 0 || paced+len(h.requests()) != 60 {
		t.Errorf("%d requests, %d kept back; want at most %d and the rest", len(h.requests()), paced, most)
	}
}

func TestFaultIsOneLineOfASCII(t *testing.T) {
	message := "订单\r\nX-Evil: 1 😀 \u2028 <script> @all"
	h := newHouse(t, eleme.New(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "x", "result": nil, "error": map[string]string{"code": "BIZ_店", "message": message}})
	}, gateway.Options{})
	res, _ := h.get("POST", "/eleme.shop.getShop", `{"shopId":7}`)
	line := res.Header.Get("Grantkeep-Fault")
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) || res.Header.Get("X-Evil") != "" || len(res.Header["Grantkeep-Fault"]) != 1 {
		t.Errorf("the header is %q", line)
	}
	f := fault(t, res.Header)
	if f == nil || f["code"] != "BIZ_店" || !strings.Contains(fmt.Sprint(f["message"]), "订单") || f["whose_move"] == nil {
		t.Errorf("the header tells %v, want code and message as they were", f)
	}
}

func TestStatesAnswerAsTheTokenDoes(t *testing.T) {
	for state, want := range map[gk.State]error{
		gk.Held: keeper.ErrHeld, gk.Revoked: keeper.ErrRevoked, gk.Expired: keeper.ErrNeedsAuthorization,
	} {
		h := newHouse(t, shoplazza.New(), ok, gateway.Options{})
		err := h.store.UpdateGrant(t.Context(), engine, h.grant.ID, h.keeper.Now(), func(g *gk.Grant) ([]gk.Event, error) {
			g.State, g.Renewable, g.DueAt = state, false, time.Time{}
			if state != gk.Held {
				g.Access, g.Refresh = nil, nil
			}
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.call(platform.Call{Method: "GET", Path: products}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", state, err, want)
		}
		if _, err := h.gateway.Sign(t.Context(), engine, h.grant.ID, platform.Call{Method: "GET", Path: products}); !errors.Is(err, want) {
			t.Errorf("%s, signing: %v, want %v", state, err, want)
		}
	}
}
