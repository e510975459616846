package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// gate answers as a test says; what is nil lets everything pass. It remembers what it was asked about.
type gate struct {
	message func(ctx context.Context, m *chat.Message, who chat.Identity) (chat.Ruling, error)
	letter  func(m *chat.Message) (chat.Ruling, error)
	join    func(who chat.Identity) error
	found   func(d chat.GroupDraft) error
	aside   atomic.Bool // nobody asks about messages

	mu    sync.Mutex
	asked []string
}

func (g *gate) note(what string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, what)
}

// take returns what was asked about since the last time.
func (g *gate) take() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.asked
	g.asked = nil
	return all
}

func (g *gate) AsksMessages() bool { return !g.aside.Load() }

func (g *gate) Message(ctx context.Context, m *chat.Message, who chat.Identity) (chat.Ruling, error) {
	g.note(textOf(m))
	if g.message == nil {
		return chat.Ruling{}, nil
	}
	return g.message(ctx, m, who)
}

func (g *gate) Letter(_ context.Context, _ string, m *chat.Message, _ chat.Identity) (chat.Ruling, error) {
	g.note(textOf(m))
	if g.letter == nil {
		return chat.Ruling{}, nil
	}
	return g.letter(m)
}

func (g *gate) Join(_ context.Context, _ string, who chat.Identity) error {
	g.note("join " + who.User)
	if g.join == nil {
		return nil
	}
	return g.join(who)
}

func (g *gate) Found(_ context.Context, d chat.GroupDraft, _ chat.Identity) error {
	g.note("found " + d.Name)
	if g.found == nil {
		return nil
	}
	return g.found(d)
}

// asks checks what was asked about since the last time.
func (g *gate) asks(t *testing.T, want ...string) {
	t.Helper()
	if asked := g.take(); !slices.Equal(asked, want) {
		t.Errorf("asked about %q, want %q", asked, want)
	}
}

// TestGateThatAsksNothing: where nobody asks about messages, and nobody wants to know what becomes of them, they pass as if
// there were neither; whoever begins to, is asked about the next.
func TestGateThatAsksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, told := &gate{}, &recorder{}
		s, _ := gated(t, chat.Config{Observer: told}, g)
		told.take()
		for _, aside := range []bool{true, false} {
			g.aside.Store(aside)
			told.aside.Store(aside)
			send(t, s, "demo", "alice", fmt.Sprint("aside ", aside))
			if asked, facts := len(g.take()), len(told.take()); (asked == 0) != aside || (facts == 0) != aside {
				t.Errorf("aside %v: asked about %d, told %d", aside, asked, facts)
			}
			if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: []byte("[")}, named("alice")); err == nil {
				t.Error("half an array passes")
			}
			if facts := len(told.take()); (facts == 0) != aside {
				t.Errorf("aside %v: told %d of what can't be sent", aside, facts)
			}
		}
	})
}

// takesTime takes as long as the text of a message says.
func takesTime(ctx context.Context, m *chat.Message, _ chat.Identity) (chat.Ruling, error) {
	d, err := time.ParseDuration(strings.Fields(textOf(m))[0])
	if err != nil {
		return chat.Ruling{}, nil
	}
	select {
	case <-time.After(d):
		return chat.Ruling{}, nil
	case <-ctx.Done():
		return chat.Ruling{}, ctx.Err()
	}
}

// gated is a running service with a room of alice, bob and carol.
func gated(t *testing.T, cfg chat.Config, g *gate) (*chat.Service, *session) {
	t.Helper()
	cfg.Gate = g
	s := start(t, cfg, chat.NewMemory())
	create(t, s, "demo")
	for _, user := range []string{"alice", "bob"} {
		join(t, s, "demo", user)
	}
	carol, _ := join(t, s, "demo", "carol")
	g.take()
	return s, carol
}

// later sends without waiting for the answer.
func later(t *testing.T, s *chat.Service, user, words string) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text(words)}, named(user))
		done <- err
	}()
	synctest.Wait()
	return done
}

func TestGateKeepsTheOrderOfEachSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{message: takesTime}
		s, carol := gated(t, chat.Config{}, g)
		var waits []<-chan error
		for i, user := range []string{"alice", "alice", "bob", "alice", "bob"} {
			d := time.Second
			if user == "bob" {
				d = 100 * time.Millisecond
			}
			waits = append(waits, later(t, s, user, fmt.Sprint(d, " ", user, i)))
		}
		g.asks(t, "1s alice0", "100ms bob2")
		for _, w := range waits {
			if err := <-w; err != nil {
				t.Error(err)
			}
		}
		if got, want := carol.kinds(), []string{"100ms bob2", "100ms bob4", "1s alice0", "1s alice1", "1s alice3"}; !slices.Equal(got, want) {
			t.Errorf("delivered %q, want %q", got, want)
		}
	})
}

func TestGateLineIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{message: takesTime}
		s, _ := gated(t, chat.Config{}, g)
		var waits []<-chan error
		for range 1 + 1000 {
			waits = append(waits, later(t, s, "alice", "1s"))
		}
		if err := <-later(t, s, "alice", "1s"); !errors.Is(err, chat.ErrTooManyMessages) {
			t.Errorf("one too many: %v", err)
		}
		if err := <-later(t, s, "bob", "0s"); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		for _, w := range waits {
			if err := <-w; err != nil {
				t.Error(err)
			}
		}
		if err := <-later(t, s, "alice", "0s"); err != nil {
			t.Errorf("after that: %v", err)
		}
	})
}

func TestGateIsNotAskedAboutEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{}
		s, _ := gated(t, chat.Config{RatePerSecond: 1}, g)
		ctx := t.Context()
		if _, err := s.Mute(ctx, "demo", admin, "bob", time.Hour, ""); err != nil {
			t.Fatal(err)
		}
		_, _ = s.Send(ctx, chat.Message{Group: "demo", Body: text("muted")}, named("bob"))
		_, _ = s.SendServer(ctx, chat.Message{Group: "demo", Body: text("server")})
		_, _ = s.SendWith(ctx, chat.Message{Group: "demo", Body: text("unasked")}, named("alice"), chat.SendOptions{Unasked: true})
		g.asks(t)
		time.Sleep(2 * time.Second)
		dropped := 0
		for i := range 3 {
			for range 2 { // the repeat is none of its business
				ack, err := s.Send(ctx, chat.Message{Group: "demo", Body: text(fmt.Sprint(i)), Random: 7}, named("alice"))
				if err != nil {
					t.Fatal(err)
				}
				if ack.Dropped {
					dropped++
				}
			}
		}
		if g.asks(t, "0", "1", "2"); dropped != 4 {
			t.Errorf("%d dropped by frequency control", dropped)
		}
	})
}

func TestGateRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := &chat.Error{Code: 10123, Name: "refused_by_backend", Detail: "slow mode: 8 s left"}
		answer := error(refusal)
		g := &gate{message: func(context.Context, *chat.Message, chat.Identity) (chat.Ruling, error) { return chat.Ruling{}, answer }}
		s, carol := gated(t, chat.Config{UserBurst: 1}, g)
		m := chat.Message{Group: "demo", Body: text("hi"), Random: 7}
		if _, err := s.Send(t.Context(), m, named("alice")); err != refusal {
			t.Errorf("got %v", err)
		}
		answer = nil
		if ack, err := s.Send(t.Context(), m, named("alice")); err != nil || ack.Seq != 1 {
			t.Errorf("the same again, which it let pass now: %+v, %v", ack, err)
		}
		if got := carol.kinds(); !slices.Equal(got, []string{"hi"}) {
			t.Errorf("delivered %q", got)
		}
		time.Sleep(time.Minute)
		answer = errors.New("connection refused")
		var e *chat.Error
		if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("ho")}, named("alice")); !errors.As(err, &e) || !e.Temporary {
			t.Errorf("a gate that failed: %v", err)
		}
	})
}

