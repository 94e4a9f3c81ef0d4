package explain_test

import (
	"encoding/csv"
	"regexp"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/explain"
)

func TestDraft(t *testing.T) {
	f := ask(t, "shopee", explain.Question{Stage: "call", Code: "error_moon", Message: "shop 77001234 (new) is on the moon"})
	if f.Known || !strings.Contains(f.Cause.En, "looks like") || !strings.Contains(f.Remedy.En, "--draft") {
		t.Fatalf("%+v", f)
	}
	line, err := explain.Draft(f)
	if err != nil {
		t.Fatal(err)
	}
	row, err := csv.NewReader(strings.NewReader(line)).Read()
	if err != nil || len(row) != 15 {
		t.Fatalf("%q: %d columns, %v", line, len(row), err)
	}
	if row[0] != "shopee" || row[1] != "call" || row[2] != "error_moon" || strings.Contains(line, "77001234") || row[6] != "fix_request" {
		t.Errorf("%q", line)
	}
	if !regexp.MustCompile(row[3]).MatchString("shop 88001234 (new) is on the moon") || !regexp.MustCompile(row[3]).MatchString(row[5]) {
		t.Errorf("the pattern %q does not match another occurrence or the row's example %q", row[3], row[5])
	}
}

func TestForm(t *testing.T) {
	for text, want := range map[string]string{
		"<html><body>no</body></html>": "page", `{"hello":1}`: "json", "Array ( [hello] => 1 )": "printed structure", "the stars say no": "words",
		"code=977 who knows": "log line", "MoonException: no": "exception", "https://hub.example.org/cb?moon=1": "address",
	} {
		if got := explain.Form(explain.Question{Body: []byte(text)}); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
