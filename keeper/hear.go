package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Hear acts on one thing that a platform told: pushed, or pulled. It asks before it believes.
func (k *Keeper) Hear(ctx context.Context, app string, n platform.Notice) error {
	if !k.begin() {
		return ErrDraining
	}
	defer k.end()
	if n.Census {
		return k.census(ctx, app, n.At)
	}
	var errs []error
	for _, s := range n.Subjects {
		grants, err := k.subjectOf(ctx, app, s)
		errs = append(errs, err)
		for _, g := range grants { // none: not ours, or not yet, and its own callback brings it
			errs = append(errs, k.heard(ctx, g, n))
		}
	}
	if len(n.Subjects) > 0 {
		return errors.Join(errs...) // what they reach is told by the same answer
	}
	for _, shop := range n.Shops {
		grants, err := k.store.GrantsOfShop(ctx, app, shop)
		errs = append(errs, err)
		for _, g := range grants {
			errs = append(errs, k.look(ctx, g.ID))
		}
	}
	return errors.Join(errs...)
}

// heard acts on a message about one grant.
func (k *Keeper) heard(ctx context.Context, g gk.Grant, n platform.Notice) error {
	switch n.Kind {
	case platform.NoticeRevoked:
		_, err := k.Left(ctx, g.ID, n.At, "platform")
		return err
	case platform.NoticeExpiring, platform.NoticeAuthorized:
		return k.look(ctx, g.ID)
	case platform.NoticeOrdered:
		return k.ordered(ctx, g)
	}
	return nil
}

// subjectOf finds the grants that a message is about: by the subject's id, else by its host, which an unsigned header
// may be all that names it, and which a store that was set up again shares with the one before. Whom it names is asked
// before anything is believed.
func (k *Keeper) subjectOf(ctx context.Context, app string, s gk.Subject) ([]gk.Grant, error) {
	if s.ID != "" {
		g, err := k.store.GrantOf(ctx, gk.Engine(), app, s.Kind, s.ID)
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
	return k.store.GrantsAt(ctx, app, s.Host)
}

// ordered acts on news of a merchant's order: where the authorization ends with the order, a renewal brings the new end.
func (k *Keeper) ordered(ctx context.Context, g gk.Grant) error {
	if !g.Renewable || !fixed(&g) {
		return k.look(ctx, g.ID)
	}
	err := k.refreshNow(ctx, g.ID, lifecycle.Asker{})
	var later *Later
	if errors.As(err, &later) {
		return nil // its next renewal brings the end as well
	}
	return err
}

// look asks the platform how a grant stands and records what it tells.
func (k *Keeper) look(ctx context.Context, id string) error {
	g, err := k.store.Grant(ctx, gk.Engine(), id)
	if err != nil || g.State == gk.Revoked {
		return err
	}
	_, d, open, err := k.appOf(ctx, g.App)
	if err != nil {
		return err
	}
	if _, ok := d.(platform.Inspector); !ok {
		return nil
	}
	return k.probe(ctx, d, open, g)
}

// longestCensus is how many pages the platform's own list of one kind may have.
const longestCensus = 2000

// census compares the platform's own list of living authorizations with ours. A grant that the list lacks is asked
// about; only the answer to that ends it.
func (k *Keeper) census(ctx context.Context, appID string, at time.Time) error {
	_, d, open, err := k.appOf(ctx, appID)
	if err != nil {
		return err
	}
	c, ok := d.(platform.Census)
	if !ok {
		return nil
	}
	begun := k.Now()
	living := map[gk.Subject]platform.Inspection{}
	for _, kind := range d.Spec().Facts.Subjects {
		after := ""
		for pages := 0; ; pages++ {
			if pages == longestCensus {
				return fmt.Errorf("%s: a census has more than %d pages; what it does not name is left alone", open.Spec().Code, longestCensus)
			}
			req, err := k.request(open, "census", func() (*platform.Request, error) { return c.CensusRequest(open, kind, after) })
			if err != nil {
				return err
			}
			if req == nil {
				break // this kind has no list
			}
			reply, err := k.ask(ctx, open, req, false, 30*time.Second)
			if err != nil {
				return err
			}
			found, next, err := page(k, open, "read census", func() ([]platform.Inspection, string, error) { return c.ReadCensus(open, reply) })
			if err != nil {
				return err
			}
			for _, in := range found {
				living[gk.Subject{Kind: in.Subject.Kind, ID: in.Subject.ID}] = in
			}
			if after = next; after == "" {
				break
			}
		}
	}
	var errs []error
	for after := ""; ; {
		grants, err := k.store.Grants(ctx, gk.Engine(), store.GrantFilter{App: appID, After: after, Limit: 500})
		if err != nil || len(grants) == 0 {
			return errors.Join(append(errs, err)...)
		}
		for _, g := range grants {
			after = g.ID
			if g.State == gk.Revoked || unconfirmed(&g) || !g.AuthorizedAt.Before(begun) {
				continue // the list may be older than a consent of this moment; whoever never was on it has not left
			}
			if in, ok := living[gk.Subject{Kind: g.Subject.Kind, ID: g.Subject.ID}]; ok {
				alive := true // what the list names lives
				in.Alive = &alive
				errs = append(errs, k.seen(ctx, d, g, in))
				continue
			}
			_, err := k.Left(ctx, g.ID, at, "platform")
			errs = append(errs, err)
		}
	}
}
