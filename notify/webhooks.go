package notify

import (
	"context"
	"net/url"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/store"
)

const (
	mostWebhooks = 5000
	mostReplayed = 100000
	replayBatch  = 500
)

// Webhook is an endpoint of the vendor's.
type Webhook struct {
	store.Outlet
	URL string
}

// WebhookChange is what a webhook becomes; nil leaves a part as it is.
type WebhookChange struct {
	URL         *string
	Kinds       *[]string
	Apps        *[]string
	Owners      *[]string
	Description *string
	Enabled     *bool
}

// narrower reports whether a limit lies within another; an empty one is no limit.
func narrower(limit, within []string) bool {
	return len(within) == 0 || len(limit) > 0 && !slices.ContainsFunc(limit, func(v string) bool { return !slices.Contains(within, v) })
}

// seen reports whether an outlet exists for a viewer: it must not tell more than the viewer may see.
func seen(v gk.Viewer, o store.Outlet) bool {
	return narrower(o.Rule.Owners, v.Owners) && narrower(o.Rule.Apps, v.Apps)
}

// limit keeps a rule within what its maker may see.
func limit(v gk.Viewer, r *store.Rule) error {
	if len(r.Owners) == 0 {
		r.Owners = v.Owners
	}
	if len(r.Apps) == 0 {
		r.Apps = v.Apps
	}
	for _, c := range []struct {
		field        string
		list, within []string
	}{{"owners", r.Owners, v.Owners}, {"apps", r.Apps, v.Apps}} {
		if slices.Contains(c.list, "") {
			return &gk.Invalid{Field: c.field, Why: "holds an empty text"}
		}
		if !narrower(c.list, c.within) {
			return &gk.Invalid{Field: c.field, Why: "goes beyond the key that asks"}
		}
	}
	return nil
}

func checkKinds(patterns []string) error {
	for _, p := range patterns {
		if !KnownKind(p) {
			return &gk.Invalid{Field: "kinds", Why: "holds a kind that no event has; GET /schemas/events.json lists them, and grant.* and * name many"}
		}
	}
	return nil
}

// checkURL refuses an address that may never be dialled.
func (n *News) checkURL(field, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || len(address) > 2000 {
		return &gk.Invalid{Field: field, Why: "is no address; write https://HOST/PATH"}
	}
	if err := n.o.Gate.Admits(u, outbound.Policy{Public: true}); err != nil {
		return &gk.Invalid{Field: field, Why: errGate(err) + ", which is never dialled: https and a public address, or what the server allows by --allow-webhook"}
	}
	return nil
}

// CreateWebhook makes a webhook; the secret is told this once.
func (n *News) CreateWebhook(ctx context.Context, v gk.Viewer, address string, rule store.Rule) (Webhook, gk.Secret, error) {
	if len(rule.Kinds) == 0 {
		return Webhook{}, gk.Secret{}, &gk.Invalid{Field: "kinds", Why: "is empty; * names all"}
	}
	if err := n.checkURL("url", address); err != nil {
		return Webhook{}, gk.Secret{}, err
	}
	if err := checkKinds(rule.Kinds); err != nil {
		return Webhook{}, gk.Secret{}, err
	}
	if err := limit(v, &rule); err != nil {
		return Webhook{}, gk.Secret{}, err
	}
	all, err := n.o.Store.Outlets(ctx, store.WebhookForm)
	if err != nil {
		return Webhook{}, gk.Secret{}, err
	}
	if len(all) >= mostWebhooks {
		return Webhook{}, gk.Secret{}, &gk.Invalid{Field: "url", Why: "would be one webhook too many; remove one first"}
	}
	now := n.o.Keeper.Now()
	o := store.Outlet{
		ID: gk.NewID("whk", now), Form: store.WebhookForm, By: v.Key, Enabled: true, Rule: rule, CreatedAt: now, UpdatedAt: now,
	}
	secret := newSecret()
	err = n.seal(&o, private{Settings: map[string]string{"url": address}, Secrets: []signingSecret{{Value: secret.Reveal()}}})
	if err != nil {
		return Webhook{}, gk.Secret{}, err
	}
	return Webhook{o, address}, secret, n.o.Store.CreateOutlet(ctx, o)
}

