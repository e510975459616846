package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
	"liveroom/internal/redistest"
)

// viewer is a session that writes down what it gets.
type viewer struct {
	id string

	mu     sync.Mutex
	got    []*chat.Message
	events []*chat.Event
}

func (v *viewer) ID() string                   { return v.id }
func (v *viewer) Direct(string, *chat.Message) {}
func (v *viewer) Left(string, chat.Departure)  {}
func (v *viewer) Close(chat.Closing)           {}

func (v *viewer) Deliver(b *chat.Batch) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, item := range b.Items {
		if item.Message != nil {
			v.got = append(v.got, item.Message)
		} else {
			v.events = append(v.events, item.Event)
		}
	}
}

// numbered are the texts of the messages that are stored, by number, and whether the numbers rise.
func (v *viewer) numbered() (texts map[uint64]string, last uint64, rising bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	texts, rising = make(map[uint64]string), true
	for _, m := range v.got {
		if m.Seq > 0 {
			rising = rising && m.Seq > last
			texts[m.Seq], last = string(m.Body), m.Seq
		}
	}
	return texts, last, rising
}

// near says whether a message came that only the members of this node got.
func (v *viewer) near(text string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.ContainsFunc(v.got, func(m *chat.Message) bool {
		return m.Degraded && m.Seq == 0 && string(m.Body) == string(chattest.Text(text))
	})
}

func (v *viewer) told(kind string) (all []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range v.events {
		if e.Kind == kind {
			all = append(all, string(e.Data))
		}
	}
	return all
}

// rooms are the chat of two nodes over one Redis, with a viewer at each.
type rooms struct {
	services []*chat.Service
	viewers  []*viewer

	mu    sync.Mutex
	acked map[uint64]string // what was answered as stored, by number
}

func openRooms(t *testing.T, urls ...string) *rooms {
	t.Helper()
	r, prefix := &rooms{acked: make(map[uint64]string)}, openPrefix(t)
	for i, url := range urls {
		s, err := chat.New(chat.Config{TickMin: 5 * time.Millisecond, StoreTimeout: 2 * time.Second, RatePerSecond: 100_000}, chatNode(t, url, prefix), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { _ = s.Run(ctx) })
		t.Cleanup(func() { stop(); wg.Wait() })
		if i == 0 {
			if err := s.Create(t.Context(), chat.Group{ID: "g", Owner: "owner"}); err != nil {
				t.Fatal(err)
			}
		}
		v := &viewer{id: fmt.Sprint("viewer", i)}
		if _, err := s.Join(t.Context(), "g", chat.Identity{User: v.id}, v, nil); err != nil {
			t.Fatal(err)
		}
		r.services, r.viewers = append(r.services, s), append(r.viewers, v)
	}
	return r
}

func (r *rooms) say(ctx context.Context, node int, random uint32, text string) (chat.Ack, error) {
	m := chat.Message{Group: "g", Random: random, Body: chattest.Text(text)}
	ack, err := r.services[node].SendWith(ctx, m, chat.Identity{User: r.viewers[node].id}, chat.SendOptions{Local: true})
	if err == nil && !ack.Degraded {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.acked[ack.Seq] = string(chattest.Text(text))
	}
	return ack, err
}

// sayUntil says things on a node until one is answered as it should be. It does not wait for those in doubt.
func (r *rooms) sayUntil(t *testing.T, node int, what string, is func(chat.Ack, error) bool) {
	t.Helper()
	n := 0
	wait(t, "an answer as it should be to "+what, func() bool {
		n++
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		return is(r.say(ctx, node, 0, fmt.Sprint(what, " ", node, " ", n)))
	})
}

// agree waits until all viewers have got all that was answered as stored.
func (r *rooms) agree(t *testing.T) {
	t.Helper()
	wait(t, "all have got all", func() bool {
		for _, v := range r.viewers {
			texts, _, _ := v.numbered()
			r.mu.Lock()
			for seq := range r.acked {
				if texts[seq] == "" {
					r.mu.Unlock()
					return false
				}
			}
			r.mu.Unlock()
		}
		return true
	})
	first, last, _ := r.viewers[0].numbered()
	for i, v := range r.viewers {
		texts, end, rising := v.numbered()
		if !rising {
			t.Errorf("numbers do not rise at node %d", i)
		}
		for seq := uint64(1); seq <= min(last, end); seq++ {
			if texts[seq] == "" || texts[seq] != first[seq] || r.acked[seq] != "" && r.acked[seq] != texts[seq] {
				t.Fatalf("number %d is %q at node %d, %q at node 0, and was answered for %q", seq, texts[seq], i, first[seq], r.acked[seq])
			}
		}
		if gaps := v.told("gap"); len(gaps) > 0 {
			t.Errorf("gaps were told: %q", gaps)
		}
	}
}

