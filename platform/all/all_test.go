package all_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// TestEveryRowIsExplained asks about each row of each catalogue as a person would who has its stage, code and text.
func TestEveryRowIsExplained(t *testing.T) {
	for _, d := range all.Drivers() {
		app := d.Spec().Open(platform.App{Now: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)})
		for _, row := range d.Spec().Catalogue.Rows() {
			q := explain.Question{Stage: row.Stage, Code: row.Code, Message: row.Example}
			if name, ok := strings.CutPrefix(row.When, "sent:"); ok {
				q.Sent = url.Values{name: {"x"}}
			}
			f := explain.Explain(d, app, q)
			if f.Row != row.ID || f.Action != row.Action || f.Terminal != row.Terminal || f.Cause != row.Cause || f.Remedy != row.Remedy {
				t.Errorf("%s: row %s is explained as %s, %s, terminal %v", d.Spec().Code, row.ID, f.Row, f.Action, f.Terminal)
			}
		}
	}
}

// TestSecretsStandForSomebody: a platform's secrets are asked for again when an app becomes another one, which only the
// facts can tell.
func TestSecretsStandForSomebody(t *testing.T) {
	for _, d := range all.Drivers() {
		identities := 0
		for name, s := range d.Spec().Facts.Settings {
			if s.Identity {
				identities++
			}
			if strings.HasSuffix(name, "_expires_at") && s.Role != platform.RoleSecretEnds {
				t.Errorf("%s: settings.%s has no role", d.Spec().Code, name)
			}
		}
		if identities == 0 {
			t.Errorf("%s: no setting has identity = true", d.Spec().Code)
		}
	}
}

// TestUnknownTextsEndNothing says to every platform what none of them says. A 5xx may have a row of its own.
func TestUnknownTextsEndNothing(t *testing.T) {
	for _, d := range all.Drivers() {
		app := d.Spec().Open(platform.App{})
		for _, stage := range []string{"", "authorize", "token", "refresh", "call", "push"} {
			f := explain.Explain(d, app, explain.Question{Stage: stage, Message: "what the stars say"})
			if f.Known || f.Terminal || f.Action != gk.FixRequest {
				t.Errorf("%s, stage %q: %s, known %v, terminal %v; want fix_request, unknown, not terminal",
					d.Spec().Code, stage, f.Action, f.Known, f.Terminal)
			}
			f = explain.Explain(d, app, explain.Question{Stage: stage, Status: 503, Message: "what the stars say"})
			if f.Terminal || f.Action != gk.Retry && (!f.Known || f.Action != gk.Backoff) {
				t.Errorf("%s, stage %q, 503: %s, terminal %v; want retry, not terminal", d.Spec().Code, stage, f.Action, f.Terminal)
			}
		}
	}
}
