package apps

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// Input is an application as a person describes it. Settings holds public and secret ones under the platform's names.
type Input struct {
	Platform, Environment, Profile, Stage, Name string
	Settings                                    map[string]string
	Endpoints                                   map[string]string
	ReturnOrigins                               []string
	Face                                        FaceInput
}

// Create checks and stores an application. Every mistake is an *gk.Invalid that names the field.
func (r *Registry) Create(ctx context.Context, v gk.Viewer, in Input) (gk.App, error) {
	d := r.drivers[in.Platform]
	if d == nil {
		return gk.App{}, gk.BadInput("platform", "is none of "+strings.Join(slices.Sorted(maps.Keys(r.drivers)), ", "))
	}
	if err := in.lift(d.Spec()); err != nil {
		return gk.App{}, err
	}
	now := r.now()
	app := gk.App{
		ID: gk.NewID("app", now), Platform: in.Platform, Environment: in.Environment, Profile: in.Profile, Stage: in.Stage,
		Name: in.Name, Endpoints: in.Endpoints, ReturnOrigins: in.ReturnOrigins, CreatedAt: now, UpdatedAt: now, Version: 1,
		Settings: map[string]string{},
	}
	f := d.Spec().Facts
	if app.Environment == "" {
		app.Environment = gk.Production
	}
	if app.Profile == "" && len(f.Profiles) > 0 {
		app.Profile = f.Profiles[0]
	}
	if app.Stage == "" {
		app.Stage = "online"
	}
	if app.Name == "" {
		app.Name = f.Names.En + " " + app.Environment
	}
	if err := in.Face.merge(&app.Face); err != nil {
		return gk.App{}, err
	}
	secrets := map[string][]gk.AppSecret{}
	if err := r.fill(d.Spec(), &app, secrets, in.Settings, now); err != nil {
		return gk.App{}, err
	}
	if err := r.checkApp(d.Spec(), app, secrets); err != nil {
		return gk.App{}, err
	}
	if err := r.SealSecrets(&app, secrets); err != nil {
		return gk.App{}, err
	}
	err := r.store.CreateApp(ctx, app, gk.Event{
		ID: gk.NewID("evt", now), Kind: gk.EventAppChanged, Actor: v.Key, App: app.ID, At: now, Data: map[string]any{"change": "created"},
	})
	return app, err
}

// Change is what a PATCH of an application says; nil leaves a member as it is.
type Change struct {
	Name, Environment, Profile, Stage *string
	Settings                          map[string]string // merged; an empty value removes one
	Endpoints                         map[string]string // replaced
	ReturnOrigins                     []string          // replaced
	Face                              FaceInput
}

// merge sets what a change names; settings are filled in apart, since some of them are secrets.
func (c Change) merge(app *gk.App) error {
	for _, m := range []struct {
		given *string
		into  *string
	}{{c.Name, &app.Name}, {c.Environment, &app.Environment}, {c.Profile, &app.Profile}, {c.Stage, &app.Stage}} {
		if m.given != nil {
			*m.into = *m.given
		}
	}
	if c.Endpoints != nil {
		app.Endpoints = c.Endpoints
	}
	if c.ReturnOrigins != nil {
		app.ReturnOrigins = c.ReturnOrigins
	}
	app.Settings = maps.Clone(app.Settings)
	return c.Face.merge(&app.Face)
}

