package api_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/notify"
)

// TestClientReadsEventsAsTheyAreTold holds the two forms of an event together, which are written twice since a client knows
// no room of the server: the same members with the same kinds of values.
func TestClientReadsEventsAsTheyAreTold(t *testing.T) {
	told, read := members("", reflect.TypeFor[notify.Event]()), members("", reflect.TypeFor[client.Event]())
	delete(told, "fault.row") // how the documents name a row of the catalogue; programs go by the code
	if diff := cmp.Diff(told, read); diff != "" {
		t.Errorf("what the server tells (-) and the client reads (+):\n%s", diff)
	}
	if len(told) < 20 {
		t.Errorf("an event has the members %v", slices.Sorted(maps.Keys(told)))
	}
}

// members are the names under which a type's values stand in JSON, with the kind of each.
func members(under string, of reflect.Type) map[string]string {
	found := map[string]string{}
	for i := range of.NumField() {
		f := of.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "" || name == "-" {
			continue
		}
		as := f.Type
		if as.Kind() == reflect.Pointer {
			as = as.Elem()
		}
		found[under+name] = as.Kind().String()
		if as.Kind() == reflect.Struct {
			maps.Copy(found, members(under+name+".", as))
		}
	}
	return found
}
