// Package schematest holds events that a test's engine made to the schema under which they are published.
package schematest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// most is how many events a house is read for.
const most = 500

// published is the schema as a reader has it.
var published = sync.OnceValues(func() (schema map[string]any, err error) {
	raw, err := notify.Schema()
	if err != nil {
		return nil, err
	}
	return schema, json.Unmarshal(raw, &schema)
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
	return append(check("", schema, value), unnamed("", schema, value)...)
}

// check knows the words of JSON Schema that the schema uses, and refuses others.
func check(at string, schema map[string]any, value any) (wrong []string) {
	members, _ := value.(map[string]any)
	under := func(name string, rule, v any) { wrong = append(wrong, check(at+name, rule.(map[string]any), v)...) }
	for name, rule := range schema {
		switch name {
		case "$schema", "title", "description", "examples", "then":
		case "properties":
			for name, of := range rule.(map[string]any) {
				if v, ok := members[name]; ok {
					under("/"+name, of, v)
				}
			}
		case "additionalProperties":
			for name, v := range members {
				under("/"+name, rule, v)
			}
		case "items":
			list, _ := value.([]any)
			for _, v := range list {
				under("/…", rule, v)
			}
		case "allOf":
			for _, part := range rule.([]any) {
				under("", part, value)
			}
		case "if":
			if len(check(at, rule.(map[string]any), value)) == 0 {
				under("", schema["then"], value)
			}
		default:
			if why := plain(name, rule, value); why != "" {
				wrong = append(wrong, at+": "+why)
			}
		}
	}
	return wrong
}

// plain checks the words that look at a value alone; it returns what is wrong.
func plain(name string, rule, value any) string {
	switch name {
	case "type":
		if !is(rule.(string), value) {
			return fmt.Sprintf("%T is no %s", value, rule)
		}
	case "const":
		if value != rule {
			return fmt.Sprintf("it is not %v", rule)
		}
	case "enum":
		if !slices.Contains(rule.([]any), value) {
			return fmt.Sprintf("%v is none of %v", value, rule)
		}
	case "format":
		text, _ := value.(string)
		if _, err := time.Parse(time.RFC3339, text); rule != "date-time" || err != nil {
			return fmt.Sprintf("%q is no %v", text, rule)
		}
	case "required":
		members, _ := value.(map[string]any)
		for _, r := range rule.([]any) {
			if _, ok := members[r.(string)]; !ok {
				return fmt.Sprintf("%s is missing", r)
			}
		}
	default:
		return fmt.Sprintf("the schema uses the word %s, which this check does not know", name)
	}
	return ""
}

// is reports whether a value is of a type of JSON Schema.
func is(kind string, value any) bool {
	switch v := value.(type) {
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case map[string]any:
		return kind == "object"
	case []any:
		return kind == "array"
	case float64:
		return kind == "number" || kind == "integer" && v == math.Trunc(v)
	}
	return false
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
