package shoplazza_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
)

// vector is one file of testdata: what the platform's pages print, and what we must make of it.
type vector struct {
	name, expect string
	app, step    map[string]string
	request      string // METHOD URL, headers, an empty line, body
	reply        platform.Reply
}

func vectors(t *testing.T, pattern string) []vector {
	t.Helper()
	files, err := filepath.Glob("testdata/" + pattern + ".txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors %s: %v", pattern, err)
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
		v := vector{name: filepath.Base(file), expect: strings.TrimSuffix(strings.TrimPrefix(expect, "expect: "), "\n")}
		for _, f := range archive.Files {
			text := strings.TrimSuffix(string(f.Data), "\n")
			switch f.Name {
			case "app":
				v.app = pairs(text)
			case "step":
				v.step = pairs(text)
			case "request":
				v.request = text
			case "reply":
				status, body, _ := strings.Cut(text, "\n\n")
				n, err := strconv.Atoi(status)
				if err != nil {
					t.Fatalf("%s: reply: %v", file, err)
				}
				v.reply = platform.Reply{Status: n, Body: []byte(body), Received: now}
			default:
				t.Fatalf("%s: unknown section %s", file, f.Name)
			}
		}
		all = append(all, v)
	}
	return all
}

func pairs(text string) map[string]string {
	m := make(map[string]string)
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		m[name] = value
	}
	return m
}

var now = time.Date(2025, 11, 13, 12, 35, 42, 0, time.UTC)

// open makes an app of settings as a person writes them.
func open(settings map[string]string) platform.App {
	app := platform.App{Settings: map[string]string{}, Secrets: map[string][]gk.Secret{}, Profile: settings["profile"], Now: now}
	for name, value := range settings {
		if name == "client_secret" {
			app.Secrets[name] = []gk.Secret{gk.NewSecret(value)}
			continue
		}
		app.Settings[name] = value
	}
	return shoplazza.New().Spec().Open(app)
}

func (v vector) incoming(t *testing.T) platform.Incoming {
	t.Helper()
	head, body, _ := strings.Cut(v.request, "\n\n")
	r := bufio.NewScanner(strings.NewReader(head))
	r.Scan()
	method, address, _ := strings.Cut(r.Text(), " ")
	in := platform.Incoming{Method: method, URL: address, Header: make(http.Header), Body: []byte(body)}
	for r.Scan() {
		name, value, _ := strings.Cut(r.Text(), ": ")
		in.Header.Add(name, value)
	}
	return in
}

// written is a request in the form of the vectors.
func written(r *platform.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", r.Method, r.URL)
	for _, name := range []string{"Accept", "Content-Type", "Access-Token"} {
		if value := r.Header.Get(name); value != "" {
			fmt.Fprintf(&b, "\n%s: %s", name, value)
		}
	}
	if len(r.Body) > 0 {
		fmt.Fprintf(&b, "\n\n%s", r.Body)
	}
	return b.String()
}

func (v vector) check(t *testing.T, got string) {
	t.Helper()
	if got != v.expect {
		t.Errorf("%s:\n got %s\nwant %s", v.name, got, v.expect)
	}
}

func (v vector) subject() gk.Subject {
	return gk.Subject{Kind: gk.KindShop, ID: v.step["id"], Host: v.step["host"]}
}

func TestLinkVectors(t *testing.T) {
	for _, v := range vectors(t, "link*") {
		link, err := shoplazza.New().Link(open(v.app), platform.Want{State: v.step["state"], Hint: v.subject()})
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		if got := "GET " + link.URL; got != v.request {
			t.Errorf("%s:\n got %s\nwant %s", v.name, got, v.request)
		}
	}
}

func TestCallbackVectors(t *testing.T) {
	for _, v := range vectors(t, "callback*") {
		cb, err := shoplazza.New().ReadCallback(open(v.app), v.incoming(t))
		if err != nil || !cb.Proven {
			t.Fatalf("%s: proven = %v, error = %v", v.name, cb.Proven, err)
		}
		v.check(t, fmt.Sprintf("proven %s %s code %s state %s", cb.Subject, cb.Subject.Host, cb.Code.Reveal(), cb.State))
	}
}

func TestPushVectors(t *testing.T) {
	for _, v := range vectors(t, "push*") {
		delivery, err := shoplazza.New().(platform.Receiver).Receive(open(v.app), v.incoming(t))
		if err != nil || len(delivery.Notices) != 1 {
			t.Fatalf("%s: %d notices, error = %v", v.name, len(delivery.Notices), err)
		}
		n := delivery.Notices[0]
		v.check(t, fmt.Sprintf("%s %s %s", n.Kind, n.Subjects[0], n.Subjects[0].Host))
		if n.Dedup != "3b1c" || !n.At.IsZero() || delivery.Answer.Status != 200 {
			t.Errorf("%s: dedup %q, at %v, answer %d; want the platform's id, no time, 200", v.name, n.Dedup, n.At, delivery.Answer.Status)
		}
	}
}

func TestTokenVectors(t *testing.T) {
	d := shoplazza.New()
	for _, v := range append(vectors(t, "exchange*"), vectors(t, "refresh*")...) {
		app := open(v.app)
		asked := platform.Asked{Stage: platform.StageRefresh, Subject: v.subject(), At: now}
		var r *platform.Request
		var err error
		if code := v.step["code"]; code != "" {
			asked = platform.Asked{Stage: platform.StageToken, Claimed: v.subject(), At: now}
			r, err = d.ExchangeRequest(app, platform.Callback{Code: gk.NewSecret(code), Subject: v.subject()})
		} else {
			r, err = d.(platform.Renewer).RenewRequest(app, platform.Credential{
				Subject: v.subject(), Token: gk.Token{Refresh: gk.NewSecret(v.step["refresh"])},
			})
		}
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		if diff := cmp.Diff(v.request, written(r)); v.request != "" && diff != "" {
			t.Errorf("%s: request (-want +got):\n%s", v.name, diff)
		}
		issues, err := d.ReadIssues(app, asked, v.reply)
		if err != nil || len(issues) != 1 {
			t.Fatalf("%s: %d issues, error = %v", v.name, len(issues), err)
		}
		i := issues[0]
		v.check(t, fmt.Sprintf("issued %s %s %s %s until %s scopes %s", i.Subject, i.Subject.Host, i.Token.Access.Reveal(),
			i.Token.Refresh.Reveal(), i.Token.Expires.Format(time.RFC3339), strings.Join(i.Scopes, ",")))
	}
}

func TestCallVectors(t *testing.T) {
	for _, v := range vectors(t, "call-*") {
		f := shoplazza.New().Diagnose(open(nil), platform.Asked{Stage: platform.StageCall, Sent: url.Values{}}, v.reply)
		if f == nil {
			v.check(t, "ok")
			continue
		}
		v.check(t, fmt.Sprintf("fault %s %s %s", f.Row, f.Code, f.Message))
	}
}
