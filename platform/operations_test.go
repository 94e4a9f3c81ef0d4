package platform_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

func TestOperatorsAddOperations(t *testing.T) {
	f := mustFacts(t)
	added, err := platform.ReadOperations([]byte("[acme]\n\"/api/app/report/\" = \"grant\"\n\"/reports/\" = \"app\"\n\"/api/orders/purge\" = \"never\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.AddOperations(added["acme"]); err != nil {
		t.Fatal(err)
	}
	for operation, want := range map[string]string{
		"/api/app/report/day": "grant", "/api/app/list": "app", "/reports/1": "app", "/api/orders": "grant",
		"/api/orders/purge": "never", "/API/orders/PURGE": "never", "/api/auth/token": "never",
	} {
		if got := f.Permit(operation); got != want {
			t.Errorf("Permit(%q) = %q, want %q", operation, got, want)
		}
	}
}

func TestNoOperatorOpensWhatIsKeptFromEverybody(t *testing.T) {
	for text, want := range map[string]string{
		`"/api/auth/" = "grant"`:      "kept from everybody",
		`"/api/auth/token" = "app"`:   "kept from everybody",
		`"/API/Auth/token" = "grant"`: "kept from everybody",
		`"/API/" = "app"`:             "is known as",
		`"" = "grant"`:                "is no prefix",
		`"/a b" = "grant"`:            "is no prefix",
		`"/new/" = "yes"`:             "is none of grant, app, never",
	} {
		f := mustFacts(t)
		before := maps.Clone(f.Operations)
		added, err := platform.ReadOperations([]byte("[acme]\n\"/fine/\" = \"app\"\n" + text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if err := f.AddOperations(added["acme"]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want one that says %q", text, err, want)
		}
		if !maps.Equal(before, f.Operations) {
			t.Errorf("%s: a list that was refused is half in force", text)
		}
	}
	for _, text := range []string{`acme = "grant"`, "[acme]\n\"/x/\" = 7", "[acme", "[acme.more]\n\"/x/\" = \"app\""} {
		if _, err := platform.ReadOperations([]byte(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
