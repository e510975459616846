package live

import (
	"context"
	"time"

	"liveroom/live/stream"
)

// Format is what the headers of a push say. Zero fields are not known.
type Format struct {
	Encoder       string  // software, as it calls itself
	FrameRate     float64 // as the encoder declares it
	VideoProfile  string  // RFC 6381, such as avc1.64001f
	AudioProfile  string
	Width, Height int
	SampleRate    int // per second
	Channels      int
	VideoNotInHLS string // why HLS can't show the pictures; empty where it can
	AudioNotInHLS string
}

// Ingest is the health of a room's push, for its anchor.
type Ingest struct {
	Publishing bool // all below but Advice is empty where it is false
	Remote     string
	Protocol   string // stream.RTMP, stream.Pull; empty: it comes from another node
	Generation uint64
	StartedAt  time.Time
	Pushes     int // of this session, as far as this process has seen it
	Video      stream.Codec
	Audio      stream.Codec
	Format     Format
	stream.Ingest
	Advice  []Advice // worst first
	Samples []Sample // of the pushes of its session to this node, also while none runs; oldest first
}

// RepairCounts are the repaired timestamps of a push, by what was wrong with them (stream.RepairKind says more).
type RepairCounts struct {
	Clamped, JumpedBack, JumpedAhead, Apart, Stalled, Held, Composition uint64
}

// RepairCounts names what Repairs counts.
func (in Ingest) RepairCounts() RepairCounts {
	r := in.Repairs
	return RepairCounts{
		Clamped: r[stream.Clamped], JumpedBack: r[stream.JumpedBack], JumpedAhead: r[stream.JumpedAhead], Apart: r[stream.Apart],
		Stalled: r[stream.Stalled], Held: r[stream.Held], Composition: r[stream.Composition],
	}
}

// Ingest tells how a room's push does, and what its anchor could do better, with samples of the last that long, at most SampledFor.
func (s *Service) Ingest(ctx context.Context, id string, samples time.Duration) (Ingest, error) {
	r, err := s.store.Room(ctx, id)
	if err != nil {
		return Ingest{}, err
	}
	now := time.Now()
	in, ok := s.pushed(r.Stream)
	var past []Sample
	if samples > 0 {
		past = s.sampled(id, samples, now)
	}
	if !ok || !in.Publishing {
		return Ingest{Advice: adviseAbsent(s.refused.of(id), now), Samples: past}, nil
	}
	out := Ingest{
		Publishing: true, Remote: in.Remote, Protocol: s.protocol(id), Generation: in.Generation, StartedAt: in.StartedAt, Pushes: s.pushes(id),
		Video: in.Video, Audio: in.Audio, Ingest: in.Ingest, Samples: past,
	}
	if s.cfg.Describe != nil {
		out.Format = s.cfg.Describe(in)
	}
	out.Advice = Advise(out, now)
	return out, nil
}

// PushedAt is the node that a room is pushed to, whatever viewers see of it yet; empty: none is, or it is not known.
func (s *Service) PushedAt(ctx context.Context, id string) (node string, here bool) {
	st, err := s.stateOf(ctx, id)
	if err != nil {
		return "", false
	}
	return st.Publisher, st.Publisher == s.cfg.Node
}

// pushed is what is known of a stream as it is pushed, not as it is shown.
func (s *Service) pushed(name string) (stream.Info, bool) {
	if in, ok := s.delay.Info(name); ok {
		return in, true
	}
	in, ok := s.hub.Info(name)
	if ok && !in.Relay && s.delay.Busy(name) { // the rest of one that is over
		in.Publishing = false
	}
	return in, ok
}

// pushes is how often a push began in the room's session.
func (s *Service) pushes(room string) (n int) {
	s.withView(room, "", func(v *view) { n = v.pushes })
	return n
}

// protocol is that of the room's push here; empty where there is none.
func (s *Service) protocol(room string) (name string) {
	s.withView(room, "", func(v *view) {
		if v.push != nil {
			name = v.push.req.Protocol
		}
	})
	return name
}

// pushed counts a push of the room's session. v.mu is held.
func (v *view) pushed() {
	if session := v.state.Record.Session; session != v.session {
		v.session, v.pushes, v.samples = session, 0, samples{}
	}
	v.pushes++
}
