package consents

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

func authorizationComesBack(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	want := given.FullAuthorization("app", "auth")
	given.CreateAuthorization(t, s, want)
	got, err := s.Authorization(t.Context(), given.Engine, "auth")
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "a full authorization", got, want)
	if got, err = s.AuthorizationByLink(t.Context(), want.LinkHash); err != nil {
		t.Fatal(err)
	}
	given.Same(t, "the authorization of a link", got, want)

	_, byID := s.Authorization(t.Context(), given.Engine, "unknown")
	_, byLink := s.AuthorizationByLink(t.Context(), []byte("unknown"))
	_, byNoLink := s.AuthorizationByLink(t.Context(), nil)
	ofNoApp := s.CreateAuthorization(t.Context(), given.FullAuthorization("unknown", "auth-2"))
	for what, err := range map[string]error{"id": byID, "link": byLink, "no link": byNoLink, "app": ofNoApp} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an unknown %s = %v, want ErrNotFound", what, err)
		}
	}
	again := given.FullAuthorization("app", "auth-3")
	again.LinkHash = want.LinkHash
	if err := s.CreateAuthorization(t.Context(), again); !errors.Is(err, store.ErrExists) {
		t.Errorf("CreateAuthorization with a link that is taken = %v, want ErrExists", err)
	}
}

func updateAuthorization(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	before := given.FullAuthorization("app", "auth")
	given.CreateAuthorization(t, s, before)
	later := given.Epoch.Add(time.Hour)
	err := s.UpdateAuthorization(t.Context(), given.Engine, "auth", later, func(a *gk.Authorization) ([]gk.Event, error) {
		given.Same(t, "what the change is given", *a, before)
		*a = gk.Authorization{ID: "other", App: "other", Stage: gk.Done, LinkHash: []byte("link")}
		return []gk.Event{{ID: "event", Authorization: "auth", At: later}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := gk.Authorization{ID: "auth", App: "app", Stage: gk.Done, LinkHash: []byte("link"), CreatedAt: given.Epoch, UpdatedAt: later}
	check := func(what string) {
		t.Helper()
		got, err := s.Authorization(t.Context(), given.Engine, "auth")
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "the authorization after "+what, got, want)
	}
	check("a change")
	for _, fails := range []error{store.ErrUnchanged, errors.New("mine")} {
		err := s.UpdateAuthorization(t.Context(), given.Engine, "auth", given.Epoch, func(a *gk.Authorization) ([]gk.Event, error) {
			a.Stage = gk.Failed
			return []gk.Event{{ID: "event-2", At: given.Epoch}}, fails
		})
		if (err == nil) != errors.Is(fails, store.ErrUnchanged) {
			t.Errorf("UpdateAuthorization = %v for a change that returns %v", err, fails)
		}
		check(fails.Error())
	}
	if n, err := s.Publish(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("Publish = %d, %v, want the first change's event", n, err)
	}
}

func authorizationsPaged(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	for i, set := range []func(*gk.Authorization){
		func(*gk.Authorization) {},
		func(a *gk.Authorization) { a.App = "other" },
		func(a *gk.Authorization) { a.Owner = "owner-b" },
		func(a *gk.Authorization) { a.Stage = gk.Done },
		func(*gk.Authorization) {},
	} {
		a := given.FullAuthorization("app", fmt.Sprint("auth-", i))
		set(&a)
		given.CreateAuthorization(t, s, a)
	}
	for _, c := range []struct {
		filter store.AuthorizationFilter
		want   []string
	}{
		{store.AuthorizationFilter{}, []string{"auth-4", "auth-3", "auth-2", "auth-1", "auth-0"}},
		{store.AuthorizationFilter{Limit: 2}, []string{"auth-4", "auth-3"}},
		{store.AuthorizationFilter{Limit: 2, Before: "auth-3"}, []string{"auth-2", "auth-1"}},
		{store.AuthorizationFilter{Before: "auth-0"}, nil},
		{store.AuthorizationFilter{App: "other"}, []string{"auth-1"}},
		{store.AuthorizationFilter{Owner: "owner-b"}, []string{"auth-2"}},
		{store.AuthorizationFilter{Stage: string(gk.Done)}, []string{"auth-3"}},
	} {
		found, err := s.Authorizations(t.Context(), given.Engine, c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range found {
			got = append(got, a.ID)
		}
		given.Same(t, fmt.Sprintf("Authorizations(%+v)", c.filter), got, c.want)
	}
}

func clickComesBack(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.CreateAuthorization(t, s, given.FullAuthorization("app", "auth"))
	want := given.FullClick("app", "auth", "click")
	given.CreateClick(t, s, want)
	got, err := s.Click(t.Context(), "click")
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "a full click", got, want)
	if got, err = s.ClickByState(t.Context(), "app", want.StateHash); err != nil {
		t.Fatal(err)
	}
	given.Same(t, "the click of a state", got, want)

	_, byID := s.Click(t.Context(), "unknown")
	_, byState := s.ClickByState(t.Context(), "app", []byte("unknown"))
	_, byNoState := s.ClickByState(t.Context(), "app", nil)
	_, ofOther := s.ClickByState(t.Context(), "other", want.StateHash)
	for what, err := range map[string]error{"id": byID, "state": byState, "no state": byNoState, "app": ofOther} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a click by an unknown %s = %v, want ErrNotFound", what, err)
		}
	}
	again := given.FullClick("app", "auth", "click-2")
	again.StateHash = want.StateHash
	if err := s.CreateClick(t.Context(), again); !errors.Is(err, store.ErrExists) {
		t.Errorf("CreateClick with a state that is taken = %v, want ErrExists", err)
	}
	if err := s.CreateClick(t.Context(), given.FullClick("app", "unknown", "click-3")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("CreateClick of an unknown authorization = %v, want ErrNotFound", err)
	}
}

