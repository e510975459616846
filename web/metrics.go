package web

import (
	"cmp"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"liveroom/chat"
	"liveroom/chat/audit"
	"liveroom/status"
)

// Sample is one figure at the moment of a scrape. Rooms and users are never labels: their number has no bound (design §9).
type Sample struct {
	Name    string // without the prefix liveroom_
	Help    string
	Counter bool // only ever grows; else a gauge
	Labels  []Label
	Value   float64
}

// Label tells samples of one name apart.
type Label struct{ Name, Value string }

// Source reads figures. It is called at each scrape, possibly by several at once.
type Source func() []Sample

// metrics is the server's registry and its own figures.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

func newMetrics(s *Server, sources []Source) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_http_requests_total", Help: "Requests of the API and the pages, by route and status.",
		}, []string{"method", "route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "liveroom_http_request_seconds", Help: "Time until the answer was written, by route.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10, 60},
		}, []string{"route"}),
	}
	m.registry.MustRegister(m.requests, m.took, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), samples(append([]Source{s.samples}, sources...)))
	return m
}

// served counts a request. Paths without a route count as one, so that strangers can't make series.
func (m *metrics) served(route, method string, httpStatus int, took time.Duration) {
	if route == "" {
		route, method = "other", "other"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(httpStatus)).Inc()
	m.took.WithLabelValues(route).Observe(took.Seconds())
}

// samples turns sources into a collector.
type samples []Source

// Describe describes nothing: what there is shows at the scrape.
func (samples) Describe(chan<- *prometheus.Desc) {}

// Collect asks every source.
func (s samples) Collect(out chan<- prometheus.Metric) {
	for _, source := range s {
		for _, v := range source() {
			names, values := make([]string, len(v.Labels)), make([]string, len(v.Labels))
			for i, l := range v.Labels {
				names[i], values[i] = l.Name, l.Value
			}
			kind := prometheus.GaugeValue
			if v.Counter {
				kind = prometheus.CounterValue
			}
			desc := prometheus.NewDesc("liveroom_"+v.Name, v.Help, names, nil)
			metric, err := prometheus.NewConstMetric(desc, kind, v.Value, values...)
			if err != nil {
				metric = prometheus.NewInvalidMetric(desc, err)
			}
			out <- metric
		}
	}
}

// samples are the server's own figures.
func (s *Server) samples() []Sample {
	return []Sample{
		{Name: "auth_failures_total", Help: "Failed authentications.", Counter: true, Value: float64(s.count.authFailures.Load())},
		{Name: "auth_refused_unheard_total", Help: "Authentications refused because their address failed too often.", Counter: true, Value: float64(s.failures.refusedCount())},
		{Name: "guests_limited_total", Help: "Named guests refused because their address made too many.", Counter: true, Value: float64(s.newcomer.refusedCount())},
		{Name: "requests_crowded_total", Help: "Requests refused because their address had too many under way.", Counter: true, Value: float64(s.crowd.refusedCount())},
		{Name: "http_panics_total", Help: "Requests that panicked.", Counter: true, Value: float64(s.count.panics.Load())},
		{Name: "event_streams", Help: "Open streams of status events.", Value: float64(s.count.eventStreams.Load())},
		{Name: "status_waits", Help: "Status requests held until something changes.", Value: float64(s.count.waits.Load())},
	}
}

// ChatSource reads a chat service's figures.
func ChatSource(stats func() chat.Stats) Source {
	return func() []Sample {
		st := stats()
		out := []Sample{
			{Name: "chat_groups", Help: "Chat rooms held in memory.", Value: float64(st.Groups)},
			{Name: "chat_degraded_groups", Help: "Chat rooms that go on without the store.", Value: float64(st.Degraded)},
			{Name: "chat_sessions", Help: "Chat sessions.", Value: float64(st.Sessions)},
			{Name: "chat_members", Help: "Distinct users and anonymous guests, summed over rooms.", Value: float64(st.Members)},
			{Name: "chat_batches_total", Help: "Batches handed out, each counted once.", Counter: true, Value: float64(st.Batches)},
			{Name: "chat_deliveries_total", Help: "Batches times the sessions they went to.", Counter: true, Value: float64(st.Deliveries)},
			{Name: "chat_withdrawn_total", Help: "Messages withdrawn after delivery.", Counter: true, Value: float64(st.Recalled), Labels: []Label{{"kind", "recalled"}}},
			{Name: "chat_withdrawn_total", Help: "Messages withdrawn after delivery.", Counter: true, Value: float64(st.Blocked), Labels: []Label{{"kind", "blocked"}}},
			{Name: "chat_tips_total", Help: "People who came or went, by whether their rooms were told or are too large.", Counter: true, Value: float64(st.Told), Labels: []Label{{"told", "yes"}}},
			{Name: "chat_tips_total", Help: "People who came or went, by whether their rooms were told or are too large.", Counter: true, Value: float64(st.Untold), Labels: []Label{{"told", "no"}}},
			{Name: "chat_news_lost_total", Help: "What other nodes of the cluster were not told of people, because Redis was away or too much waited.", Counter: true, Value: float64(st.NewsLost)},
			{Name: "chat_direct_total", Help: "Messages from user to user.", Counter: true, Value: float64(st.Direct)},
			{Name: "chat_panics_total", Help: "Sessions that panicked.", Counter: true, Value: float64(st.Panics)},
		}
		for reason, n := range st.Refusals {
			out = append(out, Sample{
				Name: "chat_refused_total", Help: "Refused messages by reason.", Counter: true, Value: float64(n),
				Labels: []Label{{"reason", reason}},
			})
		}
		for _, m := range st.Messages {
			for _, fate := range []struct {
				name string
				n    uint64
			}{{"delivered", m.Delivered}, {"dropped", m.Dropped}, {"refused", m.Refused}, {"repeated", m.Repeated}, {"failed", m.Failed}, {"unheard", m.Unheard}, {"nearby", m.Nearby}} {
				out = append(out, Sample{
					Name: "chat_messages_total", Help: "Messages by priority and fate.", Counter: true, Value: float64(fate.n),
					Labels: []Label{{"priority", cmp.Or(priorityNames[m.Priority], "none")}, {"fate", fate.name}},
				})
			}
		}
		return out
	}
}

// OutboxSource reads a synchroniser's figures.
func OutboxSource(stats func() status.SyncStats) Source {
	return func() []Sample {
		st := stats()
		return []Sample{
			{Name: "status_announced_total", Help: "Status changes delivered to the chat.", Counter: true, Value: float64(st.Delivered)},
			{Name: "status_announce_failures_total", Help: "Deliveries of status changes that failed and are tried again.", Counter: true, Value: float64(st.Failed)},
			{Name: "status_outbox_rooms", Help: "Rooms with status changes still to be delivered.", Value: float64(st.Rooms)},
		}
	}
}

// AuditSource reads an audit log's figures.
func AuditSource(stats func() audit.Stats) Source {
	return func() []Sample {
		st := stats()
		return []Sample{
			{Name: "audit_acts_total", Help: "Acts written to the audit log.", Counter: true, Value: float64(st.Recorded)},
			{Name: "audit_lost_total", Help: "Acts missing from the audit log because its queue was full.", Counter: true, Value: float64(st.Lost)},
			{Name: "audit_failures_total", Help: "Writes of the audit log that failed and were tried again.", Counter: true, Value: float64(st.Failures)},
			{Name: "audit_waiting", Help: "Acts that are not written yet.", Value: float64(st.Waiting)},
		}
	}
}
