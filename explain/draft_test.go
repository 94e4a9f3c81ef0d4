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

// TestDraftOfEveryForm: a row to send in holds what the unknown text says, whatever its form, and neither ids nor tokens.
func TestDraftOfEveryForm(t *testing.T) {
	for text, want := range map[string]string{
		"<html><head><title>Moon phase</title></head><body>x</body></html>": "Moon phase",
		`{"moon":1,"message":"the moon is full 88001234"}`:                  "the moon is full 7",
		`{"error":"moon","error_description":"the moon is full"}`:           "the moon is full",
		"Array ( [code] => E977 [msg] => the moon is full )":                "the moon is full",
		"MoonException: token abcdEFGH12345678abcdEFGH12345678 is odd":      "token 7 is odd",
		"code=E977 msg=the moon is full 88001234":                           "the moon is full 7",
		"the stars say no": "the stars say no",
		"https://hub.example.org/cb?error=moon&error_description=the+moon+is+full": "the moon is full",
		"月亮不同意 店铺 88001234":                                                        "月亮不同意 店铺 7",
	} {
		for _, d := range drivers {
			f := ask(t, d.Spec().Code, explain.Question{Body: []byte(text)})
			if f.Known && (f.Row == "local:foreign_answer" || d.Spec().Code == "shopee") {
				continue // it has words
			}
			line, err := explain.Draft(f)
			if err != nil {
				t.Fatal(err)
			}
			row, err := csv.NewReader(strings.NewReader(line)).Read()
			if f.Known || err != nil || len(row) != 15 || row[5] != want || strings.Contains(line, "88001234") || strings.Contains(line, "abcdEFGH") {
				t.Errorf("%s, %q: known %v, %q, %v; want %q as the example", d.Spec().Code, text, f.Known, line, err, want)
			}
		}
	}
}
