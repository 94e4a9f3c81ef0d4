package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

const (
	// witnessFile holds, in the data directory, how far the database had come when this process last marked it.
	witnessFile = "witness"
	markEvery   = 10 * time.Second
)

// witness tells a database that was put back to an earlier state, or copied, from the one that was served here: the
// database holds a number that is raised every few seconds and noted beside it, and the place where it is. What was put
// back has a lower number, what was copied is another file, and a server that was recovered writes on another timeline.
// The number is noted beside the database only after the database has it: a process that dies in between tells no lie.
type witness struct {
	store        store.Marks
	file         string
	installation string
	log          *slog.Logger

	mu       sync.Mutex
	highest  int64 // that was seen in this database
	restored bool  // not noted by the keeper yet
}

// seenMark is what the file holds.
type seenMark struct {
	Installation string `json:"installation"`
	Mark         int64  `json:"mark"`
}

// openWitness compares the database with what stands beside it. A data directory that served another database, or none,
// has nothing to say.
func openWitness(ctx context.Context, in *Installation, dir string, log *slog.Logger) (*witness, error) {
	w := &witness{store: in.Store, file: filepath.Join(dir, witnessFile), log: log}
	var err error
	if w.installation, err = in.Store.Meta(ctx, "installation"); err != nil {
		return nil, err
	}
	m, err := in.Store.Marked(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := w.read()
	if err != nil {
		return nil, err
	}
	w.highest = m.N
	if seen.Installation == w.installation {
		w.highest = max(w.highest, seen.Mark)
	}
	if w.restored = m.Moved() || m.N < w.highest; w.restored {
		log.Error("this database is not as this server left it: it was put back, copied, or its server was recovered",
			"mark", m.N, "expected", w.highest, "place", m.Place, "noted", m.Noted)
		return w, nil
	}
	return w, w.mark(ctx)
}

func (w *witness) read() (seen seenMark, err error) {
	text, err := os.ReadFile(w.file)
	if errors.Is(err, os.ErrNotExist) {
		return seen, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &seen)
	}
	if err != nil {
		return seen, fmt.Errorf("%s, which tells a restored database, cannot be read (%w); move it away if the database was not restored", w.file, err)
	}
	return seen, nil
}

// Restored reports whether the keeper still has to note that the database was put back.
func (w *witness) Restored(context.Context) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.restored, nil
}

// Noted is told that the keeper has marked the apps: the database as it is counts from here.
func (w *witness) Noted(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.mark(ctx); err != nil {
		return err
	}
	w.restored = false
	return nil
}

// mark raises the number in the database, then beside it.
func (w *witness) mark(ctx context.Context) error {
	m, err := w.store.Mark(ctx, w.highest)
	if err != nil {
		return err
	}
	w.highest = m.N
	text, err := json.Marshal(seenMark{w.installation, m.N})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(w.file+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(w.file+".new", w.file)
}

// run marks the database every few seconds, until ctx ends, and sees whether it was put back while it was served.
func (w *witness) run(ctx context.Context) {
	tick := time.NewTicker(markEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("the database is not marked; if it is put back now, that may not be noticed", "error", err)
		}
	}
}

func (w *witness) look(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.restored {
		return nil
	}
	m, err := w.store.Marked(ctx)
	if err != nil {
		return err
	}
	if m.N < w.highest {
		w.restored = true
		w.log.Error("this database was put back to an earlier state while it was served", "mark", m.N, "expected", w.highest)
		return nil
	}
	return w.mark(ctx)
}
