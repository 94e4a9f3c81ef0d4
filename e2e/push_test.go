package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
)

// letterbox takes a platform's pushes and keeps them unopened.
type letterbox struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request
}

func newLetterbox(t *testing.T) *letterbox {
	b := &letterbox{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		kept := r.Clone(r.Context())
		kept.Body = io.NopCloser(bytes.NewReader(body))
		b.mu.Lock()
		defer b.mu.Unlock()
		b.seen = append(b.seen, kept)
	}))
	t.Cleanup(b.Close)
	return b
}

// letter is one push as the platform wrote it.
type letter struct {
	header http.Header
	body   []byte
}

// wait returns the pushes with a body once there is one.
func (b *letterbox) wait(t *testing.T) []letter {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		b.mu.Lock()
		var all []letter
		for _, r := range b.seen {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			if len(body) > 0 {
				all = append(all, letter{r.Header, body})
			}
		}
		b.mu.Unlock()
		if len(all) > 0 {
			return all
		}
	}
	t.Fatal("the platform sent no push")
	return nil
}

// deliver brings a push to an app.
func (w *town) deliver(app string, l letter) int {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.Server+"/push/"+app, bytes.NewReader(l.body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, values := range l.header {
		if name != "Content-Length" && name != "Accept-Encoding" {
			req.Header[name] = values
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// redirectPushes makes a platform send an app's pushes to a letterbox; the address they are signed over is the one in
// the app's settings.
func (w *town) redirectPushes(code, app string, identity map[string]string) *letterbox {
	w.t.Helper()
	box := newLetterbox(w.t)
	address := box.URL + "/push/" + app
	settings := map[string]string{"push_url": address}
	for name, s := range w.Keeper.Apps().Driver(code).Spec().Facts.Settings {
		if value, ok := w.Ready.Platforms[code].Apps[0][name].(string); ok && s.Secret {
			settings[name] = value // another address needs the secrets again
		}
	}
	if _, err := w.Keeper.Apps().Update(w.t.Context(), gk.Engine(), app, apps.Change{Settings: settings}); err != nil {
		w.t.Fatal(err)
	}
	told := map[string]any{}
	maps.Copy(told, w.Ready.Platforms[code].Apps[0])
	for name, v := range identity {
		told[name] = v
	}
	told["redirect_uri"], told["push_url"], told["app_url"] = w.Keeper.Apps().CallbackURL(app), address, w.Keeper.Apps().InstallURL(app)
	w.tell(http.MethodPost, "/"+code+"/apps", told, nil)
	return box
}

func (w *town) stateOf(grant string) gk.State {
	w.t.Helper()
	g, err := w.Store.Grant(w.t.Context(), gk.Engine(), grant)
	if err != nil {
		w.t.Fatal(err)
	}
	return g.State
}

// ends waits until a grant is over, as the platform says when it is asked.
func (w *town) ends(grant string) {
	w.t.Helper()
	var g gk.Grant
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		g, _ = w.Store.Grant(w.t.Context(), gk.Engine(), grant) // a failure shows as no state
		if g.State == gk.Revoked || g.State == gk.Expired {
			return
		}
	}
	w.t.Errorf("the grant of %s is %q, want it ended", g.Platform, g.State)
}

var pushing = []string{"shoplazza", "shopee", "eleme"} // the platforms whose end of a permission comes by push

// TestPushesAreForTheirOwnApp lets a merchant of each platform leave, and brings the genuine push to every other app, and
// changed ones to its own: nothing happens. Then the genuine one ends the grant, once.
func TestPushesAreForTheirOwnApp(t *testing.T) {
	w := newTown(t)
	apps := map[string]string{}
	for _, code := range w.codes() {
		apps[code+" production"] = w.Apps[code]
		apps[code+" sandbox"] = w.addApp(code, gk.Sandbox, otherIdentity(code))
	}
	for _, code := range pushing {
		app := w.Apps[code]
		box := w.redirectPushes(code, app, nil)
		grant := w.connect(code, app, 1, "ann")
		w.tell(http.MethodPost, "/clock", map[string]string{"advance": "70s"}, nil) // a pair is not refreshed in its first minute
		w.settled()
		w.tell(http.MethodPost, "/"+code+"/revoke", map[string]string{"subject": w.subject(grant)}, nil)
		letters := box.wait(t)
		real := letters[len(letters)-1]
		for name, other := range apps {
			if other == app {
				continue
			}
			if status := w.deliver(other, real); status < 400 {
				t.Errorf("the push of %s at %s = %d, want refused", code, name, status)
			}
		}
		for name, forged := range forgeries(real) {
			if status := w.deliver(app, forged); status < 400 {
				t.Errorf("%s: %s = %d, want refused", code, name, status)
			}
		}
		if state := w.stateOf(grant); state != gk.Active {
			t.Fatalf("%s: forged pushes made the grant %s", code, state)
		}
		if status := w.deliver(app, real); status >= 300 {
			t.Errorf("%s: the genuine push = %d, want it taken", code, status)
		}
		w.ends(grant)
	}
}

// subject is the id of a grant's subject.
func (w *town) subject(grant string) string {
	w.t.Helper()
	g, err := w.Store.Grant(w.t.Context(), gk.Engine(), grant)
	if err != nil {
		w.t.Fatal(err)
	}
	return g.Subject.ID
}

// forgeries are pushes that resemble a genuine one.
func forgeries(l letter) map[string]letter {
	out := map[string]letter{
		"a blank behind the body": {l.header, append(slices.Clone(l.body), ' ')},
		"an empty object":         {l.header, []byte("{}")},
		"half of it":              {l.header, l.body[:len(l.body)/2]},
	}
	flipped := slices.Clone(l.body)
	for i := len(flipped) - 1; i >= 0; i-- {
		if flipped[i] >= '0' && flipped[i] <= '8' {
			flipped[i]++
			break
		}
	}
	out["another digit"] = letter{l.header, flipped}
	bare := l.header.Clone()
	for _, name := range []string{"Authorization", "X-Shoplazza-Hmac-Sha256"} {
		bare.Del(name)
	}
	if len(bare) < len(l.header) {
		out["no proof"] = letter{bare, l.body}
		twice := l.header.Clone()
		for _, name := range []string{"Authorization", "X-Shoplazza-Hmac-Sha256"} {
			if twice.Get(name) != "" {
				twice.Add(name, twice.Get(name))
			}
		}
		out["two proofs"] = letter{twice, l.body}
	}
	if bytes.Contains(l.body, []byte(`"signature"`)) { // Ele.me's proof does not cover white space
		delete(out, "a blank behind the body")
		out["a member twice"] = letter{l.header, bytes.Replace(l.body, []byte("{"), []byte(`{"shopId":1,"shopId":2,`), 1)}
	}
	return out
}

// TestOldPushDoesNotEndANewConsent keeps the push of a merchant who left, lets them authorize again, and brings it twice.
func TestOldPushDoesNotEndANewConsent(t *testing.T) {
	w := newTown(t)
	for _, code := range pushing {
		app := w.Apps[code]
		box := w.redirectPushes(code, app, nil)
		grant := w.connect(code, app, 1, "ann")
		w.tell(http.MethodPost, "/"+code+"/revoke", map[string]string{"subject": w.subject(grant)}, nil)
		letters := box.wait(t)
		old := letters[len(letters)-1]
		w.tell(http.MethodPost, "/clock", map[string]string{"advance": "2m"}, nil)
		w.settled()
		if again := w.connect(code, app, 1, "ann"); again != grant {
			t.Fatalf("%s: another grant for the same subject", code)
		}
		for range 2 {
			w.deliver(app, old)
		}
		if renamed := old.header.Clone(); renamed.Get("X-Shoplazza-Deduplication-Id") != "" {
			renamed.Set("X-Shoplazza-Deduplication-Id", "another")
			w.deliver(app, letter{renamed, old.body})
		}
		time.Sleep(300 * time.Millisecond) // the work of a push follows its answer
		if state := w.stateOf(grant); state != gk.Active {
			t.Errorf("%s: an old push made a new consent %s", code, state)
		}
	}
}

// settled waits until the clock has arrived.
func (w *town) settled() {
	w.t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var c struct{ Now, Target time.Time }
		w.tell(http.MethodGet, "/clock", nil, &c)
		if !c.Now.Before(c.Target) {
			return
		}
	}
	w.t.Fatal("the clock did not arrive")
}

// TestPushThatProvesTooLittleIsAsked changes what Shoplazza does not sign: a genuine body about an order, under the
// headers of an uninstallation, for another store.
func TestPushThatProvesTooLittleIsAsked(t *testing.T) {
	w := newTown(t)
	app := w.Apps["shoplazza"]
	victim := w.connect("shoplazza", app, 0, "ann")
	host := w.residents("shoplazza")[0].Host
	secret := fmt.Sprint(w.Ready.Platforms["shoplazza"].Apps[0]["client_secret"])
	for i, body := range []string{`{"id":"1","store_id":"` + w.subject(victim) + `"}`, `{"id":"` + w.subject(victim) + `"}`, `{"order":1}`} {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(body))
		status := w.deliver(app, letter{http.Header{
			"X-Shoplazza-Hmac-Sha256": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}, "X-Shoplazza-Topic": {"app/uninstalled"},
			"X-Shoplazza-Shop-Domain": {host}, "X-Shoplazza-Deduplication-Id": {fmt.Sprint("made-up-", i)},
		}, []byte(body)})
		if status != http.StatusOK {
			t.Errorf("a body that is signed = %d, want 200", status)
		}
	}
	time.Sleep(300 * time.Millisecond)
	if state := w.stateOf(victim); state != gk.Active {
		t.Errorf("headers that nobody signed made a grant %s", state)
	}
}

