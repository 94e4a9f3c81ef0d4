package serve

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/pelletier/go-toml/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/console/provider"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/people"
)

// providerFile is the file that --oidc names.
type providerFile struct {
	Issuer        string            `toml:"issuer"`
	ClientID      string            `toml:"client_id"`
	ClientSecret  string            `toml:"client_secret"` // itself in a file of mode 0600, or env:NAME, or file:PATH
	Name          string            `toml:"name"`          // what the log-in calls it
	Scopes        []string          `toml:"scopes"`        // besides openid, profile and email
	Groups        string            `toml:"groups"`        // the claim with the groups
	StepUp        string            `toml:"step_up"`       // proved or asked
	Roles         map[string]string `toml:"roles"`         // group = role
	plainPossible bool              // the file's mode lets nobody else read a secret in it
}

// longestProvider is how much of the file is read.
const longestProvider = 1 << 20

// openProvider opens the identity provider that a file names; no path: none, nil. No error holds what the file says.
func openProvider(path, consoleURL string) (*provider.Provider, *outbound.Gate, error) {
	if path == "" {
		return nil, nil, nil
	}
	in, err := readProvider(path)
	if err != nil {
		return nil, nil, fmt.Errorf("--oidc %s: %w", path, err)
	}
	secret, err := in.secret()
	if err != nil {
		return nil, nil, fmt.Errorf("--oidc %s: %w", path, err)
	}
	host, err := in.host()
	if err != nil {
		return nil, nil, fmt.Errorf("--oidc %s: %w", path, err)
	}
	// An issuer may stand in the vendor's own network: its host is the one that the operator names.
	gate, err := outbound.New(outbound.Options{Allow: []string{host}, UserAgent: "grantkeep/" + shell.Version})
	if err != nil {
		return nil, nil, fmt.Errorf("--oidc %s: issuer: %w", path, err)
	}
	p, err := provider.New(provider.Options{
		Issuer: in.Issuer, ClientID: in.ClientID, ClientSecret: secret, Redirect: consoleURL + "/login/callback", Name: in.Name, Scopes: in.Scopes,
		Groups: in.Groups, Roles: in.Roles, Asked: in.StepUp == "asked", Gate: gate,
	})
	if err != nil {
		gate.Close()
		return nil, nil, fmt.Errorf("--oidc %s: %w", path, err)
	}
	return p, gate, nil
}

func readProvider(path string) (in providerFile, err error) {
	f, err := os.Open(path)
	if err != nil {
		return in, errors.Unwrap(err) // the path is told already
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return in, err
	}
	err = toml.NewDecoder(io.LimitReader(f, longestProvider)).DisallowUnknownFields().Decode(&in)
	var unknown *toml.StrictMissingError
	var bad *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		return in, fmt.Errorf("%q is no setting there; there are issuer, client_id, client_secret, name, scopes, groups, step_up, and the table roles",
			strings.Join(unknown.Errors[0].Key(), "."))
	case errors.As(err, &bad):
		line, _ := bad.Position()
		return in, fmt.Errorf("line %d is not TOML as it is wanted", line)
	case err != nil:
		return in, errors.New("is not TOML")
	}
	in.plainPossible = info.Mode().Perm()&0o077 == 0
	return in, in.check()
}

// check says what is missing or wrong.
func (in providerFile) check() error {
	switch {
	case in.Issuer == "":
		return errors.New("issuer is needed: the address of the identity provider, as it writes it in its tokens")
	case in.ClientID == "":
		return errors.New("client_id is needed: the name under which this console is registered there")
	case len(in.Roles) == 0:
		return errors.New(`the table roles is needed: [roles], then a line "group" = "support", "operator" or "administrator" for each group that may log in`)
	case in.StepUp != "" && in.StepUp != "proved" && in.StepUp != "asked":
		return errors.New("step_up must be proved or asked")
	}
	for group, role := range in.Roles {
		if !people.ValidRole(role) {
			return fmt.Errorf("roles.%s is no role; there are %s", group, strings.Join(people.Roles(), ", "))
		}
	}
	return nil
}

// secret is the client's secret, from where the file says that it is; empty: a public client.
func (in providerFile) secret() (gk.Secret, error) {
	if name, ok := strings.CutPrefix(in.ClientSecret, "env:"); ok {
		text := os.Getenv(name)
		if text == "" {
			return gk.Secret{}, fmt.Errorf("client_secret names the environment variable %s, which is empty", name)
		}
		return gk.NewSecret(text), os.Unsetenv(name)
	}
	if path, ok := strings.CutPrefix(in.ClientSecret, "file:"); ok {
		text, err := os.ReadFile(path)
		if err != nil {
			return gk.Secret{}, fmt.Errorf("client_secret: %w", err)
		}
		if text := strings.TrimSpace(string(text)); text != "" {
			return gk.NewSecret(text), nil
		}
		return gk.Secret{}, errors.New("client_secret names a file that is empty")
	}
	if in.ClientSecret == "" {
		return gk.Secret{}, nil
	}
	if !in.plainPossible {
		return gk.Secret{}, errors.New("holds a client_secret that others can read: make the file 0600, or name where it is (env:NAME, file:PATH)")
	}
	return gk.NewSecret(in.ClientSecret), nil
}

// host is the issuer's, with its port. Plain http is for one on this machine.
func (in providerFile) host() (string, error) {
	u, err := url.Parse(in.Issuer)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("issuer must be https://host[:port][/path], as the provider writes it in its tokens")
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", errors.New("issuer must be https unless it is on loopback")
	}
	port := cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	return net.JoinHostPort(u.Hostname(), port), nil
}