func clickBegins(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	want := given.FullAuthorization("app", "auth")
	given.CreateAuthorization(t, s, want)
	click := given.FullClick("app", "auth", "click")
	click.CreatedAt = given.Epoch.Add(time.Minute)
	given.CreateClick(t, s, click)
	want.Stage, want.Reason, want.Fault, want.UpdatedAt = gk.Begun, "", nil, click.CreatedAt
	got, err := s.Authorization(t.Context(), given.Engine, "auth")
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "the authorization after a click", got, want)

	done := given.FullAuthorization("app", "done")
	done.Stage = gk.Done
	given.CreateAuthorization(t, s, done)
	if err := s.CreateClick(t.Context(), given.FullClick("app", "done", "late")); !errors.Is(err, store.ErrSpent) {
		t.Errorf("CreateClick on what is done = %v, want ErrSpent", err)
	}
	if _, err := s.Click(t.Context(), "late"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the late click = %v, want ErrNotFound", err)
	}
}

func entryClick(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.CreateAuthorization(t, s, given.FullAuthorization("app", "auth"))
	for _, id := range []string{"entry-1", "entry-2"} { // several clicks may have no state
		c := given.FullClick("app", "auth", id)
		c.StateHash, c.BrowserHash = nil, nil
		given.CreateClick(t, s, c)
		got, err := s.Click(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "an entry", got, c)
	}
}

func spendStateOnce(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.CreateAuthorization(t, s, given.FullAuthorization("app", "auth"))
	want := given.FullClick("app", "auth", "click")
	want.Held = false
	given.CreateClick(t, s, want)
	now := given.Epoch.Add(5 * time.Minute)
	var won atomic.Int64
	var callbacks sync.WaitGroup
	for range 50 {
		callbacks.Go(func() {
			_, err := s.SpendState(t.Context(), "app", want.StateHash, want.CodeHash, true, now)
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrSpent):
				t.Errorf("SpendState = %v, want ErrSpent for all but one", err)
			}
		})
	}
	callbacks.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of fifty callbacks spent the state, want one", won.Load())
	}
	want.Stage, want.SpentAt, want.UpdatedAt, want.Held = gk.Exchanging, now, now, true
	got, err := s.Click(t.Context(), "click")
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "the click of a spent state", got, want)
	if _, err := s.SpendState(t.Context(), "app", want.StateHash, want.CodeHash, true, given.Epoch.Add(48*time.Hour)); !errors.Is(err, store.ErrSpent) {
		t.Errorf("SpendState of what was spent and is past its end = %v, want ErrSpent", err)
	}
}

