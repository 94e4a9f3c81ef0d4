package platform_test

import (
	"errors"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

func TestReadSetting(t *testing.T) {
	facts := &platform.Facts{Settings: map[string]platform.Setting{
		"id": {Type: "int", Max: 4294967295}, "key": {Type: "text", Secret: true}, "region": {Type: "choice", Choices: []string{"global", "cn"}},
		"app_key": {Type: "text", Digits: true}, "client_id": {Type: "text"},
		"at": {Type: "time"}, "on": {Type: "bool"}, "redirect_uri": {Type: "url"},
	}}
	for _, c := range []struct{ name, text, want string }{
		{"id", " 2007713\r\n", "2007713"}, {"id", "18349000441", "!"}, {"id", "0", "!"}, {"id", "-1", "!"}, {"id", "007", "!"}, {"id", "x", "!"},
		{"key", "\ufeff shpk01\n", "shpk01"}, {"key", "shpk\x0001", "!"}, {"key", "shpk\n01", "!"}, {"key", "shpk\xff", "!"}, {"region", "CN", "cn"}, {"region", "sg", "!"}, {"region", "", ""},
		{"app_key", " 0246810\n", "0246810"}, {"app_key", "7100000000000000042", "7100000000000000042"}, {"app_key", "24681O", "!"}, {"app_key", "２４６", "!"},
		{"app_key", "246 810", "!"}, {"app_key", "-1", "!"}, {"client_id", "App\u00a0Id", "!"}, {"client_id", "AppId_1", "AppId_1"},
		{"at", "soon", "!"}, {"on", "yes", "!"}, {"redirect_uri", "https://hub.example.org/cb?x=1", "https://hub.example.org/cb?x=1"},
		{"redirect_uri", "https://hub.example.org/cb#x", "!"}, {"redirect_uri", "hub.example.org", "!"}, {"redirect_uri", "https://a@hub.example.org", "!"},
	} {
		got, err := facts.ReadSetting(c.name, c.text)
		var bad *platform.BadSetting
		if c.want == "!" {
			if !errors.As(err, &bad) || bad.Name != c.name {
				t.Errorf("%s %q: %q, %v, want an error that names the setting", c.name, c.text, got, err)
			}
			continue
		}
		if got != c.want || err != nil {
			t.Errorf("%s %q: %q, %v, want %q", c.name, c.text, got, err, c.want)
		}
	}
}

func TestShopHost(t *testing.T) {
	spec := &platform.Spec{Code: "acme", Facts: mustFacts(t)}
	spec.Facts.ShopSuffix, spec.Facts.ShopAdmin = ".acme.example", "admin.acme.example/store/"
	for text, want := range map[string]string{
		"demo-7": "demo-7.acme.example", " https://Demo-7.acme.example/admin/apps ": "demo-7.acme.example", "demo-7.acme.example/": "demo-7.acme.example",
		"demo-7.acme.example/admin":                          "demo-7.acme.example",
		"https://admin.acme.example/store/demo-7/orders?x=1": "demo-7.acme.example", "admin.acme.example/store/demo-7": "demo-7.acme.example",
		"https://admin.acme.example/store/evil.example/": "", "https://admin.acme.example/store/": "", "https://evil.example/admin.acme.example/store/demo-7": "",
		"https://a@demo-7.acme.example": "", "demo-7.acme.example.evil.example": "", "a b": "",
	} {
		got, err := spec.ShopHost(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
}
