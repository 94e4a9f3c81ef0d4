package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	defaultGroup = 10 * time.Minute
	perMinute    = 20 // messages of one channel: what the strictest robot takes
	shownEvents  = 5
	claimAlarm   = 5000
	holdAlarm    = 5 * time.Minute // longer than a turn
	longestState = 500             // groups that are remembered
)

// turnAlarm composes and sends the messages of an alarm that are due. One process at a time does; another one takes over
// when it has died.
func (w *worker) turnAlarm(ctx context.Context, o store.Outlet) (failed bool, err error) {
	now := w.o.Keeper.Now()
	held, err := w.o.Store.HoldOutlet(ctx, o.ID, now, now.Add(holdAlarm))
	if err != nil || !held {
		return false, err
	}
	end := context.WithoutCancel(ctx)
	var state map[string]int64 // what the alarm remembers after this turn; nil: what it did before
	defer func() {
		uerr := w.o.Store.UpdateOutlet(end, o.Form, o.ID, now, func(row *store.Outlet) ([]gk.Event, error) {
			row.BusyUntil = time.Time{}
			if state != nil {
				row.State = state
			}
			return nil, nil
		})
		if err == nil && !errors.Is(uerr, store.ErrNotFound) {
			err = uerr
		}
	}()
	p, err := w.open(o)
	if err != nil {
		return true, err
	}
	if o, err = w.o.Store.Outlet(ctx, o.Form, o.ID); err != nil { // as whoever held it before has left it
		return false, err
	}
	claimed, err := w.o.Store.ClaimDeliveries(ctx, o.ID, now, now.Add(holdAlarm), claimAlarm)
	if err != nil || len(claimed) == 0 {
		return false, err
	}
	events, err := w.eventsOf(end, claimed, viewerOf(o.Rule))
	if err != nil {
		return false, err
	}
	if o.State == nil {
		o.State = map[string]int64{}
	}
	var all []store.Delivery
	for _, g := range groups(claimed, events) {
		bad := w.tellGroup(end, &o, p, g, now)
		failed = failed || bad
		all = append(all, g.deliveries...)
	}
	state = o.State
	forget(state, now)
	if err := w.o.Store.SettleDeliveries(end, all); err != nil {
		return failed, err
	}
	return failed, w.health(end, &o, failed, false)
}

// eventsOf reads the events of deliveries, as one sees them who may not see everything.
func (w *worker) eventsOf(ctx context.Context, claimed []store.Delivery, v gk.Viewer) ([]Event, error) {
	ids := make([]string, 0, len(claimed))
	for _, d := range claimed {
		ids = append(ids, d.Event)
	}
	rows, err := w.o.Store.EventsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i] = rows[i].For(v)
	}
	return w.teller.Tell(ctx, rows...)
}

// group is events that make one message.
type group struct {
	key        string
	deliveries []store.Delivery
	events     []Event
}

// groups puts together what is of one kind, app and fault, in the order in which it happened. Events that were swept
// stand in a group without events.
func groups(claimed []store.Delivery, events []Event) []*group {
	byID := map[string]Event{}
	for _, e := range events {
		byID[e.ID] = e
	}
	slices.SortFunc(claimed, func(a, b store.Delivery) int { return int(a.Position - b.Position) })
	byKey := map[string]*group{}
	var list []*group
	for _, d := range claimed {
		e, there := byID[d.Event]
		key := "swept"
		if there {
			code := ""
			if e.Fault != nil {
				code = e.Fault.Code
			}
			key = e.Kind + " " + e.App + " " + code
		}
		g := byKey[key]
		if g == nil {
			g = &group{key: key}
			byKey[key], list = g, append(list, g)
		}
		g.deliveries = append(g.deliveries, d)
		if there {
			g.events = append(g.events, e)
		}
	}
	return list
}

// tellGroup sends a group's message, or puts it off, and notes that on its deliveries.
func (w *worker) tellGroup(ctx context.Context, o *store.Outlet, p private, g *group, now time.Time) (failed bool) {
	if len(g.events) == 0 {
		g.settle(store.Failed, time.Time{}, now, "")
		return false
	}
	group := o.Rule.Group
	if group == 0 {
		group = defaultGroup
	}
	first := g.events[0]
	if until := quietUntil(o.Rule.Quiet, now); !until.IsZero() && first.Severity != Critical {
		g.putOff(until)
		return false
	}
	if last := time.UnixMilli(o.State[g.key]); o.State[g.key] != 0 && now.Before(last.Add(group)) && g.deliveries[0].Attempts == 0 {
		g.putOff(last.Add(group))
		return false
	}
	minute := fmt.Sprintf("minute %d", now.Unix()/60)
	if o.State[minute] >= perMinute {
		g.putOff(now.Truncate(time.Minute).Add(time.Minute))
		return false
	}
	o.State[minute]++
	attempts := g.deliveries[0].Attempts + 1
	err := w.tell(ctx, o.Rule.Channel, p, compose(g.events, o.Rule.Language, w.o.ConsoleURL))
	w.sent.add(store.AlarmForm, stateAfter(err, attempts))
	if err == nil {
		o.State[g.key] = now.UnixMilli()
		g.settle(store.Delivered, time.Time{}, now, "")
		return false
	}
	w.o.Log.Warn("an alarm was not taken", "alarm", o.ID, "channel", o.Rule.Channel, "class", classOf(err))
	if attempts > int64(len(retries)) {
		g.settle(store.Failed, time.Time{}, now, classOf(err))
		return true
	}
	g.settle(store.Pending, now.Add(jittered(retries[attempts-1])), now, classOf(err))
	return true
}