func spendStateNotFound(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	given.CreateAuthorization(t, s, given.FullAuthorization("app", "auth"))
	want := given.FullClick("app", "auth", "click")
	given.CreateClick(t, s, want)
	for _, c := range []struct {
		what, app string
		state     []byte
		now       time.Time
	}{
		{"of another app", "other", want.StateHash, given.Epoch},
		{"that nobody knows", "app", []byte("unknown"), given.Epoch},
		{"that is none", "app", nil, given.Epoch},
		{"at its end", "app", want.StateHash, want.ExpiresAt},
		{"past its end", "app", want.StateHash, want.ExpiresAt.Add(time.Hour)},
	} {
		if _, err := s.SpendState(t.Context(), c.app, c.state, nil, false, c.now); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("SpendState of a state %s = %v, want ErrNotFound", c.what, err)
		}
	}
	got, err := s.SpendState(t.Context(), "app", want.StateHash, want.CodeHash, false, want.ExpiresAt.Add(-time.Millisecond))
	if err != nil || got.Stage != gk.Exchanging || got.Held {
		t.Errorf("SpendState just before its end = %+v, %v, want it exchanging and not held", got, err)
	}
}

func updateClick(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeAttempt(t, s, "app", "auth", "click")
	later := given.Epoch.Add(time.Hour)
	mine := errors.New("mine")
	for _, fails := range []error{mine, store.ErrUnchanged, nil} {
		err := s.UpdateClick(t.Context(), "click", later, func(c *gk.Click, a *gk.Authorization) ([]gk.Event, error) {
			if c.ID != "click" || a.ID != "auth" || c.Stage != gk.Issued || a.Stage != gk.Begun {
				t.Errorf("the change got %+v and %+v, want both as stored", c, a)
			}
			c.Stage, c.Reason, a.Stage, a.Reason = gk.Failed, gk.ReasonDenied, gk.Failed, gk.ReasonDenied
			return []gk.Event{{ID: "event", Kind: gk.EventAuthorizationFailed, Authorization: "auth", At: later}}, fails
		})
		if errors.Is(err, mine) != errors.Is(fails, mine) || err != nil && !errors.Is(fails, mine) {
			t.Errorf("UpdateClick = %v for a change that returns %v", err, fails)
		}
		want := gk.Failed
		if fails != nil {
			want = gk.Issued
		}
		c, clickErr := s.Click(t.Context(), "click")
		a, authErr := s.Authorization(t.Context(), given.Engine, "auth")
		if clickErr != nil || authErr != nil || c.Stage != want || (a.Stage == gk.Failed) != (fails == nil) {
			t.Errorf("after %v: click %s, authorization %s, %v, %v", fails, c.Stage, a.Stage, clickErr, authErr)
		}
		if fails == nil && (!c.UpdatedAt.Equal(later) || !a.UpdatedAt.Equal(later)) {
			t.Errorf("updated at %v and %v, want %v", c.UpdatedAt, a.UpdatedAt, later)
		}
	}
	if n, err := s.Publish(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("Publish = %d, %v, want one event", n, err)
	}
	err := s.UpdateClick(t.Context(), "unknown", later, func(*gk.Click, *gk.Authorization) ([]gk.Event, error) { return nil, nil })
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("UpdateClick of an unknown click = %v, want ErrNotFound", err)
	}
}

