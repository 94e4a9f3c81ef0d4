package platform_test

import (
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// lookupRows is a catalogue of rows STAGE,CODE,PATTERN.
func lookupRows(t *testing.T, lookup platform.Lookup, rows ...string) *platform.Catalogue {
	t.Helper()
	text := "platform,stage,code,description_pattern,when,example,action,terminal_for_connection," +
		"cause_zh_cn,cause_zh_tw,cause_en,remedy_zh_cn,remedy_zh_tw,remedy_en,source\n"
	for _, row := range rows {
		text += "acme," + row + ",,,retry,no,a,b,c,d,e,f,other\n"
	}
	c, err := platform.ReadCatalogue("acme", lookup, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLookupRules(t *testing.T) {
	tests := map[string]struct {
		lookup platform.Lookup
		rows   []string
		query  platform.Query
		want   string
	}{
		"a row without a code is found by its text, whatever the code": {platform.Lookup{}, []string{"token,,^secret wrong"},
			platform.Query{Stage: "token", Codes: []string{"invalid_client"}, Texts: []string{"secret wrong"}}, "token/-"},
		"but not by another stage's": {platform.Lookup{}, []string{"token,,^secret wrong"},
			platform.Query{Stage: "authorize", Codes: []string{"invalid_client"}, Texts: []string{"secret wrong"}}, ""},
		"a row with its code goes first": {platform.Lookup{}, []string{"token,,^secret", "token,invalid_client,^secret wrong"},
			platform.Query{Stage: "token", Codes: []string{"invalid_client"}, Texts: []string{"secret wrong"}}, "token/invalid_client"},
		"a sub-code's row is skipped where only a text is known": {platform.Lookup{SubCodes: true}, []string{"call,27:blank,^Invalid", "call,27,^Invalid"},
			platform.Query{Stage: "call", Texts: []string{"Invalid session"}}, "call/27"},
		"and found with its code": {platform.Lookup{SubCodes: true}, []string{"call,27:blank,^Invalid", "call,27,^Invalid"},
			platform.Query{Stage: "call", Codes: []string{"27:blank", "27"}, Texts: []string{"Invalid session"}}, "call/27:blank"},
		"the text alone goes before a catch-all": {platform.Lookup{AnyStage: true, CatchAllLast: true}, []string{"call,*,must be empty", "call,DENIED,^.*$"},
			platform.Query{Stage: "call", Codes: []string{"DENIED"}, Texts: []string{"token must be empty"}}, "call/*"},
		"which takes the rest": {platform.Lookup{AnyStage: true, CatchAllLast: true}, []string{"call,*,must be empty", "call,DENIED,^.*$"},
			platform.Query{Stage: "call", Codes: []string{"DENIED"}, Texts: []string{"something"}}, "call/DENIED"},
	}
	for name, tt := range tests {
		got := ""
		if row := lookupRows(t, tt.lookup, tt.rows...).Find(tt.query); row != nil {
			got = row.ID
		}
		if got != tt.want {
			t.Errorf("%s: Find = %q, want %q", name, got, tt.want)
		}
	}
}

func TestNotRenewableReadsCodeOrID(t *testing.T) {
	catalogue := lookupRows(t, platform.Lookup{}, "refresh,unsupported,^Type", "refresh,other,^Type")
	of := func(code string) *gk.Fault {
		return catalogue.Fault(platform.Query{Stage: "refresh", Codes: []string{code}, Texts: []string{"Type"}}, code, 200)
	}
	for _, listed := range []string{"unsupported", "refresh/unsupported"} {
		spec := &platform.Spec{Facts: &platform.Facts{Lookup: platform.Lookup{NotRenewable: []string{listed}}}, Catalogue: catalogue}
		if !spec.NotRenewable(of("unsupported")) || spec.NotRenewable(of("other")) || spec.NotRenewable(nil) {
			t.Errorf("%s is listed: NotRenewable is %v, of another row %v, of no fault %v; want only the first", listed,
				spec.NotRenewable(of("unsupported")), spec.NotRenewable(of("other")), spec.NotRenewable(nil))
		}
	}
}

func TestTokenRefusedReadsCodeOrID(t *testing.T) {
	catalogue := lookupRows(t, platform.Lookup{}, "call,27,^Invalid", "call,27:blank,blank", "refresh,27,^Invalid")
	spec := &platform.Spec{Facts: &platform.Facts{Lookup: platform.Lookup{TokenRefused: []string{"27"}}}, Catalogue: catalogue}
	for text, want := range map[string]bool{"call 27 Invalid": true, "call 27:blank blank": false, "refresh 27 Invalid": false} {
		f := strings.Fields(text)
		fault := catalogue.Fault(platform.Query{Stage: f[0], Codes: f[1:2], Texts: f[2:]}, f[1], 200)
		if got := spec.TokenRefused(fault); got != want {
			t.Errorf("TokenRefused(%s) = %v, want %v", text, got, want)
		}
	}
	spec.Facts.Lookup.TokenRefused = []string{"call/27"}
	fault := catalogue.Fault(platform.Query{Stage: "call", Codes: []string{"27"}, Texts: []string{"Invalid"}}, "27", 200)
	if !spec.TokenRefused(fault) || spec.TokenRefused(nil) {
		t.Error("a row's id must do as well as its code, and no fault refuses nothing")
	}
}
