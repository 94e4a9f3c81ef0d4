package shopify_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

func TestVectors(t *testing.T) {
	platformtest.Vectors(t, driver, os.DirFS("testdata"), map[string]func(*testing.T, platformtest.Vector) string{
		"link":     linkVector,
		"callback": callbackVector,
		"install":  installVector,
		"push":     pushVector,
		"token":    tokenVector,
		"call":     callVector,
	})
}

func linkVector(t *testing.T, v platformtest.Vector) string {
	link, err := driver.Link(v.App, platform.Want{State: v.Call["state"], Hint: v.Subject()})
	if err != nil {
		t.Fatal(err)
	}
	v.CheckRequest(t, &platform.Request{Method: "GET", URL: link.URL})
	return "link"
}

func callbackVector(t *testing.T, v platformtest.Vector) string {
	cb, err := driver.ReadCallback(v.App, v.Incoming())
	if err != nil || !cb.Proven {
		t.Fatalf("proven = %v, error = %v", cb.Proven, err)
	}
	return fmt.Sprintf("proven %s code %s state %s", cb.Subject.Host, cb.Code.Reveal(), cb.State)
}

func installVector(t *testing.T, v platformtest.Vector) string {
	entry, err := driver.(platform.Starter).ReadEntry(v.App, v.Incoming())
	if err != nil || !entry.Proven {
		t.Fatalf("proven = %v, error = %v", entry.Proven, err)
	}
	return "proven " + entry.Hint.Host
}

func pushVector(t *testing.T, v platformtest.Vector) string {
	d, n := v.Delivery(t)
	if n.Dedup != "wh-1" || !n.At.IsZero() || d.Answer.Status != 200 {
		t.Errorf("dedup %q, at %v, answer %d; want the platform's id, no time, 200", n.Dedup, n.At, d.Answer.Status)
	}
	return fmt.Sprintf("%s %s %s", n.Kind, n.Subjects[0], n.Subjects[0].Host)
}

func tokenVector(t *testing.T, v platformtest.Vector) string {
	issues := v.Issues(t)
	if len(issues) != 1 {
		t.Fatalf("ReadIssues = %+v, want one", issues)
	}
	i := issues[0]
	return fmt.Sprintf("issued %s %s %s %s until %s refresh until %s scopes %s", i.Subject, i.Subject.Host, i.Token.Access.Reveal(),
		or(i.Token.Refresh.Reveal()), moment(i.Token.Expires), moment(i.Token.RefreshExpires), strings.Join(i.Scopes, ","))
}

func or(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func moment(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Format(time.RFC3339)
}

func callVector(_ *testing.T, v platformtest.Vector) string {
	f := driver.Diagnose(v.App, platform.Asked{Stage: platform.StageCall}, v.Reply)
	if f == nil {
		return "ok"
	}
	return fmt.Sprintf("fault %s %s after %s: %s", f.Row, f.Code, f.RetryAfter, f.Message)
}
