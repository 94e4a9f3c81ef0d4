package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantkeep/grantkeep/platform"
)

func WriteJSON(w io.Writer, v any) error { return huma.DefaultJSONFormat.Marshal(w, v) }

// Output is an answer with a JSON body.
type Output[T any] struct{ Body T }

// Answer makes one.
func Answer[T any](body T) *Output[T] { return &Output[T]{body} }

// List is one page of a list.
type List[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"pass it as cursor for the next page; absent at the end"`
}

// ReadJSON decodes a request's JSON object, strictly: at most 32 levels, no name twice, nothing behind it. Its errors hold
// no part of the body, which may carry secrets.
func ReadJSON(data []byte, v any) error {
	if _, err := platform.Members(data); err != nil {
		return err
	}
	err := json.Unmarshal(data, v)
	var shape *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &shape):
		return fmt.Errorf("member %s has the wrong type", shape.Field)
	}
	return errors.New("a member's form is wrong")
}