// TestShopeePushKeyGoesBeforeThePartnerKey signs with the partner key where the setting forbids it, and for another
// address.
func TestShopeePushKeyGoesBeforeThePartnerKey(t *testing.T) {
	w := newTown(t)
	app := w.Apps["shopee"]
	grant := w.connect("shopee", app, 0, "ann")
	settings := w.Ready.Platforms["shopee"].Apps[0]
	key, id := fmt.Sprint(settings["partner_key"]), fmt.Sprint(settings["partner_id"])
	push := func(address, partner string) letter {
		body := `{"code":2,"timestamp":` + fmt.Sprint(w.Keeper.Now().Unix()) + `,"partner_id":` + partner + `,"shop_id":` + w.subject(grant) + `,"data":{"shop_id":` + w.subject(grant) + `}}`
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(address + "|" + body))
		return letter{http.Header{"Authorization": {hex.EncodeToString(mac.Sum(nil))}}, []byte(body)}
	}
	own := w.Keeper.Apps().PushURL(app)
	if status := w.deliver(app, push(own, id)); status >= 300 {
		t.Errorf("signed with the partner key, as older guides have it = %d, want taken", status)
	}
	for name, l := range map[string]letter{
		"another address":    push("https://evil.example/push/"+app, id),
		"another app's body": push(own, "1"),
	} {
		if status := w.deliver(app, l); status < 400 {
			t.Errorf("%s = %d, want refused", name, status)
		}
	}
	if _, err := w.Keeper.Apps().Update(t.Context(), gk.Engine(), app, apps.Change{Settings: map[string]string{"push_partner_key": "false"}}); err != nil {
		t.Fatal(err)
	}
	if status := w.deliver(app, push(own, id)); status < 400 {
		t.Errorf("the partner key where it is not allowed = %d, want refused", status)
	}
	if state := w.stateOf(grant); state != gk.Active { // the platform was asked: the shop has not left
		t.Errorf("the grant is %s, want active", state)
	}
}

