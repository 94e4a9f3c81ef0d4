package grantkeep_test

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheGuidesAreTrue reads the README and the guides: every file, every Go name, every flag, variable, setting and make
// target that stands between backquotes exists; and the README's map of the house has every room.
func TestTheGuidesAreTrue(t *testing.T) {
	sources := map[string]string{} // by package folder
	var everything strings.Builder
	walk(t, func(file string) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		sources[path.Dir(filepath.ToSlash(file))] += string(text)
		everything.Write(text)
	})
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	flags := ""
	for room, text := range sources {
		if strings.HasPrefix(room, "cmd/grantkeep") {
			flags += text
		}
	}
	quoted := regexp.MustCompile("`([^`\n]+)`")
	for _, page := range []string{"README.md", "docs/new-platform.md", "docs/operate.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, link[1])
			}
		}
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			if word := m[1]; !isTrue(word, sources, everything.String(), string(makefile), flags) {
				t.Errorf("%s names `%s`, which does not exist", page, word)
			}
		}
	}
}

func TestTheMapHasEveryRoom(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for room := range goFiles(t, false) {
		if room != "." && !strings.HasPrefix(room, "sim/") && !strings.Contains(string(readme), path.Base(room)+"/") {
			t.Errorf("the README's map has no room %s", room)
		}
	}
}

// The kinds of words between backquotes that can be looked up; others are examples.
var (
	isPath     = regexp.MustCompile(`^[a-zA-Z0-9_./-]+(\.(go|toml|csv|md|txtar)|/)$`)
	isGoName   = regexp.MustCompile(`^(platform|platformtest|sim|all|grantkeep)\.([A-Z]\w*)(?:\.([A-Z]\w*))?$`)
	isFlag     = regexp.MustCompile(`^--([a-z-]+)`)
	isVariable = regexp.MustCompile(`^GRANTKEEP_[A-Z_]+$`)
	isTarget   = regexp.MustCompile(`^make ([a-z-]+)$`)
	isMember   = regexp.MustCompile(`^[a-z]+(_[a-z]+)+$`)
)

func isTrue(word string, sources map[string]string, everything, makefile, flags string) bool {
	switch {
	case isPath.MatchString(word) && strings.Contains(word, "/"):
		_, err := os.Stat(word)
		return err == nil
	case isGoName.MatchString(word):
		m := isGoName.FindStringSubmatch(word)
		folder := map[string]string{"platform": "platform", "platformtest": "platform/platformtest", "sim": "sim", "all": "platform/all", "grantkeep": "."}[m[1]]
		return declares(sources[folder], m[2]) && (m[3] == "" || declares(sources[folder], m[3]))
	case isFlag.MatchString(word):
		return strings.Contains(flags, `"`+isFlag.FindStringSubmatch(word)[1]+`"`)
	case isVariable.MatchString(word):
		setting := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(word, "GRANTKEEP_")), "_", "-")
		return strings.Contains(flags, word) || strings.Contains(flags, `"`+setting+`"`)
	case isTarget.MatchString(word):
		return strings.Contains(makefile, "\n"+isTarget.FindStringSubmatch(word)[1]+":")
	case isMember.MatchString(word):
		return strings.Contains(everything, word)
	}
	return true
}

// declares reports whether a package's text declares a name: a function, a method, a type, a value or a field.
func declares(source, name string) bool {
	return regexp.MustCompile(`(?m)^func (\([^)]*\) )?` + name + `\(|^type ` + name + `\b|^\s+(\w+, )*` + name + `\b|^(var|const) ` + name + `\b`).MatchString(source)
}

// TestTheGuidesCallRoutesThatExist compares the addresses that guides name with the API's document.
func TestTheGuidesCallRoutesThatExist(t *testing.T) {
	text, err := os.ReadFile("api/testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`/v1/[a-zA-Z0-9_{}/$.-]+`)
	segment := regexp.MustCompile(`\{[a-z]+\}`)
	seen := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, named := range address.FindAllString(string(text), -1) {
			named = strings.TrimRight(named, "./")
			seen++
			known := false
			for path := range doc.Paths {
				known = known || regexp.MustCompile("^"+segment.ReplaceAllString(path, "[^/]+")+"$").MatchString(named)
			}
			if !known && !strings.Contains(named, "openapi") {
				t.Errorf("%s names %s, which no route answers", page, named)
			}
		}
	}
	if seen < 20 {
		t.Errorf("%d addresses were found in the guides", seen)
	}
}
