package grantkeep

import "time"

// Environments of a platform.
const (
	Production = "production"
	Sandbox    = "sandbox"
)

// App is our registered application on one platform.
type App struct {
	ID, Platform, Environment string
	Profile, Stage            string // kind of app there (public, private …); "online" or "testing"
	Name                      string
	Settings                  map[string]string // by the platform's names, none of them secret
	Secrets                   Sealed            // JSON {name: [AppSecret…]}, sealed under the app's row
	SecretsKey                int64             // the key that sealed them
	Endpoints                 map[string]string // overrides by name: scheme://host[:port]
	ReturnOrigins             []string          // where return_to may lead
	Face                      Face              // how it shows itself to merchants
	Stop                      Stop              // why the refreshes of all its grants wait; empty: they do not
	PausedUntil               time.Time         // of a stopped app: when the next refresh may try whether it works again
	Broken                    string            // code of what keeps us from opening it (local:app_secrets …); empty: it opens
	Fault                     *Fault
	FaultGrant                string // the grant that met Fault last, which tries again first; the second one stops the app
	DueAt                     time.Time
	LeaseUntil                time.Time
	Cursors                   map[string]string // positions of pulls
	Version                   int64
	CreatedAt, UpdatedAt      time.Time
}

// AppSecret is one value of one secret with its dates; the newest comes first and signs, all of them verify.
type AppSecret struct {
	Value string    `json:"value"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"`
}

// Stop is why the refreshes of an app wait. It is a cause of its own beside the fault that is shown, so that a later
// fault does not turn one stop into another.
type Stop string

// The causes of a stop.
const (
	StopFault    Stop = "fault"    // the platform refuses the app; one refresh tries now and then
	StopRestored Stop = "restored" // the database looks like an old one; one refresh tries now and then
	StopPerson   Stop = "person"   // an administrator stopped it; nothing of it is refreshed or served until it is started
	StopAsking   Stop = "asking"   // the database is an old one: a token that works once is asked about before it is spent
)

// Stopped reports whether the refreshes of an app wait.
func (a *App) Stopped() bool {
	return a.Broken != "" || a.Stop == StopFault || a.Stop == StopRestored || a.Stop == StopPerson
}