// Members of two nodes get the same in the same order, while both send at once, on one Redis and on a cluster.
func TestRoomsOverNodes(t *testing.T) {
	onBothURLs(t, func(t *testing.T, url string) {
		r := openRooms(t, url, url)
		var wg sync.WaitGroup
		for node := range r.services {
			for i := range 5 {
				wg.Go(func() {
					for j := range 20 {
						if _, err := r.say(t.Context(), node, uint32(1+i*100+j), fmt.Sprintf("%d %d %d", node, i, j)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Go(func() {
				for j := range 10 {
					if err := r.services[node].SetNotice(t.Context(), "g", chat.Identity{User: "owner"}, fmt.Sprint(node, j)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		r.agree(t)
		wait(t, "both were told of all notices", func() bool { return len(r.viewers[0].told("notice")) == 20 && len(r.viewers[1].told("notice")) == 20 })
		if a, b := r.viewers[0].told("notice"), r.viewers[1].told("notice"); !slices.Equal(a, b) {
			t.Errorf("notices were told as\n%q and\n%q", a, b)
		}
	})
}

// A Redis that dies or stands still makes rooms go on by themselves; when it is back they go on together, with nothing lost
// of what was stored.
func TestRoomsWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		away, back func(t *testing.T, s *redistest.Server)
	}{
		"killed": {
			func(_ *testing.T, s *redistest.Server) { s.Kill() },
			func(t *testing.T, s *redistest.Server) {
				if err := s.Up(); err != nil {
					t.Fatal(err)
				}
			},
		},
		"paused": {
			func(_ *testing.T, s *redistest.Server) { s.Pause() },
			func(_ *testing.T, s *redistest.Server) { s.Resume() },
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t, redistest.Durable()...)
			r := openRooms(t, server.URL(), server.URL())
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for node := range r.services {
				wg.Go(func() {
					for i := uint32(1); ; i++ {
						select {
						case <-stop:
							return
						case <-time.After(5 * time.Millisecond):
							_, _ = r.say(t.Context(), node, i, fmt.Sprintf("%d goes on %d", node, i))
						}
					}
				})
			}
			r.sayUntil(t, 0, "before", func(a chat.Ack, err error) bool { return err == nil && a.Seq > 20 })
			tc.away(t, server)
			for node, s := range r.services {
				r.sayUntil(t, node, "away", func(a chat.Ack, err error) bool { return err == nil && a.Degraded })
				if _, err := r.say(t.Context(), node, 0, fmt.Sprint("near ", node)); err != nil {
					t.Errorf("node %d: %v", node, err)
				}
				if _, err := s.Mute(t.Context(), "g", chat.Identity{User: "owner"}, "x", time.Hour, ""); !errors.Is(err, chat.ErrUnavailable) {
					t.Errorf("node %d: a mute is answered %v", node, err)
				}
				if s.Degraded() != 1 || !r.viewers[node].near(fmt.Sprint("near ", node)) || r.viewers[1-node].near(fmt.Sprint("near ", node)) {
					t.Errorf("node %d has %d degraded rooms", node, s.Degraded())
				}
			}
			tc.back(t, server)
			for node, s := range r.services {
				wait(t, "the room is itself again", func() bool { return s.Degraded() == 0 })
				r.sayUntil(t, node, "back", func(a chat.Ack, err error) bool { return err == nil && !a.Degraded })
			}
			close(stop)
			wg.Wait()
			r.agree(t)
			for i, v := range r.viewers {
				if told := v.told("degraded"); len(told)%2 != 0 || len(told) == 0 || told[len(told)-1] != `{"degraded":false}` {
					t.Errorf("at node %d members were told %q", i, told)
				}
			}
		})
	}
}

// Lost answers of the store double nothing and lose nothing.
func TestRoomsOverBadConnections(t *testing.T) {
	server := redistest.Shared(t)
	proxy := redistest.Through(t, server.Addr)
	r := openRooms(t, proxy.URL(), server.URL())
	random := uint32(0)
	for range 3 {
		for _, spoil := range []func(){proxy.Cut, func() { proxy.DropReplies(1, "") }, func() { proxy.DropReplies(3, "") }} {
			spoil()
			for node := range r.services {
				random++
				_, _ = r.say(t.Context(), node, random, fmt.Sprint("said ", random))
			}
			proxy.Heal()
		}
	}
	wait(t, "the room is itself again", func() bool { return r.services[0].Degraded() == 0 })
	for node := range r.services {
		r.sayUntil(t, node, "at last", func(a chat.Ack, err error) bool { return err == nil && !a.Degraded })
	}
	r.agree(t)
	texts, _, _ := r.viewers[1].numbered()
	seen := map[string]bool{}
	for seq, text := range texts {
		if seen[text] {
			t.Errorf("number %d says %s again", seq, text)
		}
		seen[text] = true
	}
}
