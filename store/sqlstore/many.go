package sqlstore

import (
	"context"
	"strconv"
	"strings"
)

// lots are how many rows one INSERT takes. They are few, so that their texts stay prepared, and small enough for what
// either engine allows of parameters.
var lots = []int{64, 8, 1}

// insertMany stores rows of equal length; head is an INSERT up to its columns.
func insertMany(ctx context.Context, q Querier, head string, rows [][]any) error {
	return insertManyOr(ctx, q, head, "", rows)
}

// insertManyOr is insertMany with a text behind the rows: what to do with those that are there.
func insertManyOr(ctx context.Context, q Querier, head, tail string, rows [][]any) error {
	for _, lot := range lots {
		for len(rows) >= lot {
			args := make([]any, 0, lot*len(rows[0]))
			for _, row := range rows[:lot] {
				args = append(args, row...)
			}
			if err := insert(ctx, q, head+` VALUES `+places(lot, len(rows[0]))+tail, args...); err != nil {
				return err
			}
			rows = rows[lot:]
		}
	}
	return nil
}

// places writes the parameters of rows: ($1, $2), ($3, $4).
func places(rows, columns int) string {
	var b strings.Builder
	for n := range rows * columns {
		switch {
		case n == 0:
			b.WriteString("($")
		case n%columns == 0:
			b.WriteString("), ($")
		default:
			b.WriteString(", $")
		}
		b.WriteString(strconv.Itoa(n + 1))
	}
	b.WriteByte(')')
	return b.String()
}
