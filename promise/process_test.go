package promise_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/pushes"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storefault"
	"github.com/grantkeep/grantkeep/vault"
)

// process is one instance of the product as long as it lives.
type process struct {
	world    *world
	name     string
	instance string
	spill    string
	keeper   *keeper.Keeper
	flow     *consent.Flow
	pushes   *pushes.Pushes
	gated    *storefault.Store
	clone    bool        // it belongs to another installation, which is a copy of this one
	restored atomic.Bool // it is to learn that the database was put back
	out      *outbound.Gate
	cancel   context.CancelFunc
	done     chan error
	ended    chan struct{}
	dead     atomic.Bool
	grave    chan struct{} // closed at the end of the world
	thaw     atomic.Pointer[chan struct{}]
	stall    atomic.Pointer[stall]
	slip     atomic.Int64 // nanoseconds that its clock is ahead
}

// run starts a process under a name. It finds the spill file that the one before it under this name has left.
func (w *world) run(name string) {
	w.t.Helper()
	w.start(name, w.data.store, func(p *process) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.processes = append(w.processes, p)
	})
}

// start starts a process over a database. It is told to join before it begins anything.
func (w *world) start(name string, data store.Store, join func(p *process)) {
	w.t.Helper()
	p := &process{world: w, name: name, done: make(chan error, 1), ended: make(chan struct{}), grave: make(chan struct{})}
	p.instance = fmt.Sprintf("%s-%d", name, len(w.all))
	p.spill = filepath.Join(w.dir, "spill-"+p.instance)
	for _, former := range slices.Backward(w.all) {
		if former.name == name {
			w.copyFile(former.spill, p.spill)
			p.slip.Store(former.slip.Load())
			break
		}
	}
	p.gated = storefault.Wrap(w.mutated(data))
	p.gated.Gate(p.boundary)
	st := named{p.gated, p}
	var err error
	p.out, err = outbound.New(outbound.Options{Allow: w.allowed(), Dial: p.dial})
	w.must(err)
	set, err := data.Keyset(context.Background())
	w.must(err)
	v, err := vault.Open(w.master, set.Wrapped, installation)
	w.must(err)
	p.keeper, err = keeper.New(keeper.Options{
		Store: st, Vault: v, Master: w.master, Gate: p.out, Drivers: w.drivers, PublicURL: hub,
		Instance: p.instance, SpillFile: p.spill, Now: p.now, Allowed: w.allowed(), Log: w.logger(),
		Restored:      func(context.Context) (bool, error) { return p.restored.Load(), nil },
		RestoredNoted: func(context.Context) error { p.restored.Store(false); return nil },
	})
	w.must(err)
	p.flow = consent.New(p.keeper)
	p.pushes = pushes.New(pushes.Options{Keeper: p.keeper, Store: st, PublicURL: hub, Log: w.logger()})
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	w.mu.Lock()
	w.all = append(w.all, p)
	w.mu.Unlock()
	join(p)
	go func() { p.done <- p.keeper.Run(ctx) }()
	go func() {
		defer close(p.ended)
		_ = p.pushes.Run(ctx) // it ends without an error when its context does
	}()
}

// astray reports whether the clock is so far off that the process may begin nothing.
func (p *process) astray() bool { return time.Duration(p.slip.Load()).Abs() > 5*time.Second }

func (w *world) mutated(s store.Store) store.Store {
	if w.mutate == nil {
		return s
	}
	return w.mutate(s)
}

// now is what the process takes the time for.
func (p *process) now() time.Time { return p.world.now().Add(time.Duration(p.slip.Load())) }

// copyFile leaves the dead their file: whatever they still write is not seen by the living.
func (w *world) copyFile(from, to string) {
	w.t.Helper()
	b, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	w.must(err)
	w.must(os.WriteFile(to, b, 0o600))
}

