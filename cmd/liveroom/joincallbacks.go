package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"liveroom/chat"
	"liveroom/internal/outbound"
	"liveroom/web"
	"liveroom/web/callback"
	"liveroom/web/callback/delivery"
)

// callbacksTimeout is how long reading the endpoints and queues of callbacks may take at the start.
const callbacksTimeout = 30 * time.Second

// callbacks are the parts that tell backends what happens and ask them before it does.
type callbacks struct {
	client    *callback.Client
	receivers *callback.Registry
	sender    *callback.Sender
	queues    queues
	gate      *callback.Gate
	statuses  *callback.Statuses
	streams   *callback.Streams
	media     *callback.Media // recordings, screenshots, relays

	settlement *callback.Settlement // of gifts
	events     *callback.Events     // what happens beside talking
}

// queues are events on their way to receivers: delivery.Service, or what a node of several has of them, delivery.Node.
type queues interface {
	callback.Queue
	web.CallbackQueues
	SetEndpoints(map[string]delivery.Habit)
	Stats() delivery.Stats
	Run(ctx context.Context) error
}

// courierLease is how long a node that delivers callbacks is waited for when it is gone. It is shorter than others: of two that
// deliver only duplicates come.
const courierLease = 5 * time.Second

// joinQueues makes the queues. In a cluster all nodes have them together, and one delivers.
func (p *program) joinQueues(ctx context.Context) (err error) {
	c := p.callbacks
	to := senders{p.imHost, c.sender}
	if p.cluster == nil {
		c.queues, err = delivery.New(ctx, p.set.queues(), p.stores.queues, to, p.log)
		return err
	}
	n, err := delivery.NewNode(p.set.queues(), p.cluster.redis.Callbacks(), to, c.receivers.Reload, p.log)
	if err != nil {
		return err
	}
	c.queues, p.deliver = n, p.cluster.leadFor("courier", courierLease, n.Deliver)
	return nil
}

// joinCallbacks makes them and lets the chat ask and tell them.
func (p *program) joinCallbacks(keys Secrets, talk *chat.Config) (err error) {
	private, _ := outbound.ParsePrivate(p.set.CallbackLocal) // Validate has checked it
	c := &callbacks{client: callback.NewClient(private)}
	p.callbacks = c // closed with the program from here on
	ctx, cancel := context.WithTimeout(context.Background(), callbacksTimeout)
	defer cancel()
	c.receivers, err = callback.NewRegistry(ctx, p.stores.endpoints, p.set.endpoints(keys)...)
	if err != nil {
		return err
	}
	app := keys.SDKAppID
	c.sender = callback.NewSender(app, c.receivers, c.client)
	if err = p.joinIMHost(keys); err != nil {
		return err
	}
	if err = p.joinQueues(ctx); err != nil {
		return err
	}
	c.receivers.Watch(func(all []callback.Endpoint) {
		habits := make(map[string]delivery.Habit, len(all))
		for _, e := range all {
			habits[e.ID] = e.Habit()
		}
		if p.imHost != nil {
			habits[imHostEndpoint] = delivery.Habit{}
		}
		c.queues.SetEndpoints(habits)
	})
	c.gate = callback.NewGate(app, c.receivers, c.client, p.log)
	c.settlement = callback.NewSettlement(app, c.receivers, c.client, p.log)
	c.events = callback.NewEvents(c.receivers, c.queues)
	c.statuses = callback.NewStatuses(c.receivers, c.queues)
	c.media = callback.NewMedia(app, pushHost(p.set.PublicRTMPURL), c.receivers, c.queues)
	pushes := callback.StreamsConfig{App: app, Domain: pushHost(p.set.PublicRTMPURL)}
	if p.cluster != nil {
		pushes.Owner, pushes.Alive = p.nodeID(), p.cluster.lives
	}
	c.streams = callback.NewStreams(pushes, c.receivers, c.queues, p.stores.pushes, p.log)
	talk.Gate, talk.Observer = c.gate, callback.NewObserver(app, c.receivers, c.queues)
	return nil
}

// pushHost is the host of the address that streams are pushed to.
func pushHost(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil {
		return "" // Validate has checked it
	}
	return u.Hostname()
}

// queues is what callback/delivery is told.
func (s *Settings) queues() delivery.Config {
	return delivery.Config{Backlog: int64(s.CallbackBytes), DeadAge: s.CallbackDead}
}

