package platformtest

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Vector is one file of a driver's testdata: what the platform's pages or SDKs print, and what the driver has to make of
// it. Its first line is "source: " and where the bytes come from, its second "expect: " and what comes out. Its parts,
// none of which is required, are
//
//	app      settings of the app, NAME=VALUE on a line each, with profile and stage among them
//	call     what the driver is given, NAME=VALUE on a line each; now is the moment, RFC 3339 or unix seconds
//	signed   the text that is signed, with the secret masked
//	request  METHOD URL, headers, an empty line, the body: a request of ours or one that came to us
//	reply    the status and, from the next line on, the body
type Vector struct {
	Name   string // of the file, without its ending
	Expect string
	App    platform.App // open
	Call   map[string]string
	Reply  platform.Reply

	signed, request string
	driver          platform.Driver
}

// Vectors lets a driver make something of every vector of a directory and compares it with what the vector expects.
// A kind of vector is the beginning of the file's name, up to the first hyphen; makers has a function for each, which
// returns what the driver made in the words of the expectation. A vector without a maker fails, and so does a maker
// without a vector.
func Vectors(t *testing.T, d platform.Driver, dir fs.FS, makers map[string]func(*testing.T, Vector) string) {
	t.Helper()
	left := maps.Clone(makers)
	for _, v := range ReadVectors(t, d, dir, "*") {
		kind, _, _ := strings.Cut(v.Name, "-")
		delete(left, kind)
		t.Run(v.Name, func(t *testing.T) {
			maker, ok := makers[kind]
			if !ok {
				t.Fatalf("nothing makes vectors of the kind %q", kind)
			}
			if got := maker(t, v); got != v.Expect {
				t.Errorf("got  %s\nwant %s", got, v.Expect)
			}
		})
	}
	for kind := range left {
		t.Errorf("no vector of the kind %q", kind)
	}
}

// ReadVectors reads the vectors of a directory whose names, without the ending, match a pattern of path.Match.
func ReadVectors(t testing.TB, d platform.Driver, dir fs.FS, pattern string) []Vector {
	t.Helper()
	files, err := fs.Glob(dir, pattern+".txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors %s: %v", pattern, err)
	}
	var all []Vector
	for _, file := range files {
		data, err := fs.ReadFile(dir, file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := readVector(d, data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		v.Name = strings.TrimSuffix(file, ".txtar")
		all = append(all, v)
	}
	return all
}

func readVector(d platform.Driver, data []byte) (Vector, error) {
	v := Vector{driver: d}
	archive := txtar.Parse(data)
	source, expect, _ := strings.Cut(strings.TrimSuffix(string(archive.Comment), "\n"), "\n")
	var ok bool
	if v.Expect, ok = strings.CutPrefix(expect, "expect: "); !ok || !strings.HasPrefix(source, "source: ") {
		return v, errors.New("the first two lines must begin with \"source: \" and \"expect: \"")
	}
	var settings map[string]string
	var err error
	for _, part := range archive.Files {
		text := strings.TrimSuffix(string(part.Data), "\n")
		switch part.Name {
		case "app":
			settings, err = pairs(text)
		case "call":
			v.Call, err = pairs(text)
		case "signed":
			v.signed = text
		case "request":
			v.request = text
		case "reply":
			status, body, _ := strings.Cut(text, "\n")
			v.Reply.Body = []byte(body)
			v.Reply.Status, err = strconv.Atoi(status)
		default:
			err = errors.New("unknown")
		}
		if err != nil {
			return v, fmt.Errorf("part %s: %w", part.Name, err)
		}
	}
	v.App = appOf(d.Spec().Facts, settings)
	if now := v.Call["now"]; now != "" {
		if v.App.Now, err = gk.ParseTime(now); err != nil {
			return v, fmt.Errorf("now: %w", err)
		}
	}
	v.App = d.Spec().Open(v.App)
	v.Reply.Received = v.App.Now
	return v, nil
}

func pairs(text string) (map[string]string, error) {
	m := make(map[string]string)
	for line := range strings.SplitSeq(text, "\n") {
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not NAME=VALUE", line)
		}
		m[name] = value
	}
	return m, nil
}

// Subject returns the subject that the call names by kind, id and host.
func (v Vector) Subject() gk.Subject {
	return gk.Subject{Kind: v.Call["kind"], ID: v.Call["id"], Host: v.Call["host"]}
}

