package redisstore

import (
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/internal/redistest"
	"liveroom/live"
	"liveroom/live/livetest"
	"liveroom/status"
	"liveroom/status/statustest"
)

// prefixes counts stores, so that each has keys of its own.
var prefixes atomic.Int64

// openMany opens n stores that share their keys, which nobody else has.
func openMany(t testing.TB, url string, n int) (out []*Store) {
	t.Helper()
	prefix := "t" + strconv.FormatInt(prefixes.Add(1), 10) + ":"
	for range n {
		s, err := Open(Config{URL: url, Prefix: prefix}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		out = append(out, s)
	}
	return out
}

func TestStatusAndRooms(t *testing.T) {
	for name, url := range map[string]string{"one": redistest.Start(t).URL(), "cluster": redistest.StartCluster(t).URL()} {
		t.Run(name, func(t *testing.T) {
			statustest.Run(t, func(t *testing.T, logEntries int) status.Store {
				return openMany(t, url, 1)[0].Status(StatusConfig{LogEntries: logEntries})
			})
			statustest.RunShared(t, func(t *testing.T, lease time.Duration) (a, b status.Shared) {
				s := openMany(t, url, 2)
				return s[0].Status(StatusConfig{Lease: lease}), s[1].Status(StatusConfig{Lease: lease})
			})
			livetest.Run(t, func(t *testing.T) (live.Store, status.Store) {
				s := openMany(t, url, 1)[0]
				states := s.Status(StatusConfig{})
				return s.Live(states), states
			})
		})
	}
}
