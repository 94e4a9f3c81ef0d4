package sqlstore

import (
	"context"
	"errors"
	"strings"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
)

// lots are how many rows one INSERT takes. They are few, so that their texts stay prepared, and small enough for what
// either engine allows of parameters.
var lots = []int{64, 8, 1}

// Loader is a Querier with a way of its own for many rows.
type Loader interface {
	// Load stores rows of equal length; the first that is refused ends it.
	Load(ctx context.Context, table string, columns []string, rows [][]any) error
}

// insertMany stores rows of equal length.
func insertMany(ctx context.Context, q Querier, table, columns string, rows [][]any) error {
	loader, ok := q.(Loader)
	if !ok || len(rows) < lots[0] || store.Watching(ctx) != nil {
		return insertAll(ctx, q, `INSERT INTO `+table+` (`+columns+`)`, "", rows)
	}
	for _, row := range rows {
		clean(row)
	}
	names := strings.Split(columns, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	err := loader.Load(ctx, table, names, rows)
	if errors.Is(err, ErrReference) {
		return store.ErrNotFound
	}
	return err
}

// insertMissing is insertMany that leaves out the rows that are there.
func insertMissing(ctx context.Context, q Querier, head string, rows [][]any) error {
	return insertAll(ctx, q, head, ` ON CONFLICT DO NOTHING`, rows)
}

func insertAll(ctx context.Context, q Querier, head, tail string, rows [][]any) error {
	for _, lot := range lots {
		for len(rows) >= lot {
			args := make([]any, 0, lot*len(rows[0]))
			for _, row := range rows[:lot] {
				args = append(args, row...)
			}
			if err := insert(ctx, q, head+` VALUES `+clause.Places(lot, len(rows[0]))+tail, args...); err != nil {
				return err
			}
			rows = rows[lot:]
		}
	}
	return nil
}
