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
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store/storefault"
)

// process is one instance of the product as long as it lives.
type process struct {
	world  *world
	name   string
	spill  string
	keeper *keeper.Keeper
	flow   *consent.Flow
	out    *outbound.Gate
	cancel context.CancelFunc
	done   chan error
	dead   atomic.Bool
	grave  chan struct{} // closed at the end of the world
}

// run starts a process under a name. It finds the spill file that the one before it under this name has left.
func (w *world) run(name string) {
	w.t.Helper()
	p := &process{world: w, name: name, done: make(chan error, 1), grave: make(chan struct{})}
	p.spill = filepath.Join(w.dir, fmt.Sprintf("spill-%s-%d", name, len(w.all)))
	for _, former := range slices.Backward(w.all) {
		if former.name == name {
			w.copyFile(former.spill, p.spill)
			break
		}
	}
	inner := w.store
	if w.mutate != nil {
		inner = w.mutate(inner)
	}
	st := storefault.Wrap(inner)
	st.Gate(p.boundary)
	var err error
	p.out, err = outbound.New(outbound.Options{Allow: w.allowed(), Dial: p.dial})
	w.must(err)
	p.keeper, err = keeper.New(keeper.Options{
		Store: st, Vault: w.vault, Gate: p.out, Drivers: all.Drivers(), PublicURL: "https://hub.example",
		Instance: fmt.Sprintf("%s-%d", name, len(w.all)), SpillFile: p.spill, Now: w.sims.Clock.Now,
		Allowed: w.allowed(), Log: w.logger(),
	})
	w.must(err)
	p.flow = consent.New(p.keeper)
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	w.processes, w.all = append(w.processes, p), append(w.all, p)
	go func() { p.done <- p.keeper.Run(ctx) }()
}

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
func (p *process) boundary(method string) storefault.Fault {
	if method == "Incarnation" || method == "StoppedApps" {
		return storefault.Fault{Fail: p.over()}
	}
	draw := p.world.turns.wait(p.name + " " + method)
	if p.over() {
		return storefault.Fault{Fail: true}
	}
	f := p.world.fault(draw)
	before := f.Then
	f.Then = func() {
		if before != nil {
			before()
		}
		p.over() // who was killed in the call never learns how it went
	}
	return f
}

// fault says what becomes of a call of the store.
func (w *world) fault(draw float64) storefault.Fault {
	w.mu.Lock()
	database, rate := w.database, w.rate
	w.mu.Unlock()
	if draw >= rate {
		return storefault.Fault{}
	}
	w.sum.fault("database " + database)
	switch database {
	case "fail":
		return storefault.Fault{Fail: true}
	case "lose":
		return storefault.Fault{Lose: true}
	case "late":
		return storefault.Fault{Late: time.Duration(draw/rate*20) * time.Second}
	case "hang":
		time.Sleep(time.Minute)
		return storefault.Fault{Fail: true}
	}
	return storefault.Fault{}
}

func (w *world) setDatabase(fault string, rate float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.database, w.rate = fault, rate
}

// isSound reports whether the database has answered long enough for nothing to be left of the time when it did not.
func (w *world) isSound() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.database == "" && time.Now().After(w.sound)
}

// over reports that the process is dead. The dead stay where they are until the world ends.
func (p *process) over() bool {
	if !p.dead.Load() {
		return false
	}
	<-p.grave
	return true
}

// bury lets what is left of a process go on, into errors.
func (p *process) bury() {
	if p.dead.Load() {
		close(p.grave)
	}
}

// kill ends a process at the step where it is, and starts another one under its name.
func (w *world) kill(p *process) {
	p.dead.Store(true)
	p.cancel()
	w.processes = slices.DeleteFunc(w.processes, func(o *process) bool { return o == p })
	w.run(p.name)
}

// restart stops a process as an operator does.
func (w *world) restart(p *process) {
	p.cancel()
	w.must(<-p.done)
	p.done <- nil
	w.processes = slices.DeleteFunc(w.processes, func(o *process) bool { return o == p })
	w.run(p.name)
}
