package platform

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Int is a whole number that a platform writes as a JSON number or as a text of digits. A fraction, an exponent and
// what int64 cannot hold are errors, never rounded; null and the empty text are zero.
type Int int64

// UnmarshalJSON reads the number.
func (n *Int) UnmarshalJSON(b []byte) error {
	text := string(b)
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	if text == "null" || text == "" {
		*n = 0
		return nil
	}
	parsed, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' || parsed == math.MinInt64 {
		return errors.New("not a whole number")
	}
	*n = Int(parsed)
	return nil
}

// String returns the digits, the form in which ids are kept.
func (n Int) String() string { return strconv.FormatInt(int64(n), 10) }

// Unix reads seconds since 1970; what is no moment of this or the next century is none.
func (n Int) Unix() time.Time {
	if n <= 0 || n > 1<<33 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}
