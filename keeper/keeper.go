package keeper

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/cache"
	"github.com/grantkeep/grantkeep/keeper/claims"
	"github.com/grantkeep/grantkeep/keeper/clock"
	"github.com/grantkeep/grantkeep/keeper/gates"
	"github.com/grantkeep/grantkeep/keeper/keyset"
	"github.com/grantkeep/grantkeep/keeper/rounds"
	"github.com/grantkeep/grantkeep/keeper/saver"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// Options is what a keeper is made of. Store, Vault, Gate, Drivers and PublicURL are required.
type Options struct {
	Store   store.Store
	Vault   *vault.Vault
	Gate    *outbound.Gate
	Drivers []platform.Driver

	Master    vault.Master     // opens newer key sets; without it this process neither rotates keys nor follows a rotation
	Now       func() time.Time // product time; nil: time.Now
	Instance  string           // names this process in attempts; empty: made
	Announced bool             // Instance is what the store's Announce returned: attempts of processes that are gone are ended
	Restored  Restored         // tells a database that was put back; nil: nobody can, and the platforms' answers decide
	// RestoredNoted is called when all apps are marked of a database that Restored tells of, until it returns nil; Restored
	// then says so no more. nil: nobody needs to know.
	RestoredNoted func(ctx context.Context) error
	PublicURL     string               // scheme://host[:port] of the merchant's face
	SpillFile     string               // where a pair waits while the database is away; empty: memory only
	Allowed       []string             // HOST[:PORT] that apps' endpoints may name, as given at start
	Workers       int                  // refreshes under way at once for one app; 0: as many as its platform answers well
	Frozen        bool                 // reads only: nothing is claimed, changed or asked of a platform
	Traces        trace.TracerProvider // hears of each refresh; nil: nobody does
	Log           *slog.Logger
}

// Keeper holds the grants of an installation. Its methods are safe for concurrent use; [Keeper.Run] must be running for
// anything to happen by itself.
type Keeper struct {
	store   store.Store
	vault   *vault.Vault
	gate    *outbound.Gate
	apps    *apps.Registry
	options Options
	now     func() time.Time
	log     *slog.Logger

	tokens   *cache.Cache
	gates    *gates.Gates // one per app, which every refresh passes
	flights  gates.Flights
	spill    *spill.File
	kept     spill.Kept
	clicks   atomic.Pointer[Clicks]
	appTurn  atomic.Pointer[func(ctx context.Context, app gk.App) error]
	keys     *keyset.Keys
	clock    *clock.Guard
	replica  *failover // offers again what another database lacks
	safe     *safe     // puts what a platform gave us where it outlives this process
	stops    *stops
	reader   *reader
	attempts *claims.Attempts
	wake     chan struct{}

	hastener  *rounds.Hastener
	opened    cache.Recent[apps.Opened] // what a call needs beside its token
	reaches   cache.Recent[gk.Grant]
	suspects  cache.Recent[struct{}]
	putBack   *putBack
	refreshes tally
	counts    tally // of claims, and of what waits for a quota
	failures  tally // refreshes that failed for a reason that is not the merchant's

	draining atomic.Bool
	work     sync.WaitGroup // refreshes and completions under way
	inflight atomic.Int64
	rest     chan struct{} // gets one whenever nothing is under way any more
	broken   atomic.Int64  // apps that could not be opened in the last round
	rounds   atomic.Int64  // of the scheduler, since it runs

	mu     sync.Mutex
	paused chan struct{} // closed when a pause ends; nil: not paused
}

