package promise_test

import (
	"maps"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// stall is a call of the database at which a process is to be stopped: before it, or when it is done and its answer is due.
type stall struct {
	method string // how its name begins
	after  bool
	thaw   func() // once it was met
}

// reach stops the process where it was ordered to be stopped.
func (p *process) reach(method string, after bool) {
	if s := p.stall.Load(); s != nil && s.after == after && strings.HasPrefix(method, s.method) && p.stall.CompareAndSwap(s, nil) {
		s.thaw = p.freeze()
	}
}

// stallInTheAct stops a process until its leases are over, and lets it go on: with a pair in its hand that is to be saved,
// after the merchants have authorized again; or with a claim under which nothing was asked, after others have taken over.
func (w *world) stallInTheAct(p *process, s step) {
	of := &stall{method: "SaveRefresh"}
	if s.What == "claim" {
		of = &stall{method: "UpdateGrant", after: true}
	}
	at := w.now()
	p.stall.Store(of)
	w.refreshAll(p, s.N)
	w.ended()
	p.stall.Store(nil)
	if of.thaw == nil {
		return // there was nothing to do
	}
	w.sum.fault("process frozen at its " + s.What)
	w.forget(p)
	w.pass(gk.LongestLease + 30*time.Second + s.For)
	for i := range 5 * len(w.platforms) {
		if s.What == "save" {
			w.connect(w.living()[0], 128+i/len(w.platforms)<<4+i%len(w.platforms))
		}
	}
	w.check.excuseAttempts(p.instance, at, "process frozen between question and answer")
	before := w.check.inStep()
	of.thaw()
	w.mu.Lock()
	w.processes = append(w.processes, p)
	w.mu.Unlock()
	w.pass(5 * time.Second)
	w.check.overwritten(before)
}

// inStep returns the pairs of which we hold the platform's present one.
func (c *checker) inStep() map[subject]pair {
	all, ours := c.truth(), c.w.held()
	maps.DeleteFunc(all, func(of subject, p pair) bool {
		g, known := ours[of]
		return !known || !c.servesTruth(g, p)
	})
	return all
}

// overwritten finds pairs that we held and hold no more, though the platform has given no other. For that there is no excuse.
func (c *checker) overwritten(before map[subject]pair) {
	now, ours := c.truth(), c.w.held()
	for of, p := range before {
		g, known := ours[of]
		if now[of].Access == p.Access && (!known || g.State == gk.Active && !c.servesTruth(g, p)) {
			c.violate("the present pair of %s was overwritten with an older one", of.platform)
		}
	}
}
