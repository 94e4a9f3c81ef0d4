package column

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"
)

// Row is one row of an answer.
type Row interface {
	Scan(dest ...any) error
}

// Careful is a row whose columns may be damaged. PostgreSQL's driver gives up the whole answer when one value is refused,
// so columns that we read ourselves are let through and their refusals kept until the row is read.
type Careful struct {
	Row Row
	ID  string // the first column, a text or a position, once it is read
}

// Scan reads the row. Its error names the column and holds no value.
func (c *Careful) Scan(dest ...any) error {
	held := make([]any, len(dest))
	refused := -1
	for i, d := range dest {
		held[i] = d
		if s, ok := d.(sql.Scanner); ok {
			held[i] = holding{s, func() {
				if refused < 0 {
					refused = i
				}
			}}
		}
	}
	err := c.Row.Scan(held...)
	switch id := dest[0].(type) {
	case *string:
		c.ID = *id
	case *int64:
		if *id != 0 {
			c.ID = strconv.FormatInt(*id, 10)
		}
	}
	switch {
	case refused >= 0:
		return fmt.Errorf("column %d of the row cannot be read", refused+1)
	case err != nil && c.ID != "": // its text may quote the value
		return errors.New("a column of the row cannot be read")
	}
	return err
}

// holding is a column whose refusal is kept.
type holding struct {
	to      sql.Scanner
	refused func()
}

// Scan reads the column.
func (h holding) Scan(v any) error {
	if h.to.Scan(v) != nil {
		h.refused()
	}
	return nil
}

// Legible scans rows that are shown to somebody, and never written back. A row with columns that cannot be read comes
// with these empty and is marked, so that it hides itself from nobody and no other row from anybody. A row whose id
// cannot be read is an error.
func Legible[T any](scan func(Row) (T, error), mark func(*T)) func(Row) (T, error) {
	return func(r Row) (T, error) {
		row := &Careful{Row: r}
		one, err := scan(row)
		if err != nil && row.ID != "" {
			mark(&one)
			err = nil
		}
		return one, err
	}
}
