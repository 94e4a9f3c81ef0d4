package platform_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

const catalogueHead = "platform,stage,code,description_pattern,when,example,action,terminal_for_connection," +
	"cause_zh_cn,cause_zh_tw,cause_en,remedy_zh_cn,remedy_zh_tw,remedy_en,source\n"

const smallCatalogue = catalogueHead +
	`acme,token,invalid_grant,expired|revoked,,the code expired,reauthorize,no,因,因,cause,法,法,remedy,other
acme,refresh,invalid_grant,expired|revoked,!sent:redirect_uri,,fix_request,no,因,因,cause,法,法,remedy,other
acme,refresh,invalid_grant,expired|revoked,sent:redirect_uri,the token expired,reauthorize,yes,因,因,cause,法,法,remedy,other
acme,refresh,http:5xx,,,,retry,no,因,因,cause,法,法,remedy,other
acme,call,http:422:plan,plan,,wrong plan,fix_config,no,因,因,cause,法,法,remedy,other
acme,call,http:422,is required,,title is required,fix_request,no,因,因,cause,法,法,remedy,other
acme,call,busy,^.*$,,busy,backoff,no,因,因,cause,法,法,remedy,other
acme,push,local:forged,HMAC,,,fix_config,no,因,因,cause,法,法,remedy,other
`

func TestReadCatalogueIsStrict(t *testing.T) {
	row := "acme,call,gone,is gone,,it is gone,none,no,因,因,cause,法,法,remedy,other\n"
	for _, c := range []struct{ name, text, want string }{
		{"another column", strings.Replace(smallCatalogue, "when,", "condition,", 1), "must name the columns"},
		{"a missing column", smallCatalogue + "acme,call,gone\n", "wrong number of fields"},
		{"another platform", smallCatalogue + strings.Replace(row, "acme", "emca", 1), `platform "emca"`},
		{"an unknown action", smallCatalogue + strings.Replace(row, ",none,", ",ignore,", 1), `action "ignore"`},
		{"neither yes nor no", smallCatalogue + strings.Replace(row, ",no,", ",maybe,", 1), "terminal_for_connection"},
		{"a pattern that does not compile", smallCatalogue + strings.Replace(row, ",is gone,", ",is (gone,", 1), "description_pattern"},
		{"a pattern that misses its example", smallCatalogue + strings.Replace(row, "it is gone", "it stays", 1), "does not match the row's own example"},
		{"a missing language", smallCatalogue + strings.Replace(row, "法,法,remedy", "法,,remedy", 1), "three languages"},
		{"an unknown condition", smallCatalogue + strings.Replace(row, "is gone,,", "is gone,got:x,", 1), "neither sent:NAME"},
		{"a hidden row", smallCatalogue + row + strings.Replace(row, "other\n", "seed\n", 1), "call/gone#2: its example is taken by call/gone"},
		{"nothing", "", "EOF"},
	} {
		_, err := platform.ReadCatalogue("acme", platform.Lookup{}, []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("ReadCatalogue with %s: error = %v, want one that names %q", c.name, err, c.want)
		}
	}
}

func mustCatalogue(t testing.TB, lookup platform.Lookup) *platform.Catalogue {
	t.Helper()
	c, err := platform.ReadCatalogue("acme", lookup, []byte(smallCatalogue))
	if err != nil {
		t.Fatalf("ReadCatalogue of the small catalogue: %v", err)
	}
	return c
}

