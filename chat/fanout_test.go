package chat_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// TestALargeRoomIsServedInShares: several processors share a fan-out, and still everybody has everything once and in
// order; one session that panics costs only itself.
func TestALargeRoomIsServedInShares(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	s := start(t, chat.Config{RatePerSecond: 1 << 20, TickMin: time.Millisecond, TickMax: 2 * time.Millisecond, CountEvery: time.Hour}, chat.NewMemory())
	create(t, s, "demo")
	const members, messages = 2100, 12
	var all []*session
	for i := range members {
		sess, _ := join(t, s, "demo", fmt.Sprint("user", i))
		all = append(all, sess)
	}
	bad := &panics{session: newSession("bad")}
	if _, err := s.Join(t.Context(), "demo", named("bad"), bad, nil); err != nil {
		t.Fatal(err)
	}
	for n := range messages {
		send(t, s, "demo", "user0", fmt.Sprint(n))
	}
	for _, sess := range all {
		wantRun(t, sess.id, sess.seqs(), 1, messages)
	}
	if st := s.Stats(); st.Panics != 1 || st.Sessions != members {
		t.Errorf("%d panics, %d sessions left", st.Panics, st.Sessions)
	}
}

type panics struct{ *session }

func (*panics) Deliver(*chat.Batch) { panic("a session of the test") }

// slowest holds the first fan-out until it is let go.
type slowest struct {
	*session
	once sync.Once
	in   chan struct{}
	let  chan struct{}
}

func (s *slowest) Deliver(b *chat.Batch) {
	s.once.Do(func() { close(s.in); <-s.let })
	s.session.Deliver(b)
}

// TestMessagesOfTheServerShareAFlush: each closes its batch, but those that wait for the room's loop go out together.
func TestMessagesOfTheServerShareAFlush(t *testing.T) {
	const messages = 40
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	sess := &slowest{session: newSession("slow"), in: make(chan struct{}), let: make(chan struct{})}
	if _, err := s.Join(t.Context(), "demo", named("slow"), sess, nil); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	say := func(n int) {
		wg.Go(func() {
			if _, err := s.SendServer(t.Context(), chat.Message{Group: "demo", Body: text(fmt.Sprint(n))}); err != nil {
				t.Error(err)
			}
		})
	}
	say(0)
	<-sess.in
	for n := 1; n < messages; n++ {
		say(n)
	}
	for chat.Closed(s, "demo") < messages-1 {
		runtime.Gosched()
	}
	wg.Go(func() {
		if err := s.SetNotice(t.Context(), "demo", named("owner"), "after them"); err != nil {
			t.Error(err)
		}
	})
	for chat.Closed(s, "demo") < messages {
		runtime.Gosched()
	}
	close(sess.let)
	wg.Wait()
	wantRun(t, "the member", sess.seqs(), 1, messages)
	if n := len(sess.all()); n != 2 {
		t.Errorf("%d messages came in %d batches, want 2", messages, n)
	}
	if last := sess.kinds(); last[len(last)-1] != "notice" {
		t.Errorf("the change did not come last: %v", last)
	}
}
