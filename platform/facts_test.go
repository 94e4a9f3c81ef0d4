package platform_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// smallFacts is the least that a platform.toml may say.
const smallFacts = `
code = "acme"
maturity = "alpha"
names = { zh-CN = "阿克米", zh-TW = "阿克米", en = "Acme" }
style = "rest"
subjects = ["shop"]
tokens = true
profiles = ["public", "partner"]

[[endpoints]]
environment = "production"
[endpoints.bases]
token = "https://{store}"
partner = "https://partner.example"
[[endpoints]]
environment = "production"
region = "br"
[endpoints.bases]
token = "https://br.acme.example"

[callback]
state_in = "query"

[renew]
style = "rotate"
after_lost_answer = "repeat_for"
repeat_for = "30m"
lead = "1.5d"
window = "02:00-05:00"
zone = "Asia/Shanghai"

[profile.partner.renew]
style = "reask"
after_lost_answer = "repeat"
lead_part = 0.25

[hosts]
store = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.acme\.example'

[operations]
"/api/" = "grant"
"/api/auth/" = "never"
"/api/app/" = "app"

[reserved]
names = ["access_token", "Authorization"]

[settings.key]
type = "text"
secret = true
required = ["*"]
label = { zh-CN = "钥", zh-TW = "鑰", en = "Key" }
help = { zh-CN = "钥。", zh-TW = "鑰。", en = "The key." }

[sources]
"endpoints" = { from = "a page", sure = "O", date = 2026-11-20 }
"callback" = { from = "a page", sure = "O", date = 2026-11-20 }
"renew" = { from = "a page", sure = "O", date = 2026-11-20 }
"profile" = { from = "a page", sure = "O", date = 2026-11-20 }
"hosts.store" = { from = "a page", sure = "O", date = 2026-11-20 }
`

func mustFacts(t testing.TB) *platform.Facts {
	t.Helper()
	f, err := platform.ReadFacts([]byte(smallFacts))
	if err != nil {
		t.Fatalf("ReadFacts of the small facts: %v", err)
	}
	return f
}

