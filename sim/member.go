package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// mostShops bounds one order of shops.
const mostShops = 100000

// member is one platform among those that run: its simulator and its kit.
type member struct {
	kit  *Kit
	sim  Simulator
	told []string // names of an app's settings in the ready line; none: all
}

// locked makes a control call wait until the simulator rests.
func (m *member) locked(do func(*http.Request) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (value any, err error) {
		m.kit.Do(func() {
			value, err = do(r)
			if err == nil {
				value, err = frozen(value)
			}
		})
		return value, err
	}
}

// frozen writes a value as JSON while nobody changes it.
func frozen(value any) (any, error) {
	text, err := json.Marshal(value)
	return json.RawMessage(text), err
}

func (m *member) consent(r *http.Request) (any, error) {
	var want Consent
	if err := read(r, &want); err != nil {
		return nil, err
	}
	return m.kit.consent(r.Context(), m.sim, want)
}

func (m *member) arm(r *http.Request) (any, error) {
	var fault Fault
	if err := read(r, &fault); err != nil {
		return nil, err
	}
	if err := m.kit.Faults.Arm(fault); err != nil {
		return nil, fmt.Errorf("%w: %w", errBad, err)
	}
	return m.faults(r)
}

func (m *member) faults(*http.Request) (any, error) {
	return map[string]any{"faults": m.kit.Faults.Armed()}, nil
}

func (m *member) clear(r *http.Request) (any, error) {
	m.kit.Faults.Clear()
	return m.faults(r)
}

// grantView is a pair as the control call shows it.
type grantView struct {
	App                    string   `json:"app"`
	Subject                Subject  `json:"subject"`
	Access                 string   `json:"access"`
	Refresh                string   `json:"refresh"`
	Generation             int      `json:"generation"`
	IssuedAt               string   `json:"issued_at"`
	ExpiresAt              string   `json:"expires_at,omitempty"`
	RefreshTokenExpiresAt  string   `json:"refresh_token_expires_at,omitempty"`
	AuthorizationExpiresAt string   `json:"authorization_expires_at,omitempty"`
	Scopes                 []string `json:"scopes,omitempty"`
	Facts                  Settings `json:"facts,omitempty"`
	Revoked                bool     `json:"revoked"`
}

func (m *member) grants(*http.Request) (any, error) {
	views := []grantView{}
	for _, p := range m.kit.Ledger.Holders() {
		views = append(views, grantView{
			App: p.App, Subject: p.Subject, Access: p.Access, Refresh: p.Refresh, Generation: p.Generation,
			IssuedAt: moment(p.IssuedAt), ExpiresAt: moment(p.ExpiresAt), RefreshTokenExpiresAt: moment(p.RefreshExpiresAt),
			AuthorizationExpiresAt: moment(p.AuthorizationExpiresAt), Scopes: p.Scopes, Facts: p.Facts, Revoked: !p.RevokedAt.IsZero(),
		})
	}
	return map[string]any{"grants": views}, nil
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (m *member) revoke(r *http.Request) (any, error) {
	var want Settings
	if err := read(r, &want); err != nil {
		return nil, err
	}
	subject := want.Text("subject")
	if subject == "" || len(want) != 1 {
		return nil, fmt.Errorf("%w: want subject, the id of a shop, merchant or account, and nothing else", errBad)
	}
	if err := m.sim.Revoke(subject); err != nil {
		return nil, err
	}
	return map[string]any{"revoked": subject}, nil
}

func (m *member) addApp(r *http.Request) (any, error) {
	var settings Settings
	if err := read(r, &settings); err != nil {
		return nil, err
	}
	return m.sim.AddApp(settings)
}

func (m *member) addShops(r *http.Request) (any, error) {
	var raw Settings
	if err := read(r, &raw); err != nil {
		return nil, err
	}
	order := ShopOrder{ID: raw.Text("id"), Name: raw.Text("name"), Owner: raw.Text("owner"), SubAccountOf: raw.Text("sub_account_of")}
	for name, into := range map[string]*int{"count": &order.Count, "merchants": &order.Merchants} {
		if raw[name] == nil {
			continue
		}
		if _, err := fmt.Sscanf(raw.Text(name), "%d", into); err != nil || *into < 0 || *into > mostShops {
			return nil, fmt.Errorf("%w: %s: want a number from 0 to %d", errBad, name, mostShops)
		}
	}
	for _, name := range []string{"id", "name", "owner", "sub_account_of", "count", "merchants"} {
		delete(raw, name)
	}
	order.Extra = raw
	made, err := m.sim.AddShops(order)
	if made.Shops == nil {
		made.Shops = []*Shop{}
	}
	return made, err
}

func (m *member) options(*http.Request) (any, error) {
	return map[string]any{"options": m.kit.Options.List()}, nil
}

func (m *member) setOptions(r *http.Request) (any, error) {
	var values map[string]json.RawMessage
	if err := read(r, &values); err != nil {
		return nil, err
	}
	if err := m.kit.Options.Set(values); err != nil {
		return nil, fmt.Errorf("%w: %w", errBad, err)
	}
	return m.options(r)
}
