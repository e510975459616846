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

// Bar ends what the given chat sessions (vid) watch in a group's room, and refuses their play addresses until then, for
// twelve hours at most. Sessions of HLS are the caller's to end.
func (s *Service) Bar(ctx context.Context, group string, viewers []string, until time.Time) (Room, error) {
	r, err := s.store.RoomByGroup(ctx, group)
	if err != nil {
		return Room{}, err
	}
	s.barred.add(r.ID, viewers, time.Now(), until)
	for _, v := range viewers {
		s.hub.Evict(r.Stream, v)
	}
	return r, nil
}

// barred knows who may not watch what. The zero value is ready.
type barred struct {
	mu    sync.Mutex
	until map[barredViewer]time.Time
}

type barredViewer struct{ room, viewer string }

func (b *barred) add(room string, viewers []string, now, until time.Time) {
	if latest := now.Add(barredFor); until.IsZero() || until.After(latest) {
		until = latest
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until == nil {
		b.until = make(map[barredViewer]time.Time)
	}
	if len(b.until)+len(viewers) > maxBarred {
		maps.DeleteFunc(b.until, func(_ barredViewer, t time.Time) bool { return !now.Before(t) })
	}
	for _, v := range viewers {
		if v != "" && len(b.until) < maxBarred {
			b.until[barredViewer{room, v}] = until
		}
	}
}

func (b *barred) has(room, viewer string, now time.Time) bool {
	if viewer == "" {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return now.Before(b.until[barredViewer{room, viewer}])
}
