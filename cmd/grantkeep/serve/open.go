package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"go.opentelemetry.io/otel/trace"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/console/provider"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/vault"
)

// Installation is a database with what opens it.
type Installation struct {
	Store    store.Store
	vault    *vault.Vault
	master   vault.Master
	frozen   bool            // reads only
	Stopping <-chan struct{} // closed when the server stops
	News     *notify.News
	staff    *provider.Provider // by which people log in to the console; nil: by passwords only

	drivers []platform.Driver    // the platforms, with what the operator adds to their facts
	metrics *prometheus.Registry // nil: the API's own
	Uses    *door.Uses           // counts uses of tokens
	witness *witness             // tells a database that was put back; nil: nobody watches
	traces  trace.TracerProvider // hears of each refresh; nil: nobody does
	by      string               // names this process in attempts; empty: not announced
}

// Open opens the database under dir, or the PostgreSQL at url, with its keys. SQLite makes a master key the
// first time and says so; PostgreSQL never does, since every instance needs the same one.
func Open(ctx context.Context, dir, url, masterPath string, notes io.Writer) (*Installation, error) {
	var st store.Store
	var err error
	if url == "" {
		st, err = sqlite.Open(ctx, dir)
	} else {
		st, err = postgres.Open(ctx, url)
	}
	if err != nil {
		return nil, err
	}
	return opened(ctx, st, dir, url, masterPath, notes)
}

// OpenPassing opens an installation that goes with its process, as a demo that keeps nothing: no commit waits for the disk.
func OpenPassing(ctx context.Context, dir string, notes io.Writer) (*Installation, error) {
	st, err := sqlite.OpenPassing(ctx, dir)
	if err != nil {
		return nil, err
	}
	return opened(ctx, st, dir, "", "", notes)
}

// opened closes the database again where the installation cannot be used.
func opened(ctx context.Context, st store.Store, dir, url, masterPath string, notes io.Writer) (*Installation, error) {
	if err := servable(ctx, st); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	in, err := unlock(ctx, st, dir, url != "", masterPath, notes)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return in, nil
}

// unlock unwraps the key set in the database with the master key and opens the check value with it. A wrong key, a
// missing one, and a key set that does not fit stop the start; no key is ever made beside rows that are sealed already.
func unlock(ctx context.Context, st store.Store, dir string, shared bool, masterPath string, notes io.Writer) (*Installation, error) {
	ring, err := st.Keyset(ctx)
	fresh := errors.Is(err, store.ErrNotFound)
	if err != nil && !fresh {
		return nil, err
	}
	if fresh {
		sealed, err := st.Sealed(ctx)
		if err != nil {
			return nil, err
		}
		if sealed {
			return nil, errors.New("the database holds sealed rows but no key set: restore the table keyring from the same backup")
		}
	}
	master, err := masterKey(ctx, dir, shared, masterPath, fresh, notes)
	if err != nil {
		return nil, err
	}
	if fresh {
		wrapped, primary, err := vault.Create(master)
		if err != nil {
			return nil, err
		}
		err = st.AddKeyset(ctx, store.Keyset{ID: 1, Wrapped: wrapped, Primary: primary, CreatedAt: time.Now()})
		if err != nil && !errors.Is(err, store.ErrExists) {
			return nil, err
		}
		if ring, err = st.Keyset(ctx); err != nil { // another instance may have been first
			return nil, err
		}
	}
	id, err := st.SetMetaOnce(ctx, "installation", gk.NewID("ins", time.Now()))
	if err != nil {
		return nil, err
	}
	v, err := vault.Open(master, ring.Wrapped, id)
	if err != nil {
		return nil, fmt.Errorf("the master key does not open this database's keys (%w): give the key that it was made with, by --master-key", err)
	}
	check, err := st.SetMetaOnce(ctx, "keyring_check", v.Check())
	if err != nil {
		return nil, err
	}
	if err := v.VerifyCheck(check); err != nil {
		return nil, fmt.Errorf("the keys of this database do not open its check value (%w): database and key set are not of one installation", err)
	}
	return &Installation{Store: st, vault: v, master: master}, nil
}

// masterKey reads the key that wraps the key set.
func masterKey(ctx context.Context, dir string, shared bool, path string, fresh bool, notes io.Writer) (vault.Master, error) {
	if path != "" {
		return loadMaster(ctx, path)
	}
	if shared {
		return vault.Master{}, errors.New("PostgreSQL needs --master-key FILE: one line, standard base64 of 32 random bytes, mode 0600, the same for every instance; make one with: (umask 077; head -c 32 /dev/urandom | base64 > master.key)")
	}
	path = filepath.Join(dir, "master.key")
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return vault.ReadMaster(path)
	}
	if !fresh {
		return vault.Master{}, fmt.Errorf("the master key %s is missing, and the database needs it: put the file back, or name it with --master-key", path)
	}
	m := vault.NewMaster()
	if err := vault.WriteMaster(path, m); err != nil {
		return m, err
	}
	_, err := fmt.Fprintf(notes, "made the master key %s; keep a copy apart from the data: without it every token is lost\n", path)
	return m, err
}

// addFirstKey stores the first API key of an empty database; it may do everything.
func addFirstKey(ctx context.Context, st store.Keys, key gk.Secret) error {
	now := time.Now()
	err := st.CreateKey(ctx, gk.Key{ID: gk.NewID("key", now), Hash: door.HashKey(key), Name: "first administrator", Scopes: gk.Scopes(), CreatedAt: now})
	if errors.Is(err, store.ErrExists) { // another instance has stored the same one
		return nil
	}
	return err
}

// OpenKeeper makes the keeper of an installation.
func OpenKeeper(in *Installation, gate *outbound.Gate, publicURL, spillFile string, allowed []string, now func() time.Time, log *slog.Logger) (*keeper.Keeper, error) {
	options := keeper.Options{
		Store: in.Store, Vault: in.vault, Master: in.master, Gate: gate, Drivers: in.platforms(), Now: now,
		Instance: in.by, Announced: in.by != "", PublicURL: publicURL, SpillFile: spillFile, Allowed: allowed, Frozen: in.frozen, Traces: in.traces, Log: log,
	}
	if in.witness != nil {
		options.Restored, options.RestoredNoted = in.witness.Restored, in.witness.Noted
	}
	k, err := keeper.New(options)
	if err == nil {
		in.Uses = door.NewUses(in.Store, k.Now, log)
	}
	return k, err
}

// OpenNews makes what tells the vendor what happened, with a gate of its own: what it may reach beyond the public internet,
// and its connections, have nothing to do with the platforms'.
func OpenNews(in *Installation, k *keeper.Keeper, allowed []string, faces Faces, log *slog.Logger) (*outbound.Gate, error) {
	gate, err := outbound.New(outbound.Options{Allow: allowed, UserAgent: "grantkeep/" + shell.Version, Frozen: in.frozen})
	if err != nil {
		return nil, err
	}
	in.News = notify.New(notify.Options{Keeper: k, Store: in.Store, Vault: in.vault, Gate: gate, ConsoleURL: faces.Desk(), Log: log})
	return gate, nil
}

// DemoMark marks a database whose clock has been moved; `serve` refuses it.
const DemoMark = "demo"
