package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Event is an event as it is told to anybody: by the API, to a webhook, in an alarm. It says enough to act on without a
// second call, and never a secret.
type Event struct {
	ID            string            `json:"id"`
	Position      int64             `json:"position"`
	Kind          string            `json:"kind"`
	At            gk.Time           `json:"at"`
	App           string            `json:"app"`
	Platform      string            `json:"platform"`
	Grant         string            `json:"grant,omitempty"`
	Subject       *gk.Subject       `json:"subject,omitempty"`
	Authorization string            `json:"authorization,omitempty"`
	Owner         string            `json:"owner,omitempty"`
	Tags          map[string]string `json:"tags,omitempty"`
	Actor         string            `json:"actor"`
	Severity      string            `json:"severity"`
	WhoseMove     string            `json:"whose_move,omitempty"`
	Text          platform.Texts    `json:"text"`
	Fault         *explain.Fault    `json:"fault,omitempty"`
	Data          map[string]any    `json:"data"`

	of platform.Texts // platform and app as people call them, for a message's first line
}

// Teller adds to events what they are about: the subject, the platform, the words.
type Teller struct {
	Store  store.Store
	Keeper *keeper.Keeper
}

// Tell returns events in the form in which they are told. What an event is about is read as it stands: a name that was
// erased is told nowhere.
func (t Teller) Tell(ctx context.Context, events ...gk.Event) ([]Event, error) {
	var ids []string
	for _, e := range events {
		if e.Grant != "" {
			ids = append(ids, e.Grant)
		}
	}
	grants := map[string]gk.Grant{}
	if len(ids) > 0 {
		rows, err := t.Store.Tokens(ctx, ids)
		var damaged *store.DamagedError
		if err != nil && !errors.As(err, &damaged) {
			return nil, err
		}
		for _, g := range rows {
			grants[g.ID] = g
		}
	}
	apps := map[string]gk.App{}
	told := make([]Event, 0, len(events))
	for _, e := range events {
		app, seen := apps[e.App]
		if !seen && e.App != "" {
			var err error
			app, err = t.Store.App(ctx, gk.Engine(), e.App)
			var damaged *store.DamagedError
			if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.As(err, &damaged) {
				return nil, err
			}
			apps[e.App] = app
		}
		told = append(told, t.tell(e, app, grants[e.Grant]))
	}
	return told, nil
}

func (t Teller) tell(e gk.Event, app gk.App, g gk.Grant) Event {
	known := kinds[e.Kind]
	out := Event{
		ID: e.ID, Position: e.Position, Kind: e.Kind, At: gk.At(e.At), App: e.App, Platform: app.Platform, Grant: e.Grant,
		Authorization: e.Authorization, Owner: e.Owner, Actor: e.Actor, Severity: known.severity, WhoseMove: known.move,
		Data: maps.Clone(e.Data),
	}
	if out.Severity == "" {
		out.Severity = Info
	}
	if out.Data == nil {
		out.Data = map[string]any{}
	}
	if out.Platform == "" {
		out.Platform = firstText(g.Platform, platformIn(e))
	}
	if g.ID != "" {
		s := g.Subject
		out.Subject, out.Tags = &s, g.Tags
	}
	// The ends carry the contract's names beside those that the history has.
	if end, ok := out.Data["ends_at"].(string); ok {
		out.Data["at"] = end
		if renewable, ok := out.Data["renewable"].(bool); ok {
			out.Data["end"] = map[bool]string{true: "authorization", false: "token"}[renewable]
		}
	}
	out.Fault = t.fault(e, out.Platform, app.Environment)
	if move, ok := out.Data["whose_move"].(string); ok && known.move != "" && known.move != moveMerchant {
		out.WhoseMove = move
	}
	text := known.text
	if said, ok := out.Data["code"].(string); ok && known.of[said] != (platform.Texts{}) {
		text = known.of[said]
	}
	names := t.named(out.Platform)
	out.Text = sentence(text, out, app, names)
	of := func(name string) string {
		return strings.Join(slices.DeleteFunc([]string{oneLine(name), oneLine(app.Name)}, func(s string) bool { return s == "" }), between)
	}
	out.of = platform.Texts{ZhCN: of(names.ZhCN), ZhTW: of(names.ZhTW), En: of(names.En)}
	return out
}

