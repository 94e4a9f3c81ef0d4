package apps

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// Options is what a registry is made of. All are required but Allowed.
type Options struct {
	Store     store.Store
	Vault     *vault.Vault
	Gate      *outbound.Gate
	Drivers   []platform.Driver
	Now       func() time.Time // product time
	PublicURL string           // scheme://host[:port] of the merchant's face
	Allowed   []string         // HOST[:PORT] that apps' endpoints may name, as given at start
	Log       *slog.Logger

	// Changed hears that an app was written by a person. resumed says that its refreshes go on after a stop.
	Changed func(ctx context.Context, id string, resumed bool)

	// Rotated hears that a secret to which an app's pairs are pinned was replaced; nil: nobody does.
	Rotated func(ctx context.Context, id string)
}

// Registry holds our registered applications. It is safe for concurrent use.
type Registry struct {
	answered  atomic.Pointer[func(platform string, took time.Duration)]
	token     atomic.Pointer[func(ctx context.Context, o Opened) (platform.Credential, error)] // of the app itself
	store     store.Store
	vault     *vault.Vault
	gate      *outbound.Gate
	drivers   map[string]platform.Driver
	now       func() time.Time
	publicURL string
	allowed   []string
	log       *slog.Logger
	changed   func(ctx context.Context, id string, resumed bool)
	rotated   func(ctx context.Context, id string)

	stops stops
}

// New makes a registry. It asks nobody.
func New(o Options) *Registry {
	r := &Registry{
		store: o.Store, vault: o.Vault, gate: o.Gate, drivers: make(map[string]platform.Driver, len(o.Drivers)),
		now: o.Now, publicURL: o.PublicURL, allowed: o.Allowed, log: o.Log, changed: o.Changed, rotated: o.Rotated,
	}
	for _, d := range o.Drivers {
		r.drivers[d.Spec().Code] = d
	}
	r.stops.begun = time.Now()
	return r
}

// Driver returns the driver of a platform, nil if this build has none.
func (r *Registry) Driver(code string) platform.Driver { return r.drivers[code] }

// Windows lists the names of the partial permissions that platforms of this build have.
func (r *Registry) Windows() []string {
	var names []string
	for _, d := range r.drivers {
		names = append(names, d.Spec().Facts.Windows...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// OnAnswer has f called with the platform of every answered request, and how long it took.
func (r *Registry) OnAnswer(f func(platform string, took time.Duration)) { r.answered.Store(&f) }
