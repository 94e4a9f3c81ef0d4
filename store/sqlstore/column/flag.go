package column

import "fmt"

// Flag reads a boolean that is stored as 0 or 1.
type Flag struct{ Of *bool }

// Scan reads the number.
func (f Flag) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("sqlstore: a boolean is stored as %T", v)
	}
	*f.Of = n != 0
	return nil
}