// Update changes an application and clears its pause. New endpoints, another environment or another client id,
// redirect_uri or push_url need the secrets again in the same change: a stored secret never serves a host that was named
// after it.
func (r *Registry) Update(ctx context.Context, v gk.Viewer, id string, c Change) (gk.App, error) {
	var after gk.App
	resumed, rotated := false, false
	now := r.now()
	err := r.store.UpdateApp(ctx, v, id, now, func(app *gk.App) ([]gk.Event, error) {
		d := r.drivers[app.Platform]
		resumed = false
		if d == nil {
			return nil, gk.BadInput("app", "is of platform "+app.Platform+", which this build has no driver for; change it with a build that has")
		}
		secrets, err := r.OpenSecrets(*app)
		if err != nil { // what does not open is given again: checkApp names what is missing
			r.log.Warn("the stored secrets of an app do not open and are replaced", "app", app.ID, "error", err)
			secrets = map[string][]gk.AppSecret{}
		}
		pinned := d.Spec().Facts.RefreshOf(app.Profile, app.Stage).PinnedTo
		newest := valueOf(secrets[pinned])
		before := r.destination(d.Spec(), *app)
		if err := c.merge(app); err != nil {
			return nil, err
		}
		if err := r.fill(d.Spec(), app, secrets, c.Settings, now); err != nil {
			return nil, err
		}
		if rotated = newest != "" && valueOf(secrets[pinned]) != newest; rotated {
			cursors := map[string]string{}
			maps.Copy(cursors, app.Cursors)
			cursors[lifecycle.CursorSecret] = Millis(now)
			app.Cursors = cursors
		}
		if r.destination(d.Spec(), *app) != before {
			if err := forgetSecrets(d.Spec(), secrets, c); err != nil {
				return nil, err
			}
		}
		if err := r.checkApp(d.Spec(), *app, secrets); err != nil {
			return nil, err
		}
		if err := r.SealSecrets(app, secrets); err != nil {
			return nil, err
		}
		events := []gk.Event{{
			ID: gk.NewID("evt", now), Kind: gk.EventAppChanged, Actor: v.Key, App: app.ID, At: now, Data: map[string]any{"change": "updated"},
		}}
		if atRest(app) {
			app.Stop, app.Broken, app.PausedUntil, app.Fault, app.FaultGrant = "", "", time.Time{}, nil, ""
			resumed = true
			lifecycle.Resume(app, now)
			events = append(events, gk.Event{ID: gk.NewID("evt", now), Kind: gk.EventAppResumed, Actor: v.Key, App: app.ID, At: now, Data: map[string]any{}})
		}
		after = *app
		return events, nil
	})
	r.changed(ctx, id, resumed && err == nil)
	if rotated && err == nil && r.rotated != nil {
		r.rotated(ctx, id)
	}
	return after, err
}

// atRest reports whether something keeps an app from being asked for, which a change of it ends.
func atRest(app *gk.App) bool {
	return app.Stop != "" || app.Broken != "" || !app.PausedUntil.IsZero() || app.Fault != nil
}

// forgetSecrets keeps of an app whose secrets go somewhere else what was entered for the new place, and refuses the change
// where something was not entered again.
func forgetSecrets(spec *platform.Spec, secrets map[string][]gk.AppSecret, c Change) error {
	for name, s := range spec.Facts.Settings {
		if s.Role == platform.RolePushed {
			delete(secrets, name) // it was pushed to another app; this one's comes
		}
		if s.Secret && len(secrets[name]) > 0 && c.Settings[name] == "" {
			return gk.BadInput("settings."+name, "is needed again when endpoints, environment, the client id, redirect_uri or push_url change")
		}
	}
	for name := range secrets {
		secrets[name] = secrets[name][:1] // an older value must not go to a newer host either
	}
	return nil
}

// valueOf is the newest value of a secret, empty where there is none.
func valueOf(all []gk.AppSecret) string {
	if len(all) == 0 {
		return ""
	}
	return all[0].Value
}

// Delete removes an application; store.ErrInUse while it has grants.
func (r *Registry) Delete(ctx context.Context, v gk.Viewer, id string) error {
	now := r.now()
	return r.store.DeleteApp(ctx, v, id, gk.Event{
		ID: gk.NewID("evt", now), Kind: gk.EventAppChanged, Actor: v.Key, App: id, At: now, Data: map[string]any{"change": "removed"},
	})
}