// TestGateDrops: nothing that the sender sees tells a message that the Gate dropped from one delivered.
func TestGateDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{message: func(_ context.Context, m *chat.Message, _ chat.Identity) (chat.Ruling, error) {
			return chat.Ruling{Drop: textOf(m) == "spam"}, nil
		}}
		var facts recorder
		s, carol := gated(t, chat.Config{Observer: &facts}, g)
		m := chat.Message{Group: "demo", Body: text("hi"), Random: 7}
		if _, err := s.Send(t.Context(), m, named("alice")); err != nil {
			t.Fatal(err)
		}
		facts.take()
		m.Body = text("spam") // with a Random that was not drawn anew
		ack, err := s.Send(t.Context(), m, named("alice"))
		if err != nil || ack.Seq != 1 || ack.Dropped || ack.Body != "" || !ack.Time.Equal(time.Now()) {
			t.Errorf("%+v, %v", ack, err)
		}
		time.Sleep(time.Second)
		if again, err := s.Send(t.Context(), m, named("alice")); err != nil || again != ack {
			t.Errorf("repeated: %+v, %v", again, err)
		}
		if got := facts.take(); len(got) != 0 {
			t.Errorf("told %v", got)
		}
		send(t, s, "demo", "alice", "ho")
		history, err := s.History(t.Context(), "demo", 0)
		if err != nil || len(history) != 2 || history[1].Seq != 2 {
			t.Errorf("history %v, %v", history, err)
		}
		if got := carol.kinds(); !slices.Equal(got, []string{"hi", "ho"}) {
			t.Errorf("delivered %q", got)
		}
		if n := s.Stats().Messages[chat.Normal]; n.Unheard != 1 || n.Delivered != 2 {
			t.Errorf("counted %+v", n)
		}
	})
}

func TestGateRewrites(t *testing.T) {
	data := `{"vip":1}`
	for _, tc := range []struct {
		name   string
		ruling chat.Ruling
		body   string
		data   string
		told   bool
	}{
		{"the body", chat.Ruling{Body: text("he**o")}, string(text("he**o")), "mine", true},
		{"the custom data", chat.Ruling{CloudCustomData: &data}, string(text("hello")), data, false},
		{"both", chat.Ruling{Body: text("he**o"), CloudCustomData: &data}, string(text("he**o")), data, true},
		{"no array", chat.Ruling{Body: []byte(`{}`)}, string(text("hello")), "mine", false},
		{"an unknown element", chat.Ruling{Body: []byte(`[{"MsgType":"X","MsgContent":{}}]`), CloudCustomData: &data}, string(text("hello")), "mine", false},
		{"too much", chat.Ruling{Body: text(strings.Repeat("x", 13<<10))}, string(text("hello")), "mine", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gate{message: func(context.Context, *chat.Message, chat.Identity) (chat.Ruling, error) { return tc.ruling, nil }}
				var facts recorder
				s, carol := gated(t, chat.Config{Observer: &facts}, g)
				facts.take()
				m := chat.Message{Group: "demo", Body: text("hello"), CloudCustomData: "mine", Random: 7}
				ack, err := s.Send(t.Context(), m, named("alice"))
				if err != nil {
					t.Fatal(err)
				}
				again, err := s.Send(t.Context(), m, named("alice"))
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range []chat.Ack{ack, again} {
					if told := a.Body != ""; told != tc.told || told && a.Body != tc.body {
						t.Errorf("its sender was told the body %q", a.Body)
					}
					if told := a.CloudCustomData != nil; told != (tc.data != "mine") || told && *a.CloudCustomData != tc.data {
						t.Errorf("its sender was told the custom data %v", a.CloudCustomData)
					}
				}
				got := carol.items()[0].Message
				if string(got.Body) != tc.body || got.CloudCustomData != tc.data {
					t.Errorf("delivered %s, %s", got.Body, got.CloudCustomData)
				}
				if told := facts.take(); len(told) != 1 || told[0].(chat.Sent).M != got {
					t.Errorf("told %v", told)
				}
			})
		})
	}
}

// TestGateKnowsALetterByItsTime: whatever the gate takes, it is asked about the time that the sender is answered, and others
// are told: a backend knows the message by it.
func TestGateKnowsALetterByItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked time.Time
		g := &gate{letter: func(m *chat.Message) (chat.Ruling, error) {
			asked = m.Time
			time.Sleep(1900 * time.Millisecond)
			return chat.Ruling{}, nil
		}}
		var facts recorder
		s, _ := gated(t, chat.Config{Observer: &facts}, g)
		facts.take()
		time.Sleep(300 * time.Millisecond)
		began := time.Now()
		send := func() chat.Ack {
			ack, err := s.SendTo(t.Context(), "bob", chat.Message{Body: text("hi"), Random: 7, Time: began.Add(-time.Hour)}, named("alice"), nil)
			if err != nil {
				t.Fatal(err)
			}
			return ack
		}
		first := send()
		told := facts.take()
		if len(told) != 1 {
			t.Fatalf("told %v", told)
		}
		sent := told[0].(chat.LetterSent)
		if again := send(); !began.Equal(asked) || !began.Equal(first.Time) || !began.Equal(again.Time) || !began.Equal(sent.M.Time) {
			t.Errorf("sent at %s: asked %s, answered %s and %s, told %s", began, asked, first.Time, again.Time, sent.M.Time)
		}
		if took := sent.Time.Sub(began); took != 1900*time.Millisecond {
			t.Errorf("it happened %s after it was sent", took)
		}
	})
}

