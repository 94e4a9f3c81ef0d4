package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/vault"
)

// kept is where an installation is that a command works on without its server.
type kept struct{ data, database, masterKey string }

// flags adds the flags by which serve is told the same.
func (k *kept) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&k.data, "data", "./data", "the server's data directory")
	f.StringVar(&k.database, "database", "", "postgres://… where the server has one; may also stand in GRANTKEEP_DATABASE")
	f.StringVar(&k.masterKey, "master-key", "", "the server's master key: FILE, env:NAME or exec:COMMAND; default: master.key in the data directory")
}

// from fills what no flag said from the environment, as serve does.
func (k *kept) from(cmd *cobra.Command) error {
	for _, name := range []string{"data", "database", "master-key"} {
		value := os.Getenv("GRANTKEEP_" + strings.ReplaceAll(strings.ToUpper(name), "-", "_"))
		if f := cmd.Flags().Lookup(name); value == "" || f.Changed {
			continue
		} else if err := f.Value.Set(value); err != nil {
			return shell.Usage("setting %s: %v", name, err)
		}
	}
	return nil
}

// opens returns a check that the master key opens what a copy holds.
func (k *kept) opens(ctx context.Context) (func(sqlite.Copy) error, error) {
	path := k.masterKey
	if path == "" {
		path = filepath.Join(k.data, "master.key")
	}
	master, err := loadMaster(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("%w; a copy is worth nothing without the master key, so it is tried: name the server's with --master-key", err)
	}
	return func(c sqlite.Copy) error {
		v, err := vault.Open(master, c.Wrapped, c.Installation)
		if err != nil {
			return fmt.Errorf("the master key does not open the keys in the copy (%w): name the key of that installation with --master-key", err)
		}
		if err := v.VerifyCheck(c.Check); err != nil {
			return fmt.Errorf("%w: its keys do not open its check value (%w)", sqlite.ErrDamaged, err)
		}
		return nil
	}, nil
}

// howPostgres is said where the database has tools of its own for it.
const howPostgres = `a PostgreSQL is backed up by its own tools, while grantkeep runs:
  a copy      pg_dump --format=custom --file=grantkeep.dump "$GRANTKEEP_DATABASE"
  and back    createdb grantkeep && pg_restore --exit-on-error --no-owner --dbname=grantkeep grantkeep.dump
  any moment  base backups and WAL archiving (pg_basebackup, archive_command), where the loss of minutes matters
The master key is in none of them: keep it apart. Serve a restored copy only when the original is gone, or with --frozen;
refresh tokens that were used since the copy was made are spent. Nothing was done`

var errHowPostgres = errors.New(howPostgres)

func BackupCommand(s shell.Streams) *cobra.Command {
	var k kept
	var asJSON bool
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Write a checked copy of the SQLite database to a file, while the server runs", Args: cobra.ExactArgs(1),
		Long: "Write a consistent copy of the SQLite database to a file of mode 0600, while the server runs. The copy is\n" +
			"checked by SQLite and against the master key before the file has its name. The master key is not in it.",
		Example: "  grantkeep backup /backup/grantkeep-$(date +%F).db --data /var/lib/grantkeep",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := k.from(cmd); err != nil {
				return err
			}
			if k.database != "" {
				return errHowPostgres
			}
			opens, err := k.opens(cmd.Context())
			if err != nil {
				return err
			}
			c, err := sqlite.Backup(cmd.Context(), k.data, args[0], opens)
			if err != nil {
				return err
			}
			return showCopy(s, args[0], "written", c, asJSON)
		},
	}
	k.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func RestoreCommand(s shell.Streams) *cobra.Command {
	var k kept
	var asJSON bool
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Put a copy that backup wrote into a data directory without a database", Args: cobra.ExactArgs(1),
		Long: "Put a copy that backup wrote into a data directory that has no database. A copy that was damaged, that the\n" +
			"master key does not open, or that a newer grantkeep wrote is refused, and nothing is left behind.\n\n" +
			"Refresh tokens that were used since the copy was made are spent. The server that begins on it offers a few per\n" +
			"app and stops the app's renewals where the platform refuses them all; see grantkeep doctor --restored.",
		Example: "  grantkeep restore /backup/grantkeep-2026-11-30.db --data /var/lib/grantkeep --master-key /safe/master.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := k.from(cmd); err != nil {
				return err
			}
			if k.database != "" {
				return errHowPostgres
			}
			opens, err := k.opens(cmd.Context())
			if err != nil {
				return err
			}
			c, err := sqlite.Restore(cmd.Context(), args[0], k.data, opens)
			if err != nil {
				return err
			}
			return showCopy(s, k.data, "restored", c, asJSON)
		},
	}
	k.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// showCopy tells what a copy holds.
func showCopy(s shell.Streams, where, done string, c sqlite.Copy, asJSON bool) error {
	if asJSON {
		return shell.PrintJSON(s.Out, map[string]any{"file": where, "installation": c.Installation, "schema": c.Schema, "apps": c.Apps, "grants": c.Grants})
	}
	_, err := fmt.Fprintf(s.Out, "%s is %s: installation %s, %d apps, %d grants\n", where, done, c.Installation, c.Apps, c.Grants)
	return err
}
