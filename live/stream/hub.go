package stream

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Hub knows streams by name. Its methods may be called from any goroutine and none of them waits for a subscriber.
type Hub struct {
	cfg    Config
	counts counts

	mu       sync.Mutex
	feeds    map[string]*feed
	memory   memory
	watchers map[uint64]func(name string)
	watchID  uint64
}

// NewHub returns an empty hub. It starts no goroutine.
func NewHub(cfg Config) *Hub {
	cfg = cfg.withDefaults()
	return &Hub{
		cfg:      cfg,
		feeds:    make(map[string]*feed),
		memory:   newMemory(cfg.Remembered, cfg.RememberedFor),
		watchers: make(map[uint64]func(string)),
	}
}

// PublishOptions say where a push stands in its session.
type PublishOptions struct {
	// Generation orders the pushes of a stream; a larger one takes over. It comes from the store (design §4, claim).
	Generation uint64
	// Epoch is that of the room's status (status.Record). In a later one the generations may have begun anew: the store had
	// forgotten the room. Empty is before all others.
	Epoch string
	// Offset is the session's clock now: the time since the session began.
	Offset time.Duration
	// Gated says that the room is paused by its anchor; the gate stays closed until Gate opens it.
	Gated bool
	// Remote is the publisher's address, for Info.
	Remote string
	// Session names the session and SessionStart is the zero of its clock; the same on all nodes. May be empty.
	Session      string
	SessionStart time.Time
	// Relay says that the tags come from another node's hub: they are on the session's clock and keep their times. It never
	// takes the place of a push.
	Relay bool
	// Sink, if there is one, takes the tags: no subscriber gets any. Nil: subscribers do.
	Sink Sink
	// Passed says that the tags are those of a push elsewhere that has a Sink; they come by Pass instead of Write.
	Passed bool
}

// Sink takes what is pushed, on the session's clock. Its methods are called in order, under locks: they must not block.
type Sink interface {
	// Pass takes a tag that arrived now. It is given to a publisher that is Passed, if to any.
	Pass(t *Tag, now time.Time)
	// Over says that the publisher has been ended: nothing more is passed.
	Over()
}

// Publish makes a new publisher the stream's running one. An older one is ended with ErrTakenOver; if a newer one is
// known the answer is ErrStale. The same generation may publish again.
func (h *Hub) Publish(name string, o PublishOptions) (*Publisher, error) {
	p := &Publisher{
		name: name, generation: o.Generation, offset: max(o.Offset, 0), remote: o.Remote, relay: o.Relay, sink: o.Sink, passed: o.Passed,
		session: o.Session, sessionStart: o.SessionStart,
		startedAt: time.Now(), done: make(chan struct{}),
	}
	h.mu.Lock()
	f := h.feed(name)
	f.mu.Lock()
	if o.Epoch > f.epoch {
		f.epoch = o.Epoch
		f.generation = min(f.generation, o.Generation)
	}
	if o.Epoch < f.epoch || o.Generation < f.generation || o.Relay && f.pub != nil && !f.pub.relay && o.Generation == f.generation {
		f.mu.Unlock()
		h.release(f)
		h.mu.Unlock()
		return nil, ErrStale
	}
	p.feed = f
	f.detach(f.pub, ErrTakenOver)
	f.attach(p)
	if o.Gated {
		f.gate(true)
	}
	f.mu.Unlock()
	var watchers []func(string)
	if !o.Relay {
		watchers = slices.Collect(maps.Values(h.watchers))
	}
	h.mu.Unlock()
	for _, fn := range watchers {
		fn(name)
	}
	return p, nil
}

// OnPublish has fn called with the stream's name each time a publisher that is no relay begins, in Publish, before the first tag can be
// written. fn must not block. The returned function ends that.
func (h *Hub) OnPublish(fn func(name string)) (remove func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watchID++
	id := h.watchID
	h.watchers[id] = fn
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers, id)
	}
}

// Drop ends the running publisher with cause (ErrDropped if nil). Subscribers stay and wait for the next one.
func (h *Hub) Drop(name string, cause error) {
	if cause == nil {
		cause = ErrDropped
	}
	h.mu.Lock()
	f := h.feeds[name]
	if f == nil {
		h.mu.Unlock()
		return
	}
	f.mu.Lock()
	f.detach(f.pub, cause)
	f.mu.Unlock()
	h.release(f)
	h.mu.Unlock()
}

// Gate closes or opens a stream's gate. Closing discards what subscribers have not read, and the cache: nothing reaches
// anyone. Opening goes on at the publisher's next keyframe. A closed gate is remembered while nobody publishes.
func (h *Hub) Gate(name string, closed bool) {
	h.mu.Lock()
	if h.feeds[name] == nil && !closed && !h.memory.has(name) {
		h.mu.Unlock()
		return
	}
	f := h.feed(name)
	f.mu.Lock()
	f.gate(closed)
	f.mu.Unlock()
	h.release(f)
	h.mu.Unlock()
}

