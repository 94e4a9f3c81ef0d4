package operate

import (
	"context"
	"strings"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// sure asks a person before what cannot be undone. A script has nobody to ask: it goes on as it always did.
func sure(ctx context.Context, s shell.Streams, yes bool, question string) error {
	if yes {
		return nil
	}
	k := shell.NewKeyboard(s.In)
	if k.Terminal == nil {
		return nil
	}
	answer, err := k.Ask(ctx, s.Err, question+" [y/N]", false)
	if err != nil {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return shell.Usage("nothing was done")
}
