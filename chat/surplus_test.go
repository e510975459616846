package chat_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// releases counts what a store is asked to release.
type releases struct {
	*chat.MemoryNode
	asked, keys int
}

func (s *releases) Release(ctx context.Context, group string, keys ...chat.Key) error {
	s.asked++
	s.keys += len(keys)
	return s.MemoryNode.Release(ctx, group, keys...)
}

// What a flood has too much of is released in one step a tick, however much it is: each is a round trip to a store of nodes.
func TestFloodIsReleasedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &releases{MemoryNode: chat.NewMemory().Node()}
		s := start(t, chat.Config{Pending: 5, UserBurst: 1000, UserRate: 1000, TickMin: 100 * time.Millisecond}, store)
		create(t, s, "demo")
		viewer, _ := join(t, s, "demo", "viewer")
		say := func(n uint32) {
			m := chat.Message{Group: "demo", Body: text(fmt.Sprint(n)), Random: n}
			if _, err := s.Send(t.Context(), m, named("viewer")); err != nil {
				t.Error(err)
			}
		}
		say(1) // the tick begins
		for n := range uint32(100) {
			go say(2 + n)
		}
		settle(time.Second)
		if got := len(viewer.seqs()); got != 6 || store.keys != 95 || store.asked != 1 {
			t.Errorf("%d were delivered, %d keys released in %d steps", got, store.keys, store.asked)
		}
	})
}
