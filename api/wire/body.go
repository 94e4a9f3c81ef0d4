package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

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
	return misread(data, reflect.TypeOf(v), err)
}

// misread names the member that a form of ours refused: its error tells what is taken, but not which member it stood in.
func misread(data []byte, form reflect.Type, whole error) error {
	members, err := platform.Members(data)
	if err != nil {
		return err
	}
	for _, m := range members {
		one, err := json.Marshal(map[string]json.RawMessage{m.Name: m.Value})
		if err != nil {
			return err
		}
		err = json.Unmarshal(one, reflect.New(form.Elem()).Interface())
		var ours *misformed
		if errors.As(err, &ours) {
			return fmt.Errorf("%s %w", m.Name, ours)
		}
	}
	var ours *misformed
	if errors.As(whole, &ours) {
		return ours
	}
	return errors.New("a member's form is wrong")
}

// misformed says what a form of ours takes instead; it holds no part of the value.
type misformed struct{ why string }

// Error returns what is taken.
func (m *misformed) Error() string { return m.why }