// TestFloodOfForgedPushesHarmsNobodyElse sends rubbish as fast as it goes, and reads tokens meanwhile.
func TestFloodOfForgedPushesHarmsNobodyElse(t *testing.T) {
	w := newTown(t)
	grant := w.connect("shopee", w.Apps["shopee"], 0, "ann")
	body := []byte(`{"code":2,"partner_id":1,"data":"` + strings.Repeat("x", 100<<10) + `"}`)
	stop := make(chan struct{})
	var flood sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range 32 {
		flood.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				status := w.deliver(w.Apps["shopee"], letter{http.Header{"Authorization": {strings.Repeat("0", 64)}}, body})
				mu.Lock()
				statuses[status]++
				mu.Unlock()
			}
		})
	}
	var took []time.Duration
	for range 100 {
		at := time.Now()
		if r := w.ask(w.Key, http.MethodGet, "/v1/grants/"+grant+"/token", nil); r.status != http.StatusOK {
			t.Errorf("a reader = %d during the flood", r.status)
		}
		took = append(took, time.Since(at))
	}
	close(stop)
	flood.Wait()
	slices.Sort(took)
	if p90 := took[90]; p90 > 20*time.Second {
		t.Errorf("nine of ten readers waited up to %v during the flood, want hardly longer than without", p90)
	}
	for status := range statuses {
		if status != http.StatusUnauthorized && status != http.StatusTooManyRequests {
			t.Errorf("the flood was answered %v, want 401 and 429 only", statuses)
		}
	}
	if state := w.stateOf(grant); state != gk.Active {
		t.Errorf("the grant is %s", state)
	}
	if status := w.deliver(w.Apps["shopee"], letter{nil, bytes.Repeat([]byte("x"), 257<<10)}); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a push of 257 KiB = %d, want 413", status)
	}
}
