package notify

import (
	"context"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	mostAlarms   = 500
	longestGroup = 24 * time.Hour
)

// masked stands for a setting that is not shown.
const masked = "***"

// Alarm is a channel to people with its rule. Settings that are secret are masked.
type Alarm struct {
	store.Outlet
	Settings map[string]string
}

// AlarmChange is what an alarm becomes; nil leaves a part as it is, and a setting that is masked too.
type AlarmChange struct {
	Settings map[string]string
	Rule     func(*store.Rule)
	Enabled  *bool
}

func shownAlarm(o store.Outlet, p private) Alarm {
	settings := map[string]string{}
	for name, value := range p.Settings {
		if slices.Contains(channels[o.Rule.Channel].secret, name) {
			value = masked
		}
		settings[name] = value
	}
	return Alarm{o, settings}
}

// checkRule refuses a rule that cannot be kept.
func checkRule(r store.Rule) error {
	if err := checkKinds(r.Kinds); err != nil {
		return err
	}
	if r.Severity != "" && !slices.Contains(severities, r.Severity) {
		return &gk.Invalid{Field: "severity", Why: "is none of " + strings.Join(severities, ", ")}
	}
	if _, ok := words[r.Language]; r.Language != "" && !ok {
		return &gk.Invalid{Field: "language", Why: "is none of zh-CN, zh-TW, en"}
	}
	if r.Quiet != nil {
		if _, _, _, err := readQuiet(*r.Quiet); err != nil {
			return &gk.Invalid{Field: "quiet", Why: err.Error()}
		}
	}
	if r.Digest != nil {
		if _, _, err := readDigest(*r.Digest); err != nil {
			return &gk.Invalid{Field: "digest", Why: err.Error()}
		}
	}
	if r.Group < 0 || r.Group > longestGroup {
		return &gk.Invalid{Field: "group", Why: "is longer than a day"}
	}
	return nil
}

// CreateAlarm makes an alarm.
func (n *News) CreateAlarm(ctx context.Context, v gk.Viewer, settings map[string]string, rule store.Rule) (Alarm, error) {
	if err := n.checkSettings(rule.Channel, settings); err != nil {
		return Alarm{}, err
	}
	if err := checkRule(rule); err != nil {
		return Alarm{}, err
	}
	if err := limit(v, &rule); err != nil {
		return Alarm{}, err
	}
	all, err := n.o.Store.Outlets(ctx, store.AlarmForm)
	if err != nil {
		return Alarm{}, err
	}
	if len(all) >= mostAlarms {
		return Alarm{}, &gk.Invalid{Field: "channel", Why: "would be one alarm too many; remove one first"}
	}
	now := n.o.Keeper.Now()
	o := store.Outlet{ID: gk.NewID("alm", now), Form: store.AlarmForm, By: v.Key, Enabled: true, Rule: rule, CreatedAt: now, UpdatedAt: now}
	newDigest(&o, now)
	p := private{Settings: settings}
	if err := n.seal(&o, p); err != nil {
		return Alarm{}, err
	}
	return shownAlarm(o, p), n.o.Store.CreateOutlet(ctx, o)
}

// Alarm returns one alarm; ErrNotFound for whoever may not see it.
func (n *News) Alarm(ctx context.Context, v gk.Viewer, id string) (Alarm, error) {
	o, err := n.outlet(ctx, v, store.AlarmForm, id)
	if err != nil {
		return Alarm{}, err
	}
	return shownAlarm(n.shown(o)), nil
}

// Alarms lists what a viewer sees, behind an id.
func (n *News) Alarms(ctx context.Context, v gk.Viewer, after string, limit int) ([]Alarm, error) {
	rows, err := n.outlets(ctx, v, store.AlarmForm, after, limit)
	if err != nil {
		return nil, err
	}
	list := make([]Alarm, 0, len(rows))
	for _, o := range rows {
		list = append(list, shownAlarm(n.shown(o)))
	}
	return list, nil
}

// UpdateAlarm changes an alarm. Its secrets do not go to another address than the one that they were given with: whoever
// changes the address gives them anew.
func (n *News) UpdateAlarm(ctx context.Context, v gk.Viewer, id string, c AlarmChange) (Alarm, error) {
	err := n.change(ctx, v, store.AlarmForm, id, func(o *store.Outlet, p *private, now time.Time) error {
		was := o.Rule.Digest
		if c.Settings != nil {
			next, err := changedSettings(p.Settings, c.Settings)
			if err != nil {
				return err
			}
			p.Settings = next
		}
		if c.Rule != nil {
			c.Rule(&o.Rule)
		}
		if c.Enabled != nil && *c.Enabled != o.Enabled {
			o.Enabled, o.Reason, o.FailingSince, o.ToldAt = *c.Enabled, "", time.Time{}, time.Time{}
			newDigest(o, now)
		}
		if d := o.Rule.Digest; d != nil && (was == nil || *d != *was) {
			newDigest(o, now)
		}
		if err := n.checkSettings(o.Rule.Channel, p.Settings); err != nil {
			return err
		}
		if err := checkRule(o.Rule); err != nil {
			return err
		}
		return limit(v, &o.Rule)
	})
	if err != nil {
		return Alarm{}, err
	}
	return n.Alarm(ctx, v, id)
}

// changedSettings returns an alarm's settings after a change: what is masked stays, what is empty goes, and a secret is given
// anew where the address changes that it would be sent to.
func changedSettings(was, asked map[string]string) (map[string]string, error) {
	next := map[string]string{}
	for name, value := range asked {
		if value == masked {
			value = was[name]
		}
		if value != "" {
			next[name] = value
		}
	}
	for _, address := range []string{"url", "base", "smtp"} {
		if next[address] == was[address] {
			continue
		}
		for _, name := range []string{"secret", "token", "password"} {
			if asked[name] == masked {
				return nil, &gk.Invalid{Field: "settings." + name, Why: "must be given anew, since " + address + " changes"}
			}
		}
	}
	return next, nil
}

// TestAlarm sends a message and returns what the channel said: nil, *Refusal, or a failure to reach it.
func (n *News) TestAlarm(ctx context.Context, v gk.Viewer, id string) error {
	o, err := n.outlet(ctx, v, store.AlarmForm, id)
	if err != nil {
		return err
	}
	p, err := n.open(o)
	if err != nil {
		return err
	}
	e := outletEvent(gk.EventWebhookTest, n.o.Keeper.Now(), map[string]any{"webhook": id})
	told, err := n.teller.Tell(ctx, e)
	if err != nil {
		return err
	}
	return n.tell(ctx, o.Rule.Channel, p, compose(told, o.Rule.Language, n.o.ConsoleURL))
}
