package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
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
func flag(b *bool) sql.Scanner { return truth{b} }

type truth struct{ b *bool }

func (f truth) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("sqlstore: a boolean is stored as %T", v)
	}
	*f.b = n != 0
	return nil
}

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

// document is a value that is stored as JSON text; an empty one is the empty text. To read, it holds a pointer.
type document struct{ v any }

// Value returns the text.
func (d document) Value() (driver.Value, error) {
	b, err := json.Marshal(d.v)
	if err != nil {
		return nil, err
	}
	switch text := string(b); text {
	case "null", "{}", "[]":
		return "", nil
	default:
		return text, nil
	}
}

// Scan reads the text.
func (d document) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("sqlstore: a document is stored as %T", v)
	}
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), d.v)
}

// fault returns a fault as it is stored, its time to the millisecond like all others.
func fault(f *gk.Fault) document {
	if f == nil {
		return document{}
	}
	kept := *f
	kept.At.Time = kept.At.Truncate(time.Millisecond).UTC()
	return document{kept}
}

// windows is a map of moments, stored as JSON {name: milliseconds}.
type windows map[string]time.Time

// Value returns the text.
func (w windows) Value() (driver.Value, error) {
	stored := make(map[string]int64, len(w))
	for name, end := range w {
		stored[name] = ms(end)
	}
	return document{stored}.Value()
}

// windowsOf reads a map of moments.
func windowsOf(w *map[string]time.Time) sql.Scanner { return windowsReader{w} }

type windowsReader struct{ w *map[string]time.Time }

func (r windowsReader) Scan(v any) error {
	var stored map[string]int64
	if err := (document{&stored}).Scan(v); err != nil || len(stored) == 0 {
		return err
	}
	*r.w = make(map[string]time.Time, len(stored))
	for name, end := range stored {
		var t time.Time
		if err := at(&t).Scan(end); err != nil {
			return err
		}
		(*r.w)[name] = t
	}
	return nil
}
