package apps

import (
	"encoding/json"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/vault"
)

// SealSecrets seals the secrets of an app into its row, with the key that seals at present.
func (r *Registry) SealSecrets(app *gk.App, secrets map[string][]gk.AppSecret) error {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return err
	}
	sealed, err := r.vault.Seal(vault.Place{Table: "apps", Row: app.ID, Field: "secrets"}, plain)
	if err != nil {
		return err
	}
	app.Secrets, app.SecretsKey = sealed, vault.KeyOf(sealed)
	return nil
}

// OpenSecrets opens the secrets of an app, the youngest of each name first.
func (r *Registry) OpenSecrets(app gk.App) (map[string][]gk.AppSecret, error) {
	secrets := map[string][]gk.AppSecret{}
	if len(app.Secrets) == 0 {
		return secrets, nil
	}
	plain, err := r.vault.Open(vault.Place{Table: "apps", Row: app.ID, Field: "secrets"}, app.Secrets)
	if err != nil {
		return nil, fmt.Errorf("app %s: %w", app.ID, err)
	}
	return secrets, json.Unmarshal(plain, &secrets)
}

// SecretSince tells when each secret of an app was set, for people; the values stay sealed.
func (r *Registry) SecretSince(app gk.App) (map[string]time.Time, error) {
	secrets, err := r.OpenSecrets(app)
	since := make(map[string]time.Time, len(secrets))
	for name, all := range secrets {
		if len(all) > 0 {
			since[name] = all[0].Since
		}
	}
	return since, err
}
