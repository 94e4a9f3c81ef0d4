package keeper_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/vault"
)

// otherwise is a driver of a platform with other facts of refresh.
type otherwise struct {
	platform.Driver
	platform.Refresher

	spec *platform.Spec
}

func (o otherwise) Spec() *platform.Spec { return o.spec }

// withFacts is a driver whose facts are changed.
func withFacts(d platform.Driver, change func(*platform.Facts)) otherwise {
	spec := *d.Spec()
	facts := *spec.Facts
	change(&facts)
	spec.Facts = &facts
	return otherwise{d, d.(platform.Refresher), &spec}
}

// put writes onto a grant, with a pair sealed for its generation.
func (l *liar) put(g gk.Grant, access, refresh string, change func(*gk.Grant)) {
	l.t.Helper()
	err := l.store.UpdateGrant(l.t.Context(), gk.Engine(), g.ID, l.now, func(row *gk.Grant) ([]gk.Event, error) {
		row.Access, row.Refresh = nil, nil
		for field, text := range map[string]string{"access": access, "refresh": refresh} {
			if text == "" {
				continue
			}
			sealed, err := l.vault.SealSecret(vault.Place{Table: "grants", Row: g.ID, Field: field, Generation: row.Generation}, gk.NewSecret(text))
			if err != nil {
				return nil, err
			}
			if field == "access" {
				row.Access = sealed
			} else {
				row.Refresh = sealed
			}
		}
		change(row)
		return nil, nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

func pairAnswer(access, refresh string, seconds int) http.HandlerFunc {
	return say(http.StatusOK, fmt.Sprintf(`{"access_token":%q,"refresh_token":%q,"expires_in":%d,"token_type":"Bearer"}`, access, refresh, seconds))
}

func TestPairThatWasSentIsNoNewGeneration(t *testing.T) {
	d := withFacts(all.Drivers()[0], func(f *platform.Facts) {
		f.Refresh = platform.Refresh{
			Style: platform.SameUntilNear, AfterLostAnswer: platform.RepeatAny,
			Lead: platform.Duration(45 * time.Minute), UsefulIn: platform.Duration(time.Hour),
		}
	})
	l := newLiar(t, d)
	l.answer = pairAnswer("canary-access", "canary-refresh", 3*3600)
	g := l.grant()
	l.put(g, "canary-access", "canary-refresh", func(row *gk.Grant) {
		row.RefreshExpires, row.Expires = l.now.Add(14*24*time.Hour), l.now.Add(2*time.Hour)
	})
	after := l.refresh(g)
	if after.Generation != 1 || !after.PairAskedAt.Equal(g.PairAskedAt) || !after.RefreshExpires.Equal(l.now.Add(14*24*time.Hour)) {
		t.Errorf("generation %d of a pair asked for at %s, refresh token until %s; want what it was", after.Generation, after.PairAskedAt, after.RefreshExpires)
	}
	if left := after.Expires.Sub(l.now); left < 179*time.Minute || left > 181*time.Minute {
		t.Errorf("the access token has %v left, want the three hours that the platform told", left)
	}
	if after.AttemptID != "" || after.Fault != nil || after.State != gk.Active || after.DueAt.Before(after.Expires.Add(-time.Hour)) {
		t.Errorf("attempt %q, fault %v, %s, due %v before its end; want a sound grant that is due in the last hour", after.AttemptID, after.Fault, after.State, after.Expires.Sub(after.DueAt))
	}
	served, err := l.keeper.Token(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{})
	if err != nil || served.Access.Reveal() != "canary-access" {
		t.Errorf("a reader got another token, or %v", err)
	}
	l.answer = pairAnswer("canary-access-2", "canary-refresh-2", 3*3600)
	l.passed.Store(int64(2*time.Hour + 30*time.Minute))
	if next := l.refresh(g); next.Generation != 2 || !next.RetryAt.IsZero() {
		t.Errorf("a new pair in the last hour made generation %d, resting until %s; want 2, not resting", next.Generation, next.RetryAt)
	}
}

func TestAccessTokenAloneIsTraded(t *testing.T) {
	d := withFacts(all.Drivers()[0], func(f *platform.Facts) {
		f.Refresh.From, f.Refresh.AfterLostAnswer = platform.FromAccess, platform.RepeatAny
	})
	l := newLiar(t, tradesAccess{d})
	l.answer = say(http.StatusServiceUnavailable, "busy")
	g := l.grant()
	l.put(g, "canary-access", "", func(row *gk.Grant) { row.Expires, row.DueAt = time.Time{}, l.now })
	before := l.refresh(g)
	if before.Generation != 1 || !before.InDoubt() || !before.Renewable {
		t.Errorf("after a 503: generation %d, in doubt %v, renewable %v; want 1, in doubt, renewable", before.Generation, before.InDoubt(), before.Renewable)
	}
	served, err := l.keeper.Token(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{})
	if err != nil || served.Access.Reveal() != "canary-access" {
		t.Errorf("until it is traded the old token is served: %v", err)
	}
	l.answer = pairAnswer("canary-new", "canary-next", 3600)
	l.passed.Store(int64(2 * time.Minute))
	if after := l.refresh(g); after.Generation != 2 || len(after.Refresh) == 0 || after.Expires.IsZero() || !after.Renewable {
		t.Errorf("after the trade: generation %d, refresh token %v, ends %s", after.Generation, len(after.Refresh) > 0, after.Expires)
	}
}

// tradesAccess asks with the access token where there is no refresh token.
type tradesAccess struct{ otherwise }

func (d tradesAccess) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	if cred.Token.Refresh.Empty() {
		cred.Token.Refresh = cred.Token.Access
	}
	return d.Refresher.RefreshRequest(app, cred)
}

func TestKindOfGrantThatIsNeverRefreshed(t *testing.T) {
	d := withFacts(all.Drivers()[0], func(f *platform.Facts) { f.Lookup.NotRenewable = []string{"local:grant_refused"} })
	l := newLiar(t, d)
	l.answer = say(http.StatusBadRequest, `{"error":"invalid_grant","error_description":"The provided authorization grant is invalid"}`)
	g := l.grant()
	after := l.refresh(g)
	if after.Renewable || after.Fault != nil || after.State != gk.Active || !after.DueAt.After(l.now) {
		t.Errorf("renewable %v, fault %v, %s, due %s; want a sound grant that ends in its time", after.Renewable, after.Fault, after.State, after.DueAt)
	}
	history, err := l.store.History(t.Context(), gk.Engine(), g.ID, "", 10)
	if err != nil || len(history) != 0 {
		t.Errorf("it was told of in %v, %v; want no alarm", history, err)
	}
}