// TestGateThatFails: nothing is stuck behind a gate that panics, one whose sender goes away, or one that is asked while
// the service ends.
func TestGateThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{message: func(ctx context.Context, m *chat.Message, _ chat.Identity) (chat.Ruling, error) {
			switch textOf(m) {
			case "panic":
				panic("gate")
			case "wait":
				<-ctx.Done()
				return chat.Ruling{}, ctx.Err()
			}
			return chat.Ruling{}, nil
		}}
		s, stop := startStop(t, chat.Config{Gate: g, UserBurst: 1}, chat.NewMemory())
		create(t, s, "demo")
		carol, _ := join(t, s, "demo", "carol")
		join(t, s, "demo", "alice")
		g.take()
		if err := <-later(t, s, "alice", "panic"); err == nil {
			t.Error("a panic lets it pass")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		m := chat.Message{Group: "demo", Body: text("wait"), Random: 7}
		first := make(chan error, 1)
		go func() {
			_, err := s.Send(ctx, m, named("carol"))
			first <- err
		}()
		synctest.Wait()
		behind := later(t, s, "alice", "behind") // its pace was given back
		if err := <-behind; err != nil {
			t.Error(err)
		}
		if err := <-first; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who went away: %v", err)
		}
		if got := carol.kinds(); !slices.Equal(got, []string{"behind"}) {
			t.Errorf("delivered %q", got)
		}
		ctx, cancel = context.WithCancel(t.Context())
		go func() {
			_, err := s.Send(ctx, m, named("carol")) // its key was given back
			first <- err
		}()
		synctest.Wait()
		g.asks(t, "panic", "wait", "behind", "wait")
		stop()
		cancel()
		<-first
	})
}

// TestWhoRepeatsAMessageIsNotGone: who sends again what is still decided about does not share the fate of a first try that was
// given up.
func TestWhoRepeatsAMessageIsNotGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, carol := gated(t, chat.Config{}, &gate{message: takesTime})
		m := chat.Message{Group: "demo", Body: text("2s"), Random: 7}
		ctx, giveUp := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := s.Send(ctx, m, named("alice"))
			first <- err
		}()
		synctest.Wait()
		go func() {
			_, err := s.Send(t.Context(), m, named("alice"))
			second <- err
		}()
		synctest.Wait()
		giveUp()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up: %v", err)
		}
		if err := <-second; !errors.Is(err, chat.ErrInFlight) {
			t.Errorf("who did not: %v", err)
		}
		if _, err := s.Send(t.Context(), m, named("alice")); err != nil {
			t.Errorf("again: %v", err)
		}
		if got := carol.kinds(); !slices.Equal(got, []string{"2s"}) {
			t.Errorf("delivered %q", got)
		}
	})
}

// TestGateDecidesBeforeMutes: who is muted while a backend thinks it over is not heard.
func TestGateDecidesBeforeMutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{message: takesTime}
		s, carol := gated(t, chat.Config{}, g)
		sent := later(t, s, "alice", "2s")
		behind := later(t, s, "alice", "3s")
		if _, err := s.Mute(t.Context(), "demo", admin, "alice", time.Hour, ""); err != nil {
			t.Fatal(err)
		}
		for _, w := range []<-chan error{sent, behind} {
			if err := <-w; !errors.Is(err, chat.ErrMuted) {
				t.Errorf("got %v", err)
			}
		}
		g.asks(t, "2s")
		if got := carol.kinds(); !slices.Equal(got, []string{"mute"}) {
			t.Errorf("delivered %q", got)
		}
	})
}
