package promise_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/sqlite"
)

// database is one that answers, or has answered, and where its files are.
type database struct {
	store store.Store // without faults, for the checker
	dir   string
}

func (w *world) openStore(dir string) database {
	w.t.Helper()
	const keep = 100 * 365 * 24 * time.Hour // the checker reads all events at the end
	if w.postgres != "" {
		st, err := postgres.Open(context.Background(), w.postgres)
		w.must(err)
		st.KeepEvents(keep)
		return database{st, dir}
	}
	st, err := sqlite.Open(context.Background(), dir)
	w.must(err)
	st.KeepEvents(keep)
	return database{several{st}, dir}
}

// store is the database that answers, without faults.
func (w *world) store() store.Store {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.data.store
}

// incarnation names the database that a process reaches.
func (w *world) incarnation(p *process) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.clone {
		return "clone"
	}
	return fmt.Sprint("database ", len(w.former))
}

// copyDatabase copies the files of the database as they are at this moment. Nobody may be writing.
func (w *world) copyDatabase() (dir string) {
	w.t.Helper()
	dir, err := os.MkdirTemp(w.dir, "copy")
	w.must(err)
	for _, name := range []string{"grantkeep.db", "grantkeep.db-wal"} {
		b, err := os.ReadFile(filepath.Join(w.data.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		w.must(err)
		w.must(os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	return dir
}

// takeOver lets a copy of the database answer in its place, to every process at once. No call may be under way.
func (w *world) takeOver(dir string) {
	w.t.Helper()
	d := w.openStore(dir)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.former = append(w.former, w.data)
	w.data = d
	for _, p := range w.processes {
		p.gated.Swap(w.mutated(d.store))
	}
	w.replaced = time.Now()
	w.sound = w.replaced.Add(2 * time.Minute)
	w.check.forgetReads()
}

// wasReplaced reports whether another database took over so lately that it may still lack what it is offered again.
func (w *world) wasReplaced() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.replaced.IsZero() && time.Since(w.replaced) < 10*time.Second
}

// failOver lets a replica take over that has not got what was committed in the middle of refreshes. No grant may be lost by
// it: whoever committed something in the last minute offers it again.
func (w *world) failOver(p *process, s step) {
	w.sum.fault("failover that lost the last commits")
	dir := ""
	w.turns.after(1+s.N/2%40, func() { dir = w.copyDatabase() })
	w.turns.after(2+s.N/2%40+s.N/128%60, func() {
		w.takeOver(dir)
		dir = ""
		if s.N%2 == 0 {
			for _, other := range w.living() {
				go w.refreshAll(other, s.N) // before anybody has noticed
			}
		}
	})
	w.refreshAll(p, s.N)
	w.ended()
	if dir != "" { // all was done before
		w.takeOver(dir)
	}
	w.pass(70 * time.Second) // also until calls that hung before it have ended: what is kept is offered by a process that goes on
}

// putBack stops every process and puts the backup in the place of the database, as an operator does who says so: the
// processes are told. What the platforms replaced since then is lost, and nothing else may be.
func (w *world) putBack() {
	if w.backup == "" {
		return
	}
	w.sum.fault("backup put back")
	names := w.living()
	for _, p := range names {
		w.shut(p)
	}
	w.takeOver(w.backup)
	w.backup = ""
	ours := w.held()
	for of, p := range w.check.truth() {
		if g, known := ours[of]; !known || !w.check.servesTruth(g, p) {
			w.check.excuse(of, "backup put back")
		}
	}
	for _, p := range names {
		w.start(p.name, w.data.store, func(p *process) {
			p.restored.Store(true)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.processes = append(w.processes, p)
		})
	}
	w.pass(10 * time.Second)
}

// held is what we hold, by subject.
func (w *world) held() map[subject]gk.Grant {
	ours := map[subject]gk.Grant{}
	for _, g := range w.grants() {
		ours[subject{g.Platform, g.Subject.ID}] = g
	}
	return ours
}

// cloned lets a copy of the installation work beside it for a while. Whatever the copy asks for is lost to us; the grants
// that it does not touch may not be hurt.
func (w *world) cloned(s step) {
	w.sum.fault("installation cloned")
	d := w.openStore(w.copyDatabase())
	var clone *process
	w.start("clone", d.store, func(p *process) {
		p.clone = true
		clone = p
		w.mu.Lock()
		defer w.mu.Unlock()
		w.clone = p
	})
	w.jump(s.For)
	w.mu.Lock()
	w.clone = nil
	w.former = append(w.former[:len(w.former):len(w.former)], d) // closed at the end of the world
	w.mu.Unlock()
	clone.cancel()
	if err := <-clone.done; !errors.Is(err, keeper.ErrUnsaved) {
		w.must(err)
	}
	clone.done <- nil
}

// working lists the processes that work, those of a clone too.
func (w *world) working() []*process {
	list := w.living()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.clone != nil {
		list = append(list, w.clone)
	}
	return list
}

// letGoOn is what a person does who has looked at a database that was put back, or that another installation uses.
func (w *world) letGoOn() {
	k := w.living()[0].keeper
	for _, code := range w.platforms {
		app, err := w.store().App(context.Background(), gk.Engine(), w.apps[code].ID)
		w.must(err)
		if app.Fault == nil || app.Fault.Code != keeper.CodeRestored {
			continue
		}
		w.sum.fault("operator lets refreshes go on")
		_, _ = k.Apps().Update(context.Background(), gk.Engine(), app.ID, apps.Change{}) // while the database is away it stays
	}
}

// stopApp stops an app as a person does, and starts it again after a while.
func (w *world) stopApp(p *process, s step) {
	code := w.platforms[s.N/2%len(w.platforms)]
	set := func(stop bool) {
		w.must(p.keeper.Apps().SetStopped(context.Background(), gk.Engine(), w.apps[code].ID, stop))
	}
	w.sum.fault("app stopped by a person")
	w.mu.Lock()
	w.stopped[code] = true
	w.mu.Unlock()
	set(true)
	w.pass(s.For)
	set(false)
	time.Sleep(time.Second) // until everybody has heard of it
	w.mu.Lock()
	delete(w.stopped, code)
	w.mu.Unlock()
}

func (w *world) isStopped(code string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopped[code]
}
