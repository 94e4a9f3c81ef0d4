package keeper_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform/all"
)

// TestOddLifetimesStaySafe answers refreshes with lifetimes that no document names: the pair is kept, or the outcome is
// unknown; a grant is never ended by them, nor asked for without a pause.
func TestOddLifetimesStaySafe(t *testing.T) {
	for _, d := range all.Drivers() {
		if identities[d.Spec().Code] == nil {
			continue
		}
		for _, life := range []string{`"abc"`, `"0"`, `0`, `-5`, `1.5`, `null`, `1e30`, `""`, `{}`, `99999999999999999999`} {
			t.Run(d.Spec().Code+" "+life, func(t *testing.T) {
				l := newLiar(t, d)
				asked := 0
				l.answer = func(w http.ResponseWriter, _ *http.Request) {
					asked++
					w.Header().Set("Content-Type", "application/json")
					_, _ = fmt.Fprintf(w, `{"access_token":"new-access-%d","refresh_token":"new-refresh-%d","expires_in":%s,"expire_in":%s,"re_expires_in":%s,"token_type":"Bearer","error":"","shop_id":1001}`, asked, asked, life, life, life)
				}
				g := l.refresh(l.grant())
				switch {
				case g.State == gk.Expired || g.State == gk.Revoked:
					t.Errorf("a lifetime of %s ended the grant", life)
				case g.Generation == 2 && len(g.Refresh) == 0:
					t.Errorf("a lifetime of %s cost the refresh token", life)
				case g.Generation == 1 && !g.InDoubt() && g.Fault == nil:
					t.Errorf("a lifetime of %s left neither a pair nor a word", life)
				case g.Renewable && (g.DueAt.IsZero() || !g.DueAt.After(l.now) && !g.DueAt.Equal(g.Expires)): // an end is told at once
					t.Errorf("a lifetime of %s makes the grant due at %s, at once", life, g.DueAt)
				}
			})
		}
	}
}

// TestTokenOfSecondsIsNotRefreshedAtEachHalfOfItsLife has a platform that says seconds where it means milliseconds.
func TestTokenOfSecondsIsNotRefreshedAtEachHalfOfItsLife(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	asked := 0
	l.answer = func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, fmt.Sprintf(`{"access_token":"new-%d","refresh_token":"next-%d","expires_in":15,"token_type":"Bearer"}`, asked, asked))
	}
	g := l.refresh(l.grant())
	if want := l.now.Add(time.Minute); g.DueAt.After(l.now.Add(15*time.Second)) && g.DueAt.Before(want) {
		t.Errorf("due at %s, want its end, or a minute later", g.DueAt)
	}
	for range 14 { // a reader in each second
		l.pass(time.Second)
		if s, err := l.keeper.Token(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{}); err != nil || s.Access.Empty() {
			t.Errorf("a token that still lasts is not served: %v", err)
		}
	}
	if asked != 1 {
		t.Errorf("%d renewals in one life of fifteen seconds, want 1", asked)
	}
}
