package sqlstore

import (
	"database/sql"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store/sqlstore/column"
)

// ms returns a moment as it is stored: unix milliseconds, 0 for none.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// msOrNull is ms with NULL for none.
func msOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// at reads a column of milliseconds into a moment; 0 and NULL are the zero time.
func at(t *time.Time) sql.Scanner { return moment{t} }

type moment struct{ t *time.Time }

func (m moment) Scan(v any) error {
	n, ok := v.(int64)
	if !ok && v != nil {
		return fmt.Errorf("sqlstore: a time is stored as %T", v)
	}
	*m.t = time.Time{}
	if n != 0 {
		*m.t = time.UnixMilli(n).UTC()
	}
	return nil
}

// bit returns a boolean as it is stored.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// flag reads a column of 0 and 1.
func flag(b *bool) sql.Scanner { return column.Flag{Of: b} }

// blob returns bytes as they are stored: NULL when there are none. The result has no named type, which would carry
// methods that an engine's driver may prefer to the bytes.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// sealed reads a ciphertext.
func sealed(s *gk.Sealed) *[]byte { return (*[]byte)(s) }

// document is a value that is stored as JSON text. To read, it is a pointer.
func document(v any) column.Document { return column.JSON(v) }

// fault returns a fault as it is stored, its time to the millisecond like all others.
func fault(f *gk.Fault) column.Document {
	if f == nil {
		return document(nil)
	}
	kept := *f
	kept.At.Time = kept.At.Truncate(time.Millisecond).UTC()
	return document(kept)
}

// windows is a map of moments as it is stored.
func windows(w map[string]time.Time) column.Moments { return column.Moments{Of: &w} }

// windowsOf reads a map of moments.
func windowsOf(w *map[string]time.Time) column.Moments { return column.Moments{Of: w} }
