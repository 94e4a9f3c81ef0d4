package outlets

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// alarmsView is the alarms.
type alarmsView struct {
	frame.Page
	Rows     []notify.Alarm
	Channels []string
}

// alarms lists them.
func (o *pages) alarms(v *desk.Visit) error {
	p := v.Page
	p.Section = "events"
	rows, err := o.news.Alarms(v.Ctx(), v.Viewer, "", most)
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, alarmList(alarmsView{Page: p, Rows: rows, Channels: notify.Channels()}))
}

// alarmView is one alarm, or a form that adds one.
type alarmView struct {
	frame.Page
	notify.Alarm         // its id is empty while it is not there
	Fields       []field // settings of the channel
	Kinds        string
	Zones        []string
	Groups       []string
	Group        string
	Codes        []string // of platforms
	Wrong        wrong
	Tried        string // what the channel said to a test
	TriedTone    string
}

// field is a setting of a channel.
type field struct {
	Name, Value      string
	Required, Secret bool
}

// groups are how long events of one kind are gathered.
var groups = []string{"0s", "1m0s", "10m0s", "1h0m0s", "24h0m0s"}

func (o *pages) alarmView(v *desk.Visit, a notify.Alarm) alarmView {
	p := v.Page
	p.Section = "events"
	view := alarmView{Page: p, Alarm: a, Kinds: strings.Join(a.Rule.Kinds, " "), Zones: desk.Zones, Groups: groups, Group: a.Rule.Group.String()}
	for _, d := range o.Drivers {
		view.Codes = append(view.Codes, d.Spec().Code)
	}
	needs, may, secret := notify.SettingsOf(a.Rule.Channel)
	for _, name := range append(slices.Clone(needs), may...) {
		view.Fields = append(view.Fields, field{name, a.Settings[name], slices.Contains(needs, name), slices.Contains(secret, name)})
	}
	return view
}

// alarmForm asks for an alarm on a channel.
func (o *pages) alarmForm(v *desk.Visit) error {
	channel := v.R.URL.Query().Get("channel")
	if !slices.Contains(notify.Channels(), channel) {
		return store.ErrNotFound
	}
	return v.Show(http.StatusOK, oneAlarm(o.alarmView(v, notify.Alarm{Outlet: store.Outlet{Enabled: true, Rule: store.Rule{
		Channel: channel, Language: v.Page.Lang, Group: 10 * time.Minute,
	}}})))
}

// ruleOf reads the rule of an alarm from a form.
func (o *pages) ruleOf(v *desk.Visit, r *store.Rule) {
	r.Kinds, r.Apps, r.Owners = listed(v.Field("kinds")), listed(v.Field("apps")), listed(v.Field("owners"))
	r.Platforms = nil
	for _, d := range o.Drivers {
		if slices.Contains(v.Fields("platform"), d.Spec().Code) {
			r.Platforms = append(r.Platforms, d.Spec().Code)
		}
	}
	r.Severity, r.Language, r.Quiet = v.Field("severity"), v.Field("language"), nil
	if from, until := v.Field("from"), v.Field("until"); from != "" || until != "" {
		r.Quiet = &store.Quiet{From: from, Until: until, Zone: v.Field("zone")}
	}
	r.Digest = nil
	if at := v.Field("digest"); at != "" {
		r.Digest = &store.Digest{At: at, Zone: v.Field("digest_zone")}
	}
	if group, err := time.ParseDuration(v.Field("group")); err == nil {
		r.Group = group
	}
}

// settingsOf reads the settings of a channel from a form.
func settingsOf(v *desk.Visit, channel string) map[string]string {
	needs, may, _ := notify.SettingsOf(channel)
	settings := map[string]string{}
	for _, name := range append(slices.Clone(needs), may...) {
		if text := v.Field("settings." + name); text != "" {
			settings[name] = text
		}
	}
	return settings
}

