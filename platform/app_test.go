package platform_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

// hostileHosts are what somebody writes into a shop's host to be called instead of the shop.
var hostileHosts = []string{
	"", "acme.example", ".acme.example", "demoacme.example", "evil.example", "demo.acme.example.", "demo.acme.example:443",
	"demo.acme.example/", "a.b.acme.example", "u@demo.acme.example", "u:p@demo.acme.example", "demo.acme.example#x",
	"demo.acme.example?x", `demo.acme.example\x`, "demo.acme.example%2f", "demo.acme.example\n", "\ndemo.acme.example", "démo.acme.example",
	"demo.acme.exampl\u212a", "-demo.acme.example", "demo-.acme.example", "demo_1.acme.example", " demo.acme.example", "127.0.0.1",
	"[::1]", "evil.example/demo.acme.example", "evil.example#.acme.example", "demo.acme.example\x00", "demo.acme.exampleevil",
	strings.Repeat("a", 64) + ".acme.example",
}

func openSmall(t testing.TB, app platform.App) platform.App {
	t.Helper()
	return (&platform.Spec{Code: "acme", Facts: mustFacts(t)}).Open(app)
}

func TestBaseRefusesEveryHostThatIsNotAShops(t *testing.T) {
	plain := openSmall(t, platform.App{})
	simulated := openSmall(t, platform.App{Endpoints: map[string]string{"token": "http://127.0.0.1:7701"}})
	for _, host := range hostileHosts {
		for name, app := range map[string]platform.App{"the platform": plain, "a simulator": simulated} {
			if u, err := app.Base("token", host); !errors.Is(err, platform.ErrForeignHost) {
				t.Errorf("Base(token, %q) at %s = %v, %v, want ErrForeignHost", host, name, u, err)
			}
		}
	}
	u, err := plain.Base("token", "Demo-7.ACME.example")
	if err != nil || u.String() != "https://demo-7.acme.example" {
		t.Errorf("Base(token, Demo-7.ACME.example) = %v, %v, want https://demo-7.acme.example", u, err)
	}
	u, err = simulated.Base("exchange", "demo-7.acme.example")
	if err != nil || u.String() != "http://127.0.0.1:7701" {
		t.Errorf("Base(exchange) with an override of token = %v, %v, want the override", u, err)
	}
}

func TestBaseRefusesAnOverrideThatIsMoreThanAHost(t *testing.T) {
	for _, base := range []string{"127.0.0.1:7701", "http://127.0.0.1:7701/x", "http://u@127.0.0.1", "http://", "::"} {
		app := openSmall(t, platform.App{Endpoints: map[string]string{"token": base}})
		if u, err := app.Base("token", "demo.acme.example"); err == nil {
			t.Errorf("Base with the override %q = %v, want an error", base, u)
		}
	}
}

func TestBaseRefusesWhatTheFactsDoNotName(t *testing.T) {
	app := openSmall(t, platform.App{})
	if _, err := app.Base("authorize", "demo.acme.example"); err == nil {
		t.Error("Base of an endpoint without a row: no error")
	}
	// The row exists, but its host is none of [hosts].
	if _, err := app.Base("partner", ""); !errors.Is(err, platform.ErrForeignHost) {
		t.Errorf("Base(partner): error = %v, want ErrForeignHost", err)
	}
	app.Settings = map[string]string{"region": "br"}
	if u, err := app.Base("token", ""); err != nil || u.Host != "br.acme.example" {
		t.Errorf("Base in the region br = %v, %v, want br.acme.example", u, err)
	}
}

func TestAllowsHost(t *testing.T) {
	app := openSmall(t, platform.App{Endpoints: map[string]string{"token": "http://127.0.0.1:7701"}})
	for _, c := range []struct {
		scheme, host string
		want         bool
	}{
		{"https", "demo.acme.example", true},
		{"http", "demo.acme.example", false},
		{"https", "demo.acme.example:8443", false},
		{"https", "evil.example", false},
		{"http", "127.0.0.1:7701", true},
		{"https", "127.0.0.1:7701", false},
		{"http", "127.0.0.1:7702", false},
	} {
		if got := app.AllowsHost(c.scheme, c.host); got != c.want {
			t.Errorf("AllowsHost(%s, %s) = %v, want %v", c.scheme, c.host, got, c.want)
		}
	}
}

// FuzzHost looks for a host that is accepted although the address built from it leads elsewhere.
func FuzzHost(f *testing.F) {
	for _, host := range hostileHosts {
		f.Add(host)
	}
	f.Add("demo-7.acme.example")
	f.Add("DEMO.acme.example")
	app := openSmall(f, platform.App{})
	f.Fuzz(func(t *testing.T, host string) {
		u, err := app.Base("token", host)
		if err != nil {
			return
		}
		parsed, err := url.Parse(u.String() + "/admin/oauth/token")
		if err != nil || parsed.Host != strings.ToLower(host) || parsed.User != nil || parsed.Scheme != "https" ||
			!strings.HasSuffix(parsed.Host, ".acme.example") {
			t.Errorf("host %q is accepted and leads to %v (%v)", host, parsed, err)
		}
	})
}
