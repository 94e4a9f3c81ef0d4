package news

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// Quiet is a time of the day in which an alarm tells only what is critical.
type Quiet struct {
	From  string `json:"from" pattern:"^[0-2][0-9]:[0-5][0-9]$" doc:"HH:MM"`
	Until string `json:"until" pattern:"^[0-2][0-9]:[0-5][0-9]$" doc:"HH:MM; before from: over midnight"`
	Zone  string `json:"zone" doc:"name of a time zone, such as Asia/Shanghai"`
}

// Digest is when an alarm tells every day how all stands.
type Digest struct {
	At   string `json:"at" pattern:"^([0-2][0-9]:[0-5][0-9])?$" doc:"HH:MM; empty in a change: no digest any more"`
	Zone string `json:"zone" doc:"name of a time zone, such as Asia/Shanghai"`
}

// Alarm is a channel to people as the API shows it. Secrets and robots' addresses are masked.
type Alarm struct {
	ID           string            `json:"id"`
	Channel      string            `json:"channel"`
	Settings     map[string]string `json:"settings" doc:"*** stands for what is not shown"`
	Kinds        []string          `json:"kinds" nullable:"false" doc:"empty: what needs somebody at once"`
	Platforms    []string          `json:"platforms" nullable:"false"`
	Apps         []string          `json:"apps" nullable:"false"`
	Owners       []string          `json:"owners" nullable:"false"`
	Severity     string            `json:"severity,omitempty" doc:"a minimum"`
	Language     string            `json:"language"`
	Quiet        *Quiet            `json:"quiet,omitempty"`
	Digest       *Digest           `json:"digest,omitempty"`
	Group        string            `json:"group"`
	Enabled      bool              `json:"enabled"`
	FailingSince wire.Moment       `json:"failing_since"`
	CreatedAt    wire.Moment       `json:"created_at"`
	UpdatedAt    wire.Moment       `json:"updated_at"`
}

func shownAlarm(a notify.Alarm) Alarm {
	r := a.Rule
	out := Alarm{
		ID: a.ID, Channel: r.Channel, Settings: wire.Pairs(a.Settings), Kinds: wire.Texts(r.Kinds), Platforms: wire.Texts(r.Platforms), Apps: wire.Texts(r.Apps),
		Owners: wire.Texts(r.Owners), Severity: r.Severity, Language: r.Language, Group: r.Group.String(), Enabled: a.Enabled,
		FailingSince: wire.At(a.FailingSince), CreatedAt: wire.At(a.CreatedAt), UpdatedAt: wire.At(a.UpdatedAt),
	}
	if r.Quiet != nil {
		q := Quiet(*r.Quiet)
		out.Quiet = &q
	}
	if r.Digest != nil {
		d := Digest(*r.Digest)
		out.Digest = &d
	}
	return out
}

// newAlarm is an alarm as a caller wants it.
type newAlarm struct {
	Channel   string            `json:"channel" enum:"dingtalk,wecom,feishu,lark,slack,teams,telegram,email,webhook"`
	Settings  map[string]string `json:"settings" doc:"dingtalk, feishu, lark: url, secret; wecom, slack, teams: url; telegram: token, chat, base; email: smtp, password, from, to; webhook: url, secret"`
	Kinds     []string          `json:"kinds,omitempty" maxItems:"100"`
	Platforms []string          `json:"platforms,omitempty" maxItems:"100"`
	Apps      []string          `json:"apps,omitempty" maxItems:"1000"`
	Owners    []string          `json:"owners,omitempty" maxItems:"1000"`
	Severity  string            `json:"severity,omitempty" enum:"info,warning,critical"`
	Language  string            `json:"language,omitempty" enum:"zh-CN,zh-TW,en"`
	Quiet     *Quiet            `json:"quiet,omitempty"`
	Digest    *Digest           `json:"digest,omitempty"`
	Group     wire.Span         `json:"group,omitzero"`
}

// alarmChange is what an alarm becomes.
type alarmChange struct {
	Settings  map[string]string `json:"settings,omitempty" doc:"all of them; *** leaves one as it is"`
	Kinds     *[]string         `json:"kinds,omitempty" maxItems:"100"`
	Platforms *[]string         `json:"platforms,omitempty" maxItems:"100"`
	Apps      *[]string         `json:"apps,omitempty" maxItems:"1000"`
	Owners    *[]string         `json:"owners,omitempty" maxItems:"1000"`
	Severity  *string           `json:"severity,omitempty" enum:"info,warning,critical"`
	Language  *string           `json:"language,omitempty" enum:"zh-CN,zh-TW,en"`
	Quiet     *Quiet            `json:"quiet,omitempty"`
	Digest    *Digest           `json:"digest,omitempty"`
	Group     wire.Span         `json:"group,omitzero"`
	Enabled   *bool             `json:"enabled,omitempty"`
}