func TestFind(t *testing.T) {
	c := mustCatalogue(t, platform.Lookup{})
	anyStage := mustCatalogue(t, platform.Lookup{AnyStage: true, Fold: true})
	modules := mustCatalogue(t, platform.Lookup{ModulePrefix: true})
	sent := url.Values{"redirect_uri": {"x"}}
	for _, q := range []struct {
		name  string
		in    *platform.Catalogue
		query platform.Query
		want  string
	}{
		{"code and text", c, platform.Query{Stage: "token", Codes: []string{"invalid_grant"}, Texts: []string{"was revoked"}}, "token/invalid_grant"},
		{"code alone", c, platform.Query{Stage: "token", Codes: []string{"invalid_grant"}}, "token/invalid_grant"},
		{"code with another text", c, platform.Query{Stage: "token", Codes: []string{"invalid_grant"}, Texts: []string{"hello"}}, ""},
		{"what was sent", c, platform.Query{Stage: "refresh", Codes: []string{"invalid_grant"}, Texts: []string{"revoked"}, Sent: sent}, "refresh/invalid_grant#2"},
		{"what was not sent", c, platform.Query{Stage: "refresh", Codes: []string{"invalid_grant"}, Texts: []string{"revoked"}, Sent: url.Values{"redirect_uri": {""}}}, "refresh/invalid_grant"},
		{"not known counts as not sent", c, platform.Query{Stage: "refresh", Codes: []string{"invalid_grant"}, Texts: []string{"revoked"}}, "refresh/invalid_grant"},
		{"a kind of a status goes first", c, platform.Query{Stage: "call", Codes: []string{"http:422:*", "http:422"}, Texts: []string{"plan is required"}}, "call/http:422:plan"},
		{"the plain status", c, platform.Query{Stage: "call", Codes: []string{"http:422:*", "http:422"}, Texts: []string{"title is required"}}, "call/http:422"},
		{"token falls back to call", c, platform.Query{Stage: "token", Codes: []string{"http:422"}, Texts: []string{"x is required"}}, "call/http:422"},
		{"call does not fall back to token", c, platform.Query{Stage: "call", Codes: []string{"invalid_grant"}, Texts: []string{"revoked"}}, ""},
		{"text alone, in its stage", c, platform.Query{Stage: "call", Texts: []string{"title is required"}}, "call/http:422"},
		{"text alone, in another stage", c, platform.Query{Stage: "authorize", Texts: []string{"title is required"}}, ""},
		{"text alone, in any stage", anyStage, platform.Query{Stage: "authorize", Texts: []string{" Title  IS required "}}, "call/http:422"},
		{"what matches everything needs its code", anyStage, platform.Query{Stage: "authorize", Texts: []string{"something"}}, ""},
		{"what we say ourselves is not what a platform says", anyStage, platform.Query{Stage: "push", Texts: []string{"HMAC"}}, ""},
		{"a module before the code", modules, platform.Query{Stage: "call", Codes: []string{"common.busy"}, Texts: []string{"x"}}, "call/busy"},
		{"a module where there are none", c, platform.Query{Stage: "call", Codes: []string{"common.busy"}, Texts: []string{"x"}}, ""},
	} {
		got := ""
		if r := q.in.Find(q.query); r != nil {
			got = r.ID
		}
		if got != q.want {
			t.Errorf("Find, %s = %q, want %q", q.name, got, q.want)
		}
	}
}

func TestFaultOfATextThatNobodyKnows(t *testing.T) {
	c := mustCatalogue(t, platform.Lookup{})
	long := strings.Repeat("长", 400)
	f := c.Fault(platform.Query{Stage: "refresh", Codes: []string{"odd"}, Texts: []string{long}}, "odd", 400)
	if f.Known || f.Terminal || f.Action != gk.FixRequest || f.Code != "odd" {
		t.Errorf("Fault of an unknown code = %+v, want fix_request, not known, not terminal", f)
	}
	if got := len([]rune(f.Message)); got != 301 {
		t.Errorf("its message has %d characters, want 300 and a mark", got)
	}
	if f := c.Fault(platform.Query{Stage: "refresh", Codes: []string{"odd"}}, "odd", 502); f.Action != gk.Retry {
		t.Errorf("Fault of an unknown 502 has the action %s, want retry", f.Action)
	}
}

func TestLocalNamesItsRow(t *testing.T) {
	c := mustCatalogue(t, platform.Lookup{})
	if f := c.Local("push", "local:forged"); f.Row != "push/local:forged" || f.Action != gk.FixConfig || !f.Known {
		t.Errorf("Local = %+v, want the row push/local:forged", f)
	}
	defer func() {
		if recover() == nil {
			t.Error("Local of a row that does not exist did not panic")
		}
	}()
	c.Local("push", "local:nothing")
}

// FuzzReadCatalogue looks for a table that makes the reader or a lookup panic, or that is accepted with a hidden row.
func FuzzReadCatalogue(f *testing.F) {
	f.Add(smallCatalogue, "expired")
	files, err := filepath.Glob("*/faults.csv")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), "expired")
	}
	f.Fuzz(func(t *testing.T, table, text string) {
		c, err := platform.ReadCatalogue("acme", platform.Lookup{AnyStage: true, Fold: true, ModulePrefix: true}, []byte(table))
		if err != nil {
			return
		}
		for _, r := range c.Rows() {
			if got := c.Row(r.ID); got != r {
				t.Errorf("Row(%q) is another row", r.ID)
			}
		}
		if r := c.Find(platform.Query{Stage: platform.StageToken, Texts: []string{text}}); r != nil && r.Local() {
			t.Errorf("a text alone finds %s, which no platform says", r.ID)
		}
	})
}
