package e2e_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/platform/platformtest"
	"github.com/grantkeep/grantkeep/sim"
)

// shortestSecret is the length from which a text is unlikely to stand somewhere by chance, in characters.
const shortestSecret = 8

// canaries are secrets that must not be seen where they do not belong, by their value; the name says what they are.
type canaries map[string]string

func (c canaries) add(name, secret string) {
	if len(secret) >= shortestSecret {
		c[secret] = name
	}
}

// addQuery adds the parameters of an address that are worth something to whoever reads them.
func (c canaries) addQuery(t testing.TB, name, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"code", "state", "hmac", "sign", "access_token"} {
		c.add(name+" "+key, u.Query().Get(key))
	}
}

// spellings returns a secret as it may be written: raw, escaped for addresses and JSON, in hex, and in base64 wherever
// in a longer text it begins.
func spellings(secret string) []string {
	quoted, _ := json.Marshal(secret) // a string has no error
	s := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`), backwards(secret),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
	for offset := range 3 {
		bits := 8 * offset
		first, last := (bits+5)/6, (bits+8*len(secret))/6 // what the neighbours' bits do not reach into
		padded := append(make([]byte, offset), secret...)
		s = append(s, base64.RawStdEncoding.EncodeToString(padded)[first:last], base64.RawURLEncoding.EncodeToString(padded)[first:last])
	}
	return s
}

func backwards(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}

// net finds all spellings of many secrets in one pass over a text: by their first characters, then by the whole.
type net map[string][]mesh

type mesh struct{ spelling, name string }

func (c canaries) net() net {
	n := net{}
	for secret, name := range c {
		for _, s := range spellings(secret) {
			n[s[:shortestSecret]] = append(n[s[:shortestSecret]], mesh{s, name})
		}
	}
	return n
}

// catch names the secrets that a text holds, each once, with what stands before it.
func (n net) catch(text string) map[string]string {
	found := map[string]string{}
	for i := range max(0, len(text)-shortestSecret+1) {
		for _, m := range n[text[i:i+shortestSecret]] {
			if strings.HasPrefix(text[i:], m.spelling) {
				found[m.name] = text[max(0, i-60):i] + "…"
			}
		}
	}
	return found
}

func TestTheNetCatches(t *testing.T) {
	t.Parallel()
	const secret = "At_7/+Geheim=&42"
	c := canaries{}
	c.add("token", secret)
	n := c.net()
	for _, text := range []string{
		"x" + secret + "y",
		"?token=" + url.QueryEscape(secret) + "&",
		hex.EncodeToString([]byte("--" + secret + "--")),
		base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("Basic" + secret)),
		base64.URLEncoding.EncodeToString([]byte("id:" + secret + ":")),
		base64.RawURLEncoding.EncodeToString([]byte("four" + secret)),
		backwards(secret),
	} {
		if len(n.catch(text)) != 1 {
			t.Errorf("the net misses the secret in %q", text)
		}
	}
	if found := n.catch("nothing of the kind: At_7 Geheim 42"); len(found) > 0 {
		t.Errorf("the net catches %v where nothing is", found)
	}
}

// TestNoSecretIsSeen makes everything fail on every platform that can, with the log at its loudest, and looks for every
// secret that came up in everything that came out: the log, the API's answers and problems, the merchants' pages, events,
// metrics, and the bytes of the files.
func TestNoSecretIsSeen(t *testing.T) {
	t.Parallel()
	simulators, _ := all.Simulators()
	for _, p := range simulators {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			noSecretIsSeen(t, p)
		})
	}
}

func noSecretIsSeen(t *testing.T, p sim.Platform) {
	t.Helper()
	dir := t.TempDir()
	d := startDemo(t, "--data", dir, "--log-level", "debug")
	r := &raid{demo: d, secrets: canaries{}}
	r.secrets.add("API key", d.Key)
	master, err := os.ReadFile(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	r.secrets.add("master key", strings.TrimSpace(string(master)))
	r.raid(p)
	r.readEverything()

	if n := strings.Count(d.errors.String(), "\n"); n < 20 {
		t.Errorf("the log has %d lines after all that, want many", n)
	}
	n := r.secrets.net()
	if found := n.catch(d.line); len(found) < 2 {
		t.Errorf("the net finds only %d secrets in the ready line, which holds the key and the platform's", len(found))
	}
	t.Logf("%d secrets, %d bytes of answers, %d bytes of log", len(r.secrets), len(d.answers.String()), len(d.errors.String()))
	r.look(n, "the log", d.errors.String())
	r.look(n, "the answers and pages", d.answers.String())
	r.lookAtFiles(n, dir)
	r.lookAtProcess(n)
	d.end()
	r.look(n, "the log's end", d.errors.String())
	r.lookAtFiles(n, dir)
}

// raid is one run through everything that can go wrong.
type raid struct {
	*demo
	secrets canaries
	grants  []string
}

func (r *raid) raid(p sim.Platform) {
	r.t.Helper()
	code := p.Name
	r.control("POST", "/"+code+"/options", map[string]string{"slow": "20ms"}, nil)
	settings := settingsOf(code)
	for _, app := range r.Platforms[code].Apps {
		for name, value := range app {
			if text := fmt.Sprint(value); settings[name] {
				r.secrets.add(code+" "+name, text)
			}
		}
	}
	grant := r.revive(code, "")
	if grant == "" {
		r.t.Fatalf("%s: the shop was not connected without any fault", code)
	}
	provoked := map[string]int{}
	for _, row := range p.Rows {
		if row.Local() {
			continue
		}
		if kind := row.Stage + " " + row.Action; os.Getenv("GRANTKEEP_SOAK") == "" {
			if row.Stage == "call" {
				kind = row.Stage // a merchant waits for what a call proves: each of these takes most of half a minute
			}
			if provoked[kind]++; provoked[kind] > 1 {
				continue // the short form: one fault for each step and what follows from it; make soak meets them all
			}
		}
		name := row.Code
		if row.Example != "" {
			name = strings.TrimSpace(row.Code + " " + row.Example)
		}
		if met := r.provoke(code, grant, name, row.Stage); !met && row.Stage != "push" { // the platform says those, we do not ask
			r.t.Errorf("%s: no request met the fault %s %q", code, row.Stage, name)
		}
		grant = r.revive(code, grant)
	}
	for _, name := range []string{sim.CutBefore, sim.CutAfter, sim.Garbage, sim.Slow, "status-503", "status-429", "status-401"} {
		if !r.provoke(code, grant, name, "") {
			r.t.Errorf("%s: no request met %s", code, name)
		}
		grant = r.revive(code, grant)
	}
	r.forge(code)
	shop := r.Platforms[code].Shops[0]
	subject := shop["id"]
	if owner, ok := shop["owner"]; ok && owner != "" {
		subject = owner
	}
	r.control("POST", "/"+code+"/revoke", map[string]any{"subject": subject}, nil)
	r.collect(code)
	r.advanceQuietly("2h")
	r.grants = append(r.grants, grant)
}

// settingsOf tells which settings of a platform's app are secret.
func settingsOf(code string) map[string]bool {
	secret := map[string]bool{}
	for _, d := range all.Drivers() {
		if d.Spec().Code == code {
			for name, s := range d.Spec().Facts.Settings {
				secret[name] = s.Secret
			}
		}
	}
	return secret
}

// provoke arms a fault, does everything that can meet it, and tells whether something did.
func (r *raid) provoke(code, grant, name, stage string) (met bool) {
	r.t.Helper()
	for _, meet := range []func(){
		func() { r.call("POST", "/v1/grants/"+grant+"/refresh", map[string]bool{"force": true}, nil) },
		func() { r.connect(code) },
		func() {
			r.call("POST", "/v1/grants/"+grant+"/call", map[string]any{"call": platformtest.SampleOf(r.t, all.Drivers(), code, "../platform").Call}, nil)
			r.call("POST", "/v1/apps/"+r.Apps[code]+"/check", map[string]any{}, nil)
		},
	} {
		armed, _ := send(r.t, browse(r.t), "POST", r.Control+"/"+code+"/faults", "", map[string]any{"fault": name, "times": 2, "match": map[string]string{"stage": stage}})
		if armed.StatusCode == http.StatusBadRequest {
			return true // the simulator says that no request of ours can meet it
		}
		meet()
		r.collect(code)
		var left struct{ Faults []struct{ Times int } }
		r.control("GET", "/"+code+"/faults", nil, &left)
		met = met || len(left.Faults) == 0 || left.Faults[0].Times < 2
		r.control("DELETE", "/"+code+"/faults", nil, nil)
	}
	return met
}

// connect makes a link and walks through it as a merchant, as far as it goes.
func (r *raid) connect(code string) {
	r.t.Helper()
	shop := r.Platforms[code].Shops[0]
	request := map[string]any{"app": r.Apps[code], "owner": "cust-1"}
	if host, ok := shop["host"]; ok {
		request["shop"] = host
	}
	answer, text := send(r.t, browse(r.t), "POST", r.Server+"/v1/authorizations", r.Key, request)
	var begun struct{ ID, URL string }
	if err := json.Unmarshal([]byte(text), &begun); err != nil || answer.StatusCode != http.StatusCreated {
		r.t.Fatalf("%s: POST /v1/authorizations answered %d: %s", code, answer.StatusCode, text)
	}
	r.secrets.add("link", begun.URL[strings.LastIndex(begun.URL, "/")+1:])
	c := browse(r.t)
	r.page(c, "GET", begun.URL)
	location := r.page(c, "POST", begun.URL)
	r.secrets.addQuery(r.t, code+" link", location)
	for _, cookie := range c.Jar.Cookies(mustParse(r.t, r.Server)) {
		r.secrets.add("cookie", cookie.Value)
	}
	var consent struct{ Callback string }
	_, text = send(r.t, browse(r.t), "POST", r.Control+"/"+code+"/consent", "", map[string]any{"url": location, "shops": []any{shop["id"]}, "decision": "approve"})
	if err := json.Unmarshal([]byte(text), &consent); err != nil || consent.Callback == "" {
		return // the page itself failed, as it was told to
	}
	r.secrets.addQuery(r.t, code+" callback", consent.Callback)
	if result := r.page(c, "GET", consent.Callback); result != "" {
		r.page(c, "GET", r.Server+result)
	}
	r.call("GET", "/v1/authorizations/"+begun.ID, nil, nil)
}

// page keeps what a page says, and returns where it leads.
func (r *raid) page(c *http.Client, method, address string) string {
	r.t.Helper()
	answer, text := send(r.t, c, method, address, "", nil)
	_, _ = io.WriteString(&r.answers, text)
	return answer.Header.Get("Location")
}

// collect adds the tokens that a platform has given to the secrets.
func (r *raid) collect(code string) {
	r.t.Helper()
	var held struct {
		Grants []struct{ Access, Refresh string }
	}
	r.control("GET", "/"+code+"/grants", nil, &held)
	for _, g := range held.Grants {
		r.secrets.add(code+" access token", g.Access)
		r.secrets.add(code+" refresh token", g.Refresh)
	}
}

// revive lets the waits pass, ends the app's pause, and connects the shop again where its grant needs the merchant. It
// returns the grant's id.
func (r *raid) revive(code, grant string) string {
	r.t.Helper()
	r.call("PATCH", "/v1/apps/"+r.Apps[code], map[string]string{"name": "Canary ERP"}, nil)
	if grant != "" {
		r.advanceQuietly("61m")
		var g struct {
			State     string
			Renewable bool
			Fault     *struct{ Code string }
		}
		if r.call("GET", "/v1/grants/"+grant, nil, &g); g.State == "active" && g.Fault == nil {
			return grant
		}
	}
	r.connect(code)
	r.collect(code)
	var found struct{ Items []struct{ ID string } }
	r.call("GET", "/v1/grants?app="+r.Apps[code]+"&state=active", nil, &found)
	if len(found.Items) == 0 {
		return grant
	}
	return found.Items[0].ID
}

func (r *raid) advanceQuietly(by string) {
	r.t.Helper()
	r.advance(by)
	for code := range r.Platforms {
		r.collect(code)
	}
}

// forge sends a platform's messages with one thing changed.
func (r *raid) forge(code string) {
	r.t.Helper()
	app := r.Apps[code]
	for _, address := range []string{
		"/callback/" + app, "/callback/" + app + "?code=Forged_code_1&state=Forged_state_1&shop=demo-1.myshoplaza.com&hmac=Forged_hmac_1",
		"/push/" + app, "/install/" + app + "?shop=evil.example&hmac=Forged_hmac_2", "/connect/Forged_link_1", "/callback/none?code=Forged_code_2",
	} {
		r.page(browse(r.t), "GET", r.Server+address)
		r.page(browse(r.t), "POST", r.Server+address)
	}
	for _, forged := range []string{"Forged_code_1", "Forged_state_1", "Forged_hmac_1", "Forged_hmac_2", "Forged_link_1", "Forged_code_2"} {
		r.secrets.add(forged, forged)
	}
}

// readEverything asks the API for all that it tells.
func (r *raid) readEverything() {
	r.t.Helper()
	paths := []string{
		"/v1/apps", "/v1/platforms", "/v1/grants?limit=1000", "/v1/events?limit=1000", "/v1/keys", "/metrics", "/openapi.json", "/docs", "/healthz", "/readyz",
		"/problems/", "/problems/not-found", "/problems/platform-fault", "/", "/nowhere", "/v1/grants/none", "/v1/token?app=none&subject=shop:1",
	}
	for _, app := range r.Apps {
		paths = append(paths, "/v1/apps/"+app)
	}
	for _, grant := range r.grants {
		paths = append(paths, "/v1/grants/"+grant, "/v1/grants/"+grant+"/history?limit=1000")
	}
	for _, path := range paths {
		answer, text := send(r.t, browse(r.t), "GET", r.Server+path, r.Key, nil)
		_ = answer.Header.Write(&r.answers)
		_, _ = io.WriteString(&r.answers, text)
	}
	// What somebody pastes is not given back.
	for _, secret := range slices.Sorted(maps.Keys(r.secrets))[:3] {
		body := `{"error":"invalid_grant","access_token":"` + secret + `","refresh_token":"` + secret + `"}`
		r.call("POST", "/v1/explain", map[string]any{"platform": "shoplazza", "stage": "refresh", "status": 400, "body": body}, nil)
	}
	answer, text := send(r.t, browse(r.t), "GET", r.Server+"/v1/apps", "gk_"+strings.Repeat("0", 40), nil)
	r.secrets.add("wrong key", "gk_"+strings.Repeat("0", 40))
	_ = answer.Header.Write(&r.answers)
	_, _ = io.WriteString(&r.answers, text)
}

func (r *raid) look(n net, where, text string) {
	r.t.Helper()
	for name, before := range n.catch(text) {
		r.t.Errorf("%s holds a secret: %s, after %q", where, name, before)
	}
}

// lookAtFiles looks into everything under the data directory but the master key itself.
func (r *raid) lookAtFiles(n net, dir string) {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 4 {
		r.t.Fatalf("the data directory holds %q, %v; want database, spill file, clock and key", files, err)
	}
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			r.t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			r.t.Errorf("%s has mode %o, want 600", filepath.Base(path), got)
		}
		if filepath.Base(path) == "master.key" {
			continue
		}
		bytes, err := os.ReadFile(path)
		if err != nil {
			r.t.Fatal(err)
		}
		r.look(n, filepath.Base(path), string(bytes))
	}
}

// lookAtProcess looks at what the system tells of the process: no secret among its arguments, no core dump.
func (r *raid) lookAtProcess(n net) {
	r.t.Helper()
	proc := fmt.Sprintf("/proc/%d/", r.process.Process.Pid)
	args, err := os.ReadFile(proc + "cmdline")
	if err != nil {
		r.t.Fatal(err)
	}
	r.look(n, "the command line", string(args))
	limits, err := os.ReadFile(proc + "limits")
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok {
			if f := strings.Fields(rest); len(f) < 2 || f[0] != "0" || f[1] != "0" {
				r.t.Errorf("the limit of core dumps is %q, want 0 and 0", rest)
			}
			return
		}
	}
	r.t.Error("/proc tells no limit of core dumps")
}

func mustParse(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
