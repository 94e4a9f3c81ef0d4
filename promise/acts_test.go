package promise_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/platform"
)

// carryOut does one step of a plan.
func (w *world) carryOut(s step) {
	w.turns.note(fmt.Sprintf("%s %d %s %s", s.Do, s.N, s.What, s.For))
	p := w.processes[s.N%len(w.processes)]
	switch s.Do {
	case "connect":
		w.connect(p, s.N)
	case "platform":
		w.breakPlatform(s)
	case "database":
		w.setDatabase(s.What, 0.3)
		w.pass(s.For)
		w.setDatabase("", 0)
		w.sound = time.Now().Add(2 * time.Minute) // until then calls hang that were begun before: a clock that jumps ends none
	case "kill":
		w.killInTheAct(p, s.N)
	case "restart":
		w.sum.fault("restart")
		w.restart(p)
	case "revoke":
		w.revoke(s.N)
	case "refresh":
		w.refresh(p, s.N)
	case "sleep":
		w.pass(s.For)
	case "jump":
		w.jump(s.For)
	case "calm":
		w.calm()
	}
}

// connect lets a merchant authorize, or authorize again. It may fail, as everything may.
func (w *world) connect(p *process, n int) {
	code := platforms[n%len(platforms)]
	shops := w.ready.Platforms[code].Shops
	shop := shops[n/8%min(4, len(shops))]
	_, link, err := p.flow.Begin(context.Background(), gk.Engine(), consent.BeginInput{App: w.apps[code].ID, Shop: shop.Host})
	if err != nil {
		return
	}
	pressed, err := p.flow.Press(context.Background(), link[strings.LastIndexByte(link, '/')+1:], "")
	if err != nil {
		return
	}
	var out struct{ Callback string }
	in := map[string]any{"url": pressed.URL, "shops": []string{shop.ID}, "decision": "approve"}
	if !w.control(http.MethodPost, "/"+code+"/consent", in, &out) || out.Callback == "" {
		return
	}
	cookie := func(string) string { return pressed.CookieValue }
	at := platform.Incoming{Method: http.MethodGet, URL: out.Callback, Header: http.Header{}}
	_, err = p.flow.Callback(context.Background(), w.apps[code].ID, at, cookie)
	if err == nil {
		w.sum.fault("authorizations completed")
	}
	w.check.consented(code)
}

// breakPlatform makes the next refreshes of one subject fail. An answer that is lost may cost the authorization where the
// platform replaces its refresh token: that subject is noted.
func (w *world) breakPlatform(s step) {
	subjects := w.check.living()
	if len(subjects) == 0 {
		return
	}
	of := subjects[s.N%len(subjects)]
	in := map[string]any{"fault": s.What, "times": 1 + s.N%2, "match": map[string]string{"stage": "refresh", "subject": of.id}}
	if !w.control(http.MethodPost, "/"+of.platform+"/faults", in, nil) {
		return
	}
	w.sum.fault("platform " + s.What)
	w.check.excuse(of, s.What)
}

// killInTheAct begins refreshes and ends the process while they are under way.
func (w *world) killInTheAct(p *process, n int) {
	w.sum.fault("process killed")
	for _, g := range w.grants() {
		go func() { _, _ = p.keeper.Refresh(context.Background(), gk.Engine(), g.ID, true) }() // it is cut off
	}
	time.Sleep(time.Millisecond)
	before := w.turns.count()
	for range 1 + n%40 {
		if w.turns.count() > before+n%60 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	for _, g := range w.grants() {
		if g.AttemptID != "" {
			w.check.excuse(subject{g.Platform, g.Subject.ID}, "process killed between question and answer")
		}
	}
	w.kill(p)
	time.Sleep(2 * time.Minute) // the leases of the dead run out; until then a clock that jumps would look every millisecond
}

func (w *world) refresh(p *process, n int) {
	grants := w.grants()
	if len(grants) == 0 {
		return
	}
	id := grants[n%len(grants)].ID
	done := make(chan struct{})
	go func() { // a neighbour asks for the same in the same moment
		defer close(done)
		_, _ = w.processes[0].keeper.Refresh(context.Background(), gk.Engine(), id, false)
	}()
	_, _ = p.keeper.Refresh(context.Background(), gk.Engine(), id, false) // refusals are its right; the checker looks at what became of it
	<-done
}

func (w *world) revoke(n int) {
	subjects := w.check.living()
	if len(subjects) < 3 {
		return
	}
	of := subjects[n%len(subjects)]
	if w.control(http.MethodPost, "/"+of.platform+"/revoke", map[string]string{"subject": of.id}, nil) {
		w.sum.fault("merchant revoked")
		w.check.left(of)
	}
}

// pass lets time go by itself, with readers on every process.
func (w *world) pass(d time.Duration) {
	for d > 0 {
		now := min(d, 11*time.Second)
		time.Sleep(now)
		d -= now
		w.check.read(w.isSound())
	}
	w.sum.days += float64(len(w.check.living())) * d.Hours() / 24
}

// jump moves time on, from due moment to due moment.
func (w *world) jump(d time.Duration) {
	living := len(w.check.living())
	w.must(w.sims.Clock.Advance(context.Background(), d))
	w.sum.days += float64(living) * d.Hours() / 24
	w.check.read(w.isSound())
}

// calm takes every fault back, lets what was begun end, and looks at everything.
func (w *world) calm() {
	w.setDatabase("", 0)
	for _, code := range platforms {
		w.control(http.MethodDelete, "/"+code+"/faults", struct{}{}, nil)
	}
	w.pass(2 * time.Minute)
	w.jump(50 * time.Hour)
	w.check.everything()
}

func (w *world) grants() []gk.Grant {
	w.t.Helper()
	list, err := w.store.Grants(context.Background(), gk.Engine(), storeAll)
	w.must(err)
	return list
}
