package keeper_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/vault"
)

// found stores n grants whose pairs are older than the process and due.
func (l *liar) found(n int) []gk.Grant {
	l.t.Helper()
	var grants []gk.Grant
	for range n {
		g := l.grant()
		err := l.store.UpdateGrant(context.Background(), gk.Engine(), g.ID, l.now, func(row *gk.Grant) ([]gk.Event, error) {
			row.PairAskedAt, row.DueAt, row.Expires = l.now.Add(-300*24*time.Hour), l.now, l.now.Add(time.Hour)
			g = *row
			return nil, nil
		})
		if err != nil {
			l.t.Fatal(err)
		}
		grants = append(grants, g)
	}
	return grants
}

// run runs the keeper until the test ends.
func (l *liar) run() { l.runs(l.keeper) }

func (l *liar) runs(k *keeper.Keeper) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			l.t.Error(err)
		}
	})
}

// until waits for something, at most five minutes: a loaded machine is slow, and only a failure takes so long.
func (l *liar) until(what string, so func() bool) {
	l.t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if so() {
			return
		}
	}
	l.t.Fatalf("not within five minutes: %s\n%s", what, l.log)
}

// spent is a platform on which all pairs but some have been replaced by others.
type spent struct {
	mu    sync.Mutex
	asked int
	alive bool // what it says of access tokens
	good  func(asked int) bool
}

func (s *spent) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != "/admin/oauth/token" { // somebody asks about an access token
		s.mu.Lock()
		alive := s.alive
		s.mu.Unlock()
		if !alive {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_token","error_description":"The access token is invalid"}`)
			return
		}
		if strings.Contains(r.URL.Path, "scopes") {
			_, _ = io.WriteString(w, `{"access_scopes":[]}`)
			return
		}
		_, _ = io.WriteString(w, `{"shop":{"id":"1"}}`)
		return
	}
	s.mu.Lock()
	s.asked++
	n, good := s.asked, s.good(s.asked)
	s.mu.Unlock()
	if good {
		_, _ = fmt.Fprintf(w, `{"access_token":"new-%d","refresh_token":"next-%d","expires_in":31536000,"token_type":"Bearer"}`, n, n)
		return
	}
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."}`)
}

