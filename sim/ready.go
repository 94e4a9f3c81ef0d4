package sim

import (
	"encoding/json"
	"slices"
)

// MarshalJSON writes where everything is: the control address and, for each platform, its base, apps and shops; beside
// the shops the merchants and accounts that own them. With TLS it also holds the certificate to trust.
func (s *Running) MarshalJSON() ([]byte, error) {
	places := map[string]json.RawMessage{}
	for _, m := range s.members {
		var place any
		var err error
		m.kit.Do(func() { place, err = frozen(m.place()) })
		if err != nil {
			return nil, err
		}
		places[m.kit.Platform] = place.(json.RawMessage)
	}
	return json.Marshal(struct {
		Control     string                     `json:"control"`
		Certificate string                     `json:"certificate,omitempty"`
		Platforms   map[string]json.RawMessage `json:"platforms"`
	}{s.url, s.pem, places})
}

// place is a platform in the ready line.
type place struct {
	Base   string     `json:"base"`
	Apps   []Settings `json:"apps"`
	Shops  []*Shop    `json:"shops"`
	Owners []*Shop    `json:"owners,omitempty"`
}

// place lists what has the kind shop as shops; on a platform that has none, everything that is no part of another.
func (m *member) place() place {
	p := place{Base: m.kit.base}
	for _, app := range m.kit.Apps.list {
		p.Apps = append(p.Apps, m.tells(app))
	}
	all := m.kit.Shops.list
	hasShops := slices.ContainsFunc(all, func(s *Shop) bool { return s.Kind == "shop" })
	for _, s := range all {
		if s.Kind == "shop" || !hasShops && s.Parent == "" {
			p.Shops = append(p.Shops, s)
			continue
		}
		p.Owners = append(p.Owners, s)
	}
	return p
}

// tells returns the settings of an app that a client has to know.
func (m *member) tells(app *App) Settings {
	if len(m.told) == 0 {
		return app.Settings
	}
	told := Settings{}
	for name, value := range app.Settings {
		if slices.Contains(m.told, name) || slices.Contains([]string{"profile", "stage", "environment"}, name) {
			told[name] = value
		}
	}
	return told
}