// Webhook returns one webhook; ErrNotFound for whoever may not see it.
func (n *News) Webhook(ctx context.Context, v gk.Viewer, id string) (Webhook, error) {
	o, err := n.outlet(ctx, v, store.WebhookForm, id)
	if err != nil {
		return Webhook{}, err
	}
	p, err := n.open(o)
	return Webhook{o, p.Settings["url"]}, err
}

func (n *News) outlet(ctx context.Context, v gk.Viewer, form, id string) (store.Outlet, error) {
	o, err := n.o.Store.Outlet(ctx, form, id)
	if err == nil && !seen(v, o) {
		err = store.ErrNotFound
	}
	return o, err
}

// outlets lists what a viewer sees behind an id, at most limit.
func (n *News) outlets(ctx context.Context, v gk.Viewer, form, after string, limit int) ([]store.Outlet, error) {
	all, err := n.o.Store.Outlets(ctx, form)
	all = slices.DeleteFunc(all, func(o store.Outlet) bool { return o.ID <= after || !seen(v, o) })
	return all[:min(len(all), limit)], err
}

// Webhooks lists what a viewer sees, behind an id.
func (n *News) Webhooks(ctx context.Context, v gk.Viewer, after string, limit int) ([]Webhook, error) {
	rows, err := n.outlets(ctx, v, store.WebhookForm, after, limit)
	if err != nil {
		return nil, err
	}
	list := make([]Webhook, 0, len(rows))
	for _, o := range rows {
		p, err := n.open(o)
		if err != nil {
			return nil, err
		}
		list = append(list, Webhook{o, p.Settings["url"]})
	}
	return list, nil
}

// UpdateWebhook changes a webhook. Enabling it again forgets that it failed.
func (n *News) UpdateWebhook(ctx context.Context, v gk.Viewer, id string, c WebhookChange) (Webhook, error) {
	if c.URL != nil {
		if err := n.checkURL("url", *c.URL); err != nil {
			return Webhook{}, err
		}
	}
	if c.Kinds != nil && len(*c.Kinds) == 0 {
		return Webhook{}, &gk.Invalid{Field: "kinds", Why: "is empty; * names all"}
	}
	err := n.change(ctx, v, store.WebhookForm, id, func(o *store.Outlet, p *private, now time.Time) error {
		if c.URL != nil {
			p.Settings["url"] = *c.URL
		}
		set(&o.Rule.Description, c.Description)
		set(&o.Rule.Kinds, c.Kinds)
		set(&o.Rule.Apps, c.Apps)
		set(&o.Rule.Owners, c.Owners)
		if c.Enabled != nil && *c.Enabled != o.Enabled {
			o.Enabled, o.Reason, o.FailingSince, o.ToldAt = *c.Enabled, "", time.Time{}, time.Time{}
		}
		if err := checkKinds(o.Rule.Kinds); err != nil {
			return err
		}
		return limit(v, &o.Rule)
	})
	if err != nil {
		return Webhook{}, err
	}
	return n.Webhook(ctx, v, id)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// change changes an outlet that a viewer sees.
func (n *News) change(ctx context.Context, v gk.Viewer, form, id string, change func(*store.Outlet, *private, time.Time) error) error {
	now := n.o.Keeper.Now()
	return n.o.Store.UpdateOutlet(ctx, form, id, now, func(o *store.Outlet) ([]gk.Event, error) {
		if !seen(v, *o) {
			return nil, store.ErrNotFound
		}
		p, err := n.open(*o)
		if err != nil {
			return nil, err
		}
		if err := change(o, &p, now); err != nil {
			return nil, err
		}
		return nil, n.seal(o, p)
	})
}

// RemoveOutlet removes a webhook or an alarm with what is on its way to it.
func (n *News) RemoveOutlet(ctx context.Context, v gk.Viewer, form, id string) error {
	if _, err := n.outlet(ctx, v, form, id); err != nil {
		return err
	}
	return n.o.Store.DeleteOutlet(ctx, form, id)
}

// RotateWebhook gives a webhook a new secret; both sign for 24 hours.
func (n *News) RotateWebhook(ctx context.Context, v gk.Viewer, id string) (gk.Secret, error) {
	secret := newSecret()
	return secret, n.change(ctx, v, store.WebhookForm, id, func(_ *store.Outlet, p *private, now time.Time) error {
		p.rotate(secret, now)
		return nil
	})
}

// TestWebhook sends a webhook an event of its own; it returns the event's id.
func (n *News) TestWebhook(ctx context.Context, v gk.Viewer, id string) (string, error) {
	o, err := n.outlet(ctx, v, store.WebhookForm, id)
	if err != nil {
		return "", err
	}
	if !o.Enabled {
		return "", &gk.Invalid{Field: "id", Why: "names a webhook that is disabled; enable it first"}
	}
	e := outletEvent(gk.EventWebhookTest, n.o.Keeper.Now(), map[string]any{"webhook": id})
	e.Actor = v.Key
	return e.ID, n.o.Store.Append(ctx, e)
}

// Deliveries lists what was, or is, on its way to a webhook, newest first.
func (n *News) Deliveries(ctx context.Context, v gk.Viewer, f store.DeliveryFilter) ([]store.Delivery, error) {
	if _, err := n.outlet(ctx, v, store.WebhookForm, f.Outlet); err != nil {
		return nil, err
	}
	return n.o.Store.Deliveries(ctx, f)
}

// Redeliver sends one event again, whatever became of it before.
func (n *News) Redeliver(ctx context.Context, v gk.Viewer, id, event string) error {
	o, err := n.ready(ctx, v, id)
	if err != nil {
		return err
	}
	rows, err := n.o.Store.EventsByID(ctx, []string{event})
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return store.ErrNotFound
	}
	yes, err := n.replayable(ctx, o, rows[0])
	if err == nil && !yes {
		err = store.ErrNotFound
	}
	if err != nil {
		return err
	}
	defer n.look()
	return n.o.Store.Redeliver(ctx, []store.Delivery{delivery(o, rows[0], n.o.Keeper.Now())})
}

