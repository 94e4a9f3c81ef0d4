package promise_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/sim"
)

// carryOut does one step of a plan.
func (w *world) carryOut(s step) {
	text := fmt.Sprintf("%s %d %s %s", s.Do, s.N, s.What, s.For)
	w.turns.note(text)
	w.story.add(w.now(), text)
	p := w.processes[s.N%len(w.processes)]
	switch s.Do {
	case "connect":
		w.connect(p, s.N)
	case "arrive":
		w.arrive(p, s.N)
	case "platform":
		w.breakPlatform(s)
	case "database":
		w.setDatabase(s.What, 0.3)
		w.pass(s.For)
		w.setDatabase("", 0)
	case "kill":
		w.killInTheAct(p, s.N)
	case "freeze":
		if s.What == "" {
			w.freezeInTheAct(p, s)
		} else {
			w.stallInTheAct(p, s)
		}
	case "restart":
		w.sum.fault("restart")
		w.restart(p)
	case "clock":
		w.sum.fault("clock of one process stepped")
		p.slip.Store(int64(s.For))
	case "revoke":
		w.revoke(s.N)
	case "refresh":
		w.refreshAll(p, s.N)
		time.Sleep(time.Second)
	case "leave in between":
		w.turns.after(1+s.N%40, func() { w.revoke(s.N) })
		w.refreshAll(p, s.N)
		w.ended()
	case "consent in between":
		w.consentInBetween(p, s.N)
	case "late":
		w.lateAnswers(p, s)
	case "push":
		w.push(s.N)
	case "app":
		w.breakApp(s.N)
	case "keys":
		w.sum.fault("keys rotated")
		_, _ = p.keeper.Keys().Rotate(context.Background()) // while one rotation waits there is no other
	case "crowd":
		w.crowd(s)
	case "driver":
		w.breakDriver(s.N)
	case "backup":
		w.backup = w.copyDatabase()
	case "put back":
		w.putBack()
	case "clone":
		w.cloned(s)
	case "failover":
		w.failOver(p, s)
	case "stop":
		w.stopApp(p, s)
	case "operator":
		w.mendApps()
		w.setClocks()
		w.letGoOn()
	case "sleep":
		w.pass(s.For)
	case "jump":
		w.jump(s.For)
	case "calm":
		w.calm()
	default:
		w.t.Fatalf("a plan asks for %q", s.Do)
	}
}

// ended lets what was begun at this moment end. What comes next happens when no clock of a process ticks: of two things that
// happen at once Go would choose the first by its own chance, and a seed would not replay.
func (w *world) ended() {
	time.Sleep(time.Second + offTick)
	w.turns.drop()
}

// offTick is no part of the seconds and quarters of seconds at which processes look.
const offTick = 3 * time.Millisecond

// connect lets a merchant authorize, or authorize again. It may fail, as everything may.
func (w *world) connect(p *process, n int) {
	code := w.platforms[n%16%len(w.platforms)]
	shops := w.ready.Platforms[code].Shops
	for i := range shops {
		if strings.Contains(shops[i].Name, "失效") { // closed down: that platform refuses to refresh what it gives
			shops = shops[:i]
			break
		}
	}
	shop := shops[n/16%min(5, len(shops))]
	in := map[string]any{"shops": []string{shop.ID}, "decision": "approve"}
	if n/128%3 == 0 {
		in["shops"], in["account"] = []string{}, shop.Owner // all that the page offers
	}
	before := w.check.truth()
	if answered, err := w.authorize(p, code, shop.Host, in); answered {
		w.check.consented(code, before, err == nil)
	}
}

// authorize opens a link, agrees on the platform's page, and brings the browser back to us.
func (w *world) authorize(p *process, code, host string, consented map[string]any) (answered bool, err error) {
	_, link, err := p.flow.Begin(context.Background(), gk.Engine(), consent.BeginInput{App: w.apps[code].ID, Shop: host})
	if err != nil {
		return false, err
	}
	pressed, err := p.flow.Press(context.Background(), link[strings.LastIndexByte(link, '/')+1:], "")
	if err != nil {
		return false, err
	}
	var out struct{ Callback string }
	consented["url"] = pressed.URL
	if !w.control(http.MethodPost, "/"+code+"/consent", consented, &out) || out.Callback == "" {
		return false, nil
	}
	cookie := func(string) string { return pressed.CookieValue }
	at := platform.Incoming{Method: http.MethodGet, URL: out.Callback, Header: http.Header{}}
	_, err = p.flow.Callback(context.Background(), w.apps[code].ID, at, cookie)
	if err == nil {
		w.sum.fault("authorizations completed")
	}
	return true, err
}

