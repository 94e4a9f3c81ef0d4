package platform

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// App is an application opened for one use at one moment.
type App struct {
	ID, Environment, Profile, Stage string
	Settings                        map[string]string      // by the platform's names, not secret
	Secrets                         map[string][]gk.Secret // newest first; checks try all, signing takes the first
	Endpoints                       map[string]string      // overrides by name: scheme://host[:port]
	CallbackURL, PushURL            string                 // as registered in the platform's console
	Token                           *Credential            // the app's own token, where Facts.AppToken says that requests need it
	Now                             time.Time
	Nonce                           string // 32 random hex digits, for protocols that want one

	spec *Spec
}

// Open completes an app: the default profile and stage, and the spec that Base and Secret read. Every user of a driver
// opens its app with this; a driver never does.
func (s *Spec) Open(app App) App {
	app.spec = s
	if app.Environment == "" {
		app.Environment = gk.Production
	}
	if app.Profile == "" && len(s.Facts.Profiles) > 0 {
		app.Profile = s.Facts.Profiles[0]
	}
	if app.Stage == "" {
		app.Stage = "online"
	}
	if app.CallbackURL == "" {
		app.CallbackURL = app.Settings["redirect_uri"]
	}
	if app.PushURL == "" {
		app.PushURL = app.Settings["push_url"]
	}
	return app
}

// Spec returns the spec that the app was opened with.
func (a App) Spec() *Spec { return a.spec }

// Secret returns the newest value of a secret; empty if there is none.
func (a App) Secret(name string) gk.Secret {
	if all := a.Secrets[name]; len(all) > 0 {
		return all[0]
	}
	return gk.Secret{}
}

// Scopes returns the app's wanted scopes, which the setting `scopes` holds separated by blanks or commas.
func (a App) Scopes() []string {
	return strings.FieldsFunc(a.Settings["scopes"], func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
}

// Overridden reports whether an endpoint points somewhere else than the platform (a simulator, a relay).
func (a App) Overridden(name string) bool {
	_, ok := a.override(name)
	return ok
}

func (a App) override(name string) (string, bool) {
	base := a.Endpoints[name]
	if base == "" && name == "exchange" {
		base = a.Endpoints["token"]
	}
	return base, base != ""
}

// Base returns the base address (scheme and host) of an endpoint: the app's override, else the facts' row for its
// environment and region. host takes the place of {NAME} in the row and must match hosts.NAME of the facts; with an override it
// is checked all the same, then unused, since there every store lives at the one base. Call it at every use, also with
// values read from the store: it is the one place where a host turns into an address. It returns ErrForeignHost.
func (a App) Base(name, host string) (*url.URL, error) {
	row := a.spec.Facts.endpoint(a.Environment, a.Settings["region"], name)
	if before, rest, ok := strings.Cut(row, "{"); ok {
		kind, after, _ := strings.Cut(rest, "}")
		clean, err := a.spec.HostOf(kind, host)
		if err != nil {
			return nil, err
		}
		row = before + clean + after
	}
	if base, ok := a.override(name); ok {
		row = base
	}
	if row == "" {
		return nil, fmt.Errorf("%s: no endpoint %q in %s", a.spec.Code, name, a.Environment)
	}
	u, err := url.Parse(row)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.User != nil {
		return nil, fmt.Errorf("%s: endpoint %q must be scheme://host[:port]", a.spec.Code, name)
	}
	u.Path = ""
	if _, ok := a.override(name); !ok {
		if _, err := a.spec.Host(u.Hostname()); err != nil || u.Scheme != "https" || u.Port() != "" {
			return nil, ErrForeignHost
		}
	}
	return u, nil
}

// OtherEnvironment reports whether a host (without port) is one of the platform's, but only of the environment that is
// not the app's: what is signed with this app's keys is refused there. Hosts of stores, which the facts know by pattern,
// belong to no environment.
func (a App) OtherEnvironment(host string) bool {
	other := false
	for _, e := range a.spec.Facts.Endpoints {
		for _, base := range e.Bases {
			u, err := url.Parse(base)
			if err != nil || u.Hostname() != asciiLower(host) {
				continue
			}
			if e.Environment == a.Environment {
				return false
			}
			other = true
		}
	}
	return other
}

// AllowsHost reports whether a request of this app may go to a host (host[:port], as in a URL): one of the platform's
// hosts, or the host of one of the app's own overrides. The outbound gate asks it of every request.
func (a App) AllowsHost(scheme, hostport string) bool {
	if scheme == "https" {
		if _, err := a.spec.Host(hostport); err == nil {
			return true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Endpoints)) {
		if u, err := url.Parse(a.Endpoints[name]); err == nil && u.Scheme == scheme && u.Host == hostport {
			return true
		}
	}
	return false
}

// Host lower-cases a host and returns it if one of the facts' patterns matches all of it; ErrForeignHost otherwise. A
// port, userinfo, a path, a trailing dot, a non-ASCII letter or a second label never match.
func (s *Spec) Host(host string) (string, error) {
	for _, kind := range slices.Sorted(maps.Keys(s.Facts.Hosts)) {
		if clean, err := s.HostOf(kind, host); err == nil {
			return clean, nil
		}
	}
	return "", ErrForeignHost
}

// HostOf is Host for one kind of host, as the facts name it (a store's host is not the partner API's).
func (s *Spec) HostOf(kind, host string) (string, error) {
	p := s.Facts.hostPatterns[kind]
	if p == nil || len(host) > 253 {
		return "", ErrForeignHost
	}
	if clean := asciiLower(host); p.MatchString(clean) {
		return clean, nil
	}
	return "", ErrForeignHost
}

// asciiLower lower-cases A-Z only: strings.ToLower would turn a Kelvin sign into k.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
