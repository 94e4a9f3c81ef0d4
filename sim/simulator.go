package sim

import (
	"net/http"
)

// Simulator is one platform in a box. The kit calls it with one thing at a time.
type Simulator interface {
	// ServeHTTP is the platform at the root of its own port: pages, token endpoint and API.
	ServeHTTP(w http.ResponseWriter, r *http.Request)
	// Identify says what a request is about, before anything is believed or done.
	Identify(r *http.Request) Identity
	// Say answers a request with a row of the catalogue in the platform's own shape.
	Say(w http.ResponseWriter, r *http.Request, row Row)
	// AddApp adds an app, or changes the one with the same id. Missing settings are made up.
	AddApp(settings Settings) (*App, error)
	// AddShops makes shops, and what belongs to them.
	AddShops(order ShopOrder) (ShopsMade, error)
	// Revoke does what a merchant does who ends every grant of a subject, in every app.
	Revoke(subject string) error
}

// Maker makes a simulator: the signature of every simulator's New. The rows are those of the platform's catalogue.
type Maker func(kit *Kit, rows []Row) Simulator

// Platform is a simulator to start.
type Platform struct {
	Name string // the platform's code, such as shopee
	New  Maker
	Rows []Row
	// Settings are the names that a client knows an app's settings by; the ready line tells these, with the app's profile,
	// stage and environment, and leaves out what only the platform has to know. Empty: it tells all.
	Settings []string
}

// Identity is what a request is about, as far as the request itself tells.
type Identity struct {
	Stage   string          // authorize, token, refresh, call, push, or empty for pages that belong to no step
	App     string          // the platform's id of the app
	Subject string          // the id of the shop, merchant or account
	Sent    map[string]bool // parameter names with a value, by which rows with When are told apart
}

// Row is one line of a platform's catalogue of failures.
type Row struct {
	Stage   string // authorize, token, refresh, call, push
	Code    string // the platform's code, or http:STATUS
	Pattern string // RE2, searched in the message; empty: no text to match
	When    string // sent:NAME or !sent:NAME, what the request carried; mostly empty
	Example string // a text that the pattern matches: what a simulator says; empty: the platform sends none
	Action  string // what the catalogue advises; it tells what is about the app from what is about one grant
}

// Local reports whether a row names a situation that only a client can recognise: no platform says it.
func (r Row) Local() bool {
	return hasAnyPrefix(r.Code, "local:", "hub_")
}

// Subject is who gave a grant, in the words that all platforms share.
type Subject struct {
	Kind string `json:"kind"` // shop, merchant, main_account, account, partner
	ID   string `json:"id"`
}

// Settings are an app's settings by the platform's own names, in clear; also profile and stage.
type Settings map[string]any

// Text returns a setting as text: numbers in decimal, a list joined by blanks, everything else that is not text as nothing.
func (s Settings) Text(name string) string {
	return settingText(s[name])
}
