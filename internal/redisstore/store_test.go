package redisstore

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

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
