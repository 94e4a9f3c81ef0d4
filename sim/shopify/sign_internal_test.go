package shopify

import (
	"encoding/hex"
	"net/url"
	"testing"
)

// knownHost is the host parameter of the known answers.
const knownHost = "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvZGVtby03"

// TestSignQueryKnownAnswers computes what the platform's own SDKs computed (client secret hush).
func TestSignQueryKnownAnswers(t *testing.T) {
	callback := func(more ...string) url.Values {
		q := url.Values{"code": {"c0de"}, "host": {knownHost}, "shop": {"demo-7.myshopify.com"}, "state": {"9f2c"}, "timestamp": {"1797000000"}}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return q
	}
	install := callback()
	install.Del("code")
	install.Del("state")
	list := url.Values{"ids[]": {"7", "8"}, "shop": {"demo-7.myshopify.com"}, "timestamp": {"1797000000"}}
	padded := callback("host", knownHost+"MA==")
	for _, c := range []struct {
		name  string
		form  string
		query url.Values
		want  string
	}{
		{"K1", "doc", callback(), "6ff8328ecab0b0c21350c6404bee1221cf44c09babab49259633d4426855bb13"},
		{"K1", "pct", callback(), "6ff8328ecab0b0c21350c6404bee1221cf44c09babab49259633d4426855bb13"},
		{"K1", "plus", callback("hmac", "left out"), "6ff8328ecab0b0c21350c6404bee1221cf44c09babab49259633d4426855bb13"},
		{"K2", "doc", install, "c74c3ca790978815a996429481782433cdba1c57a37a83eafd1a0a3db883fdf4"},
		{"K3", "doc", padded, "26df4a4bbe1ccf5d646ef3bc3b37b2d1280a353422b3748a7d2581a543c29074"},
		{"K4", "pct", padded, "2bb06fddf3d627177ac0d0f18e6bf06c4d3ecfb6691d0a37e76fc03adfdd3a24"},
		{"K5", "doc", callback("note", "5%&up"), "3cea15ee6c03d5635408b216138d621128acc1872c6886ded2a52783124942ab"},
		{"K5", "pct", callback("note", "5%&up"), "3cea15ee6c03d5635408b216138d621128acc1872c6886ded2a52783124942ab"},
		{"K6", "doc", list, "a38152084bc5679c3b556b4267360b18a0eb37f89e95d60da17c8b0bc2b1780f"},
		{"K7", "doc", callback("note", "a b"), "dd9469cd82af82d7d6c71974bdcce564d2dfd9054674137b6b0f1afdbee47b5d"},
		{"K7", "pct", callback("note", "a b"), "1919f766d42e91b321a174c9d10668b4a6fe8b59e0093bd06918b01c1c54d49a"},
		{"K7", "plus", callback("note", "a b"), "723818c8ab79f61f2a522d7232125f5cdb44d03d8d9da68930e19643331b814a"},
	} {
		if got := signQuery("hush", c.form, c.query); got != c.want {
			t.Errorf("%s, %s: %s signed %s, want %s", c.name, c.form, signedText(c.form, c.query), got, c.want)
		}
	}
}

func TestSignBodyKnownAnswers(t *testing.T) {
	bytes, err := hex.DecodeString("7b2261223a22e9227d0a")
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"id":548380009}`:                                   "NL8fmygrhcons0wLPoZ64o9ma6MmTOnYdT3e9VAzpTs=",
		`{"id":1,"note":"出貨 📦"}`:                             "kHv7jGWRGbMOXUfoomrm+ZqbDp0x4sw0M5AEt7j0wZ0=",
		`{"shop_id":1,"shop_domain":"demo-7.myshopify.com"}`: "1LQD6F0/xqTg70i7d0AQNkgwckuBiG3vQ3umR+MGL68=",
		string(bytes):                                        "ZcYghdifSGDBeLQbPFZl1lLcM+C9sCOzOku0aTwJRiM=",
	} {
		if got := signBody("hush", []byte(body)); got != want {
			t.Errorf("signBody(%q) = %s, want %s", body, got, want)
		}
	}
}

func TestIDTokenKnownAnswer(t *testing.T) {
	c := claims{
		Issuer: "https://demo-7.myshopify.com/admin", Dest: "https://demo-7.myshopify.com", Audience: "AppId_1", Subject: "42",
		Expires: 1797000060, NotBefore: 1797000000, IssuedAt: 1797000000, ID: "j-1", Session: "s-1",
	}
	const want = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2RlbW8tNy5teXNob3BpZnkuY29tL2FkbWluIiwiZGVzdCI6Imh0dHBzOi8v" +
		"ZGVtby03Lm15c2hvcGlmeS5jb20iLCJhdWQiOiJBcHBJZF8xIiwic3ViIjoiNDIiLCJleHAiOjE3OTcwMDAwNjAsIm5iZiI6MTc5NzAwMDAwMCwiaWF0Ijox" +
		"Nzk3MDAwMDAwLCJqdGkiOiJqLTEiLCJzaWQiOiJzLTEifQ.MxSPckmlk4xSeo9_rNctHuJdm8_T-1gFA-ax32QgMiI"
	if got := signToken("hush", c); got != want {
		t.Errorf("signToken = %s, want %s", got, want)
	}
	if got, err := openToken([]string{"newer", "hush"}, want); err != nil || got != c {
		t.Errorf("openToken = %+v, %v, want the claims", got, err)
	}
	if _, err := openToken([]string{"newer"}, want); err == nil {
		t.Error("openToken believed a token of another secret")
	}
}

func TestQueriesAreReadAsTheyAreWritten(t *testing.T) {
	q, err := parseQuery(`mutation m($t: Topic!) { made: create(topic: $t, in: {uri: "https://a.example/\"x\"", n: [1, 2]}) { id ... on Y { z } } } # end`,
		map[string]any{"t": "ORDERS_CREATE"})
	if err != nil || !q.mutation || len(q.fields) != 1 {
		t.Fatalf("parseQuery = %+v, %v", q, err)
	}
	f := q.fields[0]
	in, _ := f.args["in"].(map[string]any)
	if f.name != "create" || f.alias != "made" || f.args["topic"] != "ORDERS_CREATE" || in["uri"] != `https://a.example/"x"` || len(f.sub) != 2 {
		t.Errorf("field = %+v", f)
	}
	for _, text := range []string{"", "{", "{ shop { id }", "{ shop } }", `{ a(b: "c) }`, "{ a(b) }", "{ ; }"} {
		if _, err := parseQuery(text, nil); err == nil {
			t.Errorf("parseQuery(%q) read nonsense", text)
		}
	}
}

func TestCostGrowsWithWhatIsAskedFor(t *testing.T) {
	for text, want := range map[string]int{
		"{ shop { id } }":                              1,
		"{ orders(first: 10) { nodes { id } } }":       12,
		"{ orders(first: 250) { nodes { x { y } } } }": 502,
	} {
		q, err := parseQuery(text, nil)
		if got := cost(q.fields); err != nil || got != want {
			t.Errorf("cost(%s) = %d, %v, want %d", text, got, err, want)
		}
	}
}
