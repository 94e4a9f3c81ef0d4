package serve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOperationsOfAnOperator(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "operations.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	drivers, err := withOperations(write("[taobao]\n\"taobao.newfamily.\" = \"grant\"\n[eleme]\n\"eleme.order.purge\" = \"never\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drivers {
		f := d.Spec().Facts
		for operation, want := range map[string]map[string]string{
			"taobao": {"taobao.newfamily.get": "grant", "taobao.other.get": "app"},
			"eleme":  {"eleme.order.purge": "never", "eleme.order.getOrder": "grant"},
		}[f.Code] {
			if got := f.Permit(operation); got != want {
				t.Errorf("%s is %s, want %s", operation, got, want)
			}
		}
	}
	for text, want := range map[string]string{
		"[taobao]\n\"taobao.top.auth.token.\" = \"grant\"": "kept from everybody",
		"[tobao]\n\"taobao.trade.\" = \"grant\"":           `"tobao" is no platform`,
		"[taobao]\n\"taobao.trade.\" = \"yes\"":            "is none of grant",
		"[taobao":                                          "want a table per platform",
	} {
		if _, err := withOperations(write(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want one that says %q", text, err, want)
		}
	}
	if _, err := withOperations(filepath.Join(t.TempDir(), "missing.toml")); err == nil {
		t.Error("a file that is not there is taken")
	}
}
