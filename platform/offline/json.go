package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/grantkeep/grantkeep/platform"
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
		return fmt.Errorf("%s has the wrong type", firstOf(wrong.Field, "the line"))
	}
	return errors.New("a member has the wrong form: a time is RFC 3339 or unix seconds, a value a text or a number")
}

func find(drivers []platform.Driver, code string) (platform.Driver, error) {
	for _, d := range drivers {
		if d.Spec().Code == code {
			return d, nil
		}
	}
	return nil, fmt.Errorf("platform %q is not one that Grantkeep knows", code)
}
