package sim_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var declared = regexp.MustCompile(`\bo\.(?:Bool|Int|Duration|Choice)\("([a-z0-9_]+)"`)

// TestEverySwitchIsTurned reads which switches the simulators declare and which their own tests name. A switch that no
// test turns can lie about the platform for years.
func TestEverySwitchIsTurned(t *testing.T) {
	files, err := filepath.Glob("*/options.go")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d simulators declare switches (%v), want nine at least", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		var named strings.Builder
		for _, test := range tests {
			source, err := os.ReadFile(test)
			if err != nil {
				t.Fatal(err)
			}
			named.Write(source)
		}
		names := declared.FindAllSubmatch(text, -1)
		if len(names) == 0 {
			t.Errorf("%s declares no switch, or in words that this test does not read", file)
		}
		for _, name := range names {
			if !strings.Contains(named.String(), `"`+string(name[1])+`"`) {
				t.Errorf("%s: no test beside it turns %s: test both values, or take it out", file, name[1])
			}
		}
	}
}
