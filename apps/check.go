package apps

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
)

// Check is one thing that was looked at: ok, failed, or manual where only a person can compare.
type Check struct {
	Name   string    `json:"name"`
	State  string    `json:"state"`
	Detail string    `json:"detail"`
	Fault  *gk.Fault `json:"fault,omitempty"`
}

// States of a Check.
const (
	CheckOK     = "ok"
	CheckFailed = "failed"
	CheckManual = "manual"
)

// Check looks whether an application can work: its secrets, addresses, and what its own refreshes last met.
func (r *Registry) Check(ctx context.Context, v gk.Viewer, id string) ([]Check, error) {
	app, err := r.store.App(ctx, v, id)
	if err != nil {
		return nil, err
	}
	opened, err := r.Open(app)
	if err != nil {
		return []Check{r.unopened(app, err)}, nil
	}
	checks := append(opened.checkSettings(), r.checkCallback(app.ID, opened.Open.CallbackURL))
	checks = append(checks, r.checkEgress(ctx, app.ID)...)
	checks = append(checks, opened.checkCredentials(ctx)...)
	checks = append(checks, checkRefreshes(app))
	if since := app.Cursors[lifecycle.CursorSecret]; since != "" && opened.Refresh().PinnedTo != "" {
		check, err := r.checkMinted(ctx, app, since)
		if err != nil {
			return nil, err
		}
		checks = append(checks, check)
	}
	if at := KeyEnd(opened.Driver, &app); !at.IsZero() {
		checks = append(checks, checkKeyEnd(opened.Driver.Spec().Facts, id, at, r.now()))
	}
	return checks, nil
}

// keyLeft is how long a platform's key should still be good: its vendor hears of its end that long before, too.
const keyLeft = 30 * 24 * time.Hour

// checkKeyEnd tells when the secret of an app ends, and what to do before.
func checkKeyEnd(facts *platform.Facts, id string, end, now time.Time) Check {
	c := Check{"key", CheckOK, "the platform's key ends on " + end.Format(time.DateOnly), nil}
	if end.Sub(now) >= keyLeft {
		return c
	}
	c.State = CheckFailed
	if !end.After(now) {
		c.Detail = "the platform's key ended on " + end.Format(time.DateOnly)
	}
	setting := facts.InRole(platform.RoleSecretEnds)
	c.Detail += "; get another in the platform's console, and give it with its end: grantkeep app update " + id + " --set " + setting + "=YYYY-MM-DDT00:00:00Z"
	if secret, ok := strings.CutSuffix(setting, "_expires_at"); ok && facts.Settings[secret].Secret {
		c.Detail += " --secret " + secret + "=FILE"
	}
	return c
}

// unopened says why an app cannot be opened at all.
func (r *Registry) unopened(app gk.App, err error) Check {
	name, detail := "secrets", "the stored secrets do not open with this master key, or are damaged; give them again: grantkeep app, or PATCH /v1/apps/"+app.ID
	var b *Broken
	switch errors.As(err, &b); {
	case b != nil && b.Code == CodeNoDriver:
		name, detail = "driver", "this build has no driver for "+app.Platform+"; run one that has"
	case b != nil && b.Code == CodeEndpoint:
		name, detail = "endpoints."+r.foreignEndpoint(app), "names a host that this server was not started with; start it with --allow-endpoint for that host, or change the endpoint"
	}
	return Check{name, CheckFailed, detail, r.FaultOf(app)}
}

// checkSettings tells which settings are missing.
func (o Opened) checkSettings() (checks []Check) {
	facts := o.Driver.Spec().Facts
	for _, name := range slices.Sorted(maps.Keys(facts.Settings)) {
		s := facts.Settings[name]
		if s.Role == platform.RolePushed && o.Open.Secret(name).Empty() {
			checks = append(checks, Check{"settings." + name, CheckFailed, "has not been pushed by the platform yet; register " + o.Open.PushURL + " there", nil})
		}
		if s.RequiredFor(o.App.Profile) && name != "redirect_uri" && o.Open.Settings[name] == "" && o.Open.Secret(name).Empty() {
			checks = append(checks, Check{"settings." + name, CheckFailed, "is missing", nil})
		}
	}
	return checks
}

// checkCallback compares where the app sends merchants back with where this server listens.
func (r *Registry) checkCallback(id, registered string) Check {
	ours := r.CallbackURL(id)
	switch u, err := url.Parse(registered); {
	case err != nil || u.Host == "":
		return Check{"callback", CheckFailed, "is no address", nil}
	case registered != ours:
		return Check{"callback", CheckFailed, fmt.Sprintf("the app sends merchants back to %s, but this server listens at %s; change the setting redirect_uri, or forward that address here", registered, ours), nil}
	}
	return Check{"callback", CheckManual, "compare with the platform's console, character by character: " + ours, nil}
}

