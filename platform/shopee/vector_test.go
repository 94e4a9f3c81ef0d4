package shopee_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// vector is one file of testdata: what the platform's documents print, and what we must make of it.
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
	app := platform.App{Settings: v.app, Secrets: map[string][]gk.Secret{}, Now: now}
	for _, name := range []string{"partner_key", "push_key"} {
		if v.app[name] != "" {
			app.Secrets[name] = []gk.Secret{gk.NewSecret(v.app[name])}
		}
	}
	if text := v.call["now"]; text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		app.Now = time.Unix(n, 0).UTC()
	}
	return driver.Spec().Open(app)
}

func (v vector) subject() gk.Subject { return gk.Subject{Kind: v.call["kind"], ID: v.call["id"]} }

// incoming reads the vector's request.
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
			address, sum, text := v.sign(t, app)
			if "signature "+sum != v.expect {
				t.Errorf("signature = %s, want %s", sum, v.expect)
			}
			if text != v.signed {
				t.Errorf("signed text = %s, want %s", text, v.signed)
			}
			if err := driver.(platform.Verifier).VerifyCall(app, platform.Incoming{Method: "GET", URL: address}); err != nil {
				t.Errorf("VerifyCall of our own request = %v", err)
			}
		})
	}
}

// sign takes the vector's step and returns the address and what was signed.
func (v vector) sign(t *testing.T, app platform.App) (address, sum, text string) {
	t.Helper()
	cred := platform.Credential{
		Subject: v.subject(), Token: gk.Token{Access: gk.NewSecret(v.call["token"]), Refresh: gk.NewSecret("7265667265736831")},
	}
	var req *platform.Request
	var err error
	switch v.call["step"] {
	case "link", "cancel":
		l, err := driver.Link(app, platform.Want{Form: "signed", Cancel: v.call["step"] == "cancel"})
		if err != nil {
			t.Fatal(err)
		}
		return l.URL, l.Signature, l.SignedText
	case "exchange":
		req, err = driver.ExchangeRequest(app, platform.Callback{Code: gk.NewSecret("c0de"), Subject: gk.Subject{Kind: "shop", ID: "77001234"}})
	case "refresh":
		cred.Subject = gk.Subject{Kind: "shop", ID: "77001234"}
		req, err = driver.(platform.Renewer).RenewRequest(app, cred)
	case "census":
		req, err = driver.(platform.Census).CensusRequest(app, "shop", "")
	default:
		req, err = driver.Sign(app, cred, platform.Call{Method: "GET", Path: v.call["path"]})
	}
	if err != nil {
		t.Fatal(err)
	}
	return req.URL, req.Signature, req.SignedText
}

func TestPushVectors(t *testing.T) {
	for _, v := range vectors(t, "push-") {
		t.Run(v.name, func(t *testing.T) {
			d, err := driver.(platform.Receiver).Receive(v.open(t), v.incoming())
			if err != nil || len(d.Notices) != 1 || len(d.Notices[0].Subjects) != 1 {
				t.Fatalf("Receive = %+v, %v", d, err)
			}
			n := d.Notices[0]
			got := n.Kind + " " + n.Subjects[0].String() + " at " + n.At.Format(time.RFC3339) + " matched " + d.Matched
			if got != v.expect {
				t.Errorf("notice = %s, want %s", got, v.expect)
			}
			if d.Answer.Status != http.StatusNoContent || len(d.Answer.Body) != 0 {
				t.Errorf("answer = %d %q, want 204 and nothing", d.Answer.Status, d.Answer.Body)
			}
		})
	}
}

func TestTokenVectors(t *testing.T) {
	for _, v := range vectors(t, "token-") {
		t.Run(v.name, func(t *testing.T) {
			app := v.open(t)
			asked := platform.Asked{Stage: platform.StageRefresh, At: app.Now, Subject: v.subject()}
			req, err := driver.ExchangeRequest(app, platform.Callback{Code: gk.NewSecret(v.call["code"]), Subject: v.subject()})
			if v.call["code"] != "" {
				asked = platform.Asked{Stage: platform.StageToken, At: app.Now, Claimed: v.subject()}
			} else {
				req, err = driver.(platform.Renewer).RenewRequest(app, platform.Credential{
					Subject: v.subject(), Token: gk.Token{Refresh: gk.NewSecret(v.call["refresh"])},
				})
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.request != "" {
				v.checkRequest(t, req)
			}
			issues, err := driver.ReadIssues(app, asked, platform.Reply{Status: v.status, Body: []byte(v.reply), Received: app.Now})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, i := range issues {
				if i.Shared && got == "" {
					got = "shared "
				}
				got += i.Subject.String()
				if i.Subject.Parent != "" {
					got += "<" + i.Subject.Parent
				}
				got += " "
			}
			if got += "until " + issues[0].Token.Expires.Format(time.RFC3339); got != v.expect {
				t.Errorf("issues = %s, want %s", got, v.expect)
			}
			for _, i := range issues {
				if i.Token.Access.Empty() || i.Token.Refresh.Empty() || !i.Token.RefreshExpires.Equal(app.Now.Add(30*24*time.Hour)) {
					t.Errorf("pair of %s is not complete: %+v", i.Subject, i.Token)
				}
			}
		})
	}
}
