package eleme

import (
	"fmt"
	"maps"
	"net/url"

	"github.com/grantkeep/grantkeep/sim"
)

// Values of the settings profile and environment.
const (
	enterprise = "enterprise"
	personal   = "personal"
	production = "production"
	sandbox    = "sandbox"
)

// AddApp adds an app or changes the one with the same app_key. A personal app belongs to the account that the setting
// account names: the first one, unless told otherwise. An app with the stage testing is not launched.
func (s *simulator) AddApp(settings sim.Settings) (*sim.App, error) {
	for name, allowed := range map[string][2]string{
		"profile":     {enterprise, personal},
		"environment": {production, sandbox},
		"stage":       {"online", "testing"},
	} {
		if value := settings.Text(name); value != "" && value != allowed[0] && value != allowed[1] {
			return nil, fmt.Errorf("%s %q: want %s or %s", name, value, allowed[0], allowed[1])
		}
	}
	for _, name := range []string{"redirect_uri", "push_url"} {
		if err := s.registrable(settings.Text(name)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range []string{"app_id", "account"} {
		if value := settings.Text(name); value != "" && !numberForm.MatchString(value) {
			return nil, fmt.Errorf("%s %q: want a number", name, value)
		}
	}
	if id := settings.Text("account"); id != "" && s.kit.Shops.Find(kindAccount, id) == nil {
		return nil, fmt.Errorf("no account %q", id)
	}
	return s.putApp(settings), nil
}

// registrable reports whether the console takes an address, empty or not.
func (s *simulator) registrable(address string) error {
	if address == "" {
		return nil
	}
	at, err := url.Parse(address)
	if err != nil || at.Host == "" {
		return fmt.Errorf("want a whole address")
	}
	if s.options.httpsOnly() && at.Scheme != "https" {
		return fmt.Errorf("want https")
	}
	return nil
}

func (s *simulator) putApp(settings sim.Settings) *sim.App {
	id := settings.Text("app_key")
	if id == "" {
		id = sim.Random(10)
	}
	var pushed string
	if known := s.kit.Apps.Find(id); known != nil {
		pushed = known.Text("push_url")
	}
	made := sim.Settings{
		"app_key": id, "app_secret": sim.Hex(40), "app_id": sim.Digits(8), "name": "示例",
		"profile": enterprise, "environment": production, "stage": "online",
	}
	app := s.kit.Apps.Put(id, settings)
	if app.Text("profile") == personal {
		made["account"] = s.kit.Shops.All()[0].ID // the first test merchant's
	}
	maps.DeleteFunc(made, func(name string, _ any) bool { return app.Text(name) != "" })
	maps.Copy(app.Settings, made)
	if to := app.Text("push_url"); to != "" && to != pushed {
		s.testPushURL(app)
	}
	return app
}

// unlaunched reports whether an app may not touch production, though it wants to.
func unlaunched(app *sim.App) bool {
	return app.Text("environment") == production && app.Text("stage") == "testing"
}
