package operate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// mostAppFile is how large a file of --apps-from may be.
const mostAppFile = 4 << 20

// keyedApps finds our apps by what a vendor's own table calls them: platform and app key. Those that the server does not
// have yet are made when the first row asks for them.
type keyedApps struct {
	client *client.Client
	dryRun bool
	given  []givenApp
	ours   []client.App
	tell   func(string)
}

// givenApp is one line of the file of --apps-from.
type givenApp struct {
	line int
	app  client.App
	keys []string // the settings that say which app it is at its platform
	id   string   // ours; empty until it is known
	told bool     // that a dry run would make it
}

var (
	errNoSuchKey = errors.New("app_key: is in no line of the file of --apps-from; add the app there, or give --app")
	errWhichApp  = errors.New("app_key: several lines of the file of --apps-from have it; a column platform tells them apart")
	// errNotMade is a row whose app a dry run does not make, so that nobody can check it.
	errNotMade = errors.New("app: does not exist yet, and a dry run does not make it")
)

// readAppFile reads the apps of a file and their secrets: one JSON object a line, of the form of POST /v1/apps.
func readAppFile(path string) ([]givenApp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("--apps-from: %w; give a file with one JSON object a line", err)
	}
	switch {
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("--apps-from: %s holds secrets, and others can read it; chmod 600 %s", path, path)
	case info.Size() > mostAppFile:
		return nil, fmt.Errorf("--apps-from: %s is longer than 4 MiB; it takes one JSON object a line, one for each app", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--apps-from: %w", err)
	}
	var given []givenApp
	for i, line := range bytes.Split(text, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		g, err := readGivenApp(line)
		if err != nil {
			return nil, fmt.Errorf("--apps-from: %s, line %d: %w", path, i+1, err)
		}
		g.line = i + 1
		given = append(given, g)
	}
	if len(given) == 0 {
		return nil, fmt.Errorf("--apps-from: %s holds no app; it takes one JSON object a line, such as %s", path, appFileSample)
	}
	return given, nil
}

const appFileSample = `{"platform":"shoplazza","name":"ERP","settings":{"client_id":"…","client_secret":"…"}}`

// readGivenApp reads one line. What the decoder says of a mistake is left out: it may repeat a secret.
func readGivenApp(line []byte) (givenApp, error) {
	g := givenApp{}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	var a struct {
		Platform      string            `json:"platform"`
		Environment   string            `json:"environment"`
		Profile       string            `json:"profile"`
		Stage         string            `json:"stage"`
		Name          string            `json:"name"`
		Settings      map[string]string `json:"settings"`
		Endpoints     map[string]string `json:"endpoints"`
		ReturnOrigins []string          `json:"return_origins"`
		Vendor        string            `json:"vendor"`
		Sign          string            `json:"sign"`
		Support       string            `json:"support"`
	}
	if err := dec.Decode(&a); err != nil {
		return g, errors.New("is not of the form " + appFileSample + "; every value is a text")
	}
	d, err := explain.Find(all.Drivers(), strings.ToLower(strings.TrimSpace(a.Platform)))
	if err != nil {
		return g, err
	}
	g.app = client.App{
		Platform: d.Spec().Code, Environment: a.Environment, Profile: a.Profile, Stage: a.Stage, Name: a.Name,
		Settings: a.Settings, Endpoints: a.Endpoints, ReturnOrigins: a.ReturnOrigins, Vendor: a.Vendor, Sign: a.Sign, Support: a.Support,
	}
	for name, s := range d.Spec().Facts.Settings {
		if value := platform.TrimSetting(a.Settings[name]); s.Identity && value != "" {
			g.keys = append(g.keys, value)
		}
	}
	if len(g.keys) == 0 {
		return g, errors.New("settings: hold nothing that says which app it is at its platform; its key is missing")
	}
	return g, nil
}

// find returns the id of the app that a row names.
func (k *keyedApps) find(ctx context.Context, code, key string) (string, error) {
	var found *givenApp
	for i := range k.given {
		g := &k.given[i]
		if code != "" && !strings.EqualFold(code, g.app.Platform) || !slices.Contains(g.keys, key) {
			continue
		}
		if found != nil {
			return "", errWhichApp
		}
		found = g
	}
	switch {
	case found == nil:
		return "", errNoSuchKey
	case found.id != "":
		return found.id, nil
	}
	return k.place(ctx, found)
}

// place finds the app among ours, or makes it.
func (k *keyedApps) place(ctx context.Context, g *givenApp) (string, error) {
	if k.ours == nil {
		ours, err := k.client.Apps(ctx)
		if err != nil {
			return "", err
		}
		k.ours = append([]client.App{}, ours...)
	}
	for _, a := range k.ours {
		if g.is(a) {
			g.id = a.ID
			return a.ID, nil
		}
	}
	if k.dryRun {
		if !g.told {
			g.told = true
			k.tell(fmt.Sprintf("line %d of the apps: a %s app %s would be made; its rows are not checked", g.line, g.app.Platform, g.app.Name))
		}
		return "", errNotMade
	}
	made, err := k.client.CreateApp(ctx, g.app)
	if err != nil {
		return "", fmt.Errorf("line %d of the file of --apps-from: %w", g.line, err)
	}
	g.id = made.ID
	k.tell(fmt.Sprintf("made %s, a %s app %s", made.ID, made.Platform, made.Name))
	return made.ID, nil
}

// is reports whether one of our apps is the one of a line: the same app at the same platform, whatever its secrets.
func (g *givenApp) is(a client.App) bool {
	if a.Platform != g.app.Platform || cmp.Or(a.Environment, gk.Production) != cmp.Or(g.app.Environment, gk.Production) {
		return false
	}
	d, err := explain.Find(all.Drivers(), a.Platform)
	if err != nil {
		return false
	}
	for name, s := range d.Spec().Facts.Settings {
		if want := platform.TrimSetting(g.app.Settings[name]); s.Identity && want != "" && want != a.Settings[name] {
			return false
		}
	}
	return true
}
