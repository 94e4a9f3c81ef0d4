package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/store"
)

// Kinds of an entry.
const (
	entryRenewal = "renewal" // the pair that an attempt brought
	entryAnswer  = "answer"  // the sealed answer to an exchange
)

// entry is something a platform gave us that must reach the database. Its tokens are sealed. Storing it twice is harmless.
type entry struct {
	Kind, App string

	Renewal store.Renewal
	Plain   bool // nothing but a pair, for a grant that owes no event: one statement is enough
	Subject gk.Subject
	Scopes  []string
	Shops   []gk.Shop
	Facts   map[string]string
	Ceiling time.Time

	Click  string
	Answer gk.Sealed
	KeyID  int64
}

// keep stores an entry; what cannot be stored waits in memory and in the spill file, and is offered again. While one waits
// for the database this process claims nothing more, is not ready, and does not stop cleanly. One that the database
// refuses keeps only its own grant waiting.
func (k *Keeper) keep(ctx context.Context, e entry) {
	err := k.offer(ctx, e)
	if err == nil {
		k.kept.add(e)
		return
	}
	k.log.Error("a pair could not be stored and waits", "kind", e.Kind, "grant", e.Renewal.Grant, "click", e.Click, "error", err)
	w, err2 := k.spill.add(e)
	if err2 != nil {
		k.log.Error("the spill file cannot be written; the pair is in memory only", "error", err2)
	}
	if !errors.Is(err, store.ErrUnavailable) {
		k.setAside(ctx, w, err)
	}
}

func (k *Keeper) offer(ctx context.Context, e entry) error {
	var err error
	switch e.Kind {
	case entryRenewal:
		err = k.storeRenewal(ctx, e)
	case entryAnswer:
		if err = k.storeAnswer(ctx, e); errors.Is(err, store.ErrNotFound) {
			return nil // its app was removed meanwhile
		}
	default:
		err = fmt.Errorf("spill: unknown kind %q", e.Kind)
	}
	return err
}

// offerSpilled offers what waits, oldest first, and reports whether nothing waits for the database any more. What it
// refuses although it answers is set aside: a row or an app of its own is in the way, and nobody else's renewals stop for it.
func (k *Keeper) offerSpilled(ctx context.Context) bool { return k.offerWaiting(ctx, false) }

// offerWaiting is offerSpilled; all also offers what was set aside a moment ago.
func (k *Keeper) offerWaiting(ctx context.Context, all bool) bool {
	for _, w := range k.spill.waiting(all) {
		err := k.offer(ctx, w.entry)
		if err == nil {
			k.kept.add(w.entry)
			if err := k.spill.done(w.seq); err != nil {
				k.log.Error("the spill file cannot be cleared; its pairs will be offered again, which is harmless", "error", err)
			}
			continue
		}
		if errors.Is(err, store.ErrUnavailable) && !k.refusesAlone(ctx, w) {
			k.log.Warn("a pair still waits for the database", "kind", w.Kind, "grant", w.Renewal.Grant, "error", err)
			break
		}
		k.setAside(ctx, w, err)
	}
	return k.spill.pending() == 0
}

// refusedOften is after how many offers an entry counts as refused by a database that answers everything else, as one
// does whose disk cannot read this row.
const refusedOften = 5

func (k *Keeper) refusesAlone(ctx context.Context, w spilled) bool {
	if k.spill.offered(w.seq) < refusedOften {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, unknownPatience)
	defer cancel()
	return k.store.Ping(ctx) == nil
}

// setAside lets an entry wait by itself, longer after each refusal, and tells of it the first time.
func (k *Keeper) setAside(ctx context.Context, w spilled, why error) {
	if !k.spill.setAside(w.seq) {
		return
	}
	k.log.Error("a pair cannot be stored although the database answers; its grant waits, everything else goes on",
		"kind", w.Kind, "app", w.App, "grant", w.Renewal.Grant, "click", w.Click, "error", why)
	err := k.store.Append(ctx, gk.Event{
		ID: gk.NewID("evt", k.Now()), Kind: gk.EventSystemSpilled, Actor: "engine", App: w.App, Grant: w.Renewal.Grant, At: k.Now(),
		Data: map[string]any{"what": w.Kind},
	})
	if err != nil {
		k.log.Error("it could not be told as an event", "error", err)
	}
}

// checkSpill tells of pairs of an app that the database refuses, and of a file that was damaged, which may have held some.
func (k *Keeper) checkSpill(app string) []apps.Check {
	var checks []apps.Check
	if grants := k.spill.asideOf(app); len(grants) > 0 {
		checks = append(checks, apps.Check{Name: "spill", State: apps.CheckFailed, Detail: "the database refuses the new token pairs of " + strings.Join(grants, ", ") +
			"; they are in the spill file of this server only and are offered again each minute: its log says what is in the way"})
	}
	if _, _, damaged := k.spill.size(); damaged > 0 {
		checks = append(checks, apps.Check{Name: "spill", State: apps.CheckFailed, Detail: fmt.Sprintf("%d bytes of this server's spill file were damaged when it started and are in a file "+
			"beside it; a pair in them is lost, and its grant will need a new authorization", damaged)})
	}
	return checks
}

// record is an entry as the file holds it. It is written out member by member: gk.Sealed does not encode itself, so that
// a ciphertext never travels by accident.
type record struct {
	Kind, App, Grant, Attempt, Click string
	Spent, KeyID                     int64
	AskedAt                          time.Time
	RepeatFor                        time.Duration
	Access, Refresh, Answer          []byte
	Windows                          map[string]time.Time
	Renewable                        bool
	Expires, RefreshExpires, Due     time.Time
	Subject                          gk.Subject
	Scopes                           []string
	Shops                            []gk.Shop
	Facts                            map[string]string
	Ceiling                          time.Time
}

func encodeEntry(e entry) ([]byte, error) {
	r := e.Renewal
	return json.Marshal(record{
		Kind: e.Kind, App: e.App, Grant: r.Grant, Attempt: r.Attempt, Click: e.Click, Spent: r.Spent, KeyID: max(r.KeyID, e.KeyID),
		AskedAt: r.AskedAt, RepeatFor: r.RepeatFor, Access: r.Access, Refresh: r.Refresh, Answer: e.Answer, Windows: r.Windows,
		Renewable: r.Renewable, Expires: r.Expires, RefreshExpires: r.RefreshExpires, Due: r.Due,
		Subject: e.Subject, Scopes: e.Scopes, Shops: e.Shops, Facts: e.Facts, Ceiling: e.Ceiling,
	})
}

// decodeEntry reads what encodeEntry wrote. The entry is never plain: time has passed, so the row decides.
func decodeEntry(b []byte) (entry, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return entry{}, err
	}
	return entry{
		Kind: r.Kind, App: r.App, Click: r.Click, Answer: r.Answer, KeyID: r.KeyID,
		Subject: r.Subject, Scopes: r.Scopes, Shops: r.Shops, Facts: r.Facts, Ceiling: r.Ceiling,
		Renewal: store.Renewal{
			Grant: r.Grant, Attempt: r.Attempt, Spent: r.Spent, AskedAt: r.AskedAt, RepeatFor: r.RepeatFor,
			Pair:      gk.Pair{Access: r.Access, Refresh: r.Refresh, KeyID: r.KeyID, Windows: r.Windows, Expires: r.Expires, RefreshExpires: r.RefreshExpires},
			Renewable: r.Renewable, Due: r.Due,
		},
	}, nil
}
