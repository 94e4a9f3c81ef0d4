package pushes

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Hear acts on one thing that a platform told: pushed, or pulled. It asks before it believes.
func (p *Pushes) Hear(ctx context.Context, app string, n platform.Notice) error {
	if !p.o.Keeper.BeginWork() {
		return keeper.ErrDraining
	}
	defer p.o.Keeper.EndWork()
	if len(n.Secrets) > 0 {
		return p.o.Keeper.Apps().TakePushed(ctx, app, n.Secrets, n.At)
	}
	if n.Census {
		return p.censuses.once(ctx, app, func() error { return p.census(ctx, app, n.At) })
	}
	if n.Kind == platform.NoticePrivacy {
		return p.tellPrivacy(ctx, app, n)
	}
	var errs []error
	for _, s := range n.Subjects {
		grants, err := p.subjectOf(ctx, app, s)
		errs = append(errs, err)
		for _, g := range grants { // none: not ours, or not yet, and its own callback brings it
			errs = append(errs, p.heard(ctx, g, n))
		}
	}
	if len(n.Subjects) > 0 {
		return errors.Join(errs...) // what they reach is told by the same answer
	}
	for _, shop := range n.Shops {
		grants, err := p.o.Store.GrantsOfShop(ctx, app, shop)
		errs = append(errs, err)
		for _, g := range grants {
			errs = append(errs, p.heardOfShop(ctx, g, n))
		}
	}
	return errors.Join(errs...)
}

// heard acts on a message about one grant.
func (p *Pushes) heard(ctx context.Context, g gk.Grant, n platform.Notice) error {
	switch n.Kind {
	case platform.NoticeRevoked:
		_, err := p.o.Keeper.Left(ctx, g.ID, n.At, "platform")
		return err
	case platform.NoticeExpiring:
		return p.ending(ctx, g, n)
	case platform.NoticeAuthorized:
		return p.o.Keeper.Look(ctx, g.ID)
	case platform.NoticeOrdered:
		return p.o.Keeper.Ordered(ctx, g)
	}
	return nil
}

// heardOfShop acts on a message that names a shop of a grant and not whose grant it is. That a shop left is asked about as
// if the merchant had: the answer tells whether all of it ended, or which shops are left.
func (p *Pushes) heardOfShop(ctx context.Context, g gk.Grant, n platform.Notice) error {
	switch n.Kind {
	case platform.NoticeRevoked:
	case platform.NoticeExpiring:
		return p.ending(ctx, g, n)
	default:
		return p.o.Keeper.Look(ctx, g.ID)
	}
	if d := p.o.Keeper.Apps().Driver(g.Platform); d != nil {
		if _, asks := d.(platform.Inspector); !asks && livingShops(g) > 1 {
			return nil // nobody can be asked, and one shop of several ends no grant
		}
	}
	_, err := p.o.Keeper.Left(ctx, g.ID, n.At, "platform")
	return err
}

// ending acts on the news that an authorization ends soon. What the platform answers counts first. The end that the message
// itself tells is taken where messages are proved: some platforms tell it nowhere else.
func (p *Pushes) ending(ctx context.Context, g gk.Grant, n platform.Notice) error {
	err := p.o.Keeper.Look(ctx, g.ID)
	d := p.o.Keeper.Apps().Driver(g.Platform)
	if d == nil || !d.Spec().Facts.Push.Proof {
		return err
	}
	if within := time.Duration(d.Spec().Facts.Push.ExpiresWithin); n.Ceiling.IsZero() && within > 0 && !n.At.IsZero() && g.Ceiling.IsZero() {
		n.Ceiling = n.At.Add(within) // at the latest
	}
	if n.Ceiling.IsZero() {
		return err
	}
	return errors.Join(err, p.o.Keeper.Announced(ctx, g.ID, n.Ceiling, n.At))
}

// livingShops counts the shops that a grant has not lost.
func livingShops(g gk.Grant) (n int) {
	for _, s := range g.Shops {
		if s.LostAt.IsZero() {
			n++
		}
	}
	return n
}

// subjectOf finds the grants that a message is about: by the subject's id, else by its host, which an unsigned header
// may be all that names it, and which a store that was set up again shares with the one before. Whom it names is asked
// before anything is believed.
func (p *Pushes) subjectOf(ctx context.Context, app string, s gk.Subject) ([]gk.Grant, error) {
	if s.ID != "" {
		g, err := p.o.Store.GrantOf(ctx, gk.Engine(), app, s.Kind, s.ID)
		if err == nil {
			return []gk.Grant{g}, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	if s.Host == "" {
		return nil, store.ErrNotFound
	}
	return p.o.Store.GrantsAt(ctx, app, s.Host)
}