// End ends the publisher with cause (ErrEnded if nil) and closes all subscribers: they read what is left, then get
// ErrEnded. Who wants them to get nothing more closes the gate first. The gate is open and the clock free afterwards;
// the generation stays known.
func (h *Hub) End(name string, cause error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end(name, cause)
}

// Forget is End for a stream of which nothing will come back: the generation is free as well, for the name may be given
// to another room, whose generations begin anew.
func (h *Hub) Forget(name string, cause error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end(name, cause)
	h.memory.remove(name)
}

// end is End. The hub's mutex is held.
func (h *Hub) end(name string, cause error) {
	if cause == nil {
		cause = ErrEnded
	}
	f := h.feeds[name]
	if f == nil {
		h.memory.restart(name)
		return
	}
	delete(h.feeds, name)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.detach(f.pub, cause)
	f.ended = true
	h.memory.put(name, remembered{epoch: f.epoch, generation: f.generation, last: -1})
	f.wakeAll()
}

// SubscribeOptions say what a subscriber is.
type SubscribeOptions struct {
	// Internal subscribers (a segmenter, a recorder) are not counted as viewers.
	Internal bool
	// Viewer is the chat session the subscriber belongs to, empty if it names none: who is in the chat as well counts once.
	Viewer string
	// Generation, if not 0, is all the subscriber reads: ErrEnded comes when media of another one does.
	Generation uint64
	// OnClose is called once the subscriber is closed, by whoever closes it. May be nil.
	OnClose func()
}

// Subscribe adds a subscriber, also where nobody publishes yet. Protocol is what it is counted under. It must be closed.
func (h *Hub) Subscribe(name, protocol string, o SubscribeOptions) *Subscriber {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.feed(name)
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.log.newest()
	s := &Subscriber{
		feed: f, protocol: protocol, internal: o.Internal, viewer: o.Viewer, generation: o.Generation, onClose: o.OnClose, done: make(chan struct{}),
		seeking: true, waits: m == nil || m.index < f.fresh, from: f.fresh,
	}
	f.subscribers.Add(1)
	h.counts.subscribers.Add(1)
	h.counts.subscribed.Add(1)
	if !o.Internal {
		f.viewers++
		h.counts.viewers.Add(1)
		if f.protocols == nil {
			f.protocols = make(map[string]int)
		}
		f.protocols[protocol]++
		if o.Viewer != "" {
			if f.linked == nil {
				f.linked = make(map[string]map[*Subscriber]struct{})
			}
			if f.linked[o.Viewer] == nil {
				f.linked[o.Viewer] = make(map[*Subscriber]struct{}, 1)
			}
			f.linked[o.Viewer][s] = struct{}{}
		}
	}
	return s
}

// Viewers counts who watches a stream, internal subscribers left out, and lists the chat session of each that names one.
func (h *Hub) Viewers(name string) (total int, linked []string) {
	h.mu.Lock()
	f := h.feeds[name]
	h.mu.Unlock()
	if f == nil {
		return 0, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for viewer, subs := range f.linked {
		for range subs {
			linked = append(linked, viewer)
		}
	}
	return f.viewers, linked
}

// Evict closes the subscribers of a stream that belong to a viewer's chat session, and returns how many there were.
func (h *Hub) Evict(name, viewer string) int {
	h.mu.Lock()
	f := h.feeds[name]
	h.mu.Unlock()
	if f == nil || viewer == "" {
		return 0
	}
	f.mu.Lock()
	subs := slices.Collect(maps.Keys(f.linked[viewer]))
	f.mu.Unlock()
	for _, s := range subs {
		s.Close()
	}
	return len(subs)
}

// feed returns the named feed, making it from what is remembered. The hub's mutex is held.
func (h *Hub) feed(name string) *feed {
	f := h.feeds[name]
	if f == nil {
		r, ok := h.memory.take(name)
		if !ok {
			r.last = -1
		}
		f = &feed{hub: h, name: name, epoch: r.epoch, generation: r.generation, last: r.last, gated: r.gated, await: true}
		h.feeds[name] = f
	}
	return f
}

// release frees a feed nobody uses, keeping what a later one must know. The hub's mutex is held, the feed's is not.
func (h *Hub) release(f *feed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended || f.pub != nil || f.subscribers.Load() > 0 {
		return
	}
	delete(h.feeds, f.name)
	f.ended = true
	f.log.clear()
	f.wakeAll()
	last := f.last - f.relayed.shift // a relay of the same generation begins without the shift, which nobody is left to have seen
	h.memory.put(f.name, remembered{epoch: f.epoch, generation: f.generation, last: last, gated: f.gated})
}
