package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"liveroom/live/blob"
	"liveroom/live/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errWent = errors.New("wrong")

// studio is a service whose streams and pictures are the test's.
type studio struct {
	*Service
	t     *testing.T
	store *blob.Memory

	mu      sync.Mutex // guards all below
	frames  map[string]stream.Keyframe
	sources []Source
	taken   []Taken
	makes   []string // rooms, in order
	at      []time.Time
	running map[string]int
	most    int
	atOnce  int
	takes   time.Duration // that making takes
	fails   map[string]bool
	missing error
}

func newStudio(t *testing.T, cfg Config) *studio {
	s := &studio{
		t: t, store: blob.NewMemory(), frames: map[string]stream.Keyframe{}, running: map[string]int{}, atOnce: 1,
		takes: 100 * time.Millisecond, fails: map[string]bool{},
	}
	cfg.Sources = func(context.Context) []Source {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Clone(s.sources)
	}
	cfg.Taken = func(_ context.Context, p Taken) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.taken = append(s.taken, p)
	}
	s.Service = New(cfg, s, s, s.store, slog.New(slog.NewTextHandler(io.Discard, nil)))
	return s
}

// begin runs the service until the returned function is called.
func (s *studio) begin() (end func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			s.t.Errorf("run: %v", err)
		}
	}
}

// change changes what the test says, away from the moments at which the service looks.
func (s *studio) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// room adds a room that is pushed.
func (s *studio) room(id string, every time.Duration) {
	s.change(func() { s.sources = append(s.sources, Source{Room: id, Stream: "s-" + id, Every: every}) })
}

// frame is the next keyframe of a room.
func (s *studio) frame(id string) {
	s.change(func() {
		k := s.frames["s-"+id]
		s.frames["s-"+id] = stream.Keyframe{Session: "S", Generation: 1, Time: k.Time + 1000}
	})
}

// gate takes the keyframe away.
func (s *studio) gate(id string) { s.change(func() { delete(s.frames, "s-"+id) }) }

func (s *studio) Keyframe(name string) (stream.Keyframe, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.frames[name]
	return k, ok
}

func (s *studio) AtOnce() int { return s.atOnce }

func (s *studio) Available() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missing
}

func (s *studio) Make(ctx context.Context, room string, k stream.Keyframe, widths []int) ([]Image, error) {
	s.mu.Lock()
	s.makes, s.at = append(s.makes, room), append(s.at, time.Now())
	s.running[room]++
	all := 0
	for _, n := range s.running {
		all += n
	}
	s.most = max(s.most, all)
	if s.running[room] > 1 {
		s.t.Errorf("two at once of %s", room)
	}
	takes, fails := s.takes, s.fails[room]
	s.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
	}
	s.mu.Lock()
	s.running[room]--
	s.mu.Unlock()
	if fails || ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, errWent)
	}
	var images []Image
	for _, w := range widths {
		if w == 0 {
			w = 640
		}
		images = append(images, Image{w, w * 9 / 16, fmt.Appendf(nil, "%s at %d, %d wide", room, k.Time, w)})
	}
	return images, nil
}

// made is how many pictures were begun, of one room or, with none named, of all.
func (s *studio) made(rooms ...string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.makes {
		if len(rooms) == 0 || slices.Contains(rooms, r) {
			n++
		}
	}
	return n
}

func (s *studio) wantMade(what string, want int, rooms ...string) {
	s.t.Helper()
	synctest.Wait()
	if got := s.made(rooms...); got != want {
		s.t.Errorf("%s: %d pictures, want %d", what, got, want)
	}
}

// names are the objects that are kept.
func (s *studio) names() (all []string) {
	s.t.Helper()
	if err := s.store.List(s.t.Context(), "", "", func(h blob.Held) error { all = append(all, h.Name); return nil }); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// off is a time between the moments at which the service looks.
const off = 10 * time.Millisecond
