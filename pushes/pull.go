package pushes

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

const longestPull = 20 // pages of messages in one turn

// pull fetches messages until there are none, acts on each and confirms them afterwards: a message that was acted on
// twice does no harm, one that was confirmed too early would be lost.
func (p *Pushes) pull(ctx context.Context, a apps.Opened) (cursor string, err error) {
	puller := a.Driver.(platform.Puller)
	cursor = a.App.Cursors[apps.CursorPull]
	cred, err := p.anyCredential(ctx, a.App.ID)
	if err != nil {
		return cursor, err
	}
	if a, err = a.Equipped(ctx); err != nil {
		return cursor, err
	}
	for range longestPull {
		req, err := a.Request("pull", func() (*platform.Request, error) { return puller.PullRequest(a.Open, cred, cursor) })
		var incomplete *platform.BadCall
		if errors.As(err, &incomplete) || err == nil && req == nil {
			return cursor, nil // the app's settings lack what this needs, which its check tells
		}
		if err != nil {
			return cursor, err
		}
		reply, err := a.Ask(ctx, req, false, 30*time.Second)
		if err != nil {
			return cursor, err
		}
		var confirm *platform.Request
		notices, next, err := apps.Page(a, "read pull", func() (notices []platform.Notice, next string, err error) {
			notices, confirm, next, err = puller.ReadPull(a.Open, reply)
			return notices, next, err
		})
		if err != nil {
			return cursor, err
		}
		if err := p.hearAll(ctx, a.App, notices); err != nil {
			return cursor, err
		}
		if confirm != nil {
			if _, err := a.Ask(ctx, confirm, false, 30*time.Second); err != nil {
				return cursor, err
			}
		}
		done := next == cursor && len(notices) == 0
		cursor = next
		if done || len(notices) == 0 {
			return cursor, nil
		}
	}
	return cursor, nil
}

// hearAll acts on messages that were fetched. One that cannot be acted on must not stand before the others for ever; the
// checks hear what it told.
func (p *Pushes) hearAll(ctx context.Context, app gk.App, notices []platform.Notice) error {
	for _, n := range notices {
		err := p.Hear(ctx, app.ID, n)
		if errors.Is(err, store.ErrUnavailable) || errors.Is(err, keeper.ErrDraining) {
			return err
		}
		if err != nil {
			p.o.Log.Warn("a platform's message", "platform", app.Platform, "app", app.ID, "kind", n.Kind, "error", err)
		}
	}
	return nil
}

// anyCredential opens one living grant of an app, for messages that are fetched with any valid token; the zero
// credential where there is none.
func (p *Pushes) anyCredential(ctx context.Context, app string) (platform.Credential, error) {
	grants, err := p.o.Store.Grants(ctx, gk.Engine(), store.GrantFilter{App: app, State: gk.Active, Limit: 20})
	if err != nil {
		return platform.Credential{}, err
	}
	for _, g := range grants {
		if g.Subject.Kind != gk.KindApp && g.Usable(p.o.Keeper.Now()) {
			return p.o.Keeper.Credential(g, true)
		}
	}
	return platform.Credential{}, nil
}
