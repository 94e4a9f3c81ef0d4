package serve_test

import (
	"testing"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/serve"
)

// The links of alarms lead to the pages of the console, wherever it is.
func TestDeskIsWhereTheConsoleIs(t *testing.T) {
	for _, c := range []struct {
		faces serve.Faces
		want  string
	}{
		{serve.Faces{Public: "http://127.0.0.1:8080", API: "http://127.0.0.1:8080", Console: "http://127.0.0.1:8080"}, "http://127.0.0.1:8080/console"},
		{serve.Faces{Public: "https://a.example", API: "https://b.example", Console: "https://b.example"}, "https://b.example/console"},
		{serve.Faces{Public: "https://a.example", API: "https://a.example", Console: "https://c.example"}, "https://c.example"},
	} {
		if got := c.faces.Desk(); got != c.want {
			t.Errorf("%+v: the console is at %s, want %s", c.faces, got, c.want)
		}
	}
}
