package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/platform"
)

// appSetting is one setting of an app as the caller wrote it. Which JSON types it may have depends on the setting, which
// only the app's platform knows.
type appSetting json.RawMessage

// UnmarshalJSON keeps the text.
func (s *appSetting) UnmarshalJSON(b []byte) error {
	*s = append((*s)[:0], b...)
	return nil
}

// Schema describes the forms that settings have; the one of each stands in /v1/platforms.
func (appSetting) Schema(r huma.Registry) *huma.Schema { return wire.Setting("").Schema(r) }

// settingTypes are the JSON types that a setting of the facts may have besides a text. Null removes a setting.
// The ids of apps are texts, which many consoles and tables write as numbers: "id" stands for texts that are no secrets.
var settingTypes = map[string]string{"id": "number", "int": "number", "time": "number", "bool": "bool", "list": "list"}

// settingForms name what each type of setting takes, for people.
var settingForms = map[string]string{
	"int": "must be a whole number or its text", "time": "must be a time in RFC 3339 or unix seconds",
	"bool": "must be true or false", "list": "must be a text or a list of texts",
}

// settingsOf reads the settings of an app of a platform. A value of another JSON type than its setting has is refused: what
// it would be stored as is not what its sender meant.
func (s *server) settingsOf(code string, given map[string]appSetting) (map[string]string, error) {
	if given == nil {
		return nil, nil //nolint:nilnil // nothing was said about the settings
	}
	var known map[string]platform.Setting
	if d := s.Keeper.Apps().Driver(code); d != nil {
		known = d.Spec().Facts.Settings
	}
	texts := make(map[string]string, len(given))
	for _, name := range slices.Sorted(maps.Keys(given)) {
		form := known[name].Type
		if form == "text" && !known[name].Secret {
			form = "id"
		}
		text, ok := settingText(form, given[name])
		if !ok {
			why := settingForms[form]
			if why == "" {
				why = "must be a text"
			}
			return nil, problem.Invalid("settings."+name, why)
		}
		texts[name] = text
	}
	return texts, nil
}

// settingText returns a setting's value as it is kept, a number by its digits, a list joined by commas; false for a JSON
// type that the setting does not have.
func settingText(form string, value appSetting) (text string, ok bool) {
	var kind string
	switch value[0] {
	case 'n':
		return "", true
	case '"':
		return text, json.Unmarshal(value, &text) == nil
	case '[':
		kind = "list"
	case 't', 'f':
		kind = "bool"
	case '{':
		return "", false
	default:
		kind = "number"
	}
	if settingTypes[form] != kind {
		return "", false
	}
	if kind != "list" {
		return string(value), kind == "bool" || !strings.ContainsAny(string(value), ".eE")
	}
	var items []string
	if json.Unmarshal(value, &items) != nil || slices.Contains(items, "") {
		return "", false
	}
	return strings.Join(items, ","), true
}
