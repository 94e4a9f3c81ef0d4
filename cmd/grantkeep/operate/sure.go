package operate

import (
	"context"
	"strings"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// sure asks a person before what cannot be undone. A script has nobody to ask: it goes on as it always did.
func sure(ctx context.Context, s shell.Streams, yes bool, question string) error {
	if yes || !asks(s) {
		return nil
	}
	k := shell.NewKeyboard(s.In)
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

// asks reports whether somebody is there to be asked.
func asks(s shell.Streams) bool { return shell.NewKeyboard(s.In).Terminal != nil }

// sureOf asks for a name to be typed before what ends more than one thing.
func sureOf(ctx context.Context, s shell.Streams, question, name string) error {
	answer, err := shell.NewKeyboard(s.In).Ask(ctx, s.Err, question, false)
	if err != nil {
		return err
	}
	if strings.TrimSpace(answer) != name {
		return shell.Usage("that is not its name; nothing was done")
	}
	return nil
}