func (n *News) replayable(ctx context.Context, o store.Outlet, e gk.Event) (bool, error) {
	platforms, err := n.platforms(ctx, []gk.Event{e})
	if err != nil {
		return false, err
	}
	return n.wants(ctx, o, e, platforms[e.App], nil)
}

// ready returns a webhook that can be sent something.
func (n *News) ready(ctx context.Context, v gk.Viewer, id string) (store.Outlet, error) {
	o, err := n.outlet(ctx, v, store.WebhookForm, id)
	if err == nil && !o.Enabled {
		err = &gk.Invalid{Field: "id", Why: "names a webhook that is disabled; enable it first"}
	}
	return o, err
}

// Replay sends the events of a range again, those that the webhook wants: behind after, up to and with until (0: the
// last one). It returns how many.
func (n *News) Replay(ctx context.Context, v gk.Viewer, id string, after, until int64) (count int, err error) {
	o, err := n.ready(ctx, v, id)
	if err != nil {
		return 0, err
	}
	if until == 0 {
		if until, err = n.o.Store.LastPosition(ctx); err != nil {
			return 0, err
		}
	}
	if until < after {
		return 0, &gk.Invalid{Field: "until", Why: "lies before after"}
	}
	if until-after > mostReplayed {
		return 0, &gk.Invalid{Field: "until", Why: "is more than 100000 positions behind after; replay in parts"}
	}
	defer n.look()
	for {
		events, err := n.o.Store.FindEvents(ctx, gk.Engine(), store.EventFilter{After: after, Until: until, Limit: replayBatch})
		if err != nil || len(events) == 0 {
			return count, err
		}
		platforms, err := n.platforms(ctx, events)
		if err != nil {
			return count, err
		}
		var again []store.Delivery
		for _, e := range events {
			yes, err := n.wants(ctx, o, e, platforms[e.App], nil)
			if err != nil {
				return count, err
			}
			if yes && e.Kind != gk.EventWebhookTest {
				again = append(again, delivery(o, e, n.o.Keeper.Now()))
			}
		}
		if err := n.o.Store.Redeliver(ctx, again); err != nil {
			return count, err
		}
		count += len(again)
		after = events[len(events)-1].Position
	}
}
