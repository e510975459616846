package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// unlimited is a configuration whose frequency control lets everything pass.
func unlimited() chat.Config { return chat.Config{RatePerSecond: 1 << 20, Pending: 1 << 20} }

// received joins what the answer of Join held with what was delivered after it.
func received(j chat.Joined, sess *session) []uint64 {
	var seqs []uint64
	for _, m := range j.Messages {
		seqs = append(seqs, m.Seq)
	}
	return append(seqs, sess.seqs()...)
}

func wantRun(t *testing.T, who string, got []uint64, from, to uint64) {
	t.Helper()
	var want []uint64
	for seq := from; seq <= to; seq++ {
		want = append(want, seq)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s received %v, want %d to %d", who, got, from, to)
	}
}

// TestJoinIsAtomicWithDelivery: while several send, some stay, some join late, some go and come back. Everyone has every
// message once and in order, from the first one in the answer of his join.
func TestJoinIsAtomicWithDelivery(t *testing.T) {
	const senders, each, late, wanderers = 4, 60, 20, 6
	s := start(t, chat.Config{RatePerSecond: 1 << 20, TickMin: time.Millisecond, TickMax: 2 * time.Millisecond}, chat.NewMemory())
	create(t, s, "demo")
	var sending, joining sync.WaitGroup
	quiet := make(chan struct{}) // closed when nobody sends any more
	stayed, _ := join(t, s, "demo", "stays")
	for i := range senders {
		user := fmt.Sprint("sender", i)
		join(t, s, "demo", user)
		sending.Go(func() {
			for n := range each {
				send(t, s, "demo", user, fmt.Sprint(n))
				if n%20 == 0 {
					if err := s.SetNotice(t.Context(), "demo", admin, fmt.Sprint(user, n)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	type guest struct {
		sess *session
		j    chat.Joined
	}
	lateOnes := make([]guest, late)
	for i := range lateOnes {
		joining.Go(func() {
			for range i { // wait for i batches, so that joins spread over the sending
				stayed.await(quiet)
			}
			sess := newSession(fmt.Sprint("late", i))
			j, err := s.Join(t.Context(), "demo", named(sess.id), sess, nil)
			if err != nil {
				t.Error(err)
			}
			lateOnes[i] = guest{sess, j}
		})
	}
	for i := range wanderers {
		joining.Go(func() { wander(t, s, fmt.Sprint("wanderer", i), quiet) })
	}
	sending.Wait()
	close(quiet)
	joining.Wait()
	const last = senders * each
	wantRun(t, "who stayed", stayed.seqs(), 1, last)
	for _, g := range lateOnes {
		all := received(g.j, g.sess)
		if len(all) == 0 {
			t.Fatalf("%s received nothing", g.sess.id)
		}
		wantRun(t, g.sess.id, all, all[0], last)
	}
}

// wander joins, leaves and resumes until the room has been quiet, and checks that nothing is lost, doubled or out of order.
func wander(t *testing.T, s *chat.Service, user string, quiet <-chan struct{}) {
	var all []uint64
	var at *chat.Position
	for range 15 {
		sess := newSession(user)
		j, err := s.Join(t.Context(), "demo", named(user), sess, at)
		if err != nil || !j.Complete {
			t.Errorf("%s came back: complete %v, %v", user, j.Complete, err)
			return
		}
		sess.await(quiet)
		s.Leave("demo", sess)
		// A batch under way may still come after Leave; a client that left has stopped reading, so take what is there now.
		seqs := received(j, sess)
		all = append(all, seqs...)
		at = &chat.Position{Epoch: j.Epoch, Seq: j.Seq}
		if len(seqs) > 0 {
			at.Seq = max(at.Seq, seqs[len(seqs)-1])
		}
	}
	if len(all) > 0 {
		wantRun(t, user, all, all[0], all[len(all)-1])
	}
}

func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := unlimited()
		cfg.History, cfg.ResumeMessages = 5, 30
		s := start(t, cfg, chat.NewMemory())
		create(t, s, "demo")
		_, j := join(t, s, "demo", "alice")
		for i := range 100 {
			send(t, s, "demo", "alice", fmt.Sprint(i))
		}
		for _, tc := range []struct {
			name     string
			since    *chat.Position
			complete bool
			from, to uint64
		}{
			{"newcomer", nil, true, 96, 100},
			{"nothing missed", &chat.Position{Epoch: j.Epoch, Seq: 100}, true, 101, 100},
			{"ten missed", &chat.Position{Epoch: j.Epoch, Seq: 90}, true, 91, 100},
			{"as many as are kept", &chat.Position{Epoch: j.Epoch, Seq: 70}, true, 71, 100},
			{"one more", &chat.Position{Epoch: j.Epoch, Seq: 69}, false, 96, 100},
			{"another epoch", &chat.Position{Epoch: "other", Seq: 99}, false, 96, 100},
			{"from the future", &chat.Position{Epoch: j.Epoch, Seq: 101}, false, 96, 100},
		} {
			sess := newSession("x")
			got, err := s.Join(t.Context(), "demo", named("bob"), sess, tc.since)
			if err != nil || got.Complete != tc.complete || got.Seq != 100 {
				t.Errorf("%s: complete %v at %d, %v", tc.name, got.Complete, got.Seq, err)
			}
			wantRun(t, tc.name, received(got, sess), tc.from, tc.to)
			s.Leave("demo", sess)
		}
		time.Sleep(cfg.ResumeAge + 3*time.Minute) // domain time
		send(t, s, "demo", "alice", "trims")
		got, err := s.Join(t.Context(), "demo", named("bob"), newSession("y"), &chat.Position{Epoch: j.Epoch, Seq: 90})
		if err != nil || got.Complete {
			t.Errorf("after three minutes: complete %v, %v", got.Complete, err)
		}
		time.Sleep(25 * time.Hour)
		if old, err := s.History(t.Context(), "demo", 0); err != nil || len(old) != 0 {
			t.Errorf("history after a day: %d messages, %v", len(old), err)
		}
	})
}

func TestHistory(t *testing.T) {
	s := start(t, unlimited(), chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	for i := range 30 {
		send(t, s, "demo", "alice", fmt.Sprint(i))
	}
	for _, tc := range []struct{ n, want int }{{5, 5}, {20, 20}, {0, 20}, {-1, 20}, {500, 20}} {
		got, err := s.History(t.Context(), "demo", tc.n)
		if err != nil || len(got) != tc.want || got[len(got)-1].Seq != 30 {
			t.Errorf("history of %d: %d messages, %v", tc.n, len(got), err)
		}
	}
}

func TestSessionsComeAndGo(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	phone, laptop := newSession("phone"), newSession("laptop")
	for _, sess := range []*session{phone, laptop, laptop} {
		if _, err := s.Join(t.Context(), "demo", named("alice"), sess, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Count("demo"); n.Members != 1 || s.Stats().Sessions != 2 {
		t.Errorf("one user with two sessions counts %+v, %d sessions", n, s.Stats().Sessions)
	}
	send(t, s, "demo", "alice", "both")
	s.Leave("demo", phone)
	s.Leave("demo", phone)
	s.Leave("none", phone)
	s.Leave("demo", newSession("laptop")) // another connection with the same id
	send(t, s, "demo", "alice", "one")
	if got := phone.kinds(); !slices.Equal(got, []string{"both"}) {
		t.Errorf("the phone, which left, received %q", got)
	}
	if got := laptop.kinds(); !slices.Equal(got, []string{"both", "one"}) {
		t.Errorf("the laptop received %q", got)
	}
	again := newSession("laptop") // the door replaced the connection before it noticed the loss
	if _, err := s.Join(t.Context(), "demo", named("alice"), again, nil); err != nil {
		t.Fatal(err)
	}
	s.Leave("demo", laptop)
	if _, err := s.Join(t.Context(), "demo", named(""), newSession("z"), nil); !errors.Is(err, chat.ErrParameter) {
		t.Errorf("nobody joined: %v", err)
	}
}

// bomb panics at the first delivery.
type bomb struct{ *session }

func (b bomb) Deliver(*chat.Batch) { panic("boom") }

func TestPanicCostsOneSession(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	var good []*session
	for i := range 5 {
		b := bomb{newSession(fmt.Sprint("bomb", i))}
		if _, err := s.Join(t.Context(), "demo", named(b.id), b, nil); err != nil {
			t.Fatal(err)
		}
		sess, _ := join(t, s, "demo", fmt.Sprint("user", i))
		good = append(good, sess)
	}
	send(t, s, "demo", "user0", "one")
	send(t, s, "demo", "user0", "two")
	for _, sess := range good {
		if got := sess.kinds(); !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("%s received %q", sess.id, got)
		}
	}
	if st := s.Stats(); st.Panics != 5 || st.Sessions != 5 {
		t.Errorf("%d panics, %d sessions left", st.Panics, st.Sessions)
	}
}

func TestIdleRoomsCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		send(t, s, "demo", "alice", "hi")
		if s.Loops() != 1 {
			t.Error("the room has no goroutine while it collects")
		}
		time.Sleep(200 * time.Millisecond)
		if s.Loops() != 0 {
			t.Error("the quiet room has a goroutine")
		}
		send(t, s, "demo", "alice", "again")
		s.Leave("demo", alice)
		time.Sleep(50 * time.Second)
		if s.Stats().Groups != 1 {
			t.Error("the room is gone before a minute")
		}
		time.Sleep(15 * time.Second)
		if s.Stats().Groups != 0 {
			t.Error("the empty room is still in memory")
		}
		if _, j := join(t, s, "demo", "alice"); j.Seq != 2 || len(j.Messages) != 2 {
			t.Errorf("the room came back as %+v", j)
		}
	})
}
