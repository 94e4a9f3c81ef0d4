package keeper

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// A key that is limited to owners can write any subject into the rows that it imports. Such a grant is held until the
// platform has confirmed that the pair is that subject's: it is asked, or the answer to a refresh names the subject.
// Then the grant becomes active by itself. A merchant's consent needs no such question: it takes the mark away.

// confirmImport asks the platform whose pair an unconfirmed grant has. What it does not confirm stays held.
func (k *Keeper) confirmImport(ctx context.Context, d platform.Driver, app gk.App, open platform.App, g gk.Grant) error {
	cred, err := k.credential(g, true)
	if err != nil {
		return err
	}
	in, confirmed, err := k.whose(ctx, d, open, cred)
	if err != nil || confirmed {
		if confirmed {
			return k.confirmedByPlatform(ctx, d, app, g, in)
		}
		return err
	}
	if in.Fault == nil {
		return nil
	}
	now := k.Now()
	in.Fault.At = gk.At(now)
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if !unconfirmed(row) || row.Generation != g.Generation {
			return nil, errOvertaken
		}
		row.Fault = in.Fault
		return nil, nil
	})
}

// whose asks the platform whose a credential is, and reports whether it says that it is its subject's. The question does
// not hold what the importer wrote of the subject, since drivers repeat the subject they are given where the platform
// says nothing of it. Where a question cannot be put without the subject, the platform checks the token against it.
// On a platform without tokens the moment of the merchant's consent is the proof.
func (k *Keeper) whose(ctx context.Context, d platform.Driver, open platform.App, cred platform.Credential) (in platform.Inspection, confirmed bool, err error) {
	ins, ok := d.(platform.Inspector)
	if !ok {
		return in, false, nil
	}
	alive := func() bool { return in.Alive != nil && *in.Alive }
	if !d.Spec().Facts.Tokens {
		in, err = k.inspect(ctx, ins, open, platform.Credential{Subject: cred.Subject})
		return in, err == nil && alive() && !in.AuthorizedAt.IsZero(), err
	}
	blind := platform.Credential{
		Subject: gk.Subject{Kind: cred.Subject.Kind, Host: cred.Subject.Host, Region: cred.Subject.Region},
		Token:   gk.Token{Access: cred.Token.Access},
	}
	var bad *platform.BadCall
	if _, err := ins.InspectRequest(open, blind, ""); errors.As(err, &bad) {
		blind.Subject = cred.Subject
		in, err = k.inspect(ctx, ins, open, blind)
		return in, err == nil && alive(), err
	}
	in, err = k.inspect(ctx, ins, open, blind)
	return in, err == nil && alive() && in.Subject.Same(cred.Subject), err
}

// namedByRefresh reports whether the answer to a refresh says by itself that its pair is the subject's.
func namedByRefresh(d platform.Driver, open platform.App, asked platform.Asked, subject gk.Subject, reply platform.Reply) bool {
	asked.Subject = gk.Subject{Kind: subject.Kind, Host: subject.Host}
	issues, err := d.ReadIssues(open, asked, reply)
	return err == nil && len(issues) == 1 && issues[0].Subject.Same(subject)
}

// confirmedByPlatform makes an unconfirmed grant active, unless its pair was replaced meanwhile.
func (k *Keeper) confirmedByPlatform(ctx context.Context, d platform.Driver, app gk.App, g gk.Grant, in platform.Inspection) error {
	now := k.Now()
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if !unconfirmed(row) || row.PairFrom != g.PairFrom && row.PairSpent != g.Generation {
			return nil, errOvertaken
		}
		return lifecycle.Confirm(row, lifecycle.TermsOf(d, app), in, now), nil
	})
}

// moved tells both owners that a grant went from one to the other. Each has an event of their own, and a key that is
// limited to owners does not see the names in it.
func moved(g *gk.Grant, from, actor string, now time.Time) []gk.Event {
	var events []gk.Event
	for _, owner := range []string{from, g.Owner} {
		if owner == "" {
			continue
		}
		e := event(gk.EventGrantMoved, actor, g, now, map[string]any{"from": from, "to": g.Owner})
		e.Owner = owner
		events = append(events, e)
	}
	return events
}
