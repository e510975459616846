package boltstore

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

// TestMessagesDoNotWaitForCounters: while a group's counters are on their way to the disk, its messages are flushed.
func TestMessagesDoNotWaitForCounters(t *testing.T) {
	s, c, _ := openChat(t, filepath.Join(t.TempDir(), "liveroom.db"))
	chattest.Create(t, c, "g")
	flush := func(random uint32) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		m := &chat.Message{Group: "g", From: "vera", Body: []byte(`[]`), Random: random, Priority: chat.Normal}
		if _, err := c.Reserve(ctx, "g", chat.DedupKey(m)); err != nil {
			return err
		}
		_, err := c.Flush(ctx, "g", chat.Flush{Candidates: []chat.Candidate{{Message: m, Key: chat.DedupKey(m)}}, Limit: 40, DedupAge: time.Minute})
		return err
	}
	if err := flush(1); err != nil { // from now on its sequence numbers need no write
		t.Fatal(err)
	}
	slow, err := s.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		add := chat.CounterChange{Op: chat.AddCounter, Values: map[string]chat.Number{"likes": 1}}
		if now, _, err := c.PutCounters(t.Context(), "g", []chat.CounterChange{add}); err != nil || now.All["likes"] != 1 {
			t.Errorf("%v, %v", now, err)
		}
	})
	wg.Go(func() {
		defer func() { _ = slow.Rollback() }()
		for n := range uint32(20) {
			time.Sleep(time.Millisecond) // until the other surely writes
			if err := flush(n + 2); err != nil {
				t.Errorf("message %d: %v", n, err)
				return
			}
		}
		if state := chattest.Load(t, c, "g"); state.Counters.Version != 0 {
			t.Errorf("counters that are not durable are there: %+v", state.Counters)
		}
	})
	wg.Wait()
	if state := chattest.Load(t, c, "g"); state.Counters.All["likes"] != 1 {
		t.Errorf("%+v", state.Counters)
	}
}
