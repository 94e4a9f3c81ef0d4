package offline_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform"
)

// signedSample is a rightly signed request of the scripts.
type signedSample struct {
	Platform, Kind string
	App            map[string]any
	Now            gk.Time
	Request        struct {
		Method, URL, Body string
		Headers           map[string]string
	}
}

// genuines returns the first rightly signed request of each platform and kind.
func genuines(t *testing.T) map[string]signedSample {
	t.Helper()
	found := map[string]signedSample{}
	for _, path := range scripts(t, "verify") {
		s := readScript(t, path)
		for i, line := range s.lines {
			var g signedSample
			if !strings.HasPrefix(s.want[i], `{"ok":true`) || json.Unmarshal([]byte(withApp(line, s.apps)), &g) != nil {
				continue
			}
			if name := g.Platform + " " + g.Kind; found[name].Kind == "" {
				found[name] = g
			}
		}
	}
	return found
}

// TestSlipsOfEverySignature takes a genuine request of every platform and kind that is signed, signs it again with
// what people get wrong on all of them alike, and wants the slip named each time.
func TestSlipsOfEverySignature(t *testing.T) {
	samples := genuines(t)
	for _, d := range all {
		prover, ok := d.(platform.Prover)
		if !ok {
			t.Errorf("%s explains no signature", d.Spec().Code)
			continue
		}
		for _, kind := range []string{"call", "push", "callback", "install"} {
			g, found := samples[d.Spec().Code+" "+kind]
			if !found {
				continue // it has no such request: TestSignedKinds counts those that there are
			}
			in := platform.Incoming{Method: g.Request.Method, URL: g.Request.URL, Header: http.Header{}, Body: []byte(g.Request.Body)}
			for name, value := range g.Request.Headers {
				in.Header.Set(name, value)
			}
			app := opened(d, g)
			if app.PushURL == "" {
				app.PushURL = in.URL
			}
			proof, signed := prover.Proof(app, kind, in)
			if signed {
				slipped(t, d, app, kind, in, proof)
			}
		}
	}
}

// opened makes the app of a genuine request.
func opened(d platform.Driver, g signedSample) platform.App {
	app := platform.App{Settings: map[string]string{}, Secrets: map[string][]gk.Secret{}, Now: g.Now.Time}
	for name, value := range g.App {
		text, _ := value.(string)
		if d.Spec().Facts.Settings[name].Secret {
			app.Secrets[name] = []gk.Secret{gk.NewSecret(text)}
		} else {
			app.Settings[name] = text
		}
	}
	return d.Spec().Open(app)
}

func slipped(t *testing.T, d platform.Driver, app platform.App, kind string, in platform.Incoming, proof platform.Proof) {
	t.Helper()
	name, key := d.Spec().Code+" "+kind, proof.Keys[0].Reveal()
	if got := proof.Digest(key, proof.Text); got != proof.Given {
		t.Errorf("%s: the recipe makes %s of the genuine request, which carries %s", name, got, proof.Given)
		return
	}
	judged := func(slip, given, want string) {
		v, err := offline.Verify(d, app, kind, signedAnew(in, proof.Given, given), nil)
		if err != nil || v.OK || !strings.Contains(v.Why, want) {
			t.Errorf("%s, %s: ok %v, %q, %v; want words with %q", name, slip, v.OK, v.Why, err, want)
		}
	}
	for slip, wrong := range map[string]string{
		"a line end behind the key": key + "\n", "a blank in front of the key": " " + key, "a byte order mark": "\ufeff" + key,
		"a key in quotes": `"` + key + `"`, "a key without its end": key[:len(key)-1],
	} {
		want := map[string]string{
			"a byte order mark": "byte order mark", "a key in quotes": "quotes", "a key without its end": "last character",
		}[slip]
		if want == "" {
			want = "line end"
		}
		judged(slip, proof.Digest(wrong, proof.Text), want)
	}
	if sum, err := hex.DecodeString(proof.Given); err == nil {
		judged("base64", base64.StdEncoding.EncodeToString(sum), "base64")
		other := strings.ToUpper(proof.Given)
		if other == proof.Given {
			other = strings.ToLower(proof.Given)
		}
		judged("the other case", other, "case")
	} else if sum, err := base64.StdEncoding.DecodeString(proof.Given); err == nil {
		judged("hex", hex.EncodeToString(sum), "hex")
	}
	var indented bytes.Buffer
	if proof.Body == "" || json.Indent(&indented, []byte(proof.Body), "", "  ") != nil || name == "douyin call" {
		return // that platform sorts the body itself
	}
	anew := in
	anew.Body = indented.Bytes()
	if v, err := offline.Verify(d, app, kind, anew, nil); err != nil || v.OK || !strings.Contains(v.Why, "bytes") {
		t.Errorf("%s, a body written anew: ok %v, %q, %v", name, v.OK, v.Why, err)
	}
}

// signedAnew returns a request with another signature in the place of the one that it carries.
func signedAnew(in platform.Incoming, old, given string) platform.Incoming {
	out := in
	out.URL = strings.NewReplacer(url.QueryEscape(old), url.QueryEscape(given), old, url.QueryEscape(given)).Replace(in.URL)
	out.Body = []byte(strings.ReplaceAll(string(in.Body), old, given))
	out.Header = http.Header{}
	for name, values := range in.Header {
		for _, value := range values {
			out.Header.Add(name, strings.ReplaceAll(value, old, given))
		}
	}
	return out
}

// TestSignedKinds: a genuine request of every kind that a platform signs stands in the scripts.
func TestSignedKinds(t *testing.T) {
	samples := genuines(t)
	for code, kinds := range map[string][]string{
		"shoplazza": {"callback", "install", "push"}, "shopify": {"callback", "install", "push"}, "shopee": {"call", "push"}, "shopeev1": {"call", "push"},
		"eleme": {"call", "push"}, "taobao": {"call", "push"}, "tiktokshop": {"call", "push"}, "lazada": {"call", "push"}, "douyin": {"call", "push"},
	} {
		for _, kind := range kinds {
			if samples[code+" "+kind].Kind == "" {
				t.Errorf("%s has no genuine %s in the scripts", code, kind)
			}
		}
	}
}
