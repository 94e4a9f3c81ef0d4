package pushes_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store"
)

// hanging is a database that stores no push until its caller has had enough.
type hanging struct {
	store.Store
	hangs *atomic.Bool
	left  *atomic.Int64 // how long the caller would have waited
}

func (h hanging) KeepPushes(ctx context.Context, rows ...store.Push) error {
	if !h.hangs.Load() {
		return h.Store.KeepPushes(ctx, rows...)
	}
	end, _ := ctx.Deadline()
	h.left.Store(int64(time.Until(end)))
	<-ctx.Done()
	for h.hangs.Load() { // it does not notice that its caller has gone
		time.Sleep(time.Millisecond)
	}
	return ctx.Err()
}

// A platform that waits half a second gets an answer within it, also where nothing can be stored: it sends the push again.
func TestPushIsAnsweredInThePlatformsTimeWhileTheDatabaseHangs(t *testing.T) {
	var hangs atomic.Bool
	var left atomic.Int64
	p := open(t, func(s store.Store) store.Store { return hanging{s, &hangs, &left} })
	app, err := p.keeper.Apps().Create(t.Context(), gk.Engine(), apps.Input{
		Platform: "lazada", Settings: map[string]string{"app_key": "100200", "app_secret": secret},
		Endpoints: map[string]string{"api": p.platform.URL, "token": p.platform.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	push := func() int {
		body := `{"seller_id":"1000777","message_type":8,"data":{},"timestamp":1764547200,"site":"lazada_sg"}`
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("100200" + body))
		req := httptest.NewRequest(http.MethodPost, "/push/"+app.ID, strings.NewReader(body))
		req.SetPathValue("app", app.ID)
		req.Header.Set("Authorization", hex.EncodeToString(mac.Sum(nil)))
		w := httptest.NewRecorder()
		p.pushes.ServeHTTP(w, req)
		return w.Code
	}
	if code := push(); code != http.StatusOK {
		t.Fatalf("a push while all is well = %d", code)
	}
	hangs.Store(true)
	code := push()
	var within time.Duration
	for _, d := range all.Drivers() {
		if d.Spec().Code == "lazada" {
			within = time.Duration(d.Spec().Facts.Push.AnswerWithin)
		}
	}
	if code != http.StatusServiceUnavailable || within == 0 || time.Duration(left.Load()) >= within {
		t.Errorf("a push that cannot be stored = %d, given up %v after it came; want 503 within %v", code, time.Duration(left.Load()), within)
	}
	hangs.Store(false)
	if code := push(); code != http.StatusOK {
		t.Errorf("its repeat = %d", code)
	}
}