func (s *spent) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// TestRestoredDatabaseIsNotSpentToTheEnd begins on a database whose pairs have all been replaced since: three are lost, the
// rest waits for a person with one alarm and is served meanwhile, and goes on after a word.
func TestRestoredDatabaseIsNotSpentToTheEnd(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	p := &spent{good: func(int) bool { return false }}
	l.answer = p.answer
	grants := l.found(20)
	l.run()
	l.until("the app is stopped", func() bool {
		app, err := l.store.App(t.Context(), gk.Engine(), l.app.ID)
		return err == nil && app.Stop == gk.StopRestored && app.Fault != nil && app.Fault.Code == keeper.CodeRestored
	})
	time.Sleep(1500 * time.Millisecond) // another look of the scheduler
	if n := p.count(); n > 3 {
		t.Errorf("%d refresh tokens were offered, want 3", n)
	}
	waiting := 0
	for _, g := range grants {
		row, err := l.store.Grant(t.Context(), gk.Engine(), g.ID)
		if err != nil {
			t.Fatal(err)
		}
		if row.Renewable {
			waiting++
		}
		if s, err := l.keeper.Token(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{}); err != nil || s.Access.Empty() {
			t.Errorf("a token that lasts for another hour is not served: %v", err)
		}
	}
	if waiting != 17 || p.count() > 3 {
		t.Errorf("%d grants can still be renewed after readers came, and %d were asked for; want 17 and 3", waiting, p.count())
	}
	if _, err := l.store.Publish(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	events, err := l.store.EventsAfter(t.Context(), gk.Engine(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	alarms := 0
	for _, e := range events {
		if e.Kind == gk.EventAppPaused {
			alarms++
		}
	}
	if alarms != 1 {
		t.Errorf("%d alarms, want one", alarms)
	}
	p.mu.Lock()
	p.good = func(int) bool { return true }
	p.mu.Unlock()
	if _, err := l.keeper.Apps().Update(t.Context(), gk.Engine(), l.app.ID, apps.Change{}); err != nil {
		t.Fatal(err)
	}
	l.until("the rest is renewed", func() bool { return p.count() == 20 })
}

// TestMerchantsWhoLeftAreNoRestoredDatabase has refusals beside a pair that is taken: nothing is stopped.
func TestMerchantsWhoLeftAreNoRestoredDatabase(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	p := &spent{good: func(asked int) bool { return asked == 2 }}
	l.answer = p.answer
	l.found(12)
	l.run()
	l.until("everybody is asked for", func() bool { return p.count() == 12 })
	if app, err := l.store.App(t.Context(), gk.Engine(), l.app.ID); err != nil || app.Fault != nil {
		t.Errorf("the app has the fault %v, error %v; want none", app.Fault, err)
	}
}

// TestOneWhoLivesTriesAmongManyWhoLeft has an app stopped by merchants who left, and one among many whose access token
// lives: that one tries when the first probe is due, and the others go on.
func TestOneWhoLivesTriesAmongManyWhoLeft(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	l.answer = func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		lives := err == nil && strings.Contains(string(body)+r.Header.Get("Access-Token"), "who-lives")
		switch {
		case r.URL.Path == "/admin/oauth/token" && lives:
			say(200, `{"access_token":"next","refresh_token":"next-refresh","expires_in":31536000,"token_type":"Bearer"}`)(w, r)
		case r.URL.Path == "/admin/oauth/token":
			say(400, `{"error":"invalid_grant"}`)(w, r)
		case !lives:
			say(401, `{"error":"invalid_token"}`)(w, r)
		case strings.Contains(r.URL.Path, "scopes"):
			say(200, `{"access_scopes":[]}`)(w, r)
		default:
			say(200, `{"shop":{"id":"1"}}`)(w, r)
		}
	}
	grants := l.found(40)
	living := l.relabel(grants[20], func(row *gk.Grant) { row.DueAt = l.now.Add(time.Hour) }) // not among the first three
	l.run()
	stop := func() gk.Stop {
		app, err := l.store.App(t.Context(), gk.Engine(), l.app.ID)
		if err != nil {
			t.Fatal(err)
		}
		return app.Stop
	}
	l.until("the app is stopped", func() bool { return stop() == gk.StopRestored })

	late := l.relabel(l.grant(), func(row *gk.Grant) { row.PairAskedAt = l.now.Add(time.Minute) })
	l.passed.Store(int64(2 * time.Minute))
	if row := l.refresh(late); row.Generation != 2 || stop() != gk.StopRestored {
		t.Errorf("generation %d, stop %q: a pair that came after the stop says nothing of those of before", row.Generation, stop())
	}
	l.passed.Store(int64(6 * time.Minute))
	l.until("one who lives has tried", func() bool { return stop() == "" })
	row, err := l.store.Grant(t.Context(), gk.Engine(), living.ID)
	if err != nil || row.Generation != 2 {
		t.Errorf("the grant that lives: generation %d, %v; want 2", row.Generation, err)
	}
}

// relabel gives a grant a pair of which the platform of a test can tell that it lives, and changes the row.
func (l *liar) relabel(g gk.Grant, change func(row *gk.Grant)) gk.Grant {
	l.t.Helper()
	err := l.store.UpdateGrant(context.Background(), gk.Engine(), g.ID, l.now, func(row *gk.Grant) ([]gk.Event, error) {
		for field, into := range map[string]*gk.Sealed{"access": &row.Access, "refresh": &row.Refresh} {
			sealed, err := l.vault.SealSecret(vault.Place{Table: "grants", Row: g.ID, Field: field, Generation: 1}, gk.NewSecret("canary-"+field+"-of-one-who-lives"))
			if err != nil {
				return nil, err
			}
			*into = sealed
		}
		change(row)
		g = *row
		return nil, nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return g
}

// TestReaderTakesTheProbeThatIsDue stops an app at its readers: many grants are refreshed only when they are read, and no
// scheduler would ever try for them.
func TestReaderTakesTheProbeThatIsDue(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	p := &spent{good: func(asked int) bool { return asked > 3 }}
	l.answer = p.answer
	grants := l.found(6)
	read := func(g gk.Grant) {
		_, _ = l.keeper.Token(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: 1}) // what counts is what was asked
	}
	for _, g := range grants[:4] {
		read(g)
	}
	if n := p.count(); n != 3 {
		t.Fatalf("%d refresh tokens were offered before the stop, want 3", n)
	}
	l.passed.Store(int64(probeDue))
	read(grants[4])
	app, err := l.store.App(t.Context(), gk.Engine(), l.app.ID)
	if err != nil || app.Stop != "" || p.count() != 4 {
		t.Errorf("stop %q, %d refresh tokens offered, error %v; want the reader's to be taken and no stop", app.Stop, p.count(), err)
	}
}

const probeDue = 6 * time.Minute // a probe comes each five
