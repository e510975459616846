package redisstore

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"liveroom/internal/redistest"
)

// worker is a node that wants to lead.
type worker struct {
	*Lead
	stop   context.CancelFunc
	result chan error
}

// office is where workers are watched.
type office struct {
	t *testing.T

	mu     sync.Mutex
	fences []uint64
	held   []*worker       // who worked, in order
	left   []time.Duration // of the leases of those who ended
	news   chan *worker
}

func newOffice(t *testing.T) *office { return &office{t: t, news: make(chan *worker, 100)} }

// hire runs a worker until the test ends.
func (o *office) hire(s *Store, name string, ttl time.Duration) *worker {
	ctx, stop := context.WithCancel(context.Background())
	w := &worker{s.Lead(name, "node", ttl), stop, make(chan error, 1)}
	go func() {
		w.result <- w.Run(ctx, func(ctx context.Context, fence uint64) error { return o.work(ctx, w, fence) })
	}()
	o.t.Cleanup(func() {
		stop()
		if err := <-w.result; !errors.Is(err, context.Canceled) {
			o.t.Errorf("ended with %v", err)
		}
	})
	return w
}

// work checks that nobody else has the lease by his own clock, and that the fence grows.
func (o *office) work(ctx context.Context, w *worker, fence uint64) error {
	o.mu.Lock()
	for _, other := range o.held {
		if left := other.left(); other != w && left > 0 && other.Fence() != 0 {
			o.t.Errorf("another node has the lease for %s more", left)
		}
	}
	if len(o.fences) > 0 && fence <= o.fences[len(o.fences)-1] {
		o.t.Errorf("fence %d after %v", fence, o.fences)
	}
	o.fences, o.held = append(o.fences, fence), append(o.held, w)
	o.mu.Unlock()
	o.news <- w
	<-ctx.Done()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.left = append(o.left, w.left())
	return ctx.Err()
}

// leftAtTheEnd is what was left of the lease of the first who worked when he ended.
func (o *office) leftAtTheEnd() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.left[0]
}

// next waits for somebody to begin.
func (o *office) next() *worker {
	o.t.Helper()
	select {
	case w := <-o.news:
		return w
	case <-time.After(time.Minute):
		o.t.Fatal("nobody leads")
		return nil
	}
}

func TestLead(t *testing.T) {
	t.Parallel()
	one, cluster := redistest.Start(t), redistest.StartClusterThrough(t) // their own: they are cut off and emptied
	proxy := redistest.Through(t, one.Addr)
	for _, c := range []struct {
		name, url, direct string
		proxies           []*redistest.Proxy
		forget            func() error
	}{
		{"one", proxy.URL(), one.URL(), []*redistest.Proxy{proxy}, func() error {
			_, err := redistest.Command(one.Addr, "FLUSHALL")
			return err
		}},
		{"cluster", cluster.URL(), cluster.URL(), cluster.Proxies, func() (err error) {
			for _, s := range cluster.Servers {
				_, failed := redistest.Command(s.Addr, "FLUSHALL")
				err = errors.Join(err, failed)
			}
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Run("a stop hands over, long before the lease ends", func(t *testing.T) {
				o, s := newOffice(t), open(t, c.direct)
				a := o.hire(s, "sweep", time.Hour/4) // who waits asks once a minute: too late for the test
				o.next()
				a.stop()
				if err := <-a.result; !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				a.result <- context.Canceled
				o.hire(s, "sweep", time.Hour/4)
				o.next()
			})
			t.Run("one at a time, and other leases are free", func(t *testing.T) {
				o, s := newOffice(t), open(t, c.direct)
				a, b := o.hire(s, "sweep", time.Second), o.hire(s, "sweep", time.Second)
				first := o.next()
				other := newOffice(t)
				other.hire(s, "other", 300*time.Millisecond)
				other.next()
				first.stop()
				if second := o.next(); second == first || second != a && second != b {
					t.Error("the one who stopped leads again")
				}
			})
			t.Run("who is cut off ends before another begins", func(t *testing.T) {
				o, prefix := newOffice(t), openPrefix(t)
				a := o.hire(openAgain(t, c.url, prefix), "sweep", time.Second)
				o.next()
				for _, p := range c.proxies {
					p.Stall()
				}
				if len(c.proxies) == 1 { // the others reach Redis
					if o.hire(openAgain(t, c.direct, prefix), "sweep", time.Second); o.next() == a {
						t.Error("the same leads")
					}
				}
				wait(t, "the one who is cut off has ended", func() bool { return a.Fence() == 0 })
				for _, p := range c.proxies {
					p.Heal()
				}
				if len(c.proxies) > 1 {
					o.next()
				}
			})
			t.Run("who finds that Redis forgot the lease ends at once", func(t *testing.T) {
				o := newOffice(t)
				a := o.hire(open(t, c.direct), "sweep", 5*time.Second)
				o.next()
				if err := c.forget(); err != nil {
					t.Fatal(err)
				}
				if o.next() != a || o.leftAtTheEnd() <= 0 {
					t.Error("it waited until its time was over")
				}
			})
			t.Run("work that ends gives the lease back", func(t *testing.T) {
				s, failed := open(t, c.direct), errors.New("no luck")
				err := s.Lead("sweep", "a", time.Hour).Run(t.Context(), func(context.Context, uint64) error { return failed })
				if !errors.Is(err, failed) {
					t.Error(err)
				}
				err = s.Lead("sweep", "b", time.Hour).Run(t.Context(), func(context.Context, uint64) error { return nil })
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// wait waits until ok holds.
func wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
