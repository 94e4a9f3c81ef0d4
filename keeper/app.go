package keeper

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/vault"
)

// AppInput is an application as a person describes it. Settings holds public and secret ones under the platform's names.
type AppInput struct {
	Platform, Environment, Profile, Stage, Name string
	Settings                                    map[string]string
	Endpoints                                   map[string]string
	ReturnOrigins                               []string
}

// CreateApp checks and stores an application. Every mistake is an *Invalid that names the field.
func (k *Keeper) CreateApp(ctx context.Context, v gk.Viewer, in AppInput) (gk.App, error) {
	d := k.drivers[in.Platform]
	if d == nil {
		return gk.App{}, &Invalid{"platform", "is none of " + strings.Join(slices.Sorted(maps.Keys(k.drivers)), ", ")}
	}
	if err := in.lift(d.Spec()); err != nil {
		return gk.App{}, err
	}
	now := k.Now()
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
	secrets := map[string][]gk.AppSecret{}
	if err := k.fill(d.Spec(), &app, secrets, in.Settings, now); err != nil {
		return gk.App{}, err
	}
	if err := k.checkApp(d.Spec(), app, secrets); err != nil {
		return gk.App{}, err
	}
	if err := k.sealSecrets(&app, secrets); err != nil {
		return gk.App{}, err
	}
	err := k.store.CreateApp(ctx, app, gk.Event{
		ID: gk.NewID("evt", now), Kind: gk.EventAppChanged, Actor: v.Key, App: app.ID, At: now, Data: map[string]any{"change": "created"},
	})
	return app, err
}

// AppChange is what a PATCH of an application says; nil leaves a member as it is.
type AppChange struct {
	Name, Environment, Profile, Stage *string
	Settings                          map[string]string // merged; an empty value removes one
	Endpoints                         map[string]string // replaced
	ReturnOrigins                     []string          // replaced
}

// UpdateApp changes an application and clears its pause. New endpoints, another environment or another client id,
// redirect_uri or push_url need the secrets again in the same change: a stored secret never serves a host that was named
// after it.
func (k *Keeper) UpdateApp(ctx context.Context, v gk.Viewer, id string, c AppChange) (gk.App, error) {
	var after gk.App
	resumed := false
	now := k.Now()
	err := k.store.UpdateApp(ctx, v, id, now, func(app *gk.App) ([]gk.Event, error) {
		d := k.drivers[app.Platform]
		resumed = false
		if d == nil {
			return nil, fmt.Errorf("app %s: this build has no driver for %s", app.ID, app.Platform)
		}
		secrets, err := k.openSecrets(*app)
		if err != nil { // what does not open is given again: checkApp names what is missing
			k.log.Warn("the stored secrets of an app do not open and are replaced", "app", app.ID, "error", err)
			secrets = map[string][]gk.AppSecret{}
		}
		before := k.destination(d.Spec(), *app)
		if c.Name != nil {
			app.Name = *c.Name
		}
		if c.Environment != nil {
			app.Environment = *c.Environment
		}
		if c.Profile != nil {
			app.Profile = *c.Profile
		}
		if c.Stage != nil {
			app.Stage = *c.Stage
		}
		if c.Endpoints != nil {
			app.Endpoints = c.Endpoints
		}
		if c.ReturnOrigins != nil {
			app.ReturnOrigins = c.ReturnOrigins
		}
		app.Settings = maps.Clone(app.Settings)
		if err := k.fill(d.Spec(), app, secrets, c.Settings, now); err != nil {
			return nil, err
		}
		if k.destination(d.Spec(), *app) != before {
			for name, s := range d.Spec().Facts.Settings {
				if s.Secret && len(secrets[name]) > 0 && c.Settings[name] == "" {
					return nil, &Invalid{"settings." + name, "is needed again when endpoints, environment, the client id, redirect_uri or push_url change"}
				}
			}
			for name := range secrets {
				secrets[name] = secrets[name][:1] // an older value must not go to a newer host either
			}
		}
		if err := k.checkApp(d.Spec(), *app, secrets); err != nil {
			return nil, err
		}
		if err := k.sealSecrets(app, secrets); err != nil {
			return nil, err
		}
		events := []gk.Event{{
			ID: gk.NewID("evt", now), Kind: gk.EventAppChanged, Actor: v.Key, App: app.ID, At: now, Data: map[string]any{"change": "updated"},
		}}
		if app.Stop != "" || app.Broken != "" || !app.PausedUntil.IsZero() || app.Fault != nil {
			app.Stop, app.Broken, app.PausedUntil, app.Fault, app.FaultGrant = "", "", time.Time{}, nil, ""
			resumed = true
			events = append(events, gk.Event{ID: gk.NewID("evt", now), Kind: gk.EventAppResumed, Actor: v.Key, App: app.ID, At: now, Data: map[string]any{}})
		}
		after = *app
		return events, nil
	})
	k.apps.drop(id)
	if resumed && err == nil {
		k.hasten(ctx, id)
	}
	k.Wake()
	return after, err
}

