package outlets

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// endpointsView is the endpoints, and a form that adds one.
type endpointsView struct {
	frame.Page
	Rows  []notify.Webhook
	Typed endpointForm
	Wrong wrong
}

// endpointForm is what somebody typed of an endpoint.
type endpointForm struct{ URL, Kinds, Description, Apps, Owners string }

func typed(v *desk.Visit) endpointForm {
	return endpointForm{v.Field("url"), v.Field("kinds"), frame.Cut(v.Field("description"), 200), v.Field("apps"), v.Field("owners")}
}

func (o *pages) endpointsView(v *desk.Visit) (endpointsView, error) {
	p := v.Page
	p.Section = "events"
	view := endpointsView{Page: p, Typed: endpointForm{Kinds: "*"}}
	var err error
	view.Rows, err = o.news.Webhooks(v.Ctx(), v.Viewer, "", most)
	return view, err
}

// endpoints lists them.
func (o *pages) endpoints(v *desk.Visit) error {
	view, err := o.endpointsView(v)
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, endpointList(view))
}

// newEndpoint adds one. Its secret is shown this once, so the answer is the page itself.
func (o *pages) newEndpoint(v *desk.Visit) error {
	if !v.Prove("/endpoints") {
		return nil
	}
	if err := v.Record("webhook.create", store.AuditEntry{}); err != nil {
		return err
	}
	in := typed(v)
	made, secret, err := o.news.CreateWebhook(v.Ctx(), v.Viewer, in.URL, store.Rule{
		Kinds: listed(in.Kinds), Description: in.Description, Apps: listed(in.Apps), Owners: listed(in.Owners),
	})
	if mistake, ok := wrongOf(err); ok {
		view, err := o.endpointsView(v)
		if err != nil {
			return err
		}
		view.Typed, view.Wrong = in, mistake
		return v.Show(http.StatusUnprocessableEntity, endpointList(view))
	}
	if err != nil {
		return err
	}
	view, err := o.endpointView(v, made.ID)
	if err != nil {
		return err
	}
	view.Secret = secret.Reveal()
	return v.Show(http.StatusOK, oneEndpoint(view))
}

// endpointView is one endpoint with what was delivered to it.
type endpointView struct {
	frame.Page
	notify.Webhook
	Secret    string // shown this once
	Rows      []deliveryRow
	State     string
	States    []string
	NextURL   string
	Typed     endpointForm
	Wrong     wrong
	Delivered int // of the rows that are shown
}

// deliveryRow is an event on its way to an endpoint.
type deliveryRow struct {
	store.Delivery
	About, Link string
}

// deliveryStates are the states by which deliveries are narrowed.
var deliveryStates = []string{store.Pending, store.Failed, store.Delivered}

const perPage = 50

func (o *pages) endpointView(v *desk.Visit, id string) (view endpointView, err error) {
	p := v.Page
	p.Section = "events"
	view = endpointView{Page: p, States: deliveryStates, State: v.R.URL.Query().Get("state")}
	if !slices.Contains(deliveryStates, view.State) {
		view.State = ""
	}
	if view.Webhook, err = o.news.Webhook(v.Ctx(), v.Viewer, id); err != nil {
		return view, err
	}
	r := view.Rule
	view.Typed = endpointForm{view.Webhook.URL, strings.Join(r.Kinds, " "), r.Description, strings.Join(r.Apps, " "), strings.Join(r.Owners, " ")}
	before, _ := strconv.ParseInt(v.R.URL.Query().Get("before"), 10, 64) // what is no position begins at the newest
	rows, err := o.news.Deliveries(v.Ctx(), v.Viewer, store.DeliveryFilter{Outlet: id, State: view.State, Before: before, Limit: perPage + 1})
	if err != nil {
		return view, err
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		view.NextURL = p.URL("/endpoints/%s?state=%s&before=%d", id, view.State, rows[perPage-1].Position)
	}
	names, err := o.names(v, rows)
	if err != nil {
		return view, err
	}
	for _, d := range rows {
		row := deliveryRow{Delivery: d, About: names[d.About]}
		if row.About != "" {
			row.Link = p.URL("/grants/%s", d.About)
		}
		view.Rows = append(view.Rows, row)
	}
	return view, nil
}

// names are what people call the grants that deliveries are about.
func (o *pages) names(v *desk.Visit, rows []store.Delivery) (map[string]string, error) {
	var ids []string
	for _, d := range rows {
		if strings.HasPrefix(d.About, "grt_") && !slices.Contains(ids, d.About) {
			ids = append(ids, d.About)
		}
	}
	grants, err := o.Store.Tokens(v.Ctx(), ids)
	var damaged *store.DamagedError
	if err != nil && !errors.As(err, &damaged) {
		return nil, err
	}
	names := map[string]string{}
	for _, g := range grants {
		names[g.ID] = frame.NameOf(g.Subject)
	}
	return names, nil
}

// endpoint shows one.
func (o *pages) endpoint(v *desk.Visit) error {
	view, err := o.endpointView(v, v.R.PathValue("id"))
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, oneEndpoint(view))
}

