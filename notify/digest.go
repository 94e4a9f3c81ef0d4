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

	"golang.org/x/sync/errgroup"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	digestLooks = time.Minute // on the real clock, and by product time
	digestsOnce = 8           // digests that are sent at once
	digestTries = 6           // then the next day's
)

// What an alarm remembers of its digest: the moment whose digest it has had, how often the present one failed, and when it
// is tried again.
const (
	digestHad   = "digest"
	digestTried = "digest tried"
	digestNext  = "digest next"
)

// digests sends the alarms' daily digests.
type digests struct {
	*worker

	lookedAt, lookAt time.Time // real, and product time
}

// pass sends the digests that are due, unless it looked a moment ago.
func (d *digests) pass(ctx context.Context) error {
	real, now := time.Now(), d.o.Keeper.Now()
	if real.Sub(d.lookedAt) < digestLooks && now.Sub(d.lookAt) < digestLooks {
		return nil
	}
	outlets, err := d.o.Store.Outlets(ctx, store.AlarmForm)
	if err != nil {
		return err
	}
	d.lookedAt, d.lookAt = real, now
	var g errgroup.Group
	g.SetLimit(digestsOnce)
	for _, o := range outlets {
		if _, due := digestDue(o, now); !due {
			continue
		}
		g.Go(func() error {
			err := d.digest(context.WithoutCancel(ctx), o.ID, now)
			if errors.Is(err, store.ErrNotFound) { // removed meanwhile
				return nil
			}
			return err
		})
	}
	return g.Wait()
}

// digestDue tells the moment of the latest digest of an alarm, and whether it is to be sent.
func digestDue(o store.Outlet, now time.Time) (at time.Time, due bool) {
	if o.Rule.Digest == nil || !o.Enabled {
		return at, false
	}
	minutes, zone, err := readDigest(*o.Rule.Digest)
	if err != nil {
		return at, false
	}
	local := now.In(zone)
	on := func(day int) time.Time {
		return time.Date(local.Year(), local.Month(), local.Day()+day, minutes/60, minutes%60, 0, 0, zone)
	}
	if at = on(0); at.After(now) {
		at = on(-1)
	}
	return at, at.UnixMilli() > o.State[digestHad] && now.UnixMilli() >= o.State[digestNext]
}

// digest sends one digest, if it is still to be sent. It is sent again if this process dies before it has noted that.
func (d *digests) digest(ctx context.Context, id string, now time.Time) error {
	held, err := d.o.Store.HoldOutlet(ctx, id, now, now.Add(holdAlarm))
	if err != nil || !held {
		return err // somebody else composes; the next look sees to it
	}
	o, err := d.o.Store.Outlet(ctx, store.AlarmForm, id)
	if err != nil {
		return err
	}
	at, due := digestDue(o, now)
	sent := !due
	var tried error
	if due {
		tried = d.sendDigest(ctx, o, at, now)
		sent = tried == nil || o.State[digestTried]+1 >= digestTries
		d.sent.add(store.AlarmForm, stateAfter(tried, o.State[digestTried]))
	}
	if tried != nil {
		d.o.Log.Warn("a digest was not taken", "alarm", o.ID, "channel", o.Rule.Channel, "class", classOf(tried))
	}
	err = d.o.Store.UpdateOutlet(ctx, o.Form, o.ID, now, func(row *store.Outlet) ([]gk.Event, error) {
		row.BusyUntil = time.Time{}
		if row.State == nil {
			row.State = map[string]int64{}
		}
		if sent {
			hadDigest(row.State, later(at, time.UnixMilli(row.State[digestHad])))
			return nil, nil
		}
		tries := row.State[digestTried]
		row.State[digestTried], row.State[digestNext] = tries+1, now.Add(retries[min(int(tries)+2, len(retries)-1)]).UnixMilli()
		return nil, nil
	})
	if err != nil || !due {
		return err
	}
	return d.health(ctx, &o, tried != nil, false)
}

// hadDigest notes that the digest of a moment needs not be sent.
func hadDigest(state map[string]int64, at time.Time) {
	state[digestHad] = at.UnixMilli()
	delete(state, digestTried)
	delete(state, digestNext)
}

