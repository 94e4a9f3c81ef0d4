package tiktokshop_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

func TestVectors(t *testing.T) {
	platformtest.Vectors(t, driver, os.DirFS("testdata"), map[string]func(*testing.T, platformtest.Vector) string{
		"link":  linkVector,
		"sign":  signVector,
		"push":  pushVector,
		"token": tokenVector,
	})
}

func linkVector(t *testing.T, v platformtest.Vector) string {
	link, err := driver.Link(v.App, platform.Want{State: v.Call["state"], Form: v.Call["form"]})
	if err != nil {
		t.Fatal(err)
	}
	v.CheckRequest(t, &platform.Request{Method: "GET", URL: link.URL})
	return "link"
}

func signVector(t *testing.T, v platformtest.Vector) string {
	query, err := url.ParseQuery(v.Call["query"])
	if err != nil {
		t.Fatal(err)
	}
	r, err := driver.Sign(v.App, v.Credential(), platform.Call{
		Free: true, Method: v.Call["method"], Path: v.Call["path"], Query: query, Header: http.Header{"Content-Type": {v.Call["type"]}},
		Body: []byte(strings.ReplaceAll(v.Call["body"], `\n`, "\n")),
	})
	if err != nil {
		t.Fatal(err)
	}
	return v.Signature(t, r)
}

func pushVector(t *testing.T, v platformtest.Vector) string {
	d, err := driver.(platform.Receiver).Receive(v.App, v.Incoming())
	if err != nil || len(d.Notices) != 1 || d.Answer.Status != 200 || len(d.Answer.Body) > 0 {
		t.Fatalf("Receive = %+v, %v, want one notice and an empty 200", d, err)
	}
	n := d.Notices[0]
	got := n.Kind
	for _, s := range n.Subjects {
		got += " " + s.String()
	}
	if len(n.Shops) > 0 {
		got += " shops " + strings.Join(n.Shops, ",")
	}
	return fmt.Sprintf("%s at %s id %s", got, moment(n.At), n.Dedup)
}

func tokenVector(t *testing.T, v platformtest.Vector) string {
	issues := v.Issues(t)
	if len(issues) != 1 {
		t.Fatalf("ReadIssues = %+v, want one", issues)
	}
	i := issues[0]
	return fmt.Sprintf("issued %s %s %s %s %s until %s ends %s refresh end %s scopes %s", i.Subject, i.Subject.Name, i.Subject.Region,
		i.Token.Access.Reveal(), i.Token.Refresh.Reveal(), moment(i.Token.Expires), moment(i.Ceiling), moment(i.Token.RefreshExpires),
		strings.Join(i.Scopes, ","))
}

func moment(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Format(time.RFC3339)
}
