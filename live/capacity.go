package live

import (
	"fmt"
	"math"
	"sync"
	"time"

	"liveroom/live/stream"
)

// Limits bound how many may watch and what that may cost. Zero fields are no limit.
type Limits struct {
	// Viewers is the most play sessions at a time, over all protocols.
	Viewers int
	// Bandwidth is the most that may be committed, in bits per second: each viewer counts with the rate its stream comes in
	// with (average of 5 s).
	Bandwidth int64
}

// Viewers are the play sessions of a stream, or of a node, by protocol.
type Viewers struct{ RTMP, FLV, WSFLV, HLS int }

// Total is how many they are.
func (v Viewers) Total() int { return v.RTMP + v.FLV + v.WSFLV + v.HLS }

// Occupancy is how full a node is.
type Occupancy struct {
	Viewers   int   // places taken, those included that HLS keeps for players it has just answered
	Committed int64 // bits per second; rates are looked at when somebody joins and a bandwidth limit is set
	Limits    Limits
}

const (
	// rateFresh is how long a stream's measured rate is good for admission.
	rateFresh = time.Second
	// rateSettled is how old a push must be to be measured: it begins with a keyframe, or all that a relay kept since one.
	rateSettled = time.Second
	// rateAssumed is what a viewer counts with whose stream has not been measured yet, in bits per second: the crowd that
	// comes in the first moments of a push is the largest.
	rateAssumed = 2_000_000
)

// capacity hands out places to watch from. Its numbers are kept as viewers come and go, so that a join costs the same in a
// node of one room and of thousands.
type capacity struct {
	node Limits
	rate func(stream string) int64 // bits per second, 0 while it can't be told

	mu sync.Mutex // guards what follows
	// streams are those somebody has a place in.
	streams   map[string]*tally
	viewers   int
	committed int64 // sum of viewers × rate over streams
	measured  time.Time
}

// tally is what the viewers of one stream take.
type tally struct {
	viewers  int
	rate     int64     // of each; the last known while nobody pushes
	measured time.Time // zero: not yet
}

func newCapacity(node Limits, rate func(string) int64) *capacity {
	return &capacity{node: node, rate: rate, streams: map[string]*tally{}}
}

// enter takes a place, or says why there is none. The place is given back by leave, of which only the first call counts.
// One who was there already, before a restart, gets a place in any case: forced.
func (c *capacity) enter(name string, room Limits, forced bool) (leave func(), why *stream.Refusal) {
	rates := c.measure(name, room)
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.apply(name, rates)
	if why := c.refuse(t, room); why != nil && !forced {
		return nil, why
	}
	c.streams[name] = t
	t.viewers++
	c.viewers++
	c.committed += t.rate
	return sync.OnceFunc(func() { c.leave(name, t) }), nil
}

func (c *capacity) leave(name string, t *tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.viewers--
	c.viewers--
	c.committed -= t.rate
	if t.viewers == 0 {
		delete(c.streams, name)
	}
}

// look says why there would be no place now, without taking one.
func (c *capacity) look(name string, room Limits) *stream.Refusal {
	rates := c.measure(name, room)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refuse(c.apply(name, rates), room)
}

// refuse compares what is taken with what is allowed. The mutex is held.
func (c *capacity) refuse(t *tally, room Limits) *stream.Refusal {
	full := func(code, detail string) *stream.Refusal {
		return &stream.Refusal{Code: code, Detail: detail + "; try again in a moment", Temporary: true}
	}
	switch {
	case room.Viewers > 0 && t.viewers >= room.Viewers:
		return full("room_full", "the room has as many viewers as it may have")
	case room.Bandwidth > 0 && times(t.viewers+1, t.rate) > room.Bandwidth:
		return full("room_bandwidth", "one more viewer would exceed the bandwidth the room may use")
	case c.node.Viewers > 0 && c.viewers >= c.node.Viewers:
		return full("node_full", "the server has as many viewers as it may have")
	case c.node.Bandwidth > 0 && c.committed+t.rate > c.node.Bandwidth:
		return full("node_bandwidth", "one more viewer would exceed the bandwidth the server may use")
	}
	return nil
}

// times is n × rate, at most the largest number there is.
func times(n int, rate int64) int64 {
	if rate > 0 && int64(n) > math.MaxInt64/rate {
		return math.MaxInt64
	}
	return int64(n) * rate
}

// measure asks for the rates that are too old: of the stream that is joined and, where the node's bandwidth counts, of all
// that are watched, once a second whoever joins. The mutex is not held while asking.
func (c *capacity) measure(name string, room Limits) map[string]int64 {
	if c.node.Bandwidth == 0 && room.Bandwidth == 0 {
		return nil
	}
	now := time.Now()
	c.mu.Lock()
	rates := map[string]int64{}
	if c.node.Bandwidth > 0 && now.Sub(c.measured) >= rateFresh {
		c.measured = now
		for other := range c.streams {
			rates[other] = 0
		}
	}
	if t := c.streams[name]; t == nil || now.Sub(t.measured) >= rateFresh {
		rates[name] = 0
	}
	c.mu.Unlock()
	for other := range rates {
		rates[other] = c.rate(other)
	}
	return rates
}

// apply notes measured rates and returns the tally of the stream that is joined, which is not in the table if nobody
// watches it yet. The mutex is held.
func (c *capacity) apply(name string, rates map[string]int64) *tally {
	now := time.Now()
	for other, rate := range rates {
		t := c.streams[other]
		if t == nil {
			continue
		}
		switch {
		case rate > 0:
			t.measured = now
		case t.measured.IsZero():
			rate = rateAssumed
		default: // nobody pushes just now, and the viewers wait for what they had
			t.measured, rate = now, t.rate
		}
		c.committed += times(t.viewers, rate) - times(t.viewers, t.rate)
		t.rate = rate
	}
	t := c.streams[name]
	if t == nil {
		t = &tally{rate: rates[name]}
		if rates != nil && t.rate == 0 {
			t.rate = rateAssumed
		} else if rates != nil {
			t.measured = now
		}
	}
	return t
}

// occupancy is how full the node is.
func (c *capacity) occupancy() Occupancy {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Occupancy{Viewers: c.viewers, Committed: c.committed, Limits: c.node}
}

// Full says in words that the node is at a limit, nil while it takes viewers.
func (o Occupancy) Full() error {
	switch {
	case o.Limits.Viewers > 0 && o.Viewers >= o.Limits.Viewers:
		return fmt.Errorf("%d viewers of %d allowed", o.Viewers, o.Limits.Viewers)
	case o.Limits.Bandwidth > 0 && o.Committed >= o.Limits.Bandwidth:
		return fmt.Errorf("%d bit/s committed of %d allowed", o.Committed, o.Limits.Bandwidth)
	}
	return nil
}

// Occupancy is how full this node is.
func (s *Service) Occupancy() Occupancy { return s.capacity.occupancy() }

// limits are those of a room: its own, else the default.
func (s *Service) limits(r Room) Limits {
	l := s.cfg.RoomLimits
	if r.MaxViewers > 0 {
		l.Viewers = r.MaxViewers
	}
	if r.MaxBandwidth > 0 {
		l.Bandwidth = r.MaxBandwidth
	}
	return l
}

// rateOf is what a stream's push brings, in bits per second; 0 while none runs or it can't be told yet.
func rateOf(hub *stream.Hub) func(string) int64 {
	return func(name string) int64 {
		in, _ := hub.Info(name)
		if time.Since(in.StartedAt) < rateSettled {
			return 0
		}
		return int64(in.Ingest.BitsPerSecond)
	}
}