// arrivals is how many merchants come to a platform of a town.
const arrivals = 25

// arrive opens shops at a platform, whose merchants authorize one after the other.
func (w *world) arrive(p *process, n int) {
	code := w.platforms[n%len(w.platforms)]
	var opened struct {
		Shops []struct{ ID, Host string } `json:"shops"`
	}
	if !w.control(http.MethodPost, "/"+code+"/shops", map[string]int{"count": arrivals}, &opened) {
		w.t.Fatalf("no shops are opened at %s", code)
	}
	for _, shop := range opened.Shops {
		_, _ = w.authorize(p, code, shop.Host, map[string]any{"shops": []string{shop.ID}, "decision": "approve"}) // the checker looks at what became of it
		time.Sleep(time.Second)
	}
}

// consentInBetween lets a merchant authorize again while the grants are refreshed.
func (w *world) consentInBetween(p *process, n int) {
	w.sum.fault("authorized again in mid-refresh")
	done := make(chan struct{})
	w.turns.after(1+n/64%40, func() {
		go func() {
			defer close(done)
			w.connect(w.living()[0], n)
		}()
	})
	w.refreshAll(p, n)
	w.ended()
	select {
	case <-done:
	case <-time.After(5 * time.Minute): // it did not come to it
	}
}

// lateAnswers lets the answers of one platform come late, though before their deadline. Meanwhile a merchant of it authorizes
// again, or every process is told to refresh too, with its clock set where the step says so. No answer is lost, and so
// nothing of it is an excuse.
func (w *world) lateAnswers(p *process, s step) {
	n := s.N
	code := w.platforms[n%16%len(w.platforms)]
	in := map[string]any{"fault": sim.Slow, "times": 40, "match": map[string]string{"stage": "refresh"}}
	if !w.slowBy(code, 11*time.Second) || !w.control(http.MethodPost, "/"+code+"/faults", in, nil) {
		return
	}
	w.sum.fault("platform late")
	w.refreshAll(p, n)
	time.Sleep(3 * time.Second)
	set := s.What == "clock" || n/32%3 == 0
	switch {
	case n/16%2 == 0 && s.What == "":
		w.connect(w.living()[0], n)
	default:
		for _, other := range w.living() {
			if set && other != p {
				w.sum.fault("clock of one process stepped in mid-refresh")
				other.slip.Store(int64(2 * time.Hour))
			}
			w.refreshAll(other, n)
		}
		if set {
			time.Sleep(time.Second)
			w.setClocks()
		}
	}
	time.Sleep(30 * time.Second)
	w.control(http.MethodDelete, "/"+code+"/faults", nil, nil)
}

// slowBy says how late a platform answers where it is slow.
func (w *world) slowBy(code string, d time.Duration) bool {
	return w.control(http.MethodPost, "/"+code+"/options", map[string]string{"slow": d.String()}, nil)
}

// beyondDeadline is later than any request of a refresh waits for its answer.
const beyondDeadline = gk.LongestLease

// breakPlatform makes the next refreshes of one subject fail. An answer that is lost may cost the authorization where the
// platform replaces its refresh token: that subject is noted. Where the platform did nothing, there is no excuse.
func (w *world) breakPlatform(s step) {
	subjects := w.check.living()
	if len(subjects) == 0 {
		return
	}
	of := subjects[s.N%len(subjects)]
	if s.What == sim.Slow && !w.slowBy(of.platform, beyondDeadline) {
		return
	}
	in := map[string]any{"fault": s.What, "times": 1 + s.N%2, "match": map[string]string{"stage": "refresh", "subject": of.id}}
	if !w.control(http.MethodPost, "/"+of.platform+"/faults", in, nil) {
		return
	}
	w.sum.fault("platform " + s.What)
	w.check.disturb(of)
	if s.What == sim.CutAfter || s.What == sim.Slow {
		w.check.arm(of, s.What, 1+s.N%2)
	}
}

