package platform

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzQuickMembers holds the quick reader to the one that defines what is accepted.
func FuzzQuickMembers(f *testing.F) {
	for _, text := range []string{
		` {"b": 12345678901234567890, "a": {"z":1.50,"y":[{"k":1},{"k":2}]}} `, `{}`, `{ }`, `{"a":[]}`, `{"a":[ ]}`, `{"a":{}}`, `{"a":"\"}"}`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":{"b":1,"b":2}}`, `{"a":[{"b":1,"b":2}]}`, `{"a":1}x`, `{"a":1`, `[1]`, `null`, ``, ` `, `{"a":tru}`,
		"{\"a\":\"\xff\"}", `{"a" : [1 , "x" , null , true ] , "b" : -1e3 }`, `{"\ud800":1}`, "{\"a\"\t:\r\n1}",
		`{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`, `{"a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`,
		`{"a":` + strings.Repeat(`{"a":`, 31) + "1" + strings.Repeat("}", 31) + `}`, `{"a":` + strings.Repeat(`{"a":`, 32) + "1" + strings.Repeat("}", 32) + `}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, err := slowMembers(data)
		got, ok := quickMembers(data)
		if ok && err != nil {
			t.Fatalf("%q is accepted, although: %v", data, err)
		}
		if !ok && err == nil && len(want) < 1000 {
			t.Fatalf("%q is not accepted", data)
		}
		if diff := cmp.Diff(want, got); ok && diff != "" && len(want)+len(got) > 0 {
			t.Errorf("%q (-slow +quick):\n%s", data, diff)
		}
	})
}