// door is what the API is given of them.
func (c *callbacks) door(app uint64) *web.Callbacks {
	return &web.Callbacks{Endpoints: c.receivers, Queues: c.queues, AppID: app}
}

// endpoints are the receivers that the settings name.
func (s *Settings) endpoints(keys Secrets) []callback.Endpoint {
	var out []callback.Endpoint
	for _, e := range []callback.Endpoint{
		{
			URL: s.CallbackURL, Format: callback.FormatIM, Events: s.CallbackEvents, Key: keys.CallbackKey,
			OnFailure: callback.OnFailure(s.CallbackFails),
		},
		{URL: s.StreamURL, Format: callback.FormatCSS, Key: keys.StreamKey},
		{URL: s.StatusURL, Format: callback.FormatStatus, Key: keys.StatusKey},
		{URL: s.EventURL, Format: callback.FormatEvents, Events: s.EventEvents, Key: keys.EventKey},
	} {
		if e.URL != "" {
			out = append(out, e)
		}
	}
	return out
}

// validCallbacks says which setting of callbacks can't be used.
func (s *Settings) validCallbacks() error {
	if _, err := outbound.ParsePrivate(s.CallbackLocal); err != nil {
		return fmt.Errorf("callback-private: %w", err)
	}
	if s.CallbackBytes < 1<<20 {
		return fmt.Errorf("callback-backlog is %d, must be at least 1MiB", s.CallbackBytes)
	}
	if s.CallbackDead < time.Hour || s.CallbackDead > 8784*time.Hour {
		return fmt.Errorf("callback-dead-age is %s, must be from 1h to 8784h", s.CallbackDead)
	}
	names := map[callback.Format]string{
		callback.FormatIM: "callback-url and callback-events", callback.FormatCSS: "stream-callback-url", callback.FormatStatus: "status-callback-url",
		callback.FormatEvents: "event-callback-url and event-callback-events",
	}
	for _, e := range s.endpoints(Secrets{}) {
		if err := callback.CheckEndpoint(e); err != nil {
			return fmt.Errorf("%s: %w", names[e.Format], err)
		}
	}
	return nil
}

// gateMetrics are what receivers were asked before it happened.
func (p *program) gateMetrics() []web.Sample {
	st := p.callbacks.gate.Stats()
	const answers = "Before-callbacks that were answered, by what was decided; rewritten ones are allowed too."
	decision := func(d string) web.Label { return web.Label{Name: "decision", Value: d} }
	out := []web.Sample{
		counter("before_callbacks_asked_total", "Before-callbacks that were sent.", st.Asked),
		counter("before_callbacks_answered_total", answers, st.Allowed, decision("allowed")),
		counter("before_callbacks_answered_total", answers, st.Refused, decision("refused")),
		counter("before_callbacks_answered_total", answers, st.Dropped, decision("dropped")),
		counter("before_callbacks_rewritten_total", "Messages that were rewritten by who was asked about them.", st.Rewritten),
		gauge("before_callbacks_open", "Receivers that are not asked for a while because they did not answer.", st.Open),
		counter("stream_events_skipped_total", "Pushes that nobody was told of because the store did not answer.", p.callbacks.streams.Skipped()),
	}
	for why, n := range st.Failed {
		out = append(out, counter("before_callbacks_undecided_total", "Before-callbacks without a valid answer, by why; the endpoint's onFailure decided.", n,
			web.Label{Name: "why", Value: why}))
	}
	return append(out, p.settlementMetrics()...)
}

// settlementMetrics are what backends were asked about gifts.
func (p *program) settlementMetrics() []web.Sample {
	st := p.callbacks.settlement.Stats()
	const answers = "Questions whether a gift is paid that were answered, by what was decided."
	out := []web.Sample{
		counter("gift_settlements_asked_total", "Questions to backends whether a gift is paid.", st.Asked),
		counter("gift_settlements_answered_total", answers, st.Accepted, web.Label{Name: "decision", Value: "accepted"}),
		counter("gift_settlements_answered_total", answers, st.Refused, web.Label{Name: "decision", Value: "refused"}),
		gauge("gift_settlements_open", "Receivers that are not asked for a while because they did not answer.", st.Open),
	}
	for why, n := range st.Failed {
		out = append(out, counter("gift_settlements_undecided_total", "Questions whether a gift is paid without a valid answer, by why.", n,
			web.Label{Name: "why", Value: why}))
	}
	return out
}
