package wire

import (
	"encoding/json"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// Position is the position of an event in a request: a number, or the text that next of a list of events is.
type Position int64

const positionTakes = "it takes a position of an event: a whole number from 0 on, or next of a list of events"

// UnmarshalJSON reads a number or a text of digits.
func (p *Position) UnmarshalJSON(b []byte) error {
	text := string(b)
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &text); err != nil {
			return &misformed{positionTakes}
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return &misformed{positionTakes}
	}
	*p = Position(n)
	return nil
}

// Schema describes the two forms.
func (Position) Schema(huma.Registry) *huma.Schema {
	least := 0.0
	return &huma.Schema{AnyOf: []*huma.Schema{
		{Type: huma.TypeInteger, Format: "int64", Minimum: &least},
		{Type: huma.TypeString, Pattern: "^[0-9]{1,18}$"},
	}}
}