// Credential returns the subject with the call's token and refresh.
func (v Vector) Credential() platform.Credential {
	return platform.Credential{
		Subject: v.Subject(), Token: gk.Token{Access: gk.NewSecret(v.Call["token"]), Refresh: gk.NewSecret(v.Call["refresh"])},
	}
}

// Incoming returns the vector's request as one that came to us.
func (v Vector) Incoming() platform.Incoming {
	head, body, _ := strings.Cut(v.request, "\n\n")
	first, rest, _ := strings.Cut(head, "\n")
	method, address, _ := strings.Cut(first, " ")
	in := platform.Incoming{Method: method, URL: address, Header: make(http.Header), Body: []byte(body)}
	for line := range strings.Lines(rest) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		in.Header.Add(name, value)
	}
	return in
}

// CheckRequest compares a request of the driver's with the vector's, where it has one.
func (v Vector) CheckRequest(t *testing.T, r *platform.Request) {
	t.Helper()
	if v.request == "" {
		return
	}
	if diff := cmp.Diff(wire(v.Incoming()), wire(incoming(r))); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

// Signature checks a signed request: it is the vector's, the text that was signed is the vector's too, and a driver that
// verifies calls takes it for right. It returns "signature " and the signature.
func (v Vector) Signature(t *testing.T, r *platform.Request) string {
	t.Helper()
	v.CheckRequest(t, r)
	if v.signed != "" && r.SignedText != v.signed {
		t.Errorf("signed text = %s\nwant          %s", r.SignedText, v.signed)
	}
	if verifier, ok := v.driver.(platform.Verifier); ok {
		if err := verifier.VerifyCall(v.App, incoming(r)); err != nil {
			t.Errorf("VerifyCall of our own request = %v", err)
		}
	}
	return "signature " + r.Signature
}

// Issues trades the call's code, or refreshes the credential where there is none, and reads the vector's reply.
func (v Vector) Issues(t *testing.T) []platform.Issue {
	t.Helper()
	asked := platform.Asked{Stage: platform.StageToken, At: v.App.Now, Claimed: v.Subject()}
	var r *platform.Request
	var err error
	if code := v.Call["code"]; code != "" {
		r, err = v.driver.ExchangeRequest(v.App, platform.Callback{Code: gk.NewSecret(code), Subject: v.Subject()})
	} else {
		asked = platform.Asked{Stage: platform.StageRefresh, At: v.App.Now, Subject: v.Subject()}
		r, err = v.driver.(platform.Refresher).RefreshRequest(v.App, v.Credential())
	}
	if err != nil {
		t.Fatal(err)
	}
	v.CheckRequest(t, r)
	v.checkSent(t, r)
	asked.Sent = r.Sent
	issues, err := v.driver.ReadIssues(v.App, asked, v.Reply)
	if err != nil || len(issues) == 0 {
		t.Fatalf("ReadIssues = %+v, %v", issues, err)
	}
	return issues
}

// checkSent looks for secrets among the parameters that a request says it carries.
func (v Vector) checkSent(t *testing.T, r *platform.Request) {
	t.Helper()
	secrets := []string{v.Call["code"], v.Call["refresh"]}
	for name := range v.App.Secrets {
		secrets = append(secrets, v.App.Secret(name).Reveal())
	}
	for name, values := range r.Sent {
		for _, secret := range secrets {
			if secret != "" && strings.Contains(strings.Join(values, " "), secret) {
				t.Errorf("Sent holds a secret under %s", name)
			}
		}
	}
}

// Delivery lets the driver receive the vector's request, a push about one subject.
func (v Vector) Delivery(t *testing.T) (platform.Delivery, platform.Notice) {
	t.Helper()
	d, err := v.driver.(platform.Receiver).Receive(v.App, v.Incoming())
	if err != nil || len(d.Notices) != 1 || len(d.Notices[0].Subjects) != 1 {
		t.Fatalf("Receive = %+v, %v, want one notice about one subject", d, err)
	}
	return d, d.Notices[0]
}

func incoming(r *platform.Request) platform.Incoming {
	return platform.Incoming{Method: r.Method, URL: r.URL, Header: r.Header, Body: r.Body}
}

// wire writes a request in the form of the vectors, its headers sorted.
func wire(in platform.Incoming) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", in.Method, in.URL)
	for _, name := range slices.Sorted(maps.Keys(in.Header)) {
		for _, value := range in.Header[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "\n%s", in.Body)
	return b.String()
}