// stopWords says for each kind of stop why an app's grants are not refreshed, and what lets them go on.
var stopWords = map[gk.Stop]string{
	gk.StopRestored: "stopped since the first refresh tokens were all refused: was the database restored from a backup, or does another installation use it? " +
		"Refresh one grant to see; then let them go on with grantkeep doctor --restored",
	gk.StopAsking: "the database was put back to an earlier state: only grants whose access token the platform says lives are refreshed. " +
		"Refresh one to see; then let the rest go on with grantkeep doctor --restored",
	gk.StopFault: "stopped since the platform refuses the app; corrected settings resume them",
}

// checkRefreshes tells what the app's own refreshes last met.
func checkRefreshes(app gk.App) Check {
	if why := stopWords[app.Stop]; why != "" {
		return Check{"renewals", CheckFailed, why, app.Fault}
	}
	if app.Fault != nil {
		return Check{"renewals", CheckFailed, "the last refresh of one grant met a fault of the app", app.Fault}
	}
	return Check{"renewals", CheckOK, "no fault of the app was met", nil}
}

// checkEgress asks an echo from which address a platform sees this app's requests come. Without an echo there is nothing to say.
func (r *Registry) checkEgress(ctx context.Context, app string) []Check {
	const name = "egress"
	way, seen, err := r.Leaves(ctx, app, "")
	switch {
	case errors.Is(err, outbound.ErrNoEcho), errors.Is(err, outbound.ErrForbidden):
		return nil
	case err != nil:
		return []Check{{name, CheckFailed, by(way) + "the echo could not be asked: " + err.Error(), nil}}
	}
	return []Check{{name, CheckManual, by(way) + "the platform sees requests come from " + seen.String() + "; compare with its console, where it has a list of addresses", nil}}
}

func by(way string) string {
	switch way {
	case "":
		return ""
	case outbound.Direct:
		return "directly, "
	}
	return "by " + way + ", "
}

// checkCredentials asks the platform something that only the right credentials may ask: its list of our
// authorizations, or the app's own token. Nothing of it is kept.
func (o Opened) checkCredentials(ctx context.Context) []Check {
	const name = "credentials"
	facts := o.Driver.Spec().Facts
	var req *platform.Request
	var err error
	asked := platform.Asked{Stage: platform.StageCall}
	read := func(reply platform.Reply) error { return o.Diagnose(asked, reply) }
	if facts.AppToken != nil {
		if _, err := o.Equipped(ctx); err != nil {
			return []Check{{name, CheckFailed, "the app's own token is not to be had: " + err.Error(), FaultIn(err)}}
		}
		return []Check{{name, CheckOK, "the platform gives the app its own token", nil}}
	}
	if census, ok := o.Driver.(platform.Census); ok {
		req, err = o.Request("census", func() (*platform.Request, error) { return census.CensusRequest(o.Open, facts.Subjects[0], "") })
	} else if refresher, ok := o.Driver.(platform.Refresher); ok && facts.CheckProfile != "" && slices.Contains(facts.Profiles[:1], o.App.Profile) {
		o.Open.Profile = facts.CheckProfile
		asked.Stage = platform.StageToken
		req, err = o.Request("renew", func() (*platform.Request, error) { return refresher.RefreshRequest(o.Open, platform.Credential{}) })
		read = func(reply platform.Reply) error { _, err := o.Issues(asked, reply); return err }
	}
	if err != nil {
		return []Check{{name, CheckFailed, err.Error(), nil}}
	}
	if req == nil {
		return []Check{{name, CheckManual, "this platform has nothing to ask without a shop; the first authorization tells", nil}}
	}
	reply, err := o.Ask(ctx, req, false, 30*time.Second)
	if err != nil {
		return []Check{{name, CheckFailed, "the platform could not be asked: " + err.Error(), nil}}
	}
	if err := read(reply); err != nil {
		f := FaultIn(err)
		text := err.Error()
		if row := rowOf(o.Driver, f); row != nil {
			text = row.Cause.En + "; " + row.Remedy.En
		}
		return []Check{{name, CheckFailed, text, f}}
	}
	return []Check{{name, CheckOK, "the platform accepts them", nil}}
}

func rowOf(d platform.Driver, f *gk.Fault) *platform.Row {
	if f == nil {
		return nil
	}
	return d.Spec().Catalogue.Row(f.Row)
}
