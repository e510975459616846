package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

// said are texts by their numbers, as their sender was told.
type said struct {
	mu    sync.Mutex
	texts map[uint64]string
}

func (s *said) note(seq uint64, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[seq] = text
}

// chatter sends until the connection ends, and notes what was acknowledged.
func (s *said) chatter(m *member) (ended chan struct{}) {
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			text := fmt.Sprint("message ", i, " of ", m.joined.Epoch)
			answer := make(chan json.RawMessage, 1)
			m.mu.Lock()
			m.nextID++
			m.replies[m.nextID] = answer
			err := m.conn.WriteJSON(map[string]any{"id": m.nextID, "op": "send", "group": "r1", "fate": true, "body": textBody(text)})
			m.mu.Unlock()
			if err != nil {
				return
			}
			select {
			case raw := <-answer:
				var ack struct {
					Code int
					Seq  uint64
					Fate string
				}
				if json.Unmarshal(raw, &ack) == nil && ack.Code == 0 && ack.Fate == "delivered" {
					s.note(ack.Seq, text)
				}
			case <-m.over:
				return
			}
		}
	}()
	return ended
}

// position is where a member stands: what it resumes from.
func (m *member) position() *joined {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.joined
	for _, msg := range m.messages {
		at.Seq = msg.Seq
	}
	return &at
}

// TestResumeAfterARestart: who comes back after the server was stopped or killed in the middle of talk gets exactly what
// was missed, or is told that there is a gap. What was acknowledged is missing in neither case, and the room's state is right.
func TestResumeAfterARestart(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--chat-user-burst", "0", "--chat-rate", "100000")
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	var back *joined
	for round := range 4 * scale() {
		killed := round%2 == 0
		acked := &said{texts: map[uint64]string{}}
		bob, alice := n.enter("r1", "bob", n.userSig("bob"), nil), n.enter("r1", "alice", n.userSig("alice"), back)
		ended := acked.chatter(bob)
		n.eventually("they talk", func() bool { return alice.position().Seq > alice.joined.Seq+20 })
		alice.leave() // is away
		<-alice.over
		away := alice.position()
		time.Sleep(time.Duration(rand.Int64N(int64(100 * time.Millisecond)))) // any moment
		notice := fmt.Sprint("notice of round ", round)
		n.call(http.MethodPatch, "/api/v1/rooms/r1", map[string]any{"notice": notice}, nil)
		n.call(http.MethodPut, "/api/v1/rooms/r1/mutes/alice", map[string]any{"duration": "1h"}, nil)
		if killed {
			n.kill()
		} else {
			n.stop()
		}
		<-ended
		n.start()

		again := n.enter("r1", "alice", n.userSig("alice"), away)
		j := again.joined
		if j.Notice != notice || j.Mute.Until < time.Now().Unix() {
			t.Errorf("round %d: notice %q, mute %+v", round, j.Notice, j.Mute)
		}
		if !killed && (!j.Complete || j.Epoch != away.Epoch) {
			t.Errorf("round %d: a clean restart: complete %v, epoch %s, was %s", round, j.Complete, j.Epoch, away.Epoch)
		}
		checkResume(t, round, away, &j, acked)
		n.call(http.MethodDelete, "/api/v1/rooms/r1/mutes/alice", nil, nil)
		back = again.position()
		again.leave()
	}
}

// checkResume compares the answer to a join that resumed with what there was to miss.
func checkResume(t *testing.T, round int, away, j *joined, acked *said) {
	t.Helper()
	acked.mu.Lock()
	defer acked.mu.Unlock()
	var newest uint64
	for seq := range acked.texts {
		newest = max(newest, seq)
	}
	if j.Seq < newest && j.Epoch == away.Epoch {
		t.Errorf("round %d: the room is at %d, %d was acknowledged", round, j.Seq, newest)
	}
	if !j.Complete {
		t.Logf("round %d: told of a gap", round)
		return
	}
	if j.Epoch != away.Epoch || len(j.Messages) != int(j.Seq-away.Seq) {
		t.Fatalf("round %d: %d messages from %d to %d, epoch %s, was %s", round, len(j.Messages), away.Seq, j.Seq, j.Epoch, away.Epoch)
	}
	for i, msg := range j.Messages {
		if msg.Seq != away.Seq+uint64(i)+1 {
			t.Fatalf("round %d: message %d has number %d", round, i, msg.Seq)
		}
		if text, ok := acked.texts[msg.Seq]; ok && text != textIn(msg) {
			t.Fatalf("round %d: number %d is %q, its sender was told %q", round, msg.Seq, textIn(msg), text)
		}
	}
}
