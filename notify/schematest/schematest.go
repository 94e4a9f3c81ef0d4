// Package schematest holds events that a test's engine made to the schema under which they are published.
package schematest

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// most is how many events a house is read for.
const most = 500

// published is the schema as a reader has it: to validate with, and to look names up in.
var published = sync.OnceValues(func() (p struct {
	validator *jsonschema.Schema
	text      map[string]any
}, err error) {
	raw, err := notify.Schema()
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(raw, &p.text); err != nil {
		return p, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("events.json", p.text); err != nil {
		return p, err
	}
	p.validator, err = compiler.Compile("events.json")
	return p, err
})

// Hold tells the events that a database has as everybody is told them, and reports each that is not as the schema says.
// It returns the kinds that it saw.
func Hold(t testing.TB, s store.Store, k *keeper.Keeper) (seen []string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if _, err := s.Publish(ctx, most); err != nil {
		t.Errorf("the events that a test made: %v", err)
		return nil
	}
	events, err := s.EventsAfter(ctx, gk.Engine(), 0, most)
	if err != nil {
		t.Errorf("the events that a test made: %v", err)
		return nil
	}
	told, err := notify.Teller{Store: s, Keeper: k}.Tell(ctx, events...)
	if err != nil {
		t.Errorf("the events that a test made are not told: %v", err)
		return nil
	}
	for _, e := range told {
		seen = append(seen, e.Kind)
		for _, wrong := range Wrong(t, e) {
			t.Errorf("%s is not as the schema says: %s", e.Kind, wrong)
		}
	}
	slices.Sort(seen)
	return slices.Compact(seen)
}

// Wrong tells what of an event is not as the schema says. A member of the event, its subject, texts or fault that the
// schema does not name is wrong too: a reader of the schema alone would not know of it.
func Wrong(t testing.TB, e notify.Event) []string {
	t.Helper()
	schema, err := published()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(notify.Kinds(), e.Kind) {
		return []string{"kind is none of the published ones"}
	}
	wrong := unnamed("", schema.text, value)
	if err := schema.validator.Validate(value); err != nil {
		wrong = append(wrong, err.Error())
	}
	return wrong
}

// unnamed lists the members that no schema names.
func unnamed(at string, schema map[string]any, value any) (wrong []string) {
	named, ok := schema["properties"].(map[string]any)
	members, isObject := value.(map[string]any)
	if !ok || !isObject {
		return nil
	}
	for name, v := range members {
		of, ok := named[name].(map[string]any)
		if !ok {
			wrong = append(wrong, at+"/"+name+": the schema does not name it")
			continue
		}
		wrong = append(wrong, unnamed(at+"/"+name, of, v)...)
	}
	return wrong
}