func openClicks(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.CreateAuthorization(t, s, given.FullAuthorization("app", "auth"))
	for i, stage := range []gk.Stage{gk.Issued, gk.Exchanging, gk.Begun, gk.Done, gk.Failed, gk.Issued, gk.Issued} {
		c := given.FullClick("app", "auth", fmt.Sprint("click-", i))
		c.Stage, c.Reason, c.UpdatedAt = stage, "", given.Epoch.Add(-time.Duration(i)*time.Minute)
		given.CreateClick(t, s, c)
	}
	given.MakeApp(t, s, "other")
	given.CreateAuthorization(t, s, given.FullAuthorization("other", "auth-other"))
	waiting := given.FullClick("other", "auth-other", "click-other")
	waiting.Stage, waiting.Reason, waiting.UpdatedAt = gk.Issued, "", given.Epoch.Add(-90*time.Second)
	given.CreateClick(t, s, waiting)
	stranded := given.FullClick("other", "auth-other", "click-stranded")
	stranded.Stage, stranded.Reason, stranded.UpdatedAt = gk.Issued, gk.ReasonUnplaced, given.Epoch.Add(-time.Hour)
	given.CreateClick(t, s, stranded)
	for _, c := range []struct {
		before time.Time
		limit  int
		want   []string
	}{
		{given.Epoch, 10, []string{"click-6", "click-5", "click-other", "click-1", "click-0"}},
		{given.Epoch.Add(-time.Minute), 10, []string{"click-6", "click-5", "click-other", "click-1"}},
		{given.Epoch, 2, []string{"click-6", "click-5", "click-other"}}, // so many of each app
		{given.Epoch.Add(-time.Hour), 10, nil},
	} {
		found, err := s.OpenClicks(t.Context(), c.before, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, click := range found {
			got = append(got, click.ID)
		}
		given.Same(t, fmt.Sprintf("OpenClicks before %v", c.before), got, c.want)
	}
	for authorization, want := range map[string][]gk.Click{"auth-other": {stranded}, "auth": nil} {
		found, err := s.StrandedClicks(t.Context(), authorization)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "StrandedClicks of "+authorization, found, want)
	}
}

func spendCode(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	given.CreateAuthorization(t, s, given.FullAuthorization("app", "auth"))
	given.CreateAuthorization(t, s, given.FullAuthorization("other", "auth-other"))
	for _, id := range []string{"one", "two"} {
		c := given.FullClick("app", "auth", id)
		c.CodeHash, c.SpentAt = nil, time.Time{}
		given.CreateClick(t, s, c)
	}
	if _, err := s.ClickByCode(t.Context(), "app", []byte("code")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("ClickByCode before it is spent = %v, want ErrNotFound", err)
	}
	if _, err := s.SpendState(t.Context(), "app", []byte("state of one"), []byte("code"), false, given.Epoch); err != nil {
		t.Fatal(err)
	}
	if c, err := s.ClickByCode(t.Context(), "app", []byte("code")); err != nil || c.ID != "one" {
		t.Errorf("ClickByCode = %q, %v, want the click that spent it", c.ID, err)
	}
	if _, err := s.SpendState(t.Context(), "app", []byte("state of two"), []byte("code"), false, given.Epoch); !errors.Is(err, store.ErrExists) {
		t.Errorf("SpendState with a spent code = %v, want ErrExists", err)
	}
	if c, err := s.Click(t.Context(), "two"); err != nil || c.Stage != gk.Begun {
		t.Errorf("after it the click is %s, %v, want it begun", c.Stage, err)
	}
	again := given.FullClick("app", "auth", "three")
	again.CodeHash = []byte("code")
	if err := s.CreateClick(t.Context(), again); !errors.Is(err, store.ErrExists) {
		t.Errorf("CreateClick with a spent code = %v, want ErrExists", err)
	}
	elsewhere := given.FullClick("other", "auth-other", "four")
	elsewhere.CodeHash = []byte("code")
	given.CreateClick(t, s, elsewhere) // codes of two apps are two
}
