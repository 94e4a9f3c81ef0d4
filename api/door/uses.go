package door

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	usesEvery = 15 * time.Second
	// mostUses bounds what is counted apart. Beyond, further uses are counted together, by their key.
	mostUses = 100_000
	// volumeFactor and leastVolume say when a key is used more than it was: ten times as often as usual, and often at all.
	volumeFactor = 10
	leastVolume  = 100
)

// Uses counts what is done with tokens, too often for a line of the audit each: by key, action, grant and address. Every
// quarter of a minute they are written down together, and a key that is used ten times as much as usual, or from a
// network where it never was, is told. What was counted since is lost when the process is killed.
type Uses struct {
	store store.Audit
	now   func() time.Time
	log   *slog.Logger

	mu    sync.Mutex
	count map[use]*usesOf

	writing sync.Mutex
}

// use is what is counted together.
type use struct{ key, action, grant, address string }

type usesOf struct {
	n           int64
	first, last time.Time
}

// NewUses makes an empty count. now is product time.
func NewUses(s store.Audit, now func() time.Time, log *slog.Logger) *Uses {
	return &Uses{store: s, now: now, log: log, count: map[use]*usesOf{}}
}

// Run writes down what is counted until ctx ends; whoever stops the server flushes what comes later.
func (u *Uses) Run(ctx context.Context) error {
	tick := time.NewTicker(usesEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := u.Flush(ctx); err != nil && ctx.Err() == nil {
			u.log.WarnContext(ctx, "uses of tokens wait to be written into the audit", "error", err)
		}
	}
}

// Note counts one use by the request of a context.
func (u *Uses) Note(ctx context.Context, action, grant string) {
	v, ok := ctx.Value(visitOf{}).(*visit)
	if !ok {
		return
	}
	now := u.now()
	u.add(use{v.key.ID, action, grant, addressOf(v.remote)}, usesOf{1, now, now})
}

func (u *Uses) add(k use, more usesOf) {
	u.mu.Lock()
	defer u.mu.Unlock()
	of := u.count[k]
	if of == nil && len(u.count) >= mostUses {
		k.grant, k.address = "", ""
		of = u.count[k]
	}
	if of == nil {
		first := more // which alone leaves the stack
		u.count[k] = &first
		return
	}
	of.n += more.n
	if more.first.Before(of.first) {
		of.first = more.first
	}
	if more.last.After(of.last) {
		of.last = more.last
	}
}

// Flush writes down what is counted. What cannot be written is counted on.
func (u *Uses) Flush(ctx context.Context) error {
	u.writing.Lock()
	defer u.writing.Unlock()
	u.mu.Lock()
	count := u.count
	u.count = map[use]*usesOf{}
	u.mu.Unlock()
	if len(count) == 0 {
		return nil
	}
	uses := make([]store.Use, 0, len(count))
	for k, of := range count {
		uses = append(uses, store.Use{
			AuditEntry: store.AuditEntry{At: of.first, Until: of.last, Actor: k.key, Action: k.action, Grant: k.grant, Address: k.address, Count: of.n},
			Network:    networkOf(k.address),
		})
	}
	slices.SortFunc(uses, func(a, b store.Use) int { return a.At.Compare(b.At) })
	now := u.now()
	err := u.store.NoteUses(ctx, uses, now.UTC().Truncate(24*time.Hour), func(keys []store.KeyUse) []gk.Event { return habits(keys, now) })
	if err != nil {
		for k, of := range maps.All(count) {
			u.add(k, *of)
		}
	}
	return err
}

// habits returns the events of keys that are used otherwise than before. The first network of a key, and the first days,
// are how it is used.
func habits(keys []store.KeyUse, now time.Time) []gk.Event {
	var events []gk.Event
	tell := func(kind, key string, data map[string]any) {
		data["key"] = key
		events = append(events, gk.Event{ID: gk.NewID("evt", now), Kind: kind, Actor: key, At: now, Data: data})
	}
	for _, k := range keys {
		if most := max(leastVolume, volumeFactor*k.Usual); k.Usual > 0 && k.Before <= most && k.After > most {
			tell(gk.EventKeyVolume, k.Key, map[string]any{"uses": k.After, "usual": k.Usual})
		}
		networks := k.Networks
		if k.Known == 0 && len(networks) > 0 {
			networks = networks[1:]
		}
		for _, network := range networks {
			tell(gk.EventKeyNewNetwork, k.Key, map[string]any{"network": network})
		}
	}
	return events
}
