package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/move"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/sqlite"
)

// mover is what the command is told.
type mover struct {
	kept

	to           string
	dryRun, undo bool
}

// moved is what the command prints.
type moved struct {
	State  string       `json:"state"` // possible, ahead, moved or undone
	To     string       `json:"to"`
	Apps   int64        `json:"apps"`
	Grants int64        `json:"grants"`
	Tables []move.Table `json:"tables,omitempty"`
}

// errAhead ends a copy that was made while the server is at work.
var errAhead = errors.New("the server still runs on the SQLite database, so this was a copy ahead: stop the server and run the same command again, " +
	"which brings what has changed since and ends the move")

// MoveCommand moves a SQLite installation into PostgreSQL.
func MoveCommand(s shell.Streams) *cobra.Command {
	var m mover
	var asJSON bool
	cmd := &cobra.Command{
		Use: "move --to postgres://…", Short: "Move a SQLite installation into an empty PostgreSQL, whole", Args: cobra.NoArgs,
		Long: "Move a SQLite installation into an empty PostgreSQL: every row, compared one by one at the end. The SQLite\n" +
			"database stays as it is and is marked as moved: no server starts on it again.\n\n" +
			"While the server runs, the command copies ahead and ends with status 1; when it is run again after the server was\n" +
			"stopped, it brings what has changed since and ends the move. A run that died is gone on with by the next one;\n" +
			"until the end no server starts on the PostgreSQL. Then start each server with --database, the same --master-key\n" +
			"and a --data of its own; one of them keeps this one.\n\n" +
			"--undo takes the move back as long as nobody has served the PostgreSQL.",
		Example: "  grantkeep move --to postgres://grantkeep@db.example.net/grantkeep --data /var/lib/grantkeep --dry-run\n" +
			"  GRANTKEEP_DATABASE=postgres://… grantkeep move --data /var/lib/grantkeep   (keeps a password out of the process list)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := m.from(cmd); err != nil {
				return err
			}
			if m.to == "" {
				m.to = os.Getenv("GRANTKEEP_DATABASE")
			}
			if !strings.HasPrefix(m.to, "postgres://") && !strings.HasPrefix(m.to, "postgresql://") {
				return shell.Usage("--to is needed: the address of the PostgreSQL, postgres://USER@HOST/DATABASE; it may also stand in GRANTKEEP_DATABASE")
			}
			if m.dryRun && m.undo {
				return shell.Usage("--dry-run and --undo do not go together")
			}
			done, err := m.run(cmd.Context(), s)
			if err != nil && !errors.Is(err, errAhead) {
				return err
			}
			return errors.Join(showMoved(s, done, asJSON), err)
		},
	}
	f := cmd.Flags()
	f.StringVar(&m.data, "data", "./data", "the server's data directory")
	f.StringVar(&m.masterKey, "master-key", "", "the server's master key: FILE, env:NAME or exec:COMMAND; default: master.key in the data directory")
	f.StringVar(&m.to, "to", "", "postgres://… of an empty database; may also stand in GRANTKEEP_DATABASE")
	f.BoolVar(&m.dryRun, "dry-run", false, "look whether the move is possible, and change nothing")
	f.BoolVar(&m.undo, "undo", false, "take a move back that nobody has served yet")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// run moves, looks whether that is possible, or takes it back.
// movable says why an installation cannot be moved to a database, or taken back from it.
func (m *mover) movable(image *sqlite.Image, to string) error {
	switch {
	case m.undo && image.Moved == "":
		return errors.New("this installation was not moved: there is nothing to take back")
	case image.Moved != "" && image.Moved != to:
		return fmt.Errorf("this installation was moved to %s already, not to %s", image.Moved, to)
	}
	return nil
}

