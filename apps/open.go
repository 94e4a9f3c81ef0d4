package apps

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"strconv"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Opened is an application for one use at one moment.
type Opened struct {
	App    gk.App
	Driver platform.Driver
	Open   platform.App // what the driver needs of it, with its secrets
	Owner  string       // whose grant is asked about, which may have a way out of its own; empty: nobody's

	registry *Registry
}

// Refresh returns the facts of how this app's grants are refreshed.
func (o Opened) Refresh() platform.Refresh { return RefreshOf(o.Driver, o.App) }

// RefreshOf returns the facts of how the grants of an app are refreshed.
func RefreshOf(d platform.Driver, app gk.App) platform.Refresh {
	return d.Spec().Facts.RefreshOf(app.Profile, app.Stage)
}

// Open opens an application. Where it cannot be opened, which the error, a *Broken, tells, Open is empty and Driver is
// nil if this build has none.
func (r *Registry) Open(app gk.App) (Opened, error) {
	o := Opened{App: app, Driver: r.drivers[app.Platform], registry: r}
	if o.Driver == nil {
		return o, &Broken{app.ID, CodeNoDriver, errors.New("this build has no driver for " + app.Platform)}
	}
	if app.Broken == store.CodeUnreadable {
		return o, &Broken{app.ID, store.CodeUnreadable, errors.New("columns of its row cannot be read; bring the row back from a backup")}
	}
	secrets, err := r.OpenSecrets(app)
	if err != nil {
		return o, &Broken{app.ID, CodeAppSecrets, err}
	}
	if name := r.foreignEndpoint(app); name != "" {
		return o, &Broken{app.ID, CodeEndpoint, fmt.Errorf("endpoints.%s names a host that this server was not started with; "+
			"start it with --allow-endpoint for that host, or change the app's endpoints", name)}
	}
	open := platform.App{
		ID: app.ID, Environment: app.Environment, Profile: app.Profile, Stage: app.Stage, Settings: maps.Clone(app.Settings),
		Secrets: make(map[string][]gk.Secret, len(secrets)), Endpoints: app.Endpoints,
		Now: r.now(), Nonce: Nonce(),
	}
	open.CallbackURL, open.PushURL = r.addressesOf(app)
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
	o.Open = o.Driver.Spec().Open(open)
	return o, nil
}

// OpenByID reads and opens an application.
func (r *Registry) OpenByID(ctx context.Context, id string) (Opened, error) {
	app, err := r.store.App(ctx, gk.Engine(), id)
	if err != nil {
		return Opened{}, err
	}
	return r.Open(app)
}

// Read reads an application without opening it, with its driver; nil if this build has none.
func (r *Registry) Read(ctx context.Context, id string) (gk.App, platform.Driver, error) {
	app, err := r.store.App(ctx, gk.Engine(), id)
	return app, r.drivers[app.Platform], err
}

// CallbackURL is the address that a platform sends a merchant of this app back to.
func (r *Registry) CallbackURL(app string) string { return r.publicURL + "/callback/" + app }

// PushURL is the address for a platform's messages about this app.
func (r *Registry) PushURL(app string) string { return r.publicURL + "/push/" + app }

// InstallURL is the address that a platform opens when a merchant begins there.
func (r *Registry) InstallURL(app string) string { return r.publicURL + "/install/" + app }

// SignURL is where an app's picture is served, one address per picture.
func (r *Registry) SignURL(app *gk.App) string {
	return r.publicURL + SignPath(app)
}

// SignPath is the path of an app's picture.
func SignPath(app *gk.App) string {
	return "/connect/sign/" + app.ID + "?v=" + strconv.FormatUint(uint64(crc32.ChecksumIEEE(app.Face.Picture)), 36)
}
