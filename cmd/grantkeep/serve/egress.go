package serve

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/grantkeep/grantkeep/outbound"
)

// longestEgress is how much of a file of ways out is read.
const longestEgress = 1 << 20

// egressFile is the file that --egress names.
type egressFile struct {
	Default string            `toml:"default"` // a proxy's name; empty: direct
	Echo    string            `toml:"echo"`    // https://… that answers with the address that asks
	Proxies map[string]string `toml:"proxies"` // name = http://…, https://… or env:NAME
	Apps    map[string]string `toml:"apps"`    // id of an app = a proxy's name
	Owners  map[string]string `toml:"owners"`  // owner = a proxy's name
}

// readEgress reads by which way requests leave; no path: directly, nil. No error holds an address: it may have a password.
func readEgress(path string) (*outbound.Egress, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // there is nothing to read
	}
	e, err := parseEgress(path)
	if err != nil {
		return nil, fmt.Errorf("--egress %s: %w", path, err)
	}
	return e, nil
}

// decodeEgress reads the file's TOML; its errors name the place, never an address, which may hold a password.
func decodeEgress(f io.Reader) (in egressFile, err error) {
	err = toml.NewDecoder(io.LimitReader(f, longestEgress)).DisallowUnknownFields().Decode(&in)
	var unknown *toml.StrictMissingError
	var bad *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		return in, fmt.Errorf("%q is no setting there; there are default, echo, and the tables proxies, apps, owners", strings.Join(unknown.Errors[0].Key(), "."))
	case errors.As(err, &bad):
		line, _ := bad.Position()
		return in, fmt.Errorf("line %d is not TOML as it is wanted: a name = \"text\" in each line", line)
	case err != nil:
		return in, errors.New("is not TOML")
	}
	return in, nil
}

func parseEgress(path string) (*outbound.Egress, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err) // the path is told already
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	in, err := decodeEgress(f)
	if err != nil {
		return nil, err
	}
	ways := map[string]outbound.Way{outbound.Direct: {Name: outbound.Direct}}
	for name, address := range in.Proxies {
		u, err := proxyAddress(address, info.Mode().Perm())
		if err != nil {
			return nil, fmt.Errorf("proxies.%s %w", name, err)
		}
		if name == outbound.Direct {
			return nil, fmt.Errorf("proxies.%s: this name is the way without a proxy", outbound.Direct)
		}
		ways[name] = outbound.Way{Name: name, Proxy: u}
	}
	named := func(field, name string) (outbound.Way, error) {
		way, ok := ways[name]
		if !ok {
			return way, fmt.Errorf("%s names %q, which is not among proxies, nor %q", field, name, outbound.Direct)
		}
		return way, nil
	}
	table := func(field string, names map[string]string) (map[string]outbound.Way, error) {
		all := map[string]outbound.Way{}
		for key, name := range names {
			way, err := named(field+"."+key, name)
			if err != nil {
				return nil, err
			}
			all[key] = way
		}
		return all, nil
	}
	out := &outbound.Egress{}
	if out.Default, err = named("default", cmp.Or(in.Default, outbound.Direct)); err != nil {
		return nil, err
	}
	if out.Apps, err = table("apps", in.Apps); err != nil {
		return nil, err
	}
	if out.Owners, err = table("owners", in.Owners); err != nil {
		return nil, err
	}
	out.Echo, err = echoAddress(in.Echo)
	return out, err
}

// echoAddress reads where the server learns from which address its requests come; none: nobody is asked.
func echoAddress(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // nobody is asked
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("echo must be an address, https://host/path, that answers with the address that asks it")
	}
	return u, nil
}

// proxyAddress reads a proxy's address, or the variable that holds it. A password is for nobody else who can read the file.
func proxyAddress(text string, mode os.FileMode) (*url.URL, error) {
	name, inEnvironment := strings.CutPrefix(text, "env:")
	if inEnvironment {
		if text = os.Getenv(name); text == "" {
			return nil, fmt.Errorf("names the environment variable %s, which is empty", name)
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return nil, errors.New("must be http://host:port or https://host:port, with user and password before the host where the proxy wants them")
	}
	if _, has := u.User.Password(); has && !inEnvironment && mode&0o077 != 0 {
		return nil, fmt.Errorf("holds a password, and the file has mode %04o: make it 0600, or put the address into the environment (env:NAME)", mode)
	}
	return u, nil
}
