package shopify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim/simtest"
)

const day = 24 * time.Hour

func TestAFormerRefreshTokenWorksUntilItsSuccessorIsUsed(t *testing.T) {
	w := start(t)
	first := w.pair(w.Shop(0))
	second := w.good(w.refresh(first["refresh_token"]))
	w.Advance(29 * day)
	again := w.good(w.refresh(first["refresh_token"]))
	if again["refresh_token"] == second["refresh_token"] || again["refresh_token"] == first["refresh_token"] {
		t.Errorf("repeat = %v, want another pair", again)
	}
	third := w.good(w.refresh(again["refresh_token"]))
	w.dead("the first, after its successor was used", w.refresh(first["refresh_token"]))
	w.dead("the pair that a repeat replaced", w.refresh(second["refresh_token"]))
	w.good(w.refresh(third["refresh_token"]))
}

func TestARepeatIsOverAMonthAfterTheFirstUse(t *testing.T) {
	w := start(t)
	first := w.pair(w.Shop(0))
	w.good(w.refresh(first["refresh_token"]))
	w.Advance(30*day + time.Minute)
	w.dead("repeat after 30 days", w.refresh(first["refresh_token"]))
	w.Set("repeat_window", 0)
	one := w.pair(w.Shop(1))
	w.good(w.refresh(one["refresh_token"]))
	w.dead("repeat without a window", w.refresh(one["refresh_token"]))
}

func TestARefreshTokenLivesNinetyDaysAnew(t *testing.T) {
	w := start(t)
	first := w.pair(w.Shop(0))
	w.Advance(89 * day)
	second := w.good(w.refresh(first["refresh_token"]))
	if second["refresh_token_expires_in"] != json.Number("7776000") {
		t.Errorf("refresh = %v, want 90 days anew", second)
	}
	w.Advance(89 * day)
	third := w.good(w.refresh(second["refresh_token"]))
	w.Advance(90*day + time.Minute)
	w.dead("refresh after 90 days", w.refresh(third["refresh_token"]))
}

func TestANewConsentRetiresTheStoredRefreshToken(t *testing.T) {
	w := start(t)
	first := w.pair(w.Shop(0))
	second := w.pair(w.Shop(0))
	w.dead("the pair before the consent", w.refresh(first["refresh_token"]))
	if r := w.call("GET", api+"shop.json", first["access_token"], ""); r.Status != 200 {
		t.Errorf("access token before the consent = %d, want it to live to its end", r.Status)
	}
	w.good(w.refresh(second["refresh_token"]))
}

func TestMigrationTradesATokenWithoutAnEndOnce(t *testing.T) {
	w := start(t)
	old := w.endless(w.Shop(0))
	pair := w.good(w.migrate(old))
	if pair["refresh_token"] == nil || pair["expires_in"] != json.Number("3600") {
		t.Fatalf("trade = %v, want a pair", pair)
	}
	if r := w.call("GET", api+"shop.json", old, ""); r.Status != 401 {
		t.Errorf("call with the traded token = %d, want 401", r.Status)
	}
	w.Advance(6 * day)
	again := w.good(w.migrate(old))
	if again["access_token"] != pair["access_token"] || again["refresh_token"] != pair["refresh_token"] {
		t.Errorf("repeated trade = %v, want the same pair as %v", again, pair)
	}
	if again["expires_in"] != json.Number("3600") || again["refresh_token_expires_in"] == json.Number("7776000") {
		t.Errorf("repeated trade = %v, want the access end moved on and the refresh end not", again)
	}
	if r := w.call("GET", api+"shop.json", again["access_token"], ""); r.Status != 200 {
		t.Errorf("call after the repeat = %d %s", r.Status, r.Text)
	}
	w.good(w.refresh(again["refresh_token"]))
	if r := w.migrate(old); r.Field("error") != "invalid_subject_token" {
		t.Errorf("trade after the pair was refreshed = %d %s", r.Status, r.Text)
	}
}

func TestMigrationCannotBeRepeatedForEver(t *testing.T) {
	w := start(t)
	old := w.endless(w.Shop(0))
	w.good(w.migrate(old))
	w.Advance(7*day + time.Minute)
	if r := w.migrate(old); r.Status != 400 || r.Field("error") != "invalid_subject_token" {
		t.Errorf("trade after a week = %d %s", r.Status, r.Text)
	}
	other := w.endless(w.Shop(1))
	w.good(w.migrate(other))
	w.pair(w.Shop(1))
	if r := w.migrate(other); r.Field("error") != "invalid_subject_token" {
		t.Errorf("trade after another consent = %d %s", r.Status, r.Text)
	}
	if r := w.migrate(w.endless(w.Shop(2)), "client_secret", "x"); r.Field("error") != "invalid_client" {
		t.Errorf("trade with a wrong secret = %d %s", r.Status, r.Text)
	}
}

