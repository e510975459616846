package chattest

import (
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"liveroom/chat"
)

// testFeedModel lets two nodes do random things at once and looks whether the group has one history: each change once, numbers
// and versions without gap or fork, each send at most once, and both nodes told the same.
func testFeedModel(t *testing.T, open func(t *testing.T) (a, b FeedStore)) {
	fewer(t)
	a, b := open(t)
	nodes := []FeedStore{a, b}
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		id := fmt.Sprint("model-", round)
		Create(t, a, id)
		ears := []*Ear{Listen(t, a, id), Listen(t, b, id)}
		plans := [][]step{drawPlan(rt, "a"), drawPlan(rt, "b")}
		h := &history{sent: map[chat.Key]int{}}
		var wg sync.WaitGroup
		for n, plan := range plans {
			wg.Go(func() {
				for i, s := range plan {
					if err := h.run(t, nodes[n], id, fmt.Sprint(n, "-", i), s); err != nil {
						t.Errorf("%s %v: %v", id, s, err)
					}
				}
			})
		}
		wg.Wait()
		state := Load(t, b, id)
		for n, ear := range ears {
			ear.Wait(t, "all of the model", func() bool { return uint64(len(ear.Entries())) == state.Pos })
			if err := h.check(ear.Entries(), state); err != nil {
				rt.Fatalf("node %d: %v", n, err)
			}
		}
	})
}

// step is one thing a node does.
type step struct {
	what string
	key  byte // of a send
}

func drawPlan(rt *rapid.T, name string) (plan []step) {
	for range rapid.IntRange(1, 8).Draw(rt, name) {
		plan = append(plan, step{
			what: rapid.SampledFrom([]string{"say", "send", "send", "count", "notice", "status", "twice", "append"}).Draw(rt, "what"),
			key:  byte(rapid.IntRange(1, 3).Draw(rt, "key")),
		})
	}
	return plan
}

// history is what the nodes did, as far as they were told.
type history struct {
	mu      sync.Mutex
	said    int
	counted int
	sent    map[chat.Key]int
}

func (h *history) run(t *testing.T, s FeedStore, id, text string, what step) error {
	ctx, _ := chat.WithOperation(t.Context())
	switch what.what {
	case "say", "twice":
		times := map[string]int{"say": 1, "twice": 2}[what.what]
		for range times {
			if _, err := s.Flush(ctx, id, Batch(1<<20, Message(id, "a", text, chat.Normal))); err != nil {
				return err
			}
		}
		h.note(func() { h.said++ })
	case "send":
		key := chat.Key{what.key}
		r, err := s.Reserve(t.Context(), id, key)
		if err != nil || !r.Fresh {
			return err
		}
		f := Batch(1<<20, Message(id, "a", text, chat.Normal))
		f.Candidates[0].Key = key
		if _, err := s.Flush(ctx, id, f); err != nil {
			return err
		}
		h.note(func() { h.said++; h.sent[key]++ })
	case "count":
		for range 2 {
			if _, _, err := s.PutCounters(ctx, id, []chat.CounterChange{add("n", 1)}); err != nil {
				return err
			}
		}
		h.note(func() { h.counted++ })
	case "append":
		_, err := s.Append(ctx, id, "gifts", fenced(id, uint64(what.key), uint64(what.key)+1), Keep)
		return err
	case "notice":
		_, err := s.PutNotice(ctx, id, text)
		return err
	case "status":
		change, m := Status(id, "e", uint64(what.key))
		_, err := s.ApplyStatus(ctx, change, m, Keep)
		return err
	}
	return nil
}

func (h *history) note(what func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	what()
}

func (h *history) check(entries []chat.Entry, state chat.GroupState) error {
	var seq, notice, counters, status, ordinary, appended uint64
	for i, e := range entries {
		if e.Pos != uint64(i+1) || e.Epoch != state.Epoch {
			return fmt.Errorf("entry %d is at %s, %d", i+1, e.Epoch, e.Pos)
		}
		for _, m := range e.Messages {
			if seq++; m.Seq != seq {
				return fmt.Errorf("message %d has number %d", seq, m.Seq)
			}
			switch {
			case !m.Server:
				ordinary++
			case e.Status == nil:
				if n := numberOf(m); n <= appended {
					return fmt.Errorf("number %d was appended after %d", n, appended)
				} else {
					appended = n
				}
			}
		}
		if e.Notice != nil {
			if notice++; e.Notice.Version != notice {
				return fmt.Errorf("notice %d has version %d", notice, e.Notice.Version)
			}
		}
		if e.Counters != nil {
			if counters++; e.Counters.Version != counters {
				return fmt.Errorf("counters %d have version %d", counters, e.Counters.Version)
			}
		}
		if e.Status != nil {
			if e.Status.Version <= status {
				return fmt.Errorf("status %d comes after %d", e.Status.Version, status)
			}
			status = e.Status.Version
		}
	}
	if ordinary != uint64(h.said) || state.Seq != seq || state.Counters.All["n"] != chat.Number(h.counted) || state.NoticeVersion != notice || state.StatusVersion != status || state.Fences["gifts"] != appended {
		return fmt.Errorf("%d were said and %d counted, stored is %+v with %d messages", h.said, h.counted, state.Head, len(state.Log))
	}
	for key, n := range h.sent {
		if n != 1 {
			return fmt.Errorf("send %v was delivered %d times", key, n)
		}
	}
	return nil
}
