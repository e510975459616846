package redisstore

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/internal/redistest"
)

// open is a Store on a server or cluster, with keys of its own.
func open(t testing.TB, url string) *Store {
	t.Helper()
	return openAgain(t, url, openPrefix(t))
}

// openAgain is a Store with the keys of another, whose Config.Prefix it is told.
func openAgain(t testing.TB, url, prefix string) *Store {
	t.Helper()
	s, err := Open(Config{URL: url, Prefix: prefix}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.rdb.AddHook(keySeer{prefix})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestClockOfOneServerAndOfACluster(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		now, err := open(t).Now(t.Context())
		if err != nil || time.Since(now).Abs() > time.Hour {
			t.Fatal(now, err)
		}
	})
}

func TestURLs(t *testing.T) {
	for url, want := range map[string]string{
		"redis://h:6379/2": "", "rediss://u:secret@h": "", "redis+cluster://h:1?addr=i:2": "", "redis+sentinel://h:1?master_name=m": "",
		"redis+sentinel://u:secret@h:1": "master_name", "http://secret@h": "must begin", "redis+ring://secret@h": "unknown kind",
		"redis://:secret@h:port": "can't be used",
	} {
		s, err := Open(Config{URL: url}, slog.New(slog.DiscardHandler))
		if err == nil {
			_ = s.Close()
		}
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}

// TestPasswordBesideSentinels: what stands before the @ is the sentinels', not the servers'.
func TestPasswordBesideSentinels(t *testing.T) {
	s, err := Open(Config{URL: "redis+sentinel://watch:asleep@h:1?master_name=m&username=u&password=secret"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if o := s.rdb.(*redis.Client).Options(); o.Username != "u" || o.Password != "secret" {
		t.Errorf("servers are told %q %q", o.Username, o.Password)
	}
}

// TestAllKindsOfClientAreBound by the same times, and repeat nothing.
func TestAllKindsOfClientAreBound(t *testing.T) {
	type bounds struct {
		retries, dials, pool       int
		dial, read, write, waiting time.Duration
		contexts                   bool
		tls                        bool
	}
	want := bounds{0, 1, 7, time.Second, time.Second, time.Second, time.Second, true, true}
	for _, url := range []string{"rediss://u:secret@h", "rediss+sentinel://u:secret@h:1?master_name=m", "rediss+cluster://u:secret@h:1"} {
		s, err := Open(Config{URL: url, Timeout: time.Second, Pool: 7}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		var got bounds
		switch c := s.rdb.(type) {
		case *redis.Client:
			o := c.Options()
			got = bounds{o.MaxRetries, o.DialerRetries, o.PoolSize, o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout, o.ContextTimeoutEnabled, o.TLSConfig != nil}
		case *redis.ClusterClient:
			o := c.Options()
			got = bounds{max(o.MaxRetries, 0), o.DialerRetries, o.PoolSize, o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout, o.ContextTimeoutEnabled, o.TLSConfig != nil}
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", url, got, want)
		}
		_ = s.Close()
	}
}

func TestAwayWhenNobodyAnswers(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL())
	s.cfg.Timeout = 200 * time.Millisecond
	server.Pause()
	defer server.Resume()
	if _, err := s.Now(context.Background()); !errors.Is(err, ErrAway) {
		t.Errorf("paused: %v", err)
	}
	server.Kill()
	if _, err := s.Now(context.Background()); !errors.Is(err, ErrAway) {
		t.Errorf("killed: %v", err)
	}
}