// boundary is what every call of the store passes.
//
// Two things are asked under a lock, on which nobody may wait while somebody waits for his turn: they pass at once.
func (p *process) boundary(ctx context.Context, method string) storefault.Fault {
	if method == "Incarnation" || method == "StoppedApps" {
		return storefault.Fault{Fail: p.over()}
	}
	draw := p.world.turns.wait(p.name + " " + method + aboutOf(ctx))
	p.reach(method, false)
	if p.over() {
		return storefault.Fault{Fail: true}
	}
	f := p.world.fault(method, draw)
	f.Then = func() { p.reach(method, true); p.over() } // who was killed in the call never learns how it went
	return f
}

// reads names the methods that a full disk does not disturb.
var reads = []string{
	"App", "Apps", "Authorization", "Authorizations", "AuthorizationByLink", "Changed", "Children", "Click", "ClickByCode", "ClickByState",
	"Clock", "DueApps", "EventsAfter", "Grant", "GrantOf", "Grants", "GrantsAt", "GrantsOfShop", "History", "Keyset", "Meta",
	"NextDue", "OpenClicks", "Ping", "PushApps", "Sealed", "SealedOtherwise", "StrandedClicks", "Tokens",
}

// fault says what becomes of a call of the store.
func (w *world) fault(method string, draw float64) storefault.Fault {
	w.mu.Lock()
	database, rate := w.database, w.rate
	w.mu.Unlock()
	if database == "full" && !slices.Contains(reads, method) {
		w.sum.fault("database full")
		return storefault.Fault{Fail: true, Err: fmt.Errorf("%w: the disk is full", store.ErrUnavailable)}
	}
	if draw >= rate {
		return storefault.Fault{}
	}
	switch database {
	case "fail":
		w.sum.fault("database " + database)
		return storefault.Fault{Fail: true}
	case "lose":
		w.sum.fault("database " + database)
		return storefault.Fault{Lose: true}
	case "late":
		w.sum.fault("database " + database)
		return storefault.Fault{Late: time.Duration(draw/rate*20) * time.Second}
	case "hang":
		w.sum.fault("database " + database)
		time.Sleep(time.Minute)
		return storefault.Fault{Fail: true}
	}
	return storefault.Fault{}
}

func (w *world) setDatabase(fault string, rate float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.database, w.rate = fault, rate
	w.sound = time.Now().Add(2 * time.Minute) // until then calls hang that were begun before: a clock that jumps ends none
}

// isSound reports whether the database has answered long enough for nothing to be left of the time when it did not.
func (w *world) isSound() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.database == "" && time.Now().After(w.sound)
}

// over holds a process that is stopped, and reports that it is dead. The dead stay where they are until the world ends.
func (p *process) over() bool {
	if thaw := p.thaw.Load(); thaw != nil {
		<-*thaw
	}
	if !p.dead.Load() {
		return false
	}
	<-p.grave
	return true
}

// freeze stops a process at its next step to the outside, until the function that it returns is called.
func (p *process) freeze() (thaw func()) {
	c := make(chan struct{})
	p.thaw.Store(&c)
	return func() {
		p.thaw.Store(nil)
		close(c)
	}
}

// bury lets what is left of a process go on, into errors.
func (p *process) bury() {
	if p.dead.Load() {
		close(p.grave)
	}
}

func (w *world) forget(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.processes = slices.DeleteFunc(w.processes, func(o *process) bool { return o == p })
}

// stop tells a process to end, when none of its clocks ticks.
func (p *process) stop() {
	time.Sleep(offTick)
	p.cancel()
}

// replace starts another process under the name of one that is dead.
func (w *world) replace(p *process) {
	p.stop()
	w.forget(p)
	w.run(p.name)
}

// restart stops a process as an operator does.
func (w *world) restart(p *process) {
	w.shut(p)
	w.run(p.name)
}

// shut stops a process, which ends what it has under way.
func (w *world) shut(p *process) {
	p.stop()
	err := <-p.done
	if errors.Is(err, keeper.ErrUnsaved) {
		err = nil // it says so, and its successor has the file
	}
	w.must(err)
	p.done <- nil
	w.forget(p)
}
