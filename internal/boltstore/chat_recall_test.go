package boltstore

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

// TestRecallOfAMessageNotWrittenYet: the message's own write comes after the recall and must not bring the body back, nor
// may the file hold it anywhere.
func TestRecallOfAMessageNotWrittenYet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	s, c, stop := openChat(t, path)
	chattest.Create(t, c, "g")
	chattest.Say(t, c, "g", 3) // nobody runs the store: these wait
	if s.BufferStats().Waiting == 0 {
		t.Fatal("the messages are written already")
	}
	done, err := c.Withdraw(t.Context(), "g", chat.Withdrawal{Seq: 2, Kind: chat.Recalled, By: "alice"})
	if err != nil || !done.Fresh {
		t.Fatalf("%+v, %v", done, err)
	}
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	err = s.db.View(func(tx *bolt.Tx) error {
		v := string(groupBucket(tx, "g").Bucket(bucketChatLog).Get(number(2)))
		if strings.Contains(v, `"body":"`) || !strings.Contains(v, `"withdrawn":"recalled"`) {
			t.Errorf("the file has %s", v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	_, c, stop = openChat(t, path)
	defer stop()
	state := chattest.Load(t, c, "g")
	if len(state.Log) != 3 || len(state.Log[1].Body) != 0 || state.Log[1].Withdrawn != chat.Recalled || len(state.Log[0].Body) == 0 || len(state.Withdrawals) != 1 {
		t.Errorf("after a restart %+v, withdrawn %v", state.Log, state.Withdrawals)
	}
}

// TestMarkStaysAboveTheHead: a class A write at the very end of a block of numbers must not make messages that still wait
// look stored: after a crash the gap is told.
func TestMarkStaysAboveTheHead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	s, c, stop := openChat(t, path)
	defer stop()
	chattest.Create(t, c, "g")
	chattest.Say(t, c, "g", 1)
	var mark uint64
	_ = c.with(t.Context(), "g", func(g *chatGroup) error { mark = g.mark; return nil })
	var rest []*chat.Message
	for seq := uint64(2); seq <= mark; seq++ {
		rest = append(rest, chattest.Message("g", "alice", "x", chat.Normal))
	}
	if acks, err := c.Flush(t.Context(), "g", chattest.Batch(1<<20, rest...)); err != nil || acks[len(acks)-1].Seq != mark { // nobody runs the store: these wait
		t.Fatal(acks[len(acks)-1], err)
	}
	if _, err := c.PutNotice(t.Context(), "g", "hush"); err != nil {
		t.Fatal(err)
	}
	err := s.db.View(func(tx *bolt.Tx) error { // what a start after a crash would read
		l, _, err := readGroup(tx, "g", time.Now())
		if err == nil {
			if _, whole := l.Log(1, 10); whole {
				t.Error("a resume across the lost messages is called complete")
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
