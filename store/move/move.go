package move

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/sqlite"
)

// Move is an installation on its way.
type Move struct {
	Image  *sqlite.Image
	Target *postgres.Store
	Tell   func(Table) // hears of each table that is done; nil: nobody
}

// Table is how far a table has come.
type Table struct {
	Name    string `json:"name"`
	Rows    int64  `json:"rows"`    // of the source
	Written int64  `json:"written"` // rows that the target lacked or had otherwise
	Deleted int64  `json:"deleted"` // rows that only the target had
}

// ErrTarget is the error of a target that holds another installation, or one that is served.
var ErrTarget = errors.New("move: the PostgreSQL is not empty")

// atOnce is how many rows are written together.
const atOnce = 2000

// May looks whether the target is empty, or marked for this installation already.
func (m *Move) May(ctx context.Context) error {
	under, err := m.Target.Meta(ctx, store.MetaMoving)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return err
	case under == m.Image.Installation:
		return nil
	default:
		return fmt.Errorf("%w: the move of another installation (%s) into it was begun; give this one a database of its own", ErrTarget, under)
	}
	unused, err := m.Target.Unused(ctx)
	if err != nil {
		return err
	}
	if !unused {
		return fmt.Errorf("%w: it holds an installation already, which is left as it is; give this one a database of its own", ErrTarget)
	}
	return nil
}

// Begin marks the target, if it may be one.
func (m *Move) Begin(ctx context.Context) error {
	if err := m.May(ctx); err != nil {
		return err
	}
	return m.Target.SetMeta(ctx, store.MetaMoving, m.Image.Installation)
}

// Copy makes the target equal to the image. Rows that refer to others come after them and go before them.
func (m *Move) Copy(ctx context.Context) ([]Table, error) {
	tables, err := m.Image.Tables(ctx)
	if err != nil {
		return nil, err
	}
	done := make([]Table, len(tables))
	for n, t := range slices.Backward(tables) {
		if done[n].Deleted, err = m.clear(ctx, t); err != nil {
			return nil, fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	for n, t := range tables {
		done[n].Name = t.Name
		if done[n].Rows, done[n].Written, err = m.fill(ctx, t); err != nil {
			return nil, fmt.Errorf("table %s: %w", t.Name, err)
		}
		if done[n].Written > 0 {
			if err := m.Target.Plan(ctx, t); err != nil {
				return nil, fmt.Errorf("table %s: %w", t.Name, err)
			}
		}
		if m.Tell != nil {
			m.Tell(done[n])
		}
	}
	return done, nil
}

// Compare returns how many rows are not the same in both. Some tables may be left out.
func (m *Move) Compare(ctx context.Context, leaveOut ...string) (different int64, err error) {
	tables, err := m.Image.Tables(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range tables {
		if slices.Contains(leaveOut, t.Name) {
			continue
		}
		err := m.meet(ctx, t, func(source, target []any) error {
			if !equal(source, target) {
				different++
			}
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	return different, nil
}

// clear deletes rows of the target that the image lacks.
func (m *Move) clear(ctx context.Context, t store.Table) (n int64, err error) {
	w := writer{write: func(rows [][]any) error { return m.Target.DeleteRows(ctx, t, rows) }}
	err = m.meet(ctx, t, func(source, target []any) error {
		if source != nil {
			return nil
		}
		n++
		return w.add(keyOf(t, target))
	})
	if err == nil {
		err = w.flush()
	}
	return n, err
}

// fill writes the rows of the image that the target lacks or has otherwise.
func (m *Move) fill(ctx context.Context, t store.Table) (rows, written int64, err error) {
	inserts := writer{write: func(rows [][]any) error { return m.Target.InsertRows(ctx, t, rows) }}
	updates := writer{write: func(rows [][]any) error { return m.Target.UpdateRows(ctx, t, rows) }}
	err = m.meet(ctx, t, func(source, target []any) error {
		if source == nil {
			return nil
		}
		if rows++; equal(source, target) {
			return nil
		}
		written++
		if target == nil {
			return inserts.add(source)
		}
		return updates.add(source)
	})
	// What changed may free what something unique needs that is added.
	if err == nil {
		err = errors.Join(updates.flush(), inserts.flush())
	}
	return rows, written, err
}

// meet goes through a table of both, in the order of its key, and calls do with the rows that have the same key; nil
// stands for the row that one of them lacks.
func (m *Move) meet(ctx context.Context, t store.Table, do func(source, target []any) error) error {
	next, stop := iter.Pull2(m.Target.Rows(ctx, t))
	defer stop()
	advance := func() ([]any, error) { return nextOf(t, next) }
	target, err := advance()
	if err != nil {
		return err
	}
	// behind does the rows that only the target has, as long as they are wanted.
	behind := func(wanted func(row []any) bool) (err error) {
		for target != nil && wanted(target) && err == nil {
			if err = do(nil, target); err == nil {
				target, err = advance()
			}
		}
		return err
	}
	for source, err := range m.Image.Rows(ctx, t) {
		if err != nil {
			return err
		}
		if ours(t, source) {
			continue
		}
		if err := behind(func(row []any) bool { return compareKeys(t, row, source) < 0 }); err != nil {
			return err
		}
		if target == nil || compareKeys(t, target, source) > 0 {
			err = do(source, nil)
		} else if err = do(source, target); err == nil {
			target, err = advance()
		}
		if err != nil {
			return err
		}
	}
	return behind(func([]any) bool { return true })
}

// nextOf returns the next row that is not the move's own; nil after the last.
func nextOf(t store.Table, next func() ([]any, error, bool)) ([]any, error) {
	for {
		row, err, ok := next()
		if err != nil || !ok {
			return nil, err
		}
		if !ours(t, row) {
			return row, nil
		}
	}
}

// writer writes rows some thousand at once.
type writer struct {
	write func([][]any) error
	rows  [][]any
}

func (w *writer) add(row []any) error {
	if w.rows = append(w.rows, row); len(w.rows) < atOnce {
		return nil
	}
	return w.flush()
}

// flush writes what is left.
func (w *writer) flush() error {
	if len(w.rows) == 0 {
		return nil
	}
	err := w.write(w.rows)
	w.rows = nil
	return err
}
