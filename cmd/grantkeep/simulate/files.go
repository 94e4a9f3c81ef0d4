package simulate

import (
	"errors"
	"os"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/sim"
)

// shortestToken is how long a token for control calls is at least.
const shortestToken = 32

// simulateMore reads the files that simulators are given.
func simulateMore(s shell.Streams, o *sim.Options, tokenFile, scenario string) error {
	if o.AnyAddress && tokenFile == "" {
		return shell.Usage("--unsafe-listen needs --token-file FILE: whoever can make control calls can act as any merchant")
	}
	if tokenFile != "" {
		token, err := shell.SecretInput(s, tokenFile)
		if err != nil {
			return err
		}
		if len(token) < shortestToken {
			return shell.Usage("--token-file: the token has %d characters; give it %d at least", len(token), shortestToken)
		}
		o.Token = gk.NewSecret(token)
	}
	if scenario == "" {
		return nil
	}
	f, err := os.Open(scenario)
	if err != nil {
		return err
	}
	o.Scenario, err = sim.ReadScenario(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return shell.Usage("--scenario %s: %w", scenario, err)
	}
	return nil
}
