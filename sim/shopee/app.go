package shopee

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// States of an app in the console. A frozen partner and a deleted app are beside them: what the API says then is
// documented, how the console names it is not.
const (
	appOnline         = "Online"
	appDeveloping     = "Developing"
	appAuthRestricted = "New authorizations restricted"
	appCallRestricted = "API calls restricted"
	appSuspended      = "Suspended"
	appFrozen         = "Frozen"
	appDeleted        = "Deleted"
)

var appStates = []string{appOnline, appDeveloping, appAuthRestricted, appCallRestricted, appSuspended, appFrozen, appDeleted}

// AddApp adds an app, or changes the one with the same partner_id. Suspending or deleting an app ends its grants.
func (s *simulator) AddApp(settings sim.Settings) (*sim.App, error) {
	if id := settings.Text("partner_id"); id != "" && !isID(id) {
		return nil, fmt.Errorf("partner_id %q: want a whole number", id)
	}
	if state := settings.Text("status"); state != "" && !slices.Contains(appStates, state) {
		return nil, fmt.Errorf("status %q: want one of %s", state, strings.Join(appStates, ", "))
	}
	if text := settings.Text("key_expires_at"); text != "" {
		if _, err := moment(text); err != nil {
			return nil, fmt.Errorf("key_expires_at: want unix seconds or RFC 3339: %w", err)
		}
	}
	app := s.putApp(settings)
	if state := app.Text("status"); state == appSuspended || state == appDeleted {
		s.endAll(app)
	}
	return app, nil
}

func (s *simulator) putApp(settings sim.Settings) *sim.App {
	id := settings.Text("partner_id")
	if id == "" {
		id = sim.Digits(7)
	}
	app := s.kit.Apps.Find(id)
	if app == nil {
		app = s.kit.Apps.Put(id, sim.Settings{
			"partner_id":  id,
			"partner_key": sim.Hex(64),
			"push_key":    sim.Hex(64),
			"environment": "production",
			"status":      appOnline,
		})
		if settings.Text("stage") == "testing" {
			app.Settings["status"] = appDeveloping
		}
	}
	s.kit.Apps.Put(id, settings)
	app.Settings["partner_id"] = id
	return app
}

func sandbox(app *sim.App) bool { return app.Text("environment") == "sandbox" }

// sameDomain reports whether a redirect fits the domain that the console knows. An app without one may redirect anywhere.
func sameDomain(app *sim.App, redirect string) bool {
	declared := app.Text("redirect_domain")
	if declared == "" {
		declared = app.Text("redirect_uri")
	}
	if declared == "" {
		return true
	}
	if !strings.Contains(declared, "://") {
		declared = "https://" + declared
	}
	want, err := url.Parse(declared)
	if err != nil {
		return false
	}
	got, err := url.Parse(redirect)
	return err == nil && strings.EqualFold(got.Hostname(), want.Hostname())
}

// keyExpired reports whether the live partner key is past its date. Test keys have none.
func (s *simulator) keyExpired(app *sim.App) bool {
	text := app.Text("key_expires_at")
	if text == "" || sandbox(app) {
		return false
	}
	end, err := moment(text)
	return err == nil && !s.kit.Now().Before(end)
}

// listed reports whether a setting, a list or a text with commas, holds a value; empty tells whether it holds none at all.
func listed(app *sim.App, setting, value string) (found, empty bool) {
	var items []string
	if list, ok := app.Settings[setting].([]any); ok {
		for _, item := range list {
			if text, ok := item.(string); ok {
				items = append(items, text)
			}
		}
	} else {
		items = strings.FieldsFunc(app.Text(setting), func(r rune) bool { return r == ',' || r == ' ' })
	}
	return slices.Contains(items, value), len(items) == 0
}

// moment reads unix seconds or RFC 3339.
func moment(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	return time.Parse(time.RFC3339, text)
}

// isID reports whether a text is a whole number as ids are.
func isID(text string) bool {
	_, err := strconv.ParseUint(text, 10, 63)
	return err == nil
}

// number is an id as answers carry it.
func number(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		panic("sim: shopee: id that is no number: " + id) // isID let it in
	}
	return n
}
