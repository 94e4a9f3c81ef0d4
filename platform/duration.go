package platform

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time as the data files write it: Go's form, and d for days ("168h", "1.5s", "30d").
type Duration time.Duration

// UnmarshalText reads a duration; the empty text is zero.
func (d *Duration) UnmarshalText(b []byte) error {
	text := string(b)
	if text == "" {
		*d = 0
		return nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || !(n >= 0 && n <= 36500) { // the negation refuses NaN too
			return fmt.Errorf("%q is not a number of days", text)
		}
		*d = Duration(n * float64(24*time.Hour))
		return nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 {
		return fmt.Errorf("%q is not a duration such as 90s, 4h or 30d", text)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalText writes the form that UnmarshalText reads, days where they are whole.
func (d Duration) MarshalText() ([]byte, error) {
	day := Duration(24 * time.Hour)
	if d != 0 && d%day == 0 {
		return []byte(strconv.FormatInt(int64(d/day), 10) + "d"), nil
	}
	return []byte(time.Duration(d).String()), nil
}