func (m *mover) run(ctx context.Context, s shell.Streams) (done moved, err error) {
	if done.To, err = postgres.NameOf(m.to); err != nil {
		return done, shell.Misused(err)
	}
	opens, err := m.opens(ctx)
	if err != nil {
		return done, err
	}
	hold, err := m.hold(ctx)
	if err != nil {
		return done, err
	}
	if hold != nil {
		defer func() { err = errors.Join(err, hold.Close()) }()
	}
	image, err := sqlite.OpenImage(ctx, m.data)
	if err != nil {
		return done, err
	}
	reading := true
	stop := func() error {
		if !reading {
			return nil
		}
		reading = false
		return image.Close()
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := opens(image.Copy); err != nil {
		return done, err
	}
	done.Apps, done.Grants = image.Apps, image.Grants
	if err := m.movable(image, done.To); err != nil {
		return done, err
	}
	if m.dryRun {
		done.State = "possible"
		return done, m.possible(ctx, image)
	}
	target, err := postgres.Open(ctx, m.to)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	work := &move.Move{Image: image, Target: target, Tell: func(t move.Table) {
		_, _ = fmt.Fprintf(s.Err, "%s: %d rows, %d written, %d deleted\n", t.Name, t.Rows, t.Written, t.Deleted) // nobody has to hear it
	}}
	if m.undo {
		done.State = "undone"
		if err := takeBack(ctx, work); err != nil {
			return done, err
		}
		return done, errors.Join(stop(), hold.SetMeta(ctx, store.MetaMoved, ""))
	}
	if image.Moved != "" {
		if _, err := target.Meta(ctx, store.MetaMoving); errors.Is(err, store.ErrNotFound) {
			return done, fmt.Errorf("this installation was moved to %s already; start the server with --database", image.Moved)
		}
	}
	if err := m.copyOver(ctx, work, hold, &done); err != nil {
		return done, err
	}
	// First this side ends, then that one begins: a process that dies in between leaves none that is served.
	if err := errors.Join(stop(), hold.SetMeta(ctx, store.MetaMoved, done.To)); err != nil {
		return done, err
	}
	done.State = "moved"
	return done, target.SetMeta(ctx, store.MetaMoving, "")
}

// hold keeps a server from starting on this side; nil where nothing is changed, and where a server runs that the copy only
// goes ahead of.
func (m *mover) hold(ctx context.Context) (*sqlite.Hold, error) {
	if m.dryRun {
		return nil, nil //nolint:nilnil // nothing is held
	}
	hold, err := sqlite.HoldDir(ctx, m.data)
	if errors.Is(err, sqlite.ErrLocked) && !m.undo {
		return nil, nil //nolint:nilnil // the server holds it
	}
	return hold, err
}

// copyOver copies every row and compares both sides. Without a hold the rows may change behind it, and the copy is only ahead.
func (m *mover) copyOver(ctx context.Context, work *move.Move, hold *sqlite.Hold, done *moved) (err error) {
	if err := work.Begin(ctx); err != nil {
		return err
	}
	if done.Tables, err = work.Copy(ctx); err != nil {
		return fmt.Errorf("%w; nothing was changed on this side, and the same command goes on where it stopped", err)
	}
	if hold == nil {
		done.State = "ahead"
		return errAhead
	}
	different, err := work.Compare(ctx)
	if err == nil && different > 0 {
		err = fmt.Errorf("%d rows are not the same after the copy: does anybody else write to %s? Nothing was changed on this side", different, done.To)
	}
	return err
}

// possible looks at the target and changes nothing.
func (m *mover) possible(ctx context.Context, image *sqlite.Image) (err error) {
	found, err := postgres.Look(ctx, m.to)
	if err != nil || !found.Made || len(found.Pending) > 0 {
		return err
	}
	target, err := postgres.Open(ctx, m.to) // has nothing to migrate
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return (&move.Move{Image: image, Target: target}).May(ctx)
}

// takeBack marks the target as one that is not served, if nobody has served it.
func takeBack(ctx context.Context, m *move.Move) error {
	there, err := m.Target.Meta(ctx, "installation")
	if err == nil && there != m.Image.Installation {
		err = errors.New("the PostgreSQL holds another installation")
	}
	if err != nil {
		return err
	}
	if err := m.Target.SetMeta(ctx, store.MetaMoving, m.Image.Installation); err != nil {
		return err
	}
	all, err := m.Compare(ctx)
	different := all
	if err == nil && all > 0 { // a server that began there and served nothing may have written its own row
		different, err = m.Compare(ctx, "instances")
	}
	if err == nil && different > 0 {
		err = fmt.Errorf("%d rows of the PostgreSQL are not what was moved: it has been served since, and refresh tokens that it has used are spent; stay there", different)
	}
	var at []store.Process
	if err == nil && all > 0 {
		at, err = m.Target.Processes(ctx)
	}
	if err == nil && len(at) > 0 {
		err = errors.New("a server was at work on the PostgreSQL within the last seconds: stop it, and wait for a moment")
	}
	if err != nil {
		return errors.Join(err, m.Target.SetMeta(ctx, store.MetaMoving, ""))
	}
	return nil
}

// showMoved tells what was done.
func showMoved(s shell.Streams, m moved, asJSON bool) error {
	if asJSON {
		return shell.PrintJSON(s.Out, m)
	}
	what := fmt.Sprintf("%d apps, %d grants", m.Apps, m.Grants)
	switch m.State {
	case "possible":
		_, err := fmt.Fprintf(s.Out, "%s can be moved to %s; nothing was changed\n", what, m.To)
		return err
	case "undone":
		_, err := fmt.Fprintf(s.Out, "the move is taken back: start the server on the SQLite database again; nobody can serve %s\n", m.To)
		return err
	}
	rows := make([][]string, 0, len(m.Tables))
	for _, t := range m.Tables {
		rows = append(rows, []string{t.Name, strconv.FormatInt(t.Rows, 10), strconv.FormatInt(t.Written, 10), strconv.FormatInt(t.Deleted, 10)})
	}
	shell.PrintTable(s.Out, []string{"Table", "Rows", "Written", "Deleted"}, rows)
	if m.State == "ahead" {
		return nil
	}
	_, err := fmt.Fprintf(s.Out, "%s are in %s, compared row by row; start the server with --database, the same --master-key and the same --data\n", what, m.To)
	return err
}