// newDigest keeps an alarm that gets a digest, or gets it at another time, from one for the time before.
func newDigest(o *store.Outlet, now time.Time) {
	if o.State = maps.Clone(o.State); o.State == nil {
		o.State = map[string]int64{}
	}
	hadDigest(o.State, now)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (d *digests) sendDigest(ctx context.Context, o store.Outlet, at, now time.Time) error {
	p, err := d.open(o)
	if err != nil {
		return err
	}
	m, err := d.composeDigest(ctx, o, at, now)
	if err != nil {
		return err
	}
	return d.tell(ctx, o.Rule.Channel, p, m)
}

// readDigest reads the time of a digest as minutes of the day and a zone.
func readDigest(d store.Digest) (minutes int, zone *time.Location, err error) {
	if zone, err = time.LoadLocation(d.Zone); err != nil || d.Zone == "" || d.Zone == "Local" {
		return 0, nil, errors.New("zone is no name of a time zone, such as Asia/Shanghai")
	}
	at, err := time.Parse("15:04", d.At)
	if err != nil {
		return 0, nil, errors.New("at is written HH:MM")
	}
	return at.Hour()*60 + at.Minute(), zone, nil
}

// digestWords are the lines of a digest.
var digestWords = map[string]struct {
	title, total, none, ends, day, nothing, stopped, outlets, console, mark string
	states, kinds                                                           map[string]string
}{
	"zh-CN": {
		title: "每日摘要 %s", total: "共 %d 个授权：", none: "还没有授权。", ends: "需要商家处理的到期：1 天内 %d 个，7 天内 %d 个，30 天内 %d 个。",
		day: "过去 24 小时：", nothing: "过去 24 小时没有变化。", stopped: "已暂停或有故障的应用：", outlets: "没有正常送达的接收地址和告警：%d 个。", console: "控制台：", mark: "，",
		states: map[string]string{"active": "正常 %d", "held": "待确认 %d", "suspended": "失效待恢复 %d", "expired": "已到期 %d"},
		kinds: map[string]string{
			gk.EventGrantCreated: "新增 %d", gk.EventGrantAuthorized: "重新授权 %d", gk.EventGrantRevoked: "取消 %d", gk.EventGrantExpired: "到期 %d",
			gk.EventGrantNeedsAuthorization: "不能再刷新 %d", gk.EventGrantSuspended: "失效 %d", gk.EventGrantRecovered: "恢复 %d",
		},
	},
	"zh-TW": {
		title: "每日摘要 %s", total: "共 %d 個授權：", none: "還沒有授權。", ends: "需要商家處理的到期：1 天內 %d 個，7 天內 %d 個，30 天內 %d 個。",
		day: "過去 24 小時：", nothing: "過去 24 小時沒有變化。", stopped: "已暫停或有故障的應用程式：", outlets: "沒有正常送達的接收位址和告警：%d 個。", console: "主控台：", mark: "，",
		states: map[string]string{"active": "正常 %d", "held": "待確認 %d", "suspended": "失效待恢復 %d", "expired": "已到期 %d"},
		kinds: map[string]string{
			gk.EventGrantCreated: "新增 %d", gk.EventGrantAuthorized: "重新授權 %d", gk.EventGrantRevoked: "取消 %d", gk.EventGrantExpired: "到期 %d",
			gk.EventGrantNeedsAuthorization: "不能再更新 %d", gk.EventGrantSuspended: "失效 %d", gk.EventGrantRecovered: "恢復 %d",
		},
	},
	"en": {
		title: "Daily digest of %s", total: "Grants: %d in all, ", none: "There are no grants yet.", ends: "Ends that need the merchant: %d within a day, %d within 7 days, %d within 30 days.",
		day: "In the last 24 hours: ", nothing: "Nothing changed in the last 24 hours.", stopped: "Apps that are stopped or do not work: ", outlets: "Webhooks and alarms that do not get through: %d.",
		console: "Console: ", mark: ", ",
		states: map[string]string{"active": "%d well", "held": "%d to be confirmed", "suspended": "%d suspended", "expired": "%d ended"},
		kinds: map[string]string{
			gk.EventGrantCreated: "%d new", gk.EventGrantAuthorized: "%d authorized again", gk.EventGrantRevoked: "%d withdrawn", gk.EventGrantExpired: "%d ended",
			gk.EventGrantNeedsAuthorization: "%d cannot be refreshed", gk.EventGrantSuspended: "%d suspended", gk.EventGrantRecovered: "%d recovered",
		},
	},
}

// What a digest counts, in its order.
var (
	digestStates = []gk.State{gk.Active, gk.Held, gk.Suspended, gk.Expired}
	digestKinds  = []string{
		gk.EventGrantCreated, gk.EventGrantAuthorized, gk.EventGrantRevoked, gk.EventGrantExpired, gk.EventGrantNeedsAuthorization,
		gk.EventGrantSuspended, gk.EventGrantRecovered,
	}
)

// composeDigest writes how everything stands that an alarm may tell of.
func (d *digests) composeDigest(ctx context.Context, o store.Outlet, at, now time.Time) (message, error) {
	language := o.Rule.Language
	if _, ok := digestWords[language]; !ok {
		language = "zh-CN"
	}
	say := digestWords[language]
	_, zone, err := readDigest(*o.Rule.Digest)
	if err != nil {
		return message{}, err
	}
	s, err := d.standing(ctx, o, zone, now)
	if err != nil {
		return message{}, err
	}
	title := fmt.Sprintf(say.title, at.In(zone).Format(time.DateOnly))
	lines := []string{"[Grantkeep] " + title}
	if s.total == 0 {
		lines = append(lines, say.none)
	} else {
		lines = append(lines, fmt.Sprintf(say.total, s.total)+s.inStates("", say.states, say.mark))
		for _, code := range slices.Sorted(maps.Keys(s.platforms)) {
			lines = append(lines, "· "+oneLine(d.teller.named(code).In(language))+": "+s.inStates(code, say.states, say.mark))
		}
	}
	if s.ends[2] > 0 {
		lines = append(lines, fmt.Sprintf(say.ends, s.ends[0], s.ends[1], s.ends[2]))
	}
	var changes []string
	for _, kind := range digestKinds {
		if n := s.events[kind]; n > 0 {
			changes = append(changes, fmt.Sprintf(say.kinds[kind], n))
		}
	}
	if len(changes) == 0 {
		lines = append(lines, say.nothing)
	} else {
		lines = append(lines, say.day+strings.Join(changes, say.mark))
	}
	if len(s.stopped) > 0 {
		more := ""
		if n := len(s.stopped) - shownEvents; n > 0 {
			more = say.mark + "+" + strconv.Itoa(n)
		}
		lines = append(lines, say.stopped+strings.Join(s.stopped[:min(len(s.stopped), shownEvents)], say.mark)+more)
	}
	if s.failing > 0 {
		lines = append(lines, fmt.Sprintf(say.outlets, s.failing))
	}
	text := cut(harmlessLines(strings.Join(lines, "\n"), ""))
	if d.o.ConsoleURL != "" {
		text += "\n" + say.console + d.o.ConsoleURL
	}
	return message{
		id: "msg_" + o.ID + "_" + at.UTC().Format("20060102T1504"), title: harmless("[Grantkeep] " + title), text: text, events: []Event{},
	}, nil
}
