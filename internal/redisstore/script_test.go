package redisstore

import (
	"errors"
	"testing"

	"liveroom/internal/redistest"
)

var scriptCount = script{"count", "return redis.call('INCR', KEYS[1])", ""}

// TestALostReplyArrivesOnce: what Redis did is not asked for again by itself, also not by the client of a cluster.
func TestALostReplyArrivesOnce(t *testing.T) {
	t.Parallel()
	one, cluster := redistest.Start(t), redistest.StartClusterThrough(t)
	proxy := redistest.Through(t, one.Addr)
	for _, c := range []struct {
		name, url string
		proxies   []*redistest.Proxy
	}{{"one", proxy.URL(), []*redistest.Proxy{proxy}}, {"cluster", cluster.URL(), cluster.Proxies}} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, c.url)
			counter := []string{s.key("lr", "counter")}
			want := int64(0)
			count := func() {
				t.Helper()
				want++
				if n, err := s.run(t.Context(), scriptCount, counter).Int64(); err != nil || n != want {
					t.Fatalf("counted %d, want %d: %v", n, want, err)
				}
			}
			count()
			for range 3 {
				for _, p := range c.proxies {
					p.DropReplies(1, "INCR")
				}
				want++
				if err := s.run(t.Context(), scriptCount, counter).Err(); !errors.Is(away(err), ErrAway) {
					t.Fatalf("the reply was lost, but: %v", err)
				}
				for _, p := range c.proxies {
					p.Heal()
				}
				count()
			}
		})
	}
}
