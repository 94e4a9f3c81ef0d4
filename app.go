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
	PausedUntil               time.Time         // renewals wait; set when the fault is the app's, not one grant's
	Fault                     *Fault
	FaultGrant                string // the grant that met Fault first; a second one makes it the app's
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
