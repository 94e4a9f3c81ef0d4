package door

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantkeep/grantkeep/keeper"
)

// metrics counts what the API does and asks the keeper how it stands. No label holds an id, an owner or a shop.
type metrics struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	answers  *prometheus.HistogramVec
	known    sync.Map // what is counted of an answer, by [answered]
	keeper   *keeper.Keeper
	ready    *prometheus.Desc
	flights  *prometheus.Desc
	spilled  *prometheus.Desc
	aside    *prometheus.Desc
	damaged  *prometheus.Desc
	broken   *prometheus.Desc
}

func newMetrics(registry prometheus.Registerer, k *keeper.Keeper) *metrics {
	m := &metrics{
		keeper: k,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grantkeep_http_requests_total", Help: "Requests to the API by the route's pattern and the status.",
		}, []string{"route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grantkeep_http_request_duration_seconds", Help: "How long requests to the API took, by the route's pattern.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10, 60}, NativeHistogramBucketFactor: 1.1,
		}, []string{"route"}),
		answers: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grantkeep_platform_answer_seconds", Help: "How long platforms took to answer the keeper's own requests.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}, NativeHistogramBucketFactor: 1.1,
		}, []string{"platform"}),
		ready:   prometheus.NewDesc("grantkeep_ready", "1 while this process can serve.", nil, nil),
		flights: prometheus.NewDesc("grantkeep_flights", "Renewals and completions under way.", nil, nil),
		spilled: prometheus.NewDesc("grantkeep_spilled_pairs", "Token pairs that wait to be stored.", nil, nil),
		aside: prometheus.NewDesc("grantkeep_spilled_pairs_refused",
			"Token pairs that the database refuses although it answers; their grants wait.", nil, nil),
		damaged: prometheus.NewDesc("grantkeep_spill_damaged_bytes",
			"Bytes of the spill file that no pair could be made of at the start; they are in a file beside it.", nil, nil),
		broken: prometheus.NewDesc("grantkeep_broken_apps", "Apps that do not open: their renewals wait.", nil, nil),
	}
	registry.MustRegister(m, m.requests, m.took, m.answers)
	k.OnAnswer(func(platform string, took time.Duration) { m.answers.WithLabelValues(platform).Observe(took.Seconds()) })
	return m
}

// answered is what answers are counted by.
type answered struct {
	route  string
	status int
}

// counters are those of one kind of answer. They are looked up once: by their labels that costs more than the counting.
type counters struct {
	requests prometheus.Counter
	took     prometheus.Observer
}

func (m *metrics) count(route string, status int, took time.Duration) {
	kind := answered{route, status}
	found, ok := m.known.Load(kind)
	if !ok {
		found, _ = m.known.LoadOrStore(kind, &counters{m.requests.WithLabelValues(route, strconv.Itoa(status)), m.took.WithLabelValues(route)})
	}
	c := found.(*counters) //nolint:forcetypeassert // nothing else is put there
	c.requests.Inc()
	c.took.Observe(took.Seconds())
}

// Describe names the gauges.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.ready
	out <- m.flights
	out <- m.spilled
	out <- m.aside
	out <- m.damaged
	out <- m.broken
}

// Collect asks the keeper once for all gauges.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), ReadyPatience)
	defer cancel()
	h := m.keeper.Health(ctx)
	ready := 0.0
	if h.Ready {
		ready = 1
	}
	out <- prometheus.MustNewConstMetric(m.ready, prometheus.GaugeValue, ready)
	out <- prometheus.MustNewConstMetric(m.flights, prometheus.GaugeValue, float64(h.Flights))
	out <- prometheus.MustNewConstMetric(m.spilled, prometheus.GaugeValue, float64(h.Spilled))
	out <- prometheus.MustNewConstMetric(m.aside, prometheus.GaugeValue, float64(h.Aside))
	out <- prometheus.MustNewConstMetric(m.damaged, prometheus.GaugeValue, float64(h.Damaged))
	out <- prometheus.MustNewConstMetric(m.broken, prometheus.GaugeValue, float64(h.Broken))
}

// ReadyPatience is how long the database may take to say that it is there.
const ReadyPatience = 2 * time.Second
