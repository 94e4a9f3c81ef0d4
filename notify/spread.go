package notify

import (
	"context"
	"errors"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	spreadEvents = 500
	// A spread is one transaction of the database that refreshes share: it stays short.
	spreadDeliveries = 1000
	// Events that come together are told together: an alarm waits for so long for the next of a group, and for all of them no
	// longer than the other.
	gather       = 3 * time.Second
	gatherAtMost = 30 * time.Second
)

// spread stores the deliveries of some events and reports whether more may wait. The events are read before the outlets,
// so that an outlet gets whatever happens after it was made.
func (n *News) spread(ctx context.Context) (more bool, err error) {
	from, waits, err := n.o.Store.SpreadUntil(ctx)
	if err != nil || !waits {
		return false, err
	}
	events, err := n.o.Store.EventsAfter(ctx, gk.Engine(), from, spreadEvents)
	if err != nil || len(events) == 0 {
		return false, err
	}
	outlets, err := n.o.Store.Outlets(ctx, "")
	if err != nil {
		return false, err
	}
	platforms, err := n.platforms(ctx, events)
	if err != nil {
		return false, err
	}
	now := n.o.Keeper.Now()
	to := from
	var deliveries []store.Delivery
	lately := map[telling]string{}
	for _, e := range events {
		var wanted []store.Delivery
		for _, o := range outlets {
			yes, err := n.wants(ctx, o, e, platforms[e.App], lately)
			if err != nil {
				return false, err
			}
			if yes {
				wanted = append(wanted, delivery(o, e, now))
				lately[telling{o.ID, about(e)}] = e.Kind
			}
		}
		if len(deliveries) > 0 && len(deliveries)+len(wanted) > spreadDeliveries {
			break
		}
		deliveries, to = append(deliveries, wanted...), e.Position
	}
	_, err = n.o.Store.Spread(ctx, from, to, deliveries)
	if len(deliveries) > 0 {
		n.look()
	}
	if errors.Is(err, store.ErrNotFound) { // an outlet was removed meanwhile
		return true, nil
	}
	return err == nil, err
}

// telling is what an outlet is told about: the deliveries that are not stored yet are remembered by it.
type telling struct{ outlet, about string }

// platforms returns the platforms of the apps that events are about.
func (n *News) platforms(ctx context.Context, events []gk.Event) (map[string]string, error) {
	of := map[string]string{}
	for _, e := range events {
		if _, seen := of[e.App]; seen || e.App == "" {
			continue
		}
		app, err := n.o.Store.App(ctx, gk.Engine(), e.App)
		var damaged *store.DamagedError
		if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.As(err, &damaged) {
			return nil, err
		}
		of[e.App] = app.Platform
	}
	return of, nil
}

func delivery(o store.Outlet, e gk.Event, now time.Time) store.Delivery {
	d := store.Delivery{
		Outlet: o.ID, Event: e.ID, Position: e.Position, Kind: e.Kind, About: about(e), State: store.Pending, DueAt: now, CreatedAt: now,
	}
	if o.Form == store.AlarmForm {
		d.DueAt = now.Add(gather)
	}
	return d
}

// about is what an event is about: its trouble, and the end of it.
func about(e gk.Event) string {
	outlet, _ := e.Data["webhook"].(string)
	return firstText(e.Grant, e.App, platformIn(e), outlet)
}

// viewerOf is who an outlet tells: it sees what the rule's limits allow.
func viewerOf(r store.Rule) gk.Viewer {
	return gk.Viewer{Key: "outlet", Scopes: []gk.Scope{gk.ScopeRead}, Owners: r.Owners, Apps: r.Apps}
}

// wants reports whether an outlet gets an event. lately is what the outlets are told beside it.
func (n *News) wants(ctx context.Context, o store.Outlet, e gk.Event, platform string, lately map[telling]string) (bool, error) {
	if e.Kind == gk.EventWebhookTest {
		return o.Enabled && e.Data["webhook"] == o.ID, nil
	}
	if !o.Enabled || o.ID == e.Data["webhook"] { // an outlet is not told of its own failing
		return false, nil
	}
	v := viewerOf(o.Rule)
	if !v.SeesApp(e.App) || len(o.Rule.Apps) > 0 && e.App == "" || !v.SeesOwner(e.Owner) {
		return false, nil
	}
	if len(o.Rule.Platforms) > 0 && !slices.Contains(o.Rule.Platforms, firstText(platform, platformIn(e))) {
		return false, nil
	}
	if o.Form == store.WebhookForm {
		return fitsAny(o.Rule.Kinds, e.Kind), nil
	}
	if kinds[e.Kind].recovers {
		return n.heard(ctx, o, e, lately)
	}
	wanted := o.Rule.Kinds
	if len(wanted) == 0 {
		wanted = alarmed
	}
	return fitsAny(wanted, e.Kind) && severe(e.Kind, o.Rule.Severity), nil
}

// heard reports whether the last thing that an alarm told of a grant, an app or a platform was a trouble: its end is told
// to whoever heard of it.
func (n *News) heard(ctx context.Context, o store.Outlet, e gk.Event, lately map[telling]string) (bool, error) {
	if fitsAny(o.Rule.Kinds, e.Kind) && severe(e.Kind, o.Rule.Severity) {
		return true, nil
	}
	about := about(e)
	last, known := lately[telling{o.ID, about}]
	if !known {
		told, err := n.o.Store.LastTold(ctx, o.ID, []string{about})
		if err != nil {
			return false, err
		}
		if last, known = told[about]; !known {
			return false, nil
		}
	}
	return !kinds[last].recovers && kinds[last].severity != Info, nil
}
