package pushes

import (
	"context"
	"errors"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// longestCensus is how many pages the platform's own list of one kind may have.
const longestCensus = 2000

// census compares the platform's own list of living authorizations with ours. A grant that the list lacks is asked
// about; only the answer to that ends it.
func (p *Pushes) census(ctx context.Context, appID string, at time.Time) error {
	a, err := p.o.Keeper.Apps().OpenByID(ctx, appID)
	if err != nil {
		return err
	}
	c, ok := a.Driver.(platform.Census)
	if !ok {
		return nil
	}
	if a, err = a.Equipped(ctx); err != nil {
		return err
	}
	begun := p.o.Keeper.Now()
	living := map[gk.Subject]platform.Inspection{}
	for _, kind := range a.Driver.Spec().Facts.Subjects {
		if err := listLiving(ctx, a, c, kind, living); err != nil {
			return err
		}
	}
	var errs []error
	for after := ""; ; {
		grants, err := p.o.Store.Grants(ctx, gk.Engine(), store.GrantFilter{App: appID, After: after, Limit: 500})
		if err != nil || len(grants) == 0 {
			return errors.Join(append(errs, err)...)
		}
		for _, g := range grants {
			after = g.ID
			if g.State == gk.Revoked || g.Subject.Kind == gk.KindApp || lifecycle.Unconfirmed(&g) || !g.AuthorizedAt.Before(begun) {
				continue // the list may be older than a consent of this moment; whoever never was on it has not left
			}
			if in, ok := living[gk.Subject{Kind: g.Subject.Kind, ID: g.Subject.ID}]; ok {
				alive := true // what the list names lives
				in.Alive = &alive
				errs = append(errs, p.o.Keeper.Seen(ctx, a.Driver, g, in))
				continue
			}
			_, err := p.o.Keeper.Left(ctx, g.ID, at, "platform")
			errs = append(errs, err)
		}
	}
}

// listLiving reads the platform's list of one kind of subject, through all its pages. Some kinds have no list.
func listLiving(ctx context.Context, a apps.Opened, c platform.Census, kind string, living map[gk.Subject]platform.Inspection) error {
	after := ""
	for range longestCensus {
		req, err := a.Request("census", func() (*platform.Request, error) { return c.CensusRequest(a.Open, kind, after) })
		if req == nil || err != nil {
			return err
		}
		reply, err := a.Ask(ctx, req, false, 30*time.Second)
		if err != nil {
			return err
		}
		found, next, err := apps.Page(a, "read census", func() ([]platform.Inspection, string, error) { return c.ReadCensus(a.Open, reply) })
		if err != nil {
			return err
		}
		for _, in := range found {
			living[gk.Subject{Kind: in.Subject.Kind, ID: in.Subject.ID}] = in
		}
		if after = next; after == "" {
			return nil
		}
	}
	return fmt.Errorf("%s: a census has more than %d pages; what it does not name is left alone", a.Driver.Spec().Code, longestCensus)
}
