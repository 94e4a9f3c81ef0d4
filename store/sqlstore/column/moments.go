package column

import (
	"database/sql/driver"
	"time"
)

// Moments is a map of moments, stored as JSON {name: unix milliseconds, 0 for none}.
type Moments struct{ Of *map[string]time.Time }

// Value returns the text.
func (m Moments) Value() (driver.Value, error) {
	stored := make(map[string]int64, len(*m.Of))
	for name, at := range *m.Of {
		stored[name] = 0
		if !at.IsZero() {
			stored[name] = at.UnixMilli()
		}
	}
	return JSON(stored).Value()
}

// Scan reads the text. Where there are none the map stays as it is.
func (m Moments) Scan(v any) error {
	var stored map[string]int64
	if err := JSON(&stored).Scan(v); err != nil || len(stored) == 0 {
		return err
	}
	*m.Of = make(map[string]time.Time, len(stored))
	for name, at := range stored {
		(*m.Of)[name] = time.Time{}
		if at != 0 {
			(*m.Of)[name] = time.UnixMilli(at).UTC()
		}
	}
	return nil
}
