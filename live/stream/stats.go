package stream

import (
	"maps"
	"sync/atomic"
	"time"
)

// counts are the hub's figures, counted as things happen.
type counts struct {
	publishers, relays, passed       atomic.Int64
	subscribers, viewers             atomic.Int64
	published, subscribed            atomic.Uint64
	tagsIn, bytesIn                  atomic.Uint64
	tagsOut, bytesOut, batchesOut    atomic.Uint64
	overflows, overflowed, slow      atomic.Uint64
	malformed, gated, beforeKeyframe atomic.Uint64
	repairs                          [repairKinds]atomic.Uint64
}

// running counts pushes, or relays, or what is passed on.
func (c *counts) running(p *Publisher) *atomic.Int64 {
	switch {
	case p.relay:
		return &c.relays
	case p.passed:
		return &c.passed
	}
	return &c.publishers
}

// Stats are a hub's figures since it was made; Streams, Publishers, Relays and Subscribers are those of this moment.
type Stats struct {
	Streams     int
	Remembered  int // streams of which only generation and time are kept
	Publishers  int
	Relays      int // streams that come from other nodes
	Passed      int // streams that come from a Sink
	Subscribers int

	Published  uint64 // publishers ever begun
	Subscribed uint64 // subscribers ever added
	TagsIn     uint64
	BytesIn    uint64
	TagsOut    uint64 // over all subscribers
	BytesOut   uint64
	BatchesOut uint64 // returns of Subscriber.Next, so about the number of writes

	DroppedOverflow       uint64 // tags subscribers lost by falling behind
	DroppedMalformed      uint64 // messages that could not be understood
	DroppedGated          uint64 // tags that came while the gate was closed
	DroppedBeforeKeyframe uint64 // tags before the keyframe that a new stretch of media waits for
	Overflows             uint64 // how often a subscriber fell behind
	ClosedSlow            uint64 // subscribers closed with ErrSlow

	Repairs Repairs // tags whose timestamps had to be changed
}

// Stats returns the hub's figures.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	streams, remembered := len(h.feeds), h.memory.order.Len()
	h.mu.Unlock()
	c := &h.counts
	var repairs Repairs
	for k := range repairs {
		repairs[k] = c.repairs[k].Load()
	}
	return Stats{
		Streams: streams, Remembered: remembered,
		Publishers: int(c.publishers.Load()), Relays: int(c.relays.Load()), Passed: int(c.passed.Load()), Subscribers: int(c.subscribers.Load()),
		Published: c.published.Load(), Subscribed: c.subscribed.Load(),
		TagsIn: c.tagsIn.Load(), BytesIn: c.bytesIn.Load(),
		TagsOut: c.tagsOut.Load(), BytesOut: c.bytesOut.Load(), BatchesOut: c.batchesOut.Load(),
		DroppedOverflow: c.overflowed.Load(), DroppedMalformed: c.malformed.Load(),
		DroppedGated: c.gated.Load(), DroppedBeforeKeyframe: c.beforeKeyframe.Load(),
		Overflows: c.overflows.Load(), ClosedSlow: c.slow.Load(), Repairs: repairs,
	}
}

// Info is what is known of one stream.
type Info struct {
	Name       string
	Publishing bool
	Relay      bool // by another node's hub
	Gated      bool
	Generation uint64
	Remote     string         // of the running publisher
	StartedAt  time.Time      // of the running publisher
	Viewers    map[string]int // by protocol, internal subscribers not counted
	Video      Codec
	Audio      Codec
	Session    string    // of the running publisher, as it was told; may be empty
	Start      time.Time // zero of the session's clock, zero if not told
	LastTime   int64     // ms on the session's clock, -1 before the first tag
	Ingest     Ingest

	// What the running publisher sent before media, nil where it did not: onMetaData as it was sent (AMF0), and the
	// codecs' configuration as Tag.Data has it. Shared; nobody may change the bytes.
	Metadata    []byte
	VideoHeader []byte
	AudioHeader []byte
}

// Info returns what is known of a stream that somebody publishes or watches.
func (h *Hub) Info(name string) (Info, bool) {
	h.mu.Lock()
	f := h.feeds[name]
	h.mu.Unlock()
	if f == nil {
		return Info{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return Info{}, false
	}
	in := Info{
		Name: name, Gated: f.gated, Generation: f.generation, Viewers: maps.Clone(f.protocols), LastTime: f.last,
	}
	if p := f.pub; p != nil {
		in.Publishing, in.Relay, in.Remote, in.StartedAt = true, p.relay, p.remote, p.startedAt
		in.Session, in.Start = p.session, p.sessionStart
		in.Ingest = p.ingest(time.Now())
		in.Video, in.Audio = p.meter.codecs[1], p.meter.codecs[0]
		if t := f.headers[slotMetadata]; t != nil {
			in.Metadata = t.Payload()
		}
		in.VideoHeader, in.AudioHeader = f.headers[slotVideo].data(), f.headers[slotAudio].data()
	}
	return in, true
}

// data is Data of a header that may be missing.
func (t *Tag) data() []byte {
	if t == nil {
		return nil
	}
	return t.Data()
}

// Names returns the streams somebody publishes or watches, in no order.
func (h *Hub) Names() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	names := make([]string, 0, len(h.feeds))
	for name := range h.feeds {
		names = append(names, name)
	}
	return names
}