// between parts what stands side by side in a line.
const between = " · "

// platformIn is the platform of an event that is of no app.
func platformIn(e gk.Event) string {
	if e.App != "" {
		return ""
	}
	code, _ := e.Data["platform"].(string)
	return code
}

// named is how people call a platform.
func (t Teller) named(code string) platform.Texts {
	if d := t.Keeper.Apps().Driver(code); d != nil {
		return d.Spec().Facts.Names
	}
	return platform.Texts{ZhCN: code, ZhTW: code, En: code}
}

// fault explains the fault that an event names by its row and code.
func (t Teller) fault(e gk.Event, code, environment string) *explain.Fault {
	said, _ := e.Data["code"].(string)
	action, _ := e.Data["action"].(string)
	if said == "" || action == "" {
		return nil
	}
	f := &gk.Fault{Platform: code, Code: said, Action: gk.Action(action), At: gk.At(e.At)}
	f.Stage, _ = e.Data["stage"].(string)
	f.Row, _ = e.Data["row"].(string)
	f.Reason, _ = e.Data["reason"].(string)
	f.Known = f.Row != ""
	d := t.Keeper.Apps().Driver(code)
	if d == nil {
		return &explain.Fault{Platform: code, Stage: f.Stage, Code: said, Action: f.Action, WhoseMove: f.Action.Move(), Known: f.Known}
	}
	return explain.Describe(d, d.Spec().Open(platform.App{Environment: environment, Now: e.At}), f)
}

// sentence fills the blanks of a kind's sentence.
func sentence(text platform.Texts, e Event, app gk.App, names platform.Texts) platform.Texts {
	if text == (platform.Texts{}) {
		return platform.Texts{ZhCN: e.Kind, ZhTW: e.Kind, En: e.Kind}
	}
	date := ""
	if end, ok := e.Data["at"].(string); ok {
		if at, err := time.Parse(time.RFC3339, end); err == nil {
			date = at.UTC().Format(time.DateOnly)
		}
	}
	fill := []string{"{shop}", shopName(e), "{app}", oneLine(firstText(app.Name, e.App)), "{date}", date}
	for _, name := range []string{"days", "used", "of", "minutes", "topic"} {
		fill = append(fill, "{"+name+"}", plain(e.Data[name]))
	}
	if plain(e.Data["days"]) == "1" {
		text.En = strings.ReplaceAll(text.En, "{days} days", "{days} day")
	}
	in := func(text, name string) string {
		return strings.NewReplacer(append(fill, "{platform}", oneLine(name))...).Replace(text)
	}
	return platform.Texts{ZhCN: in(text.ZhCN, names.ZhCN), ZhTW: in(text.ZhTW, names.ZhTW), En: in(text.En, names.En)}
}

// shopName is how people call the subject of an event.
func shopName(e Event) string {
	if e.Subject == nil {
		return firstText(e.Grant, "?")
	}
	name := oneLine(e.Subject.Name)
	if name == "" || name == e.Subject.ID {
		return oneLine(e.Subject.ID)
	}
	return name + " (" + oneLine(e.Subject.ID) + ")"
}

// longestName bounds what a platform's name takes of a sentence, in characters.
const longestName = 80

// oneLine makes a platform's text harmless in a line: no control characters, no endless names.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, s)), " ")
	if runes := []rune(s); len(runes) > longestName {
		s = string(runes[:longestName]) + "…"
	}
	return s
}

func plain(v any) string {
	switch n := v.(type) {
	case nil:
		return ""
	case float64: // as a number comes out of the history
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return oneLine(fmt.Sprint(v))
}

func firstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