func (g *group) putOff(until time.Time) {
	for i := range g.deliveries {
		g.deliveries[i].State, g.deliveries[i].DueAt = store.Pending, until
	}
}

func (g *group) settle(state string, due, now time.Time, class string) {
	for i := range g.deliveries {
		d := &g.deliveries[i]
		d.State, d.DueAt, d.LastAt, d.LastError = state, due, now, class
		d.Attempts++
	}
}

// forget keeps what an alarm remembers small: minutes and groups that are over.
func forget(state map[string]int64, now time.Time) {
	for key, at := range state {
		if strings.HasPrefix(key, digestHad) {
			continue
		}
		var minute int64
		if n, err := fmt.Sscanf(key, "minute %d", &minute); n == 1 && err == nil {
			if minute < now.Unix()/60 {
				delete(state, key)
			}
			continue
		}
		if now.Sub(time.UnixMilli(at)) > 24*time.Hour || len(state) > longestState {
			delete(state, key)
		}
	}
}

// quietUntil returns when the quiet time that a moment lies in ends; zero: it lies in none.
func quietUntil(q *store.Quiet, now time.Time) time.Time {
	if q == nil {
		return time.Time{}
	}
	from, until, zone, err := readQuiet(*q)
	if err != nil {
		return time.Time{}
	}
	local := now.In(zone)
	for _, day := range []int{-1, 0} {
		at := func(d, minutes int) time.Time {
			return time.Date(local.Year(), local.Month(), local.Day()+d, minutes/60, minutes%60, 0, 0, zone)
		}
		begin, end := at(day, from), at(day, until)
		if until <= from { // over midnight
			end = at(day+1, until)
		}
		if !local.Before(begin) && local.Before(end) {
			return end
		}
	}
	return time.Time{}
}

// readQuiet reads a quiet time as minutes of the day and a zone.
func readQuiet(q store.Quiet) (from, until int, zone *time.Location, err error) {
	if zone, err = time.LoadLocation(q.Zone); err != nil || q.Zone == "" || q.Zone == "Local" {
		return 0, 0, nil, errors.New("zone is no name of a time zone, such as Asia/Shanghai")
	}
	minutes := func(text string) int {
		at, perr := time.Parse("15:04", text)
		if perr != nil {
			err = errors.New("from and until are written HH:MM")
		}
		return at.Hour()*60 + at.Minute()
	}
	from, until = minutes(q.From), minutes(q.Until)
	if err == nil && from == until {
		err = errors.New("from and until are the same")
	}
	return from, until, zone, err
}

// words are the texts around the events' own sentences.
var words = map[string]struct{ many, more, todo, forward, ask string }{
	"zh-CN": {"共 %d 条：", "……另有 %d 条。", "怎么办：", "可转发给商家：", "您好，您店铺（%s）对我们应用的授权需要更新，请登录店铺后台，从我们发给您的授权链接重新授权。谢谢！"},
	"zh-TW": {"共 %d 則：", "……另有 %d 則。", "怎麼辦：", "可轉發給商家：", "您好，您商店（%s）對我們應用程式的授權需要更新，請登入商店後台，從我們傳給您的授權連結重新授權。謝謝！"},
	"en": {"%d in all:", "… and %d more.", "What to do: ", "To forward to the merchant: ",
		"Hello, the authorization of your shop (%s) for our app must be renewed. Please log in to your shop and agree again by the link that we send you. Thank you!"},
}

// compose writes the message of a group in a language.
func compose(events []Event, language, console string) message {
	if _, ok := words[language]; !ok {
		language = "zh-CN"
	}
	say := words[language]
	first := events[0]
	m := message{id: "msg_" + first.ID, title: "[" + strings.ToUpper(first.Severity) + "] " + first.Text.In(language), events: events}
	if len(events) > 1 {
		m.title += " (" + fmt.Sprintf("%d", len(events)) + ")"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[Grantkeep] [%s] %s\n", strings.ToUpper(first.Severity), first.Kind)
	if len(events) > 1 {
		fmt.Fprintf(&b, say.many+"\n", len(events))
	}
	for _, e := range events[:min(len(events), shownEvents)] {
		b.WriteString("· " + e.Text.In(language) + "\n")
		if console != "" && e.Grant != "" {
			b.WriteString("  " + console + "/grants/" + e.Grant + "\n")
		}
	}
	if more := len(events) - shownEvents; more > 0 {
		fmt.Fprintf(&b, say.more+"\n", more)
	}
	if first.Fault != nil {
		b.WriteString(say.todo + first.Fault.Remedy.In(language) + "\n")
	}
	if first.WhoseMove == moveMerchant {
		b.WriteString(say.forward + fmt.Sprintf(say.ask, shopName(first)) + "\n")
	}
	m.title, m.text = harmless(m.title), cut(harmlessLines(b.String(), console))
	return m
}

// harmless takes from a line what a chat would make something of: mentions, links, markup. Names come from platforms.
func harmless(s string) string {
	return strings.NewReplacer("@", "＠", "://", "：//", "<", "＜", ">", "＞", "[", "［", "]", "］", "`", "'", "\r", " ", "\n", " ").Replace(s)
}

// harmlessLines is harmless for each line but the links to our own console.
func harmlessLines(s, console string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, line := range lines {
		if console == "" || !strings.HasPrefix(strings.TrimSpace(line), console+"/grants/grt_") {
			lines[i] = harmless(line)
		}
	}
	return strings.Join(lines, "\n")
}

// cut keeps a text within what the narrowest channel takes.
func cut(s string) string {
	if len(s) <= longestText {
		return s
	}
	return strings.ToValidUTF8(s[:longestText], "") + "…"
}