func TestReadFactsIsStrict(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", `tokens = true`, "tokens = true\ncolour = \"red\"", "unknown key"},
		{"unknown key in a table", `lead = "1.5d"`, "lead = \"1.5d\"\nlede = \"1d\"", "unknown key"},
		{"missing source", `"hosts.store" =`, `"hosts.shop" =`, "facts without a source in [sources]: hosts.store"},
		{"source without a date", `"renew" = { from = "a page", sure = "O", date = 2026-11-20 }`, `"renew" = { from = "a page", sure = "O" }`, "renew.style"},
		{"bad host pattern", `[a-z0-9])?\.acme`, `[a-z0-9]?\.acme`, "hosts.store"},
		{"missing language", `zh-TW = "阿克米"`, `zh-TW = ""`, "names in three languages"},
		{"help without a language", `zh-TW = "鑰。"`, `zh-TW = ""`, "settings.key"},
		{"unknown maturity", `maturity = "alpha"`, `maturity = "gamma"`, "maturity"},
		{"unknown style", `style = "rest"`, `style = "soap"`, "style"},
		{"unknown place of the state", `state_in = "query"`, `state_in = "cookie"`, "callback.state_in"},
		{"unknown permission", `"/api/" = "grant"`, `"/api/" = "yes"`, "operations./api/"},
		{"unknown environment", `environment = "production"`, `environment = "staging"`, "endpoints[0].environment"},
		{"unknown setting type", `type = "text"`, `type = "string"`, "settings.key.type"},
		{"an unknown role", `type = "text"`, "type = \"text\"\nrole = \"king\"", "settings.key.role"},
		{"an end that is no time", `type = "text"`, "type = \"text\"\nrole = \"secret_ends\"", "what ends is a time"},
		{"a secret that is an identity", `secret = true`, "secret = true\nidentity = true", "a secret is no identity"},
		{"a window without a name", `[hosts]`, "[lookup]\nwindow_ended = { \"7\" = \"r1\" }\n[hosts]", "lookup.window_ended.7"},
		{"required by an unknown profile", `required = ["*"]`, `required = ["private"]`, "settings.key.required"},
		{"profile without a name", `[profile.partner.renew]`, `[profile.other.renew]`, "profile.other: not among profiles"},
		{"repeat_for without a span", `repeat_for = "30m"`, ``, "repeat_for is needed"},
		{"two leads", `lead = "1.5d"`, "lead = \"1.5d\"\nlead_part = 0.5", "either lead or lead_part"},
		{"a lead over the whole life", `lead_part = 0.25`, `lead_part = 1.0`, "profile.partner.renew"},
		{"a window over midnight", `02:00-05:00`, `22:00-05:00`, "renew.window"},
		{"another beginning than an access token", `lead = "1.5d"`, "lead = \"1.5d\"\nfrom = \"cookie\"", "renew.from"},
		{"a lead that begins before a refresh is useful", `lead = "1.5d"`, "lead = \"40h\"\nuseful_in = \"50h\"", "renew.useful_in"},
		{"a useful time without a lead", `lead_part = 0.25`, "lead_part = 0.25\nuseful_in = \"1h\"", "profile.partner.renew.useful_in"},
		{"a trade without a token to trade", `lead = "1.5d"`, "lead = \"1.5d\"\ntrade = { after_lost_answer = \"repeat\" }", "renew.trade needs from"},
		{"a trade of an unknown rule", `lead = "1.5d"`, "lead = \"1.5d\"\nfrom = \"access\"\ntrade = { after_lost_answer = \"hope\" }", "renew.trade.after_lost_answer"},
		{"a use that keeps nothing alive", `lead = "1.5d"`, "when = \"use\"", "renew.keep_alive"},
		{"a life kept alive too early", `lead = "1.5d"`, "when = \"use\"\nkeep_alive = \"3d\"\nrefresh_life = \"5d\"", "renew.keep_alive"},
		{"another moment than use", `lead = "1.5d"`, "when = \"never\"\nkeep_alive = \"1d\"\nrefresh_life = \"9d\"", "renew.when"},
		{"a bucket of nobody", `[hosts]`, "[limits]\ncalls = [{ per = \"planet\", burst = 1, second = 1 }]\n[hosts]", "limits.calls[0].per"},
		{"a bucket without a size", `[hosts]`, "[limits]\ncalls = [{ per = \"grant\", second = 1 }]\n[hosts]", "limits.calls[0] needs burst"},
		{"a bucket of a bad pattern", `[hosts]`, "[limits]\ncalls = [{ per = \"grant\", burst = 1, second = 1, only = \"(\" }]\n[hosts]", "limits.calls[0]"},
		{"a pin to no secret", `lead = "1.5d"`, "lead = \"1.5d\"\npinned_to = \"colour\"", "renew.pinned_to"},
		{"a zone that does not exist", `Asia/Shanghai`, `Asia/Nowhere`, "renew.zone"},
		{"a negative duration", `repeat_for = "30m"`, `repeat_for = "-30m"`, "not a duration"},
		{"no hosts", "store = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.acme\\.example'", ``, "hosts and endpoints are required"},
	} {
		if !strings.Contains(smallFacts, c.old) {
			t.Fatalf("%s: the small facts do not hold %q", c.name, c.old)
		}
		_, err := platform.ReadFacts([]byte(strings.Replace(smallFacts, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("ReadFacts with %s: error = %v, want one that names %q", c.name, err, c.want)
		}
	}
}

func TestFactsOfUnusualRefreshes(t *testing.T) {
	facts, err := platform.ReadFacts([]byte(strings.Replace(smallFacts, `lead = "1.5d"`, "lead = \"39h\"\nuseful_in = \"50h\"\nfrom = \"access\"", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if r := facts.Refresh; r.From != platform.FromAccess || time.Duration(r.UsefulIn) != 50*time.Hour {
		t.Errorf("from %q, useful in %v; want access, 50h", r.From, r.UsefulIn)
	}
}

func TestLongestOperationWinsAndTheRestIsNever(t *testing.T) {
	f := mustFacts(t)
	for operation, want := range map[string]string{
		"/api/orders":     "grant",
		"/api/auth/token": "never",
		"/api/app/list":   "app",
		"/api":            "never",
		"/API/orders":     "never",
		"":                "never",
	} {
		if got := f.Permit(operation); got != want {
			t.Errorf("Permit(%q) = %q, want %q", operation, got, want)
		}
	}
}

func TestRefreshOfAProfileReplacesTheGeneralOne(t *testing.T) {
	f := mustFacts(t)
	if got := f.RefreshOf("public", "online").Style; got != platform.Rotate {
		t.Errorf("Renew(public).Style = %q, want rotate", got)
	}
	partner := f.RefreshOf("partner", "testing")
	if partner.Style != platform.Reask || partner.Lead != 0 {
		t.Errorf("Renew(partner) = %+v, want the whole table of the profile, without the general lead", partner)
	}
	from, length, err := f.Refresh.WindowSpan()
	if err != nil || from != 2*time.Hour || length != 3*time.Hour {
		t.Errorf("WindowSpan = %v, %v, %v, want 2h, 3h", from, length, err)
	}
	if got := f.Refresh.RepeatSpan(); got != 30*time.Minute {
		t.Errorf("RepeatSpan = %v, want 30m", got)
	}
}

func TestDurationReadsDaysAndWritesWhatItReads(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "90s": 90 * time.Second, "168h": 168 * time.Hour, "30d": 720 * time.Hour, "1.5d": 36 * time.Hour, "1.5s": 1500 * time.Millisecond,
	} {
		var d platform.Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || time.Duration(d) != want {
			t.Errorf("Duration %q = %v, %v, want %v", text, time.Duration(d), err, want)
		}
		written, err := d.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var again platform.Duration
		if err := again.UnmarshalText(written); err != nil || again != d {
			t.Errorf("Duration %q is written as %q, which reads as %v, %v", text, written, time.Duration(again), err)
		}
	}
	for _, text := range []string{"7", "-1s", "-1d", "NaNd", "1e9d", "day", "36501d"} {
		var d platform.Duration
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("Duration %q = %v, want an error", text, time.Duration(d))
		}
	}
}

func TestReservedNamesIgnoreCaseAndBlanks(t *testing.T) {
	r := mustFacts(t).Reserved
	for _, name := range []string{"access_token", "ACCESS_TOKEN", " authorization "} {
		if !r.Has(name) {
			t.Errorf("Has(%q) = false, want true", name)
		}
	}
	if r.Has("page") {
		t.Error("Has(page) = true, want false")
	}
}

func TestOpenFillsDefaults(t *testing.T) {
	spec := &platform.Spec{Code: "acme", Facts: mustFacts(t)}
	app := spec.Open(platform.App{Settings: map[string]string{"redirect_uri": "https://hub.example/cb", "push_url": "https://hub.example/p"}})
	if app.Environment != gk.Production || app.Profile != "public" || app.Stage != "online" ||
		app.CallbackURL != "https://hub.example/cb" || app.PushURL != "https://hub.example/p" {
		t.Errorf("Open = %+v, want production, public, online and the two addresses of the settings", app)
	}
}

// FuzzReadFacts looks for a file that makes the reader panic, or that it accepts although a fact has no source.
func FuzzReadFacts(f *testing.F) {
	f.Add(smallFacts)
	files, err := filepath.Glob("*/platform.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		facts, err := platform.ReadFacts([]byte(text))
		if err == nil && (len(facts.Sources) == 0 || facts.Code == "" || len(facts.Hosts) == 0) {
			t.Errorf("accepted without sources, code or hosts:\n%s", text)
		}
	})
}
