package keeper

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// A key that is limited to owners can write any subject into the rows that it imports. Such a grant is held until the
// platform has confirmed that the pair is that subject's: it is asked, or the answer to a refresh names the subject.
// Then the grant becomes active by itself. A merchant's consent needs no such question: it takes the mark away.

// confirmImport asks the platform whose pair an unconfirmed grant has. What it does not confirm stays held.
func (k *Keeper) confirmImport(ctx context.Context, a apps.Opened, g gk.Grant) error {
	a.Owner = g.Owner
	cred, err := k.Credential(g, true)
	if err != nil {
		return err
	}
	in, confirmed, err := k.Whose(ctx, a, cred)
	if err != nil || confirmed {
		if confirmed {
			return k.confirmedByPlatform(ctx, a, g, in)
		}
		return err
	}
	if in.Fault == nil {
		return nil
	}
	now := k.Now()
	in.Fault.At = gk.At(now)
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if !lifecycle.Unconfirmed(row) || row.Generation != g.Generation {
			return nil, errOvertaken
		}
		row.Fault = in.Fault
		return nil, nil
	})
}

// Whose asks the platform whose a credential is, and reports whether it says that it is its subject's. The question does
// not hold what the importer wrote of the subject, since drivers repeat the subject they are given where the platform
// says nothing of it. Where a question cannot be put without the subject, the platform checks the token against it.
// On a platform without tokens the moment of the merchant's consent is the proof.
func (k *Keeper) Whose(ctx context.Context, a apps.Opened, cred platform.Credential) (in platform.Inspection, confirmed bool, err error) {
	ins, ok := a.Driver.(platform.Inspector)
	if !ok {
		return in, false, nil
	}
	alive := func() bool { return in.Alive != nil && *in.Alive }
	if !a.Driver.Spec().Facts.Tokens {
		in, err = a.Inspect(ctx, platform.Credential{Subject: cred.Subject})
		return in, err == nil && alive() && !in.AuthorizedAt.IsZero(), err
	}
	blind := platform.Credential{
		Subject: gk.Subject{Kind: cred.Subject.Kind, Host: cred.Subject.Host, Region: cred.Subject.Region},
		Token:   gk.Token{Access: cred.Token.Access},
	}
	var bad *platform.BadCall
	if _, err := ins.InspectRequest(a.Open, blind, ""); errors.As(err, &bad) {
		blind.Subject = cred.Subject
		in, err = a.Inspect(ctx, blind)
		return in, err == nil && alive(), err
	}
	in, err = a.Inspect(ctx, blind)
	return in, err == nil && alive() && in.Subject.Same(cred.Subject), err
}

// namedByRefresh reports whether the answer to a refresh says by itself that its pair is the subject's.
func namedByRefresh(a apps.Opened, asked platform.Asked, subject gk.Subject, reply platform.Reply) bool {
	asked.Subject = gk.Subject{Kind: subject.Kind, Host: subject.Host}
	issues, err := a.Driver.ReadIssues(a.Open, asked, reply)
	return err == nil && len(issues) == 1 && issues[0].Subject.Same(subject)
}

// confirmedByPlatform makes an unconfirmed grant active, unless its pair was replaced meanwhile.
func (k *Keeper) confirmedByPlatform(ctx context.Context, a apps.Opened, g gk.Grant, in platform.Inspection) error {
	now := k.Now()
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if !lifecycle.Unconfirmed(row) || row.PairFrom != g.PairFrom && row.PairSpent != g.Generation {
			return nil, errOvertaken
		}
		return lifecycle.Confirm(row, lifecycle.TermsOf(a.Driver, a.App), in, now), nil
	})
}

// ConfirmPasted asks the platform whose a token is, where it can be asked. named is whom its bringer says, nil if nobody.
func (k *Keeper) ConfirmPasted(ctx context.Context, opened apps.Opened, i platform.Issue, named *gk.Subject) (platform.Issue, error) {
	if _, ok := opened.Driver.(platform.Inspector); !ok || i.Subject.Kind == gk.KindPartner {
		return i, wholeSubject(i, "is needed: this platform does not tell whose a token is")
	}
	told, err := opened.Inspect(ctx, platform.Credential{Subject: i.Subject, Token: i.Token})
	switch f := apps.FaultIn(err); {
	case f != nil:
		return i, f
	case apps.NotSent(err) || errors.Is(err, platform.ErrGarbage):
		return i, &Later{Err: ErrSuspended, After: 10 * time.Second}
	case err != nil:
		return i, err
	case told.Alive == nil || *told.Alive:
	case told.Fault != nil:
		return i, told.Fault
	default:
		return i, gk.BadInput("token", "is refused by the platform")
	}
	if named != nil && named.ID != "" && told.Subject.ID != "" && named.ID != told.Subject.ID {
		return i, gk.BadInput("subject", "is not whom this token belongs to")
	}
	if i.Subject.ID == "" {
		i.Subject = lifecycle.Merge(told.Subject, i.Subject)
	}
	if err := wholeSubject(i, "is needed: the platform did not tell whose this token is"); err != nil {
		return i, err
	}
	return lifecycle.Supplement(i, told), nil
}

// wholeSubject refuses an issue that does not say whose it is.
func wholeSubject(i platform.Issue, why string) error {
	if i.Subject.Kind == "" || i.Subject.ID == "" {
		return gk.BadInput("subject", why)
	}
	return nil
}
