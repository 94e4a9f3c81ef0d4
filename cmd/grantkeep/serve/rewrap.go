package serve

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/vault"
)

func KeyringRewrap(s shell.Streams) *cobra.Command {
	var k kept
	var to string
	cmd := &cobra.Command{
		Use: "rewrap --to KEY", Short: "Put the key set under another master key", Args: cobra.NoArgs,
		Long: "Put the key set under another master key. Nothing is sealed again. A SQLite server is stopped first and started\n" +
			"with the new key; instances on a PostgreSQL serve on with the keys that they have and are started again, one after\n" +
			"the other, with the new key, before the keys are rotated.\n\n" +
			"A former key that somebody has seen still opens older backups: rotate the keys too, so that they hold nothing young.",
		Example: "  (umask 077; head -c 32 /dev/urandom | base64 > new.key)\n" +
			"  grantkeep keyring rewrap --data /var/lib/grantkeep --to new.key",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := k.from(cmd); err != nil {
				return err
			}
			if to == "" {
				return shell.Usage("--to is needed: the other master key, FILE, env:NAME or exec:COMMAND")
			}
			id, err := k.rewrap(cmd.Context(), to)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Out, "key set %d is under the other master key: start each server with --master-key %s\n", id, to)
			return err
		},
	}
	k.flags(cmd)
	cmd.Flags().StringVar(&to, "to", "", "the other master key: FILE, env:NAME or exec:COMMAND")
	return cmd
}

// rewrap stores the key set in force under another master key. A second run, after the first one's answer was lost, finds
// it there already.
func (k *kept) rewrap(ctx context.Context, to string) (set int64, err error) {
	from := k.masterKey
	if from == "" {
		from = filepath.Join(k.data, "master.key")
	}
	former, err := loadMaster(ctx, from)
	if err != nil {
		return 0, err
	}
	next, err := loadMaster(ctx, to)
	if err != nil {
		return 0, fmt.Errorf("--to: %w", err)
	}
	var st store.Store
	if k.database != "" {
		st, err = postgres.Open(ctx, k.database)
	} else if err = sqlite.Exists(k.data); err == nil {
		st, err = sqlite.Open(ctx, k.data)
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	ring, err := st.Keyset(ctx)
	if err != nil {
		return 0, err
	}
	wrapped, err := vault.Rewrap(former, next, ring.Wrapped)
	if errors.Is(err, vault.ErrWrongMaster) {
		if _, err := vault.Latest(next, ring.Wrapped); err == nil {
			return ring.ID, nil
		}
		return 0, fmt.Errorf("the present master key does not open this database's keys (%w): name it with --master-key", err)
	}
	if err != nil {
		return 0, err
	}
	return ring.ID + 1, st.AddKeyset(ctx, store.Keyset{ID: ring.ID + 1, Wrapped: wrapped, Primary: ring.Primary, CreatedAt: time.Now()})
}
