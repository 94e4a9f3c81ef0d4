package connect

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
)

// readLocale reads one catalogue as it stands.
func readLocale(t *testing.T, lang string) map[string]string {
	t.Helper()
	data, err := catalogues.ReadFile("locale/" + lang + ".toml")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	if err := toml.Unmarshal(data, &texts); err != nil {
		t.Fatalf("%s: %v", lang, err)
	}
	return texts
}

func TestCataloguesHaveTheSameIDsAndPlaceholders(t *testing.T) {
	placeholder := regexp.MustCompile(`\{\{[^}]*\}\}`)
	english := readLocale(t, "en")
	for _, lang := range []string{"zh-CN", "zh-TW"} {
		texts := readLocale(t, lang)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(english)), slices.Sorted(maps.Keys(texts))); diff != "" {
			t.Errorf("ids of en and %s differ (-en +%s):\n%s", lang, lang, diff)
		}
		for id, text := range texts {
			got, want := placeholder.FindAllString(text, -1), placeholder.FindAllString(english[id], -1)
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
				t.Errorf("%s: placeholders of en and %s differ:\n%s", id, lang, diff)
			}
			if text == "" || strings.ContainsAny(text, "!！") {
				t.Errorf("%s in %s = %q: empty, or with an exclamation mark", id, lang, text)
			}
		}
	}
}

// TestEveryTextIsUsed reads the sources: an id that stands nowhere is dead, one that stands in no catalogue would fail
// the page that asks for it.
func TestEveryTextIsUsed(t *testing.T) {
	used := map[string]bool{}
	files, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile(`"(m\.[a-z_.]+)"`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") || filepath.Ext(name) != ".go" && filepath.Ext(name) != ".templ" {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllStringSubmatch(string(source), -1) {
			used[m[1]] = true
		}
	}
	delete(used, "m.refused.") // completed by the reason of a consent.Refused, each of which has a handler test
	for id := range readLocale(t, "en") {
		if !used[id] && !strings.HasPrefix(id, "m.refused.") {
			t.Errorf("%s is in the catalogues, and no page says it", id)
		}
		delete(used, id)
	}
	for id := range used {
		t.Errorf("a page says %s, and no catalogue has it", id)
	}
}

// TestOneWordForAShop reads what the platforms' facts tell merchants: what stands beside our words uses the same ones.
func TestOneWordForAShop(t *testing.T) {
	files, err := filepath.Glob("../platform/*/platform.toml")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d files of facts, %v", len(files), err)
	}
	other := regexp.MustCompile(`zh-TW = "[^"]*(店鋪|店舖|商店)|zh-CN = "[^"]*商店|\ben = "[^"]*\b[Ss]tores?\b`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		section := ""
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "[") {
				section = strings.Trim(line, "[]\n")
			}
			part, _, _ := strings.Cut(section, ".")
			if (part == "page" || part == "paste") && other.MatchString(line) {
				t.Errorf("%s: a merchant reads another word for a shop than 店铺, 賣場, shop: %s", file, line)
			}
		}
	}
}
