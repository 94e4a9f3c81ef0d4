package platform_test

import (
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

func TestMembersKeepsOrderAndNumberText(t *testing.T) {
	got, err := platform.Members([]byte(` {"b": 12345678901234567890, "a": {"z":1.50,"y":[{"k":1},{"k":2}]}} `))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Name != "b" || string(got[0].Value) != "12345678901234567890" || string(got[1].Value) != `{"z":1.50,"y":[{"k":1},{"k":2}]}` {
		t.Errorf("Members = %q", got)
	}
}

func TestMembersRefuses(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `1`, `null`, `{`, `{"a":1}}`, `{"a":1} x`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"x":{"a":1,"a":1}}`,
		`{"x":[{"a":1,"a":1}]}`, "{\"a\":\"\xff\"}", `{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
	} {
		if got, err := platform.Members([]byte(text)); err == nil {
			t.Errorf("Members(%.40q) = %v, want an error", text, got)
		}
	}
}

func FuzzMembers(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,2,{"c":null}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		members, err := platform.Members(data)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, m := range members {
			if seen[m.Name] {
				t.Errorf("%q twice", m.Name)
			}
			seen[m.Name] = true
		}
	})
}

func TestJSONTextKeepsNumbersAsWritten(t *testing.T) {
	for raw, want := range map[string]string{`"a\u4e2d"`: "a中", `9007199254740993`: "9007199254740993", `1.50`: "1.50", `true`: "", `{}`: "", `null`: ""} {
		if got := platform.JSONText([]byte(raw)); got != want {
			t.Errorf("JSONText(%s) = %q, want %q", raw, got, want)
		}
	}
	if platform.JSONObject([]byte(`{"a":1,"a":2}`)) != nil {
		t.Error("JSONObject takes an object with a name twice")
	}
}

func TestReadable(t *testing.T) {
	for body, want := range map[string]string{
		"\ufeff{}": "{}", "{\"n\":\"茶\xe5\xba\"}": "{\"n\":\"茶\ufffd\"}", "\xff": "\ufffd", "": "",
	} {
		if got := string(platform.Readable([]byte(body))); got != want {
			t.Errorf("Readable(%q) = %q, want %q", body, got, want)
		}
	}
}

func TestUnmarked(t *testing.T) {
	for body, want := range map[string]string{"\ufeff{}": "{}", "{}": "{}", "": "", "\ufeff": "", "{\ufeff}": "{\ufeff}"} {
		if got := string(platform.Unmarked([]byte(body))); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}