// New makes a keeper. It reads the spill file, but asks nobody before Run.
func New(o Options) (*Keeper, error) {
	k := &Keeper{
		store: o.Store, vault: o.Vault, gate: o.Gate, options: o, now: o.Now, log: o.Log,
		wake: make(chan struct{}, 1), rest: make(chan struct{}, 1),
	}
	if k.now == nil {
		k.now = time.Now
	}
	if k.log == nil {
		k.log = slog.Default()
	}
	if k.options.Instance == "" {
		k.options.Instance = gk.NewID("run", time.Now())
	}
	k.gates = gates.New(k.options.Workers, k.Now)
	k.tokens = cache.New(o.Store)
	k.store = cache.Watch(o.Store, k.tokens)
	k.apps = apps.New(apps.Options{
		Store: k.store, Vault: k.vault, Gate: k.gate, Drivers: o.Drivers, Now: k.Now, PublicURL: o.PublicURL, Allowed: o.Allowed, Log: k.log,
		Changed: k.appChanged, Rotated: k.replan,
	})
	k.apps.OnToken(k.appToken)
	k.clock = clock.New(k.store, k.Now)
	k.hastener = &rounds.Hastener{
		Store: k.store, Stopped: k.apps.StoppedNow, Ahead: stopLook + gk.LongestLease, Overlap: gk.LongestLease, Now: k.Now, Begun: k.MoreWork, Ended: k.EndWork,
		Draining: k.draining.Load, Wake: k.Wake, Log: k.log,
	}
	k.reader = k.newReader()
	k.attempts = &claims.Attempts{Instance: k.options.Instance, Store: k.store, Now: k.Now, Log: k.log}
	k.opened.Life, k.reaches.Life, k.suspects.Life = cache.RecentlyRead, cache.RecentlyRead, cache.RecentlySuspected
	sp, err := spill.Open(o.SpillFile)
	if err != nil {
		return nil, err
	}
	k.spill = sp
	k.safe = &safe{
		store: k.store, vault: k.vault, apps: k.apps, saver: saver.New(k.store, k.Isolate), spill: sp, kept: &k.kept, now: k.Now, log: k.log,
	}
	k.replica = &failover{store: k.store, kept: &k.kept, rows: k, safe: k.safe, clicks: k.attended, now: k.Now, log: k.log}
	k.stops = &stops{store: k.store, apps: k.apps, hastener: k.hastener, now: k.Now}
	k.putBack = &putBack{
		store: k.store, apps: k.apps, gates: k.gates, vault: k.vault, restored: o.Restored, noted: o.RestoredNoted, spare: k.spare, now: k.Now, log: k.log,
	}
	k.keys = &keyset.Keys{Options: keyset.Options{
		Store: k.store, Vault: k.vault, Apps: k.apps, Master: o.Master, Now: k.Now, Log: k.log, Spare: k.spare, Spill: sp, Kept: &k.kept,
	}}
	if o.Announced {
		k.keys.By = o.Instance
	}
	if sp.Damaged > 0 {
		k.log.Error("the spill file is damaged; what could not be read was put into a file beside it", "bytes", sp.Damaged, "file", o.SpillFile+".damaged")
	}
	return k, nil
}

// Now returns product time, to the millisecond.
func (k *Keeper) Now() time.Time { return k.now().UTC().Truncate(time.Millisecond) }

// Apps returns our registered applications.
func (k *Keeper) Apps() *apps.Registry { return k.apps }

// Store returns the store as this keeper writes it: its cache hears of every grant that is written through it.
func (k *Keeper) Store() store.Store { return k.store }

// Keys returns the keeper of the key set.
func (k *Keeper) Keys() *keyset.Keys { return k.keys }

// Vault returns what seals and opens.
func (k *Keeper) Vault() *vault.Vault { return k.vault }

// Log returns where the keeper writes what an operator must know.
func (k *Keeper) Log() *slog.Logger { return k.log }

// PublicURL returns scheme://host[:port] of the merchant's face.
func (k *Keeper) PublicURL() string { return k.options.PublicURL }

// appChanged hears that a person has changed an app.
func (k *Keeper) appChanged(ctx context.Context, id string, resumed bool) {
	k.opened.Drop(id)
	if resumed {
		k.hastener.Hasten(ctx, id)
	}
	k.Wake()
}

// Draining reports whether the process stops.
func (k *Keeper) Draining() bool { return k.draining.Load() }

// Frozen reports whether this process is read only.
func (k *Keeper) Frozen() bool { return k.options.Frozen }

// BeginWork counts a piece of work that must be finished before the process may stop; false while it stops, and in a process
// that is read only. While the demo's clock jumps it waits.
func (k *Keeper) BeginWork() bool {
	for !k.options.Frozen {
		k.mu.Lock()
		if k.draining.Load() {
			k.mu.Unlock()
			return false
		}
		paused := k.paused
		if paused == nil {
			k.work.Add(1)
			k.inflight.Add(1)
			k.mu.Unlock()
			return true
		}
		k.mu.Unlock()
		<-paused
	}
	return false
}

// MoreWork counts a further piece of work for somebody who is at work already. It neither waits nor refuses: what waits until
// nothing is under way would wait for that somebody for ever, and a claim that is made is better carried out.
func (k *Keeper) MoreWork() {
	k.work.Add(1)
	k.inflight.Add(1)
}

// EndWork ends what BeginWork or MoreWork has begun.
func (k *Keeper) EndWork() {
	if k.inflight.Add(-1) == 0 {
		select {
		case k.rest <- struct{}{}:
		default: // nobody has looked since the last one
		}
	}
	k.work.Done()
}
