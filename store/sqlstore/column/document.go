// Package column has the values that take a form of their own in a column.
package column

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// Document is a value that is stored as JSON text; an empty one is the empty text.
type Document struct{ v any }

// JSON makes a document; to read one, v is a pointer.
func JSON(v any) Document { return Document{v} }

// Value returns the text.
func (d Document) Value() (driver.Value, error) {
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
func (d Document) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("sqlstore: a document is stored as %T", v)
	}
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), d.v)
}