// DeleteApp removes an application; store.ErrInUse while it has grants.
func (k *Keeper) DeleteApp(ctx context.Context, v gk.Viewer, id string) error {
	now := k.Now()
	return k.store.DeleteApp(ctx, v, id, gk.Event{
		ID: gk.NewID("evt", now), Kind: gk.EventAppChanged, Actor: v.Key, App: id, At: now, Data: map[string]any{"change": "removed"},
	})
}

func (k *Keeper) sealSecrets(app *gk.App, secrets map[string][]gk.AppSecret) error {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return err
	}
	sealed, err := k.vault.Seal(vault.Place{Table: "apps", Row: app.ID, Field: "secrets"}, plain)
	if err != nil {
		return err
	}
	app.Secrets, app.SecretsKey = sealed, vault.KeyOf(sealed)
	return nil
}

func (k *Keeper) openSecrets(app gk.App) (map[string][]gk.AppSecret, error) {
	secrets := map[string][]gk.AppSecret{}
	if len(app.Secrets) == 0 {
		return secrets, nil
	}
	plain, err := k.vault.Open(vault.Place{Table: "apps", Row: app.ID, Field: "secrets"}, app.Secrets)
	if err != nil {
		return nil, fmt.Errorf("app %s: %w", app.ID, err)
	}
	return secrets, json.Unmarshal(plain, &secrets)
}

// SecretSince tells when each secret of an app was set, for people; the values stay sealed.
func (k *Keeper) SecretSince(app gk.App) (map[string]time.Time, error) {
	secrets, err := k.openSecrets(app)
	since := make(map[string]time.Time, len(secrets))
	for name, all := range secrets {
		if len(all) > 0 {
			since[name] = all[0].Since
		}
	}
	return since, err
}

// OpenApp opens an application for one use at this moment: its driver, and what the driver needs of it.
func (k *Keeper) OpenApp(app gk.App) (platform.Driver, platform.App, error) {
	d := k.drivers[app.Platform]
	if d == nil {
		return nil, platform.App{}, &Broken{app.ID, CodeNoDriver, errors.New("this build has no driver for " + app.Platform)}
	}
	secrets, err := k.openSecrets(app)
	if err != nil {
		return nil, platform.App{}, &Broken{app.ID, CodeAppSecrets, err}
	}
	if name := k.foreignEndpoint(app); name != "" {
		return nil, platform.App{}, &Broken{app.ID, CodeEndpoint, fmt.Errorf("endpoints.%s names a host that this server was not started with; "+
			"start it with --allow-endpoint for that host, or change the app's endpoints", name)}
	}
	open := platform.App{
		ID: app.ID, Environment: app.Environment, Profile: app.Profile, Stage: app.Stage, Settings: maps.Clone(app.Settings),
		Secrets: make(map[string][]gk.Secret, len(secrets)), Endpoints: app.Endpoints,
		Now: k.Now(), Nonce: nonce(),
	}
	open.CallbackURL, open.PushURL = k.addressesOf(app)
	delete(secrets, returnKey) // it is between us and the vendor
	for name, all := range secrets {
		for _, s := range all {
			open.Secrets[name] = append(open.Secrets[name], gk.NewSecret(s.Value))
		}
	}
	if open.Settings == nil {
		open.Settings = map[string]string{}
	}
	open.Settings["redirect_uri"], open.Settings["push_url"] = open.CallbackURL, open.PushURL
	return d, d.Spec().Open(open), nil
}

// driverOf reads the application of a grant without opening it, with its driver; nil if this build has none.
func (k *Keeper) driverOf(ctx context.Context, id string) (gk.App, platform.Driver, error) {
	app, err := k.store.App(ctx, gk.Engine(), id)
	return app, k.drivers[app.Platform], err
}

// appOf reads and opens the application of a grant or an authorization.
func (k *Keeper) appOf(ctx context.Context, id string) (gk.App, platform.Driver, platform.App, error) {
	app, err := k.store.App(ctx, gk.Engine(), id)
	if err != nil {
		return gk.App{}, nil, platform.App{}, err
	}
	d, open, err := k.OpenApp(app)
	return app, d, open, err
}

// CallbackURL is the address that a platform sends a merchant of this app back to.
func (k *Keeper) CallbackURL(app string) string { return k.options.PublicURL + "/callback/" + app }

// PushURL is the address for a platform's messages about this app.
func (k *Keeper) PushURL(app string) string { return k.options.PublicURL + "/push/" + app }

// InstallURL is the address that a platform opens when a merchant begins there.
func (k *Keeper) InstallURL(app string) string { return k.options.PublicURL + "/install/" + app }

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// notSent reports whether a request surely never reached the platform.
func notSent(err error) bool { return errors.Is(err, outbound.ErrNotSent) }