// newAlarm adds an alarm.
func (o *pages) newAlarm(v *desk.Visit) error {
	channel := v.Field("channel")
	if !v.Prove("/alarms/new?channel=" + channel) {
		return nil
	}
	if err := v.Record("alarm.create", store.AuditEntry{}); err != nil {
		return err
	}
	rule, settings := store.Rule{Channel: channel}, settingsOf(v, channel)
	o.ruleOf(v, &rule)
	a, err := o.news.CreateAlarm(v.Ctx(), v.Viewer, settings, rule)
	if mistake, ok := wrongOf(err); ok {
		return o.mistaken(v, notify.Alarm{Outlet: store.Outlet{Enabled: true, Rule: rule}, Settings: settings}, mistake)
	}
	if err != nil {
		return err
	}
	v.SeeOther("/alarms/" + a.ID + "?done=saved")
	return nil
}

// mistaken shows a form again with what was typed, but for secrets.
func (o *pages) mistaken(v *desk.Visit, a notify.Alarm, mistake wrong) error {
	_, _, secret := notify.SettingsOf(a.Rule.Channel)
	for _, name := range secret {
		delete(a.Settings, name)
	}
	view := o.alarmView(v, a)
	view.Wrong = mistake
	return v.Show(http.StatusUnprocessableEntity, oneAlarm(view))
}

// alarm shows one.
func (o *pages) alarm(v *desk.Visit) error {
	a, err := o.news.Alarm(v.Ctx(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, oneAlarm(o.alarmView(v, a)))
}

// changeAlarm changes one. A secret that is left as it is shown stays.
func (o *pages) changeAlarm(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if !v.Prove("/alarms/" + id) {
		return nil
	}
	a, err := o.news.Alarm(v.Ctx(), v.Viewer, id)
	if err != nil {
		return err
	}
	if err := v.Record("alarm.change", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	settings := settingsOf(v, a.Rule.Channel)
	_, err = o.news.UpdateAlarm(v.Ctx(), v.Viewer, id, notify.AlarmChange{Settings: settings, Rule: func(r *store.Rule) { o.ruleOf(v, r) }})
	if mistake, ok := wrongOf(err); ok {
		o.ruleOf(v, &a.Rule)
		a.Settings = settings
		return o.mistaken(v, a, mistake)
	}
	if err != nil {
		return err
	}
	v.SeeOther("/alarms/" + id + "?done=saved")
	return nil
}

// testAlarm sends a message to try one out, and shows what the channel said.
func (o *pages) testAlarm(v *desk.Visit) error {
	id := v.R.PathValue("id")
	a, err := o.news.Alarm(v.Ctx(), v.Viewer, id)
	if err != nil {
		return err
	}
	if err := v.Record("alarm.test", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	view := o.alarmView(v, a)
	view.Tried, view.TriedTone = view.T("alarm.tried"), "ok"
	if err := o.news.TestAlarm(v.Ctx(), v.Viewer, id); err != nil {
		var refusal *notify.Refusal
		if errors.As(err, &refusal) {
			view.Tried = view.T("alarm.refused", "Code", refusal.Code)
		} else {
			view.Tried = view.T("alarm.unreached")
		}
		view.TriedTone = "bad"
	}
	return v.Show(http.StatusOK, oneAlarm(view))
}

// enableAlarm lets one tell news, or not.
func (o *pages) enableAlarm(v *desk.Visit) error {
	id, on := v.R.PathValue("id"), v.Field("on") == "true"
	if err := v.Record("alarm.change", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	if _, err := o.news.UpdateAlarm(v.Ctx(), v.Viewer, id, notify.AlarmChange{Enabled: &on}); err != nil {
		return err
	}
	v.SeeOther("/alarms/" + id + "?done=saved")
	return nil
}

func (o *pages) askRemoveAlarm(v *desk.Visit) error {
	a, err := o.news.Alarm(v.Ctx(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return err
	}
	return askRemove(v, "events", v.Page.T("channel."+a.Rule.Channel), "confirm.alarm.text", "/alarms/"+a.ID)
}

func (o *pages) removeAlarm(v *desk.Visit) error {
	return o.remove(v, store.AlarmForm, "alarm.remove", "/alarms")
}