// breakApp changes the secret of an app at its platform, or mends it.
func (w *world) breakApp(n int) {
	code := w.platforms[n%len(w.platforms)]
	broken, breaks := map[string]any{}, n/16%2 == 0
	for name, v := range w.told[code] {
		if text, ok := v.(string); ok && breaks && (strings.Contains(name, "secret") || strings.Contains(name, "partner_key")) {
			v = text[1:] + "0"
		}
		broken[name] = v
	}
	if w.control(http.MethodPost, "/"+code+"/apps", broken, nil) {
		w.sum.fault("app broken or mended")
		w.broken[code] = breaks
		w.check.disturb(subject{platform: code})
	}
}

// breakDriver makes a driver break down over the next refresh of a subject, before or after the platform is asked.
func (w *world) breakDriver(n int) {
	subjects := w.check.living()
	if len(subjects) == 0 {
		return
	}
	of := subjects[n%len(subjects)]
	w.sum.fault("driver panics")
	w.panics.order(of, n/64%2 == 0)
	w.check.disturb(of)
}

func (w *world) mendApps() {
	for _, code := range w.platforms {
		w.control(http.MethodPost, "/"+code+"/apps", w.told[code], nil)
		w.broken[code] = false
	}
}

// refreshAll begins to refresh every grant on one process, and one of them on the others too.
func (w *world) refreshAll(p *process, n int) {
	grants := w.grants()
	for i, g := range grants {
		for _, other := range w.living() {
			if other == p || i == n%len(grants) {
				go func() { _, _ = other.keeper.Refresh(context.Background(), gk.Engine(), g.ID, false) }() // the checker looks at what became of it
			}
		}
	}
}

// killInTheAct begins refreshes and ends the process while they are under way.
func (w *world) killInTheAct(p *process, n int) {
	w.sum.fault("process killed")
	at := w.now()
	w.turns.after(1+n/2%60, func() { p.dead.Store(true) })
	w.refreshAll(p, n)
	w.ended()
	p.dead.Store(true) // there may have been nothing to do
	w.check.excuseAttempts(p.instance, at, "process killed between question and answer")
	w.replace(p)
	w.pass(time.Second)
}

// freezeInTheAct stops a process while refreshes are under way, and lets it go on.
func (w *world) freezeInTheAct(p *process, s step) {
	w.sum.fault("process frozen")
	at := w.now()
	var thaw func()
	w.turns.after(1+s.N/2%60, func() { thaw = p.freeze() })
	w.refreshAll(p, s.N)
	w.ended()
	if thaw == nil {
		return
	}
	w.forget(p) // nobody can ask it anything
	w.pass(s.For)
	w.check.excuseAttempts(p.instance, at, "process frozen between question and answer")
	thaw()
	w.mu.Lock()
	w.processes = append(w.processes, p)
	w.mu.Unlock()
	time.Sleep(time.Second)
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
	living := len(w.check.living())
	w.sum.days += float64(living) * d.Hours() / 24
	for d > 0 {
		part := min(d, 11*time.Second)
		time.Sleep(part)
		d -= part
		w.check.read()
	}
}

// jump moves time on, from due moment to due moment.
func (w *world) jump(d time.Duration) {
	living := len(w.check.living())
	astray := slices.ContainsFunc(w.living(), (*process).astray)
	if d > whileBroken && (astray || slices.Contains(slices.Collect(maps.Values(w.broken)), true)) {
		w.must(w.sims.Clock.Advance(context.Background(), whileBroken))
		d -= whileBroken
		w.sum.days += float64(living) * whileBroken.Hours() / 24
		w.mendApps()
		w.setClocks()
		living = len(w.check.living())
	}
	w.must(w.sims.Clock.Advance(context.Background(), d))
	w.sum.days += float64(living) * d.Hours() / 24
	w.check.read()
}

// whileBroken is how long an app is broken, or a clock off, at most: then somebody mends it.
const whileBroken = 30 * time.Hour

// calm takes every fault back, lets what was begun end, and looks at everything.
func (w *world) calm() {
	w.setDatabase("", 0)
	w.mendApps()
	w.setClocks()
	for _, code := range w.platforms {
		w.control(http.MethodDelete, "/"+code+"/faults", struct{}{}, nil)
	}
	time.Sleep(time.Minute)
	w.letGoOn()
	w.pass(90 * time.Second)
	w.jump(50 * time.Hour)
	w.check.everything()
}

func (w *world) setClocks() {
	for _, p := range w.living() {
		p.slip.Store(0)
	}
}

func (w *world) grants() []gk.Grant {
	w.t.Helper()
	list, err := w.store().Grants(context.Background(), gk.Engine(), storeAll)
	w.must(err)
	return list
}
