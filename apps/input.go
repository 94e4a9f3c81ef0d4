package apps

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// lift takes profile, stage and environment out of the settings, where people who copy a platform's console write them.
func (in *Input) lift(spec *platform.Spec) error {
	settings := maps.Clone(in.Settings)
	for name, member := range map[string]*string{"profile": &in.Profile, "stage": &in.Stage, "environment": &in.Environment} {
		value, ok := settings[name]
		if _, known := spec.Facts.Settings[name]; !ok || known {
			continue
		}
		if *member != "" && *member != value {
			return gk.BadInput("settings."+name, "is another than the app's own "+name)
		}
		*member = value
		delete(settings, name)
	}
	in.Settings = settings
	return nil
}

// destination is what decides where an app's secrets go and what they prove, as one text to compare: the hosts they are
// sent to, whom they stand for, where merchants' codes are sent and which address pushes are signed over.
func (r *Registry) destination(spec *platform.Spec, app gk.App) string {
	callback, push := r.addressesOf(app)
	ids := []string{callback, push}
	for _, name := range slices.Sorted(maps.Keys(app.Settings)) {
		if spec.Facts.Settings[name].Identity {
			ids = append(ids, name+"="+app.Settings[name])
		}
	}
	b, _ := json.Marshal([]any{app.Environment, app.Endpoints, ids}) // strings and maps of them always encode
	return string(b)
}

// addressesOf returns where an app lets its platform send merchants and messages.
func (r *Registry) addressesOf(app gk.App) (callback, push string) {
	return cmp.Or(app.Settings["redirect_uri"], r.CallbackURL(app.ID)), cmp.Or(app.Settings["push_url"], r.PushURL(app.ID))
}

// fill merges settings into an app and its secrets.
func (r *Registry) fill(spec *platform.Spec, app *gk.App, secrets map[string][]gk.AppSecret, settings map[string]string, now time.Time) error {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		s, ok := spec.Facts.Settings[name]
		value := platform.TrimSetting(settings[name])
		if !ok {
			return gk.BadInput("settings."+name, "is no setting of "+spec.Code+"; it has "+strings.Join(slices.Sorted(maps.Keys(spec.Facts.Settings)), ", "))
		}
		switch {
		case s.Role == platform.RolePushed:
			return gk.BadInput("settings."+name, "is pushed by the platform, and cannot be entered; leave it out")
		case s.Secret && value == "":
			delete(secrets, name)
		case s.Secret:
			if _, err := spec.Facts.ReadSetting(name, value); err != nil {
				var bad *platform.BadSetting
				if errors.As(err, &bad) {
					return gk.BadInput("settings."+name, bad.Why)
				}
				return err
			}
			olds := secrets[name]
			if len(olds) > 0 && olds[0].Value == value {
				continue
			}
			if len(olds) > 0 {
				olds[0].Until = now
			}
			secrets[name] = slices.Insert(olds[:min(len(olds), 2)], 0, gk.AppSecret{Value: value, Since: now})
		case value == "":
			delete(app.Settings, name)
		case s.Type == "choice" && !slices.Contains(s.Choices, value):
			app.Settings[name] = strings.ToLower(value)
		default:
			app.Settings[name] = value
		}
	}
	return nil
}

// checkApp tells the first mistake in an app.
func (r *Registry) checkApp(spec *platform.Spec, app gk.App, secrets map[string][]gk.AppSecret) error {
	for _, check := range []func() error{
		func() error { return checkKind(spec.Facts, app) },
		func() error { return checkSettings(spec, app, secrets) },
		func() error { return r.checkEndpoints(spec, app) },
		func() error { return checkOrigins(app) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkKind looks at what an app is, before its settings.
func checkKind(f *platform.Facts, app gk.App) error {
	switch {
	case app.Environment != gk.Production && app.Environment != gk.Sandbox:
		return gk.BadInput("environment", "is neither production nor sandbox")
	case app.Profile != "" && !slices.Contains(f.Profiles, app.Profile):
		return gk.NoneOf("profile", f.Profiles)
	case app.Stage != "online" && !slices.Contains(f.Stages, app.Stage):
		return gk.NoneOf("stage", append([]string{"online"}, f.Stages...))
	case len(app.Name) > 200:
		return gk.BadInput("name", "is longer than 200 bytes")
	}
	return nil
}

func checkSettings(spec *platform.Spec, app gk.App, secrets map[string][]gk.AppSecret) error {
	for _, name := range slices.Sorted(maps.Keys(spec.Facts.Settings)) {
		value := app.Settings[name]
		has := value != "" || len(secrets[name]) > 0
		if spec.Facts.Settings[name].RequiredFor(app.Profile) && !has && name != "redirect_uri" {
			return gk.BadInput("settings."+name, "is missing; "+spec.Code+" needs it")
		}
		if err := checkSetting(spec.Facts, name, value); err != nil {
			return err
		}
	}
	return nil
}

// checkSetting looks at the value of one setting; an empty one is not given.
func checkSetting(f *platform.Facts, name, value string) error {
	if value == "" {
		return nil
	}
	_, err := f.ReadSetting(name, value)
	var bad *platform.BadSetting
	if errors.As(err, &bad) {
		return gk.BadInput("settings."+name, bad.Why)
	}
	if err != nil {
		return err
	}
	if u, err := url.Parse(value); f.Settings[name].Type == "url" && (err != nil || !web(u)) {
		return gk.BadInput("settings."+name, "is not an https address (plain http only on loopback)")
	}
	return nil
}

func (r *Registry) checkEndpoints(spec *platform.Spec, app gk.App) error {
	known := map[string]bool{"authorize": true, "exchange": true, "token": true, "api": true} // what every platform may be told
	for _, e := range spec.Facts.Endpoints {
		for name := range e.Bases {
			known[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(app.Endpoints)) {
		u, err := url.Parse(app.Endpoints[name])
		switch {
		case !known[name]:
			return gk.BadInput("endpoints."+name, "is no endpoint of "+spec.Code+"; it has "+strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		case err != nil || !hostOnly(u) || u.Scheme != "http" && u.Scheme != "https":
			return gk.BadInput("endpoints."+name, "must be scheme://host[:port]")
		case !r.mayPointAt(u):
			return gk.BadInput("endpoints."+name, "names a host that was not allowed at start; start the server with --allow-endpoint for it")
		}
	}
	return nil
}

func checkOrigins(app gk.App) error {
	for _, origin := range app.ReturnOrigins {
		u, err := url.Parse(origin)
		if err != nil || !hostOnly(u) || u.Path != "" || !web(u) || !printableASCII(origin) {
			return gk.BadInput("return_origins", "must be origins such as https://erp.example, without a path (plain http only on loopback)")
		}
	}
	return nil
}

// hostOnly reports whether an address names a host and nothing beside it but a port and a lone slash.
func hostOnly(u *url.URL) bool {
	return u.Host != "" && u.User == nil && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == ""
}

// mayPointAt reports whether an endpoint's host was named at start.
func (r *Registry) mayPointAt(u *url.URL) bool {
	return slices.ContainsFunc(r.allowed, func(a string) bool {
		return strings.EqualFold(a, u.Host) || strings.EqualFold(a, u.Hostname())
	})
}

// web reports whether an address may lead a browser: https, or plain http on loopback.
func web(u *url.URL) bool { return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) }

func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' })
}
