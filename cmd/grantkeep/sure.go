package main

import (
	"context"
	"strings"
)

// sure asks a person before what cannot be undone. A script has nobody to ask: it goes on as it always did.
func sure(ctx context.Context, s streams, yes bool, question string) error {
	if yes {
		return nil
	}
	k := newKeyboard(s.in)
	if k.terminal == nil {
		return nil
	}
	answer, err := k.ask(ctx, s.err, question+" [y/N]", false)
	if err != nil {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return usage("nothing was done")
}
