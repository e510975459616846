package live

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Bounds of how long, and how many, chat sessions are remembered that may not watch. A play address can be had without
// naming a session, so that this turns away players, not determined people.
const (
	maxBarred = 10_000
	barredFor = 12 * time.Hour
)

// barredSurely is how long nobody is asked whether the ban was lifted: who is may not have heard of it.
const barredSurely = 10 * time.Second

// Bar ends what the given chat sessions (vid) watch in a group's room, and refuses their play addresses until then, for
// twelve hours at most, or until the user is banned no more (Config.Banned). Sessions of HLS are the caller's to end.
func (s *Service) Bar(ctx context.Context, group, user string, viewers []string, until time.Time) (Room, error) {
	r, err := s.store.RoomByGroup(ctx, group)
	if err != nil {
		return Room{}, err
	}
	s.barred.add(r.ID, user, viewers, time.Now(), until)
	for _, v := range viewers {
		s.hub.Evict(r.Stream, v)
	}
	return r, nil
}

// isBarred says whether a viewer may not watch a room.
func (s *Service) isBarred(ctx context.Context, r Room, viewer string) bool {
	if viewer == "" {
		return false
	}
	now := time.Now()
	b, known := s.barred.of(r.ID, viewer)
	if !known || !now.Before(b.until) {
		return false
	}
	return now.Sub(b.since) < barredSurely || s.cfg.Banned(ctx, r, b.user)
}

// barred knows who may not watch what. The zero value is ready.
type barred struct {
	mu  sync.Mutex
	all map[barredViewer]bar
}

// bar is why and for how long one may not.
type bar struct {
	user         string
	since, until time.Time
}

type barredViewer struct{ room, viewer string }

func (b *barred) add(room, user string, viewers []string, now, until time.Time) {
	if latest := now.Add(barredFor); until.IsZero() || until.After(latest) {
		until = latest
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = make(map[barredViewer]bar)
	}
	if len(b.all)+len(viewers) > maxBarred {
		maps.DeleteFunc(b.all, func(_ barredViewer, one bar) bool { return !now.Before(one.until) })
	}
	for _, v := range viewers {
		if v != "" && len(b.all) < maxBarred {
			b.all[barredViewer{room, v}] = bar{user, now, until}
		}
	}
}

func (b *barred) of(room, viewer string) (one bar, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one, known = b.all[barredViewer{room, viewer}]
	return one, known
}
