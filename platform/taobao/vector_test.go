package taobao_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/rogpeppe/go-internal/txtar"
)

// vector is one file of testdata: what the platform's documents or SDKs print, and what we must make of it.
type vector struct {
	name, expect string
	app, call    map[string]string
	signed       string
	request      string // METHOD URL, headers, an empty line, body
	status       int
	reply        string
}

func vectors(t testing.TB, prefix string) []vector {
	t.Helper()
	files, err := filepath.Glob("testdata/" + prefix + "*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors %s: %v", prefix, err)
	}
	var all []vector
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		archive := txtar.Parse(data)
		source, expect, ok := strings.Cut(string(archive.Comment), "\n")
		if !ok || !strings.HasPrefix(source, "source: ") || !strings.HasPrefix(expect, "expect: ") {
			t.Fatalf("%s: the first lines must be source: and expect:", file)
		}
		v := vector{name: filepath.Base(file), expect: strings.TrimSpace(strings.TrimPrefix(expect, "expect: "))}
		for _, f := range archive.Files {
			text := strings.TrimSuffix(string(f.Data), "\n")
			switch f.Name {
			case "app":
				v.app = settings(text)
			case "call":
				v.call = settings(text)
			case "signed":
				v.signed = text
			case "request":
				v.request = text
			case "reply":
				status, body, _ := strings.Cut(text, "\n")
				if v.status, err = strconv.Atoi(status); err != nil {
					t.Fatalf("%s: reply must begin with its status", file)
				}
				v.reply = body
			default:
				t.Fatalf("%s: unknown part %s", file, f.Name)
			}
		}
		all = append(all, v)
	}
	return all
}

func settings(text string) map[string]string {
	m := make(map[string]string)
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		m[name] = value
	}
	return m
}

// open returns the vector's app at the vector's moment.
func (v vector) open(t testing.TB) platform.App {
	t.Helper()
	app := platform.App{
		Settings: v.app, Secrets: map[string][]gk.Secret{"app_secret": {gk.NewSecret(v.app["app_secret"])}},
		Profile: v.call["profile"], Now: now, Nonce: strings.Repeat("a", 32),
	}
	if text := v.call["now"]; text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		app.Now = at
	}
	return driver.Spec().Open(app)
}

// incoming reads the vector's request as one that came to us.
func (v vector) incoming() platform.Incoming {
	head, body, _ := strings.Cut(v.request, "\n\n")
	first, rest, _ := strings.Cut(head, "\n")
	method, address, _ := strings.Cut(first, " ")
	in := platform.Incoming{Method: method, URL: address, Header: http.Header{}, Body: []byte(body)}
	for line := range strings.Lines(rest) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		in.Header.Set(name, value)
	}
	return in
}

// checkRequest compares a request of ours with the vector's: method, address, the headers named there, body.
func (v vector) checkRequest(t *testing.T, req *platform.Request) {
	t.Helper()
	want := v.incoming()
	if req.Method != want.Method || req.URL != want.URL || string(req.Body) != string(want.Body) {
		t.Errorf("request = %s %s\n%s\nwant %s %s\n%s", req.Method, req.URL, req.Body, want.Method, want.URL, want.Body)
	}
	for name := range want.Header {
		if got := req.Header.Get(name); got != want.Header.Get(name) {
			t.Errorf("header %s = %q, want %q", name, got, want.Header.Get(name))
		}
	}
}

func TestSignVectors(t *testing.T) {
	for _, v := range vectors(t, "sign-") {
		t.Run(v.name, func(t *testing.T) {
			app := v.open(t)
			cred := platform.Credential{Token: gk.Token{Access: gk.NewSecret(v.call["token"])}}
			req, err := driver.Sign(app, cred, platform.Call{Operation: v.call["operation"], Params: []byte(v.call["params"]), SignMethod: v.call["sign_method"]})
			if err != nil {
				t.Fatal(err)
			}
			if "signature "+req.Signature != v.expect {
				t.Errorf("signature = %s, want %s", req.Signature, v.expect)
			}
			if strings.TrimSuffix(strings.TrimPrefix(req.SignedText, "REDACTED"), "REDACTED") != v.signed {
				t.Errorf("signed text = %s, want %s", req.SignedText, v.signed)
			}
			if req.Method != "POST" || req.URL != "https://eco.taobao.com/router/rest" {
				t.Errorf("request = %s %s", req.Method, req.URL)
			}
			in := platform.Incoming{Method: req.Method, URL: req.URL, Header: req.Header, Body: req.Body}
			if err := driver.(platform.Verifier).VerifyCall(app, in); err != nil {
				t.Errorf("our own call does not verify: %v", err)
			}
		})
	}
}

func TestTokenVectors(t *testing.T) {
	for _, v := range vectors(t, "token-") {
		t.Run(v.name, func(t *testing.T) {
			app := v.open(t)
			stage := platform.StageRefresh
			req, err := driver.(platform.Renewer).RenewRequest(app, platform.Credential{Token: gk.Token{Refresh: gk.NewSecret(v.call["refresh"])}})
			if code := v.call["code"]; code != "" {
				stage = platform.StageToken
				req, err = driver.ExchangeRequest(app, platform.Callback{Code: gk.NewSecret(code)})
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.request != "" {
				v.checkRequest(t, req)
			}
			for name, values := range req.Sent {
				if got := strings.Join(values, ""); strings.Contains(got, v.app["app_secret"]) || name == "code" || name == "refresh_token" {
					t.Errorf("Sent holds the secret %s", name)
				}
			}
			issues, err := driver.ReadIssues(app, platform.Asked{Stage: stage, At: app.Now}, reply(v.status, v.reply))
			if err != nil || len(issues) != 1 {
				t.Fatalf("ReadIssues = %+v, %v", issues, err)
			}
			if got := describe(issues[0]); got != v.expect {
				t.Errorf("issue = %s\nwant    %s", got, v.expect)
			}
			if !issues[0].Ceiling.Equal(issues[0].Token.Expires) {
				t.Errorf("ceiling = %s, want the token's end", issues[0].Ceiling)
			}
		})
	}
}

func describe(i platform.Issue) string {
	var windows []string
	for _, name := range slices.Sorted(maps.Keys(i.Token.Windows)) {
		windows = append(windows, name+"="+i.Token.Windows[name].Format(time.RFC3339))
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s access %s refresh %s expires %s final %v windows %s", i.Subject, i.Subject.Name,
		i.Token.Access.Reveal(), i.Token.Refresh.Reveal(), i.Token.Expires.Format(time.RFC3339), i.Final, strings.Join(windows, " ")))
}

func TestFaultVectors(t *testing.T) {
	for _, v := range vectors(t, "fault-") {
		t.Run(v.name, func(t *testing.T) {
			fault := driver.Diagnose(v.open(t), platform.Asked{Stage: v.call["stage"]}, reply(v.status, v.reply))
			if fault == nil {
				t.Fatal("no fault")
			}
			if got := fmt.Sprintf("%s %s %v", fault.Code, fault.Action, fault.Terminal); got != v.expect || !fault.Known {
				t.Errorf("fault = %s (known %v), want %s", got, fault.Known, v.expect)
			}
		})
	}
}
