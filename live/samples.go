package live

import (
	"context"
	"maps"
	"slices"
	"time"

	"liveroom/live/stream"
)

// How pushes are looked at for the plots of their anchors.
const (
	sampleEvery = 5 * time.Second
	// SampledFor is how far samples go back.
	SampledFor = 15 * time.Minute
	maxSamples = int(SampledFor / sampleEvery)
)

// Sample is how a push did at a time. Rates are over the 5 s before it.
type Sample struct {
	At                 time.Time
	BitsPerSecond      float64
	VideoBitsPerSecond float64
	FramesPerSecond    float64
	KeyframeInterval   time.Duration // between the last two keyframes
	Repaired           uint64        // timestamps repaired since the sample before
	Jitter             time.Duration
}

// samples are the last of one session's pushes here, oldest first: at most maxSamples. The room's view guards them.
type samples struct {
	all        []Sample
	generation uint64 // of the push of the newest
	repaired   uint64 // in that push, as of then
}

// take adds how a push does now.
func (s *samples) take(generation uint64, in stream.Ingest, now time.Time) {
	if generation != s.generation {
		s.generation, s.repaired = generation, 0
	}
	if len(s.all) == maxSamples {
		copy(s.all, s.all[1:])
		s.all = s.all[:maxSamples-1]
	}
	s.all = append(s.all, Sample{
		At: now, BitsPerSecond: in.BitsPerSecond, VideoBitsPerSecond: in.VideoBitsPerSecond, FramesPerSecond: in.FramesPerSecond,
		KeyframeInterval: in.KeyframeInterval, Repaired: in.Repaired - min(s.repaired, in.Repaired), Jitter: in.Jitter,
	})
	s.repaired = in.Repaired
}

// since copies those after a time.
func (s *samples) since(at time.Time) []Sample {
	i, _ := slices.BinarySearchFunc(s.all, at, func(one Sample, at time.Time) int {
		if one.At.After(at) {
			return 1
		}
		return -1
	})
	return slices.Clone(s.all[i:])
}

// samplePushes looks at all pushes of this node again and again until ctx ends.
func (s *Service) samplePushes(ctx context.Context) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.sample(time.Now())
		}
	}
}

// sample looks at each push once; a room that is being changed in this moment is left out.
func (s *Service) sample(now time.Time) {
	s.mu.Lock()
	views := maps.Clone(s.views)
	s.mu.Unlock()
	for _, v := range views {
		if v.mu.TryLock() {
			s.sampleOne(v, now)
			v.mu.Unlock()
		}
	}
}

// sampleOne looks at a room's push, or lets go of samples that nobody may ask for any more. v.mu is held.
func (s *Service) sampleOne(v *view, now time.Time) {
	if v.push == nil {
		if len(v.samples.since(now.Add(-SampledFor))) == 0 || v.state.Record.Session != v.session {
			v.samples = samples{}
		}
		return
	}
	if in, ok := s.pushed(v.stream); ok && in.Publishing && in.Generation == v.push.generation {
		v.samples.take(in.Generation, in.Ingest, now)
	}
}

// sampled are the samples of the room's session over a time, oldest first.
func (s *Service) sampled(room string, over time.Duration, now time.Time) (all []Sample) {
	s.withView(room, "", func(v *view) {
		if v.push != nil || v.state.Record.Session == v.session {
			all = v.samples.since(now.Add(-min(over, SampledFor)))
		}
	})
	return all
}