// changeEndpoint changes address, kinds and limits of one.
func (o *pages) changeEndpoint(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if !v.Prove("/endpoints/" + id) {
		return nil
	}
	if err := v.Record("webhook.change", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	in := typed(v)
	kinds, apps, owners := listed(in.Kinds), listed(in.Apps), listed(in.Owners)
	_, err := o.news.UpdateWebhook(v.Ctx(), v.Viewer, id, notify.WebhookChange{
		URL: &in.URL, Kinds: &kinds, Apps: &apps, Owners: &owners, Description: &in.Description,
	})
	if mistake, ok := wrongOf(err); ok {
		view, err := o.endpointView(v, id)
		if err != nil {
			return err
		}
		view.Typed, view.Wrong = in, mistake
		return v.Show(http.StatusUnprocessableEntity, oneEndpoint(view))
	}
	if err != nil {
		return err
	}
	v.SeeOther("/endpoints/" + id + "?done=saved")
	return nil
}

// testEndpoint sends one an event of its own.
func (o *pages) testEndpoint(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if err := v.Record("webhook.test", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	if _, err := o.news.TestWebhook(v.Ctx(), v.Viewer, id); err != nil {
		return err
	}
	v.SeeOther("/endpoints/" + id + "?done=sent")
	return nil
}

// enableEndpoint lets one get news, or not.
func (o *pages) enableEndpoint(v *desk.Visit) error {
	id, on := v.R.PathValue("id"), v.Field("on") == "true"
	if err := v.Record("webhook.change", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	if _, err := o.news.UpdateWebhook(v.Ctx(), v.Viewer, id, notify.WebhookChange{Enabled: &on}); err != nil {
		return err
	}
	v.SeeOther("/endpoints/" + id + "?done=saved")
	return nil
}

// again sends one event once more.
func (o *pages) again(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if err := v.Record("webhook.replay", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	if err := o.news.Redeliver(v.Ctx(), v.Viewer, id, v.Field("event")); err != nil {
		return err
	}
	v.SeeOther("/endpoints/" + id + "?done=sent")
	return nil
}

// askRotate asks before an endpoint gets a new secret.
func (o *pages) askRotate(v *desk.Visit) error {
	w, err := o.news.Webhook(v.Ctx(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return err
	}
	p := v.Page
	p.Section = "events"
	return v.Show(http.StatusOK, frame.Confirm(frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.rotate", "Name", hostOf(w.URL))}, Text: []string{p.T("confirm.rotate.text")},
		Action: p.URL("/endpoints/%s/rotate", w.ID), Back: p.URL("/endpoints/%s", w.ID), Button: "act.newsecret",
	}))
}

// rotate gives one a new secret, which is shown this once.
func (o *pages) rotate(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if !v.Prove("/endpoints/" + id + "/rotate") {
		return nil
	}
	if err := v.Record("webhook.rotate", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	secret, err := o.news.RotateWebhook(v.Ctx(), v.Viewer, id)
	if err != nil {
		return err
	}
	view, err := o.endpointView(v, id)
	if err != nil {
		return err
	}
	view.Secret = secret.Reveal()
	return v.Show(http.StatusOK, oneEndpoint(view))
}

// spans are how far back a replay may reach, in hours.
var spans = []int{1, 6, 24, 72, 168}

// askReplay says what a replay would send, and asks.
func (o *pages) askReplay(v *desk.Visit) error {
	w, err := o.news.Webhook(v.Ctx(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return err
	}
	hours, _ := strconv.Atoi(v.R.URL.Query().Get("hours"))
	if !slices.Contains(spans, hours) {
		return &desk.BadForm{Err: errors.New("console: no such span of a replay")}
	}
	p := v.Page
	p.Section = "events"
	since := p.Now.Add(-time.Duration(hours) * time.Hour)
	until, err := o.Store.LastPosition(v.Ctx())
	if err != nil {
		return err
	}
	after, err := o.before(v, since, until)
	if err != nil {
		return err
	}
	n := until - after
	return v.Show(http.StatusOK, frame.Confirm(frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.replay", "N", frame.Count(n))},
		Text:   []string{p.T("confirm.replay.text", "T", p.Moment(since), "Name", hostOf(w.URL)), p.T("confirm.replay.twice")},
		Action: p.URL("/endpoints/%s/replay?after=%d&until=%d", w.ID, after, until), Back: p.URL("/endpoints/%s", w.ID), Button: "act.replay",
	}))
}

// before finds the last position of an event before a moment. Events are published nearly in the order in which they happen,
// so that halving finds it.
func (o *pages) before(v *desk.Visit, since time.Time, last int64) (int64, error) {
	low, high := int64(0), last // whatever is behind high is not before since
	for low < high {
		middle := low + (high-low)/2
		found, err := o.Store.FindEvents(v.Ctx(), gk.Engine(), store.EventFilter{After: middle, Limit: 1})
		if err != nil {
			return 0, err
		}
		if len(found) == 0 || !found[0].At.Before(since) {
			high = middle
		} else {
			low = found[0].Position
		}
	}
	return low, nil
}

// replay sends what happened once more.
func (o *pages) replay(v *desk.Visit) error {
	id := v.R.PathValue("id")
	after, err := strconv.ParseInt(v.R.URL.Query().Get("after"), 10, 64)
	until, err2 := strconv.ParseInt(v.R.URL.Query().Get("until"), 10, 64)
	if err := errors.Join(err, err2); err != nil {
		return &desk.BadForm{Err: err}
	}
	if err := v.Record("webhook.replay", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	if until > after {
		if _, err := o.news.Replay(v.Ctx(), v.Viewer, id, after, until); err != nil {
			return err
		}
	}
	v.SeeOther("/endpoints/" + id + "?done=sent")
	return nil
}

func (o *pages) askRemoveEndpoint(v *desk.Visit) error {
	w, err := o.news.Webhook(v.Ctx(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return err
	}
	return askRemove(v, "events", hostOf(w.URL), "confirm.endpoint.text", "/endpoints/"+w.ID)
}

func (o *pages) removeEndpoint(v *desk.Visit) error {
	return o.remove(v, store.WebhookForm, "webhook.remove", "/endpoints")
}
