package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// tallied records what is counted.
type tallied struct {
	mu  sync.Mutex
	all []string
}

func (c *tallied) count(m *chat.Message, who chat.Identity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, fmt.Sprintf("%s as %s: %s", who.User, m.From, textOf(m)))
}

func (c *tallied) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all = nil
	slices.Sort(all)
	return all
}

func TestMessagesAreCountedBeforeFrequencyControl(t *testing.T) {
	var c tallied
	s := start(t, chat.Config{Counted: c.count, RatePerSecond: 2}, chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	dropped, want := 0, []string(nil)
	for i := range 5 {
		if send(t, s, "demo", "alice", fmt.Sprint(i)).Dropped {
			dropped++
		}
		want = append(want, fmt.Sprintf("alice as alice: %d", i))
	}
	if got := c.take(); dropped != 3 || !slices.Equal(got, want) {
		t.Errorf("%d dropped; counted %q, want %q", dropped, got, want)
	}
}

// Everything that its sender may not send is not counted, nor is a repetition.
func TestWhatIsNotCounted(t *testing.T) {
	var c tallied
	asks := &gate{message: func(_ context.Context, m *chat.Message, _ chat.Identity) (chat.Ruling, error) {
		switch textOf(m) {
		case "refuse":
			return chat.Ruling{}, chat.ErrPermission
		case "swallow":
			return chat.Ruling{Drop: true}, nil
		case "reword":
			return chat.Ruling{Body: text("reworded")}, nil
		}
		return chat.Ruling{}, nil
	}}
	s := start(t, chat.Config{Counted: c.count, Gate: asks, RatePerSecond: 1000}, chat.NewMemory())
	create(t, s, "demo")
	for _, user := range []string{"alice", "mute"} {
		join(t, s, "demo", user)
	}
	if _, err := s.Mute(t.Context(), "demo", named("owner"), "mute", time.Minute, ""); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		who  chat.Identity
		m    chat.Message
		want []string
	}{
		{named("alice"), chat.Message{Body: text("hi")}, []string{"alice as alice: hi"}},
		{named("alice"), chat.Message{Body: text("twice"), Random: 5}, []string{"alice as alice: twice"}},
		{named("alice"), chat.Message{Body: text("twice"), Random: 5}, nil},
		{named("mute"), chat.Message{Body: text("hi")}, nil},
		{named("stranger"), chat.Message{Body: text("hi")}, nil},
		{named("alice"), chat.Message{Body: text("refuse")}, nil},
		{named("alice"), chat.Message{Body: text("swallow")}, nil},
		{named("alice"), chat.Message{Body: text("reword")}, []string{"alice as alice: reworded"}},
		{named("alice"), chat.Message{Body: custom(`{"type":"gift_result"}`)}, nil},
		{admin, chat.Message{From: "bob", Body: text("hi")}, []string{"administrator as bob: hi"}},
	} {
		tc.m.Group = "demo"
		_, err := s.Send(t.Context(), tc.m, tc.who)
		var refused *chat.Error
		if err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
		if got := c.take(); !slices.Equal(got, tc.want) {
			t.Errorf("%s by %s: counted %q, want %q", tc.m.Body, tc.who.User, got, tc.want)
		}
	}
	if _, err := s.SendServer(t.Context(), chat.Message{Group: "demo", Body: text("of the server")}); err != nil {
		t.Fatal(err)
	}
	if got := c.take(); len(got) != 0 {
		t.Errorf("counted %q", got)
	}
}

type observing struct {
	name    string
	hears   bool
	told    *[]string
	settled *int
}

func (o observing) Observe(facts ...chat.Fact) {
	*o.told = append(*o.told, fmt.Sprint(o.name, len(facts)))
}
func (o observing) HearsMessages() bool    { return o.hears }
func (o observing) Settle(context.Context) { *o.settled++ }

func TestObservers(t *testing.T) {
	var told []string
	settled := 0
	one, two := observing{"one", false, &told, &settled}, observing{"two", true, &told, &settled}
	if chat.Observers() != nil || chat.Observers(nil, nil) != nil {
		t.Error("nobody is an observer")
	}
	if chat.Observers(nil, one) != chat.Observer(one) || chat.Observers(one).HearsMessages() {
		t.Error("one of several nobodies is another")
	}
	both := chat.Observers(one, nil, two)
	both.Observe(chat.Came{}, chat.Came{})
	both.Observe(chat.Came{})
	both.Settle(t.Context())
	if want := []string{"one2", "two2", "one1", "two1"}; !slices.Equal(told, want) || settled != 2 || !both.HearsMessages() {
		t.Errorf("told %q, settled %d", told, settled)
	}
}
