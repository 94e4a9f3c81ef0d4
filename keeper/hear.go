package keeper

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
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
		g, err := k.subjectOf(ctx, app, s)
		if errors.Is(err, store.ErrNotFound) {
			continue // not ours, or not yet: its own callback brings it
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		switch n.Kind {
		case platform.NoticeRevoked:
			_, err = k.Left(ctx, g.ID, n.At, "platform")
		case platform.NoticeExpiring, platform.NoticeAuthorized:
			err = k.look(ctx, g.ID)
		case platform.NoticeOrdered:
			err = k.ordered(ctx, g)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// subjectOf finds the grant that a message is about: by the subject's id, else by its host, which an unsigned header
// may be all that names it. Whom it names is asked before anything is believed.
func (k *Keeper) subjectOf(ctx context.Context, app string, s gk.Subject) (gk.Grant, error) {
	if s.ID != "" {
		g, err := k.store.GrantOf(ctx, gk.Engine(), app, s.Kind, s.ID)
		if err == nil || !errors.Is(err, store.ErrNotFound) || s.Host == "" {
			return g, err
		}
	}
	if s.Host == "" {
		return gk.Grant{}, store.ErrNotFound
	}
	grants, err := k.store.GrantsAt(ctx, app, s.Host)
	if err != nil {
		return gk.Grant{}, err
	}
	for _, g := range grants {
		if strings.EqualFold(g.Subject.Host, s.Host) {
			return g, nil
		}
	}
	return gk.Grant{}, store.ErrNotFound
}

// ordered acts on news of a merchant's order: where the authorization ends with the order, a renewal brings the new end.
func (k *Keeper) ordered(ctx context.Context, g gk.Grant) error {
	if !g.Renewable || !fixed(&g) {
		return k.look(ctx, g.ID)
	}
	err := k.refreshNow(ctx, g.ID, claim{})
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
		page := ""
		for pages := 0; ; pages++ {
			if pages == longestCensus {
				return fmt.Errorf("%s: a census has more than %d pages; what it does not name is left alone", open.Spec().Code, longestCensus)
			}
			req, err := c.CensusRequest(open, kind, page)
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
			found, next, err := c.ReadCensus(open, reply)
			if err != nil {
				return err
			}
			for _, in := range found {
				living[gk.Subject{Kind: in.Subject.Kind, ID: in.Subject.ID}] = in
			}
			if page = next; page == "" {
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
			if g.State == gk.Revoked || !g.AuthorizedAt.Before(begun) {
				continue // the list may be older than a consent of this moment
			}
			if in, ok := living[gk.Subject{Kind: g.Subject.Kind, ID: g.Subject.ID}]; ok {
				errs = append(errs, k.seen(ctx, d, g, in))
				continue
			}
			_, err := k.Left(ctx, g.ID, at, "platform")
			errs = append(errs, err)
		}
	}
}