func TestPublicAppsLoseTokensWithoutAnEndAtNewYear(t *testing.T) {
	w := start(t)
	refused := func(r simtest.Reply) bool {
		return r.Status == 403 && strings.Contains(r.Text, "Non-expiring access tokens")
	}
	if err := w.Running.Clock.Set(t.Context(), time.Date(2026, 12, 30, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	old := w.endless(w.Shop(0))
	if r := w.ask(old, "{ shop { id } }"); r.Status != 200 {
		t.Errorf("call in 2026 = %d %s", r.Status, r.Text)
	}
	w.Advance(3 * day)
	if r := w.ask(old, "{ shop { id } }"); !refused(r) {
		t.Errorf("call in 2027 = %d %s, want 403", r.Status, r.Text)
	}
	pair := w.good(w.migrate(old))
	if r := w.ask(pair["access_token"], "{ shop { id } }"); r.Status != 200 {
		t.Errorf("call after the trade = %d %s", r.Status, r.Text)
	}
	w.app(map[string]any{"profile": "custom_fixed"})
	if r := w.ask(w.endless(w.Shop(0)), "{ shop { id } }"); r.Status != 200 {
		t.Errorf("call of a custom app in 2027 = %d %s", r.Status, r.Text)
	}
}

func TestAPublicAppMadeSinceAprilMustUsePairsAtOnce(t *testing.T) {
	w := start(t)
	if err := w.Running.Clock.Set(t.Context(), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	w.app(map[string]any{"created_at": "2026-04-01T00:00:00Z"})
	if r := w.ask(w.endless(w.Shop(0)), "{ shop { id } }"); r.Status != 403 {
		t.Errorf("call = %d %s, want 403", r.Status, r.Text)
	}
}

func TestTokensEndWithTheSecretThatMintedThem(t *testing.T) {
	w := start(t)
	w.app(map[string]any{"client_secret": "first"})
	kept, moved := w.pair(w.Shop(0)), w.pair(w.Shop(1))
	w.Do("POST", "/shopify/apps", map[string]any{"client_id": w.App["client_id"], "client_secret": []string{"second", "first"}})
	next := w.good(w.token(map[string]string{"grant_type": "refresh_token", "refresh_token": moved["refresh_token"].(string), "client_secret": "second"}))
	w.Do("POST", "/shopify/apps", map[string]any{"client_id": w.App["client_id"], "client_secret": []string{"second"}})
	w.App["client_secret"] = "second"
	if r := w.call("GET", api+"shop.json", kept["access_token"], ""); r.Status != 401 || w.lastWhy() == "" {
		t.Errorf("token of the revoked secret = %d", r.Status)
	}
	w.dead("refresh token of the revoked secret", w.refresh(kept["refresh_token"]))
	if r := w.call("GET", api+"shop.json", next["access_token"], ""); r.Status != 200 {
		t.Errorf("token refreshed with the later secret = %d %s", r.Status, r.Text)
	}
	w.good(w.refresh(next["refresh_token"]))
}

func TestClientCredentialsServeTheOrganisationOnly(t *testing.T) {
	w := start(t)
	w.app(map[string]any{"profile": "organisation", "organisation": "org-1"})
	own := w.Do("POST", "/shopify/shops", map[string]any{"name": "own-1", "owner": "org-1"})["shops"].([]any)[0].(map[string]any)
	ask := func(host string) simtest.Reply {
		body := `{"client_id":"` + w.Setting("client_id") + `","client_secret":"` + w.Setting("client_secret") + `","grant_type":"client_credentials"}`
		return w.Ask("POST", w.Base+"/admin/oauth/access_token", "application/json", body, "Accept", "application/json", "Host", host)
	}
	got := w.good(ask("own-1.localhost"))
	if got["expires_in"] != json.Number("86399") || got["refresh_token"] != nil {
		t.Errorf("client credentials = %v, want a day and no refresh token", got)
	}
	if r := w.ask(got["access_token"], "{ shop { id } }"); !strings.Contains(r.Text, own["id"].(string)) {
		t.Errorf("call = %s, want the organisation's store", r.Text)
	}
	second := w.good(ask("")) // the only store that the app is installed on
	if r := w.ask(got["access_token"], "{ shop { id } }"); r.Status != 200 || second["access_token"] == got["access_token"] {
		t.Errorf("former token = %d, want it to live", r.Status)
	}
	if r := ask("demo-1.localhost"); r.Field("error") != "shop_not_permitted" {
		t.Errorf("foreign store = %d %s", r.Status, r.Text)
	}
	w.Do("POST", "/shopify/revoke", map[string]string{"subject": own["id"].(string)})
	if r := ask("own-1.localhost"); r.Field("error") != "app_not_installed" {
		t.Errorf("store without the app = %d %s", r.Status, r.Text)
	}
}

func TestAnAppOfAStoreHasAFixedTokenAndNoOAuth(t *testing.T) {
	w := start(t)
	w.app(map[string]any{"profile": "store"})
	seen := 0
	for _, item := range w.Do("GET", "/shopify/grants", nil)["grants"].([]any) {
		grant := item.(map[string]any)
		if grant["app"] != w.App["client_id"] || grant["refresh"] != "" || grant["expires_at"] != nil {
			t.Errorf("grant = %v, want a token without an end", grant)
		}
		if r := w.call("GET", api+"shop.json", grant["access"], ""); r.Status != 200 {
			t.Errorf("call = %d %s", r.Status, r.Text)
		}
		seen++
	}
	if seen != 3 {
		t.Errorf("tokens = %d, want one for each store", seen)
	}
	if r := w.refresh("x"); !strings.Contains(r.Text, "does not support oauth") {
		t.Errorf("refresh = %s", r.Text)
	}
}