// rule returns the change of a rule.
func (c alarmChange) rule(r *store.Rule) {
	for _, list := range []struct{ to, from *[]string }{{&r.Kinds, c.Kinds}, {&r.Platforms, c.Platforms}, {&r.Apps, c.Apps}, {&r.Owners, c.Owners}} {
		if list.from != nil {
			*list.to = *list.from
		}
	}
	if c.Severity != nil {
		r.Severity = *c.Severity
	}
	if c.Language != nil {
		r.Language = *c.Language
	}
	if c.Quiet != nil {
		q := store.Quiet(*c.Quiet)
		r.Quiet = &q
	}
	if c.Digest != nil {
		r.Digest = c.Digest.rule()
	}
	if d := c.Group.Value(); d != nil {
		r.Group = *d
	}
}

// rule is what a change makes of a digest: nil ends it.
func (d *Digest) rule() *store.Digest {
	if d.At == "" {
		return nil
	}
	out := store.Digest(*d)
	return &out
}

// channelProblem is the answer to a test that a channel refused or that did not reach it.
func channelProblem(err error) error {
	var refusal *notify.Refusal
	if errors.As(err, &refusal) {
		return problem.New(problem.RefusedInput, refusal.Error())
	}
	return err
}

func (s newsRoutes) routeAlarms() {
	door.Add(s.Door, huma.Operation{
		OperationID: "list-alarms", Method: http.MethodGet, Path: "/v1/alarms", Summary: "List alarms",
	}, func(ctx context.Context, key gk.Key, in *wire.Page) (*wire.Output[wire.List[Alarm]], error) {
		name := wire.FilterName("alarms")
		after, err := wire.OpenCursor(key, name, in.Cursor)
		if err != nil {
			return nil, err
		}
		rows, err := s.news.Alarms(ctx, key.Viewer(), after, in.Limit+1)
		if err != nil {
			return nil, err
		}
		next := func(a notify.Alarm) string { return wire.SealCursor(key, name, a.ID) }
		return wire.Answer(wire.PageOf(rows, in.Limit, shownAlarm, next)), nil
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "create-alarm", Method: http.MethodPost, Path: "/v1/alarms", DefaultStatus: http.StatusCreated, Summary: "Have people told what happens",
		Description: "Events of one kind, app and fault within group are one message. The end of a trouble is told to whoever heard of it. digest tells once a day how all stands.",
	}, func(ctx context.Context, key gk.Key, in *struct{ Body newAlarm }) (*wire.Output[Alarm], error) {
		b := in.Body
		rule := store.Rule{
			Kinds: b.Kinds, Platforms: b.Platforms, Apps: b.Apps, Owners: b.Owners, Severity: b.Severity, Channel: b.Channel,
			Language: b.Language, Group: b.Group.Duration,
		}
		if b.Quiet != nil {
			q := store.Quiet(*b.Quiet)
			rule.Quiet = &q
		}
		if b.Digest != nil {
			d := store.Digest(*b.Digest)
			rule.Digest = &d
		}
		if rule.Language == "" {
			rule.Language = "zh-CN"
		}
		a, err := s.news.CreateAlarm(ctx, key.Viewer(), b.Settings, rule)
		return wire.Answer(shownAlarm(a)), err
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "get-alarm", Method: http.MethodGet, Path: "/v1/alarms/{id}", Summary: "Show an alarm",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*wire.Output[Alarm], error) {
		a, err := s.news.Alarm(ctx, key.Viewer(), in.ID)
		return wire.Answer(shownAlarm(a)), err
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "update-alarm", Method: http.MethodPatch, Path: "/v1/alarms/{id}", Summary: "Change, disable or enable an alarm",
		Description: "A secret does not follow to another address: it is given anew with it.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body alarmChange
	}) (*wire.Output[Alarm], error) {
		b := in.Body
		a, err := s.news.UpdateAlarm(ctx, key.Viewer(), in.ID, notify.AlarmChange{Settings: b.Settings, Rule: b.rule, Enabled: b.Enabled})
		return wire.Answer(shownAlarm(a)), err
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "delete-alarm", Method: http.MethodDelete, Path: "/v1/alarms/{id}", DefaultStatus: http.StatusNoContent, Summary: "Remove an alarm",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*struct{}, error) {
		return nil, s.news.RemoveOutlet(ctx, key.Viewer(), store.AlarmForm, in.ID)
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "test-alarm", Method: http.MethodPost, Path: "/v1/alarms/{id}/test", DefaultStatus: http.StatusNoContent, Summary: "Send a message to try an alarm out",
		Description: "It answers after the channel did. A refusal, also one inside a 200, is a problem with the channel's own code.",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*struct{}, error) {
		return nil, channelProblem(s.news.TestAlarm(ctx, key.Viewer(), in.ID))
	})
}
