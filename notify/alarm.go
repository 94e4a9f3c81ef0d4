package notify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	defaultGroup = 10 * time.Minute
	perMinute    = 20 // messages of one channel within any minute: what the strictest robot takes
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
	claimed, err := w.o.Store.ClaimDeliveries(ctx, o.ID, now.Add(gather), now.Add(holdAlarm), claimAlarm) // with those that have just come
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

// groups puts together what is of one kind, app and fault, in the order in which it happened; what is critical goes before
// the rest, since a channel takes few messages. Events that were swept stand in a group without events.
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
	urgent := func(g *group) bool { return len(g.events) > 0 && g.events[0].Severity == Critical }
	slices.SortStableFunc(list, func(a, b *group) int {
		switch {
		case urgent(a) && !urgent(b):
			return -1
		case urgent(b) && !urgent(a):
			return 1
		}
		return 0
	})
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
	if until := g.comingUntil(now); !until.IsZero() {
		g.putOff(until)
		return false
	}
	slot, wait := slotFor(o.State, now)
	if !wait.IsZero() {
		g.putOff(wait)
		return false
	}
	o.State[slot] = now.UnixMilli()
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

// comingUntil returns until when a message waits since more of its group are coming: what strikes many shops strikes them one
// after another, and is one message.
func (g *group) comingUntil(now time.Time) time.Time {
	if g.deliveries[0].Attempts > 0 {
		return time.Time{}
	}
	oldest, newest := g.deliveries[0].CreatedAt, g.deliveries[0].CreatedAt
	for _, d := range g.deliveries {
		if d.CreatedAt.Before(oldest) {
			oldest = d.CreatedAt
		}
		if d.CreatedAt.After(newest) {
			newest = d.CreatedAt
		}
	}
	until := newest.Add(gather)
	if last := oldest.Add(gatherAtMost); until.After(last) {
		until = last
	}
	if !until.After(now) {
		return time.Time{}
	}
	return until
}

// sentAs begins what an alarm remembers its last messages by.
const sentAs = "sent "

// slotFor returns where the next message is remembered, or until when it waits: robots take so many in any minute.
func slotFor(state map[string]int64, now time.Time) (slot string, wait time.Time) {
	oldest := int64(math.MaxInt64)
	for i := range perMinute {
		key := sentAs + strconv.Itoa(i)
		at := state[key]
		if at > now.UnixMilli() {
			at = 0 // the clock was set back
		}
		if at < oldest {
			slot, oldest = key, at
		}
	}
	if free := time.UnixMilli(oldest).Add(time.Minute); free.After(now) {
		return "", free
	}
	return slot, time.Time{}
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

// forget keeps what an alarm remembers small: messages and groups that are over.
func forget(state map[string]int64, now time.Time) {
	for key, at := range state {
		if strings.HasPrefix(key, digestHad) {
			continue
		}
		if strings.HasPrefix(key, sentAs) {
			if now.Sub(time.UnixMilli(at)) >= time.Minute {
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
var words = map[string]struct {
	severities                []string // as in severities
	many, more, todo, forward string
	ask, shop                 string // what the merchant is asked, and how its shop is named in it
}{
	"zh-CN": {
		[]string{"通知", "警告", "紧急"}, "共 %d 条：", "……另有 %d 条。", "怎么办：", "可转发给商家：",
		"您好，您店铺%s对我们应用的授权需要更新，请登录店铺后台，从我们发给您的授权链接重新授权。谢谢！", "（%s）",
	},
	"zh-TW": {
		[]string{"通知", "警告", "緊急"}, "共 %d 則：", "……另有 %d 則。", "怎麼辦：", "可轉發給商家：",
		"您好，您商店%s對我們應用程式的授權需要更新，請登入商店後台，從我們傳給您的授權連結重新授權。謝謝！", "（%s）",
	},
	"en": {
		[]string{"Info", "Warning", "Critical"}, "%d in all:", "… and %d more.", "What to do: ", "To forward to the merchant: ",
		"Hello, the authorization of your shop%s for our app has to be given again. Please log in to your shop and agree by the link that we send you. Thank you!",
		" (%s)",
	},
}

// compose writes the message of a group in a language. The merchant's words name a shop where the message is about one.
func compose(events []Event, language, console string) message {
	if _, ok := words[language]; !ok {
		language = "zh-CN"
	}
	say := words[language]
	first := events[0]
	severity := say.severities[max(slices.Index(severities, first.Severity), 0)]
	m := message{id: "msg_" + first.ID, title: "Grantkeep" + between + severity + between + first.Text.In(language), events: events}
	if len(events) > 1 {
		m.title += " (" + fmt.Sprintf("%d", len(events)) + ")"
	}
	var b strings.Builder
	b.WriteString("Grantkeep" + between + severity + between)
	if of := first.of.In(language); of != "" {
		b.WriteString(of + between)
	}
	b.WriteString(first.Kind + "\n")
	if len(events) > 1 {
		fmt.Fprintf(&b, say.many+"\n", len(events))
	}
	for _, e := range events[:min(len(events), shownEvents)] {
		b.WriteString("· " + e.Text.In(language) + "\n")
		if page := pageOf(e); console != "" && page != "" {
			b.WriteString("  " + console + page + "\n")
		}
	}
	if more := len(events) - shownEvents; more > 0 {
		fmt.Fprintf(&b, say.more+"\n", more)
	}
	if first.Fault != nil {
		b.WriteString(say.todo + first.Fault.Remedy.In(language) + "\n")
	}
	if first.WhoseMove == moveMerchant {
		shop := ""
		if len(events) == 1 {
			shop = fmt.Sprintf(say.shop, shopName(first))
		}
		b.WriteString(say.forward + fmt.Sprintf(say.ask, shop) + "\n")
	}
	m.title, m.text = harmless(m.title), cut(harmlessLines(b.String(), console))
	return m
}

// pageOf is the page of the console about what an event tells of.
func pageOf(e Event) string {
	switch {
	case e.Grant != "":
		return "/grants/" + e.Grant
	case e.App != "":
		return "/apps/" + e.App
	}
	return ""
}

// harmless takes from a line what a chat would make something of: mentions, links, markup. Names come from platforms.
func harmless(s string) string {
	return strings.NewReplacer("@", "＠", "://", "：//", "<", "＜", ">", "＞", "[", "［", "]", "］", "`", "'", "\r", " ", "\n", " ").Replace(s)
}

// harmlessLines is harmless for each line but the links to our own console.
func harmlessLines(s, console string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, line := range lines {
		page, ours := strings.CutPrefix(strings.TrimSpace(line), console)
		if console == "" || !ours || !strings.HasPrefix(page, "/grants/grt_") && !strings.HasPrefix(page, "/apps/app_") {
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
