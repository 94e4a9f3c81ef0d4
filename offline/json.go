package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// encode writes one line of JSON in which addresses stay readable.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// unreadable says where a line is not what it should be, without quoting it.
func unreadable(err error) error {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d", syntax.Offset)
	case errors.As(err, &wrong):
		field := wrong.Field
		if field == "" {
			field = "the line"
		}
		return fmt.Errorf("%s has the wrong type", field)
	}
	return errors.New("a member has the wrong form: a time is RFC 3339 or unix seconds, a value a text or a number")
}
