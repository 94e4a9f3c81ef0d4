package api

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// How long the database is not asked again: counting grants costs what there is, however often somebody scrapes.
const (
	countedFor = time.Minute
	waitedFor  = 10 * time.Second
)

// gauges tell how the installation stands and what its news came to. What the database does not tell within
// ReadyPatience is left out, rather than told as it was.
type gauges struct {
	keeper  *keeper.Keeper
	store   store.Store
	news    *notify.News
	version string
	log     *slog.Logger

	mu       sync.Mutex
	counted  asking
	grants   map[[2]string]int64 // by platform and state
	waited   asking
	backlogs []store.Backlog
	fresh    int64 // events without a position

	build, grantsNow, due, dueOfApp, doubt, unpublished, refreshes, webhooks, alarms, claims, quota, level, busy, waiting *prometheus.Desc
}

// asking is when something was asked for, and whether it came.
type asking struct {
	asked time.Time
	came  bool
}

func newGauges(o Options) *gauges {
	return &gauges{
		keeper: o.Keeper, store: o.Store, news: o.News, version: o.Version, log: o.Log,
		build:       prometheus.NewDesc("grantkeep_build_info", "Always 1; the label tells the version.", []string{"version"}, nil),
		grantsNow:   prometheus.NewDesc("grantkeep_grants", "Grants by platform and state, as counted within the last minute.", []string{"platform", "state"}, nil),
		due:         prometheus.NewDesc("grantkeep_due_age_seconds", "How long the work of a platform that waits longest has been due.", []string{"platform"}, nil),
		dueOfApp:    prometheus.NewDesc("grantkeep_app_due_age_seconds", "How long the work of an app that waits longest has been due.", []string{"platform", "app"}, nil),
		doubt:       prometheus.NewDesc("grantkeep_grants_in_doubt", "Grants of which a refresh has no known outcome.", []string{"platform"}, nil),
		unpublished: prometheus.NewDesc("grantkeep_events_unpublished", "Events that are not published yet, up to 1000.", nil, nil),
		refreshes:   prometheus.NewDesc("grantkeep_renewals_total", "Refreshes by this process, by platform and outcome: renewed, refused, in_doubt, unsent.", []string{"platform", "outcome"}, nil),
		claims:      prometheus.NewDesc("grantkeep_claims_total", "Grants that this process claimed because something of theirs was due.", []string{"platform"}, nil),
		quota:       prometheus.NewDesc("grantkeep_refreshes_over_quota_total", "Refreshes that wait since the platform's limit of a grant is used up.", []string{"platform"}, nil),
		level:       prometheus.NewDesc("grantkeep_refresh_level", "Refreshes that may be under way at once in this process, as its apps have found out.", []string{"platform"}, nil),
		busy:        prometheus.NewDesc("grantkeep_refreshes_under_way", "Refreshes under way in this process.", []string{"platform"}, nil),
		waiting:     prometheus.NewDesc("grantkeep_refreshes_waiting", "Refreshes that wait for a place in this process.", []string{"platform"}, nil),
		webhooks:    prometheus.NewDesc("grantkeep_webhook_deliveries_total", "Attempts to deliver to webhooks by this process, by outcome: delivered, retry, failed.", []string{"outcome"}, nil),
		alarms:      prometheus.NewDesc("grantkeep_alarm_messages_total", "Attempts to send alarms by this process, by outcome: delivered, retry, failed.", []string{"outcome"}, nil),
	}
}

// Describe implements [prometheus.Collector].
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.build, g.grantsNow, g.due, g.dueOfApp, g.doubt, g.unpublished, g.refreshes, g.webhooks, g.alarms, g.claims, g.quota, g.level, g.busy, g.waiting} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	number := func(kind prometheus.ValueType, d *prometheus.Desc, n float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, n, labels...)
	}
	number(prometheus.GaugeValue, g.build, 1, g.version)
	for c, n := range g.keeper.Refreshes() {
		number(prometheus.CounterValue, g.refreshes, float64(n), c.Platform, c.Outcome)
	}
	for c, n := range g.keeper.Counts() {
		number(prometheus.CounterValue, map[string]*prometheus.Desc{keeper.Claims: g.claims, keeper.OverQuota: g.quota}[c.Outcome], float64(n), c.Platform)
	}
	for platform, l := range g.keeper.Loads() {
		number(prometheus.GaugeValue, g.level, float64(l.Level), platform)
		number(prometheus.GaugeValue, g.busy, float64(l.Busy), platform)
		number(prometheus.GaugeValue, g.waiting, float64(l.Waiting), platform)
	}
	attempts := map[notify.Counted]int64{}
	for _, outcome := range []string{notify.Delivered, notify.Retried, notify.GivenUp} { // a series that is there from the start
		attempts[notify.Counted{Form: store.WebhookForm, Outcome: outcome}] = 0
		attempts[notify.Counted{Form: store.AlarmForm, Outcome: outcome}] = 0
	}
	if g.news != nil {
		for c, n := range g.news.Attempts() {
			attempts[c] = n
		}
	}
	for c, n := range attempts {
		d := g.webhooks
		if c.Form == store.AlarmForm {
			d = g.alarms
		}
		number(prometheus.CounterValue, d, float64(n), c.Outcome)
	}
	ctx, cancel := context.WithTimeout(context.Background(), door.ReadyPatience)
	defer cancel()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count(ctx)
	if g.counted.came {
		for c, n := range g.grants {
			number(prometheus.GaugeValue, g.grantsNow, float64(n), c[0], c[1])
		}
	}
	g.wait(ctx)
	if g.waited.came {
		for _, b := range g.backlogs {
			number(prometheus.GaugeValue, g.due, g.age(b.Oldest), b.Platform)
			for app, oldest := range b.Apps {
				number(prometheus.GaugeValue, g.dueOfApp, g.age(oldest), b.Platform, app)
			}
			number(prometheus.GaugeValue, g.doubt, float64(b.InDoubt), b.Platform)
		}
		number(prometheus.GaugeValue, g.unpublished, float64(g.fresh))
	}
}

// age is for how many seconds something has been due.
func (g *gauges) age(since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(0, g.keeper.Now().Sub(since).Seconds())
}

// count counts the grants, unless that was done a moment ago.
func (g *gauges) count(ctx context.Context) {
	if time.Since(g.counted.asked) < countedFor {
		return
	}
	counts, err := g.store.GrantCounts(ctx, gk.Viewer{Key: "metrics", Scopes: []gk.Scope{gk.ScopeRead}})
	g.counted = asking{time.Now(), err == nil}
	if err != nil {
		g.log.Warn("grants could not be counted", "error", err)
		return
	}
	g.grants = map[[2]string]int64{}
	for _, c := range counts {
		g.grants[[2]string{c.Platform, string(c.State)}] += c.N
	}
}

// wait asks what waits, unless that was done a moment ago.
func (g *gauges) wait(ctx context.Context) {
	if time.Since(g.waited.asked) < waitedFor {
		return
	}
	backlogs, err := g.store.Backlogs(ctx, g.keeper.Now())
	if err == nil {
		g.fresh, err = g.store.Unpublished(ctx)
	}
	g.waited = asking{time.Now(), err == nil}
	if err != nil {
		g.log.Warn("what waits could not be asked", "error", err)
		return
	}
	g.backlogs = backlogs
}
