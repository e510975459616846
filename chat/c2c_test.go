package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func (s *session) heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.letters)
}

func TestAMessageToAUserReachesHisDevicesAndTheSendersOthers(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	phone, desk := signIn(t, s, on("vera", "iOS", "1")), signIn(t, s, on("vera", "Web", "2"))
	mine, other, third := signIn(t, s, on("otto", "Web", "1")), signIn(t, s, on("otto", "Android", "2")), signIn(t, s, on("carl", "Web", "1"))
	ack, err := s.SendTo(t.Context(), "vera", chat.Message{From: "carl", Nick: "Carl", Body: text("psst")}, named("otto"), mine)
	if err != nil || ack.Seq != 0 || ack.Time.IsZero() {
		t.Fatalf("ack %+v, %v", ack, err)
	}
	for sess, want := range map[*session][]string{phone: {"vera: psst"}, desk: {"vera: psst"}, other: {"vera: psst"}, mine: nil, third: nil} {
		if got := sess.heard(); !slices.Equal(got, want) {
			t.Errorf("%s heard %q, want %q", sess.id, got, want)
		}
	}
	if _, err := s.SendTo(t.Context(), "otto", chat.Message{Body: text("note to self")}, named("otto"), mine); err != nil {
		t.Fatal(err)
	}
	if got := other.heard(); len(got) != 2 || len(mine.heard()) != 0 {
		t.Errorf("to oneself: the other device heard %q, the sending one %q", got, mine.heard())
	}
	if _, err := s.SendTo(t.Context(), "nobody", chat.Message{Body: text("hello?")}, named("otto"), mine); err != nil {
		t.Errorf("to who is not there: %v", err)
	}
	if n := s.Stats().Direct; n != 3 {
		t.Errorf("%d were counted", n)
	}
}

func TestAnAdministratorWritesInSomebodysName(t *testing.T) {
	cfg := chat.Config{CountEvery: time.Hour, Account: func(_ context.Context, user string) (chat.Identity, error) {
		if user == "nobody" {
			return chat.Identity{}, chat.ErrNoAccount
		}
		return chat.Identity{User: user, Nick: "nick of " + user}, nil
	}}
	s := start(t, cfg, chat.NewMemory())
	admin := chat.Identity{User: "root", Admin: true}
	vera, carl, root := signIn(t, s, on("vera", "Web", "1")), signIn(t, s, on("carl", "Web", "1")), signIn(t, s, on("root", "Web", "1"))
	if _, err := s.SendTo(t.Context(), "vera", chat.Message{From: "carl", Body: text("hi")}, admin, nil); err != nil {
		t.Fatal(err)
	}
	if v, c := vera.heard(), carl.heard(); len(v) != 1 || len(c) != 1 || len(root.heard()) != 0 {
		t.Errorf("vera heard %q, carl %q, root %q", v, c, root.heard())
	}
	if _, err := s.SendTo(t.Context(), "vera", chat.Message{From: "nobody", Body: text("hi")}, admin, nil); !errors.Is(err, chat.ErrNoAccount) {
		t.Errorf("in nobody's name: %v", err)
	}
}

func TestMessagesToUsersAreCheckedAsThoseToGroups(t *testing.T) {
	cfg := chat.Config{CountEvery: time.Hour, MessageBytes: 200, Words: badWords{}}
	cfg.Account = func(_ context.Context, user string) (chat.Identity, error) {
		if user == "nobody" {
			return chat.Identity{}, chat.ErrNoAccount
		}
		return named(user), nil
	}
	s := start(t, cfg, chat.NewMemory())
	vera := signIn(t, s, on("vera", "Web", "1"))
	for _, tc := range []struct {
		name string
		who  chat.Identity
		to   string
		m    chat.Message
		want error
	}{
		{"an anonymous guest", chat.Identity{User: "anon_1", Anonymous: true}, "vera", chat.Message{Body: text("hi")}, chat.ErrPermission},
		{"nobody", chat.Identity{}, "vera", chat.Message{Body: text("hi")}, chat.ErrPermission},
		{"to no user id", named("otto"), "a b", chat.Message{Body: text("hi")}, chat.ErrParameter},
		{"to an unknown user", named("otto"), "nobody", chat.Message{Body: text("hi")}, chat.ErrNoReceiver},
		{"without a body", named("otto"), "vera", chat.Message{}, chat.ErrParameter},
		{"too large", named("otto"), "vera", chat.Message{Body: text(strings.Repeat("x", 200))}, chat.ErrTooLarge},
		{"in the server's manner", named("otto"), "vera", chat.Message{Body: custom(`{"type":"kick"}`)}, chat.ErrPermission},
		{"with a word that blocks", named("otto"), "vera", chat.Message{Body: text("a bad word")}, chat.ErrBlocked},
	} {
		if _, err := s.SendTo(t.Context(), tc.to, tc.m, tc.who, newSession("s")); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	if got := vera.heard(); len(got) > 0 {
		t.Fatalf("and yet heard %q", got)
	}
	if _, err := s.SendTo(t.Context(), "vera", chat.Message{Body: custom(`{"type":"kick"}`)}, admin, newSession("s")); err != nil {
		t.Errorf("an administrator in the server's manner: %v", err)
	}
	ack, err := s.SendTo(t.Context(), "vera", chat.Message{Body: text("a meh word")}, named("otto"), newSession("s"))
	if err != nil || ack.Body != string(text("a *** word")) {
		t.Errorf("replaced: %+v, %v", ack, err)
	}
	if got := vera.heard(); len(got) != 2 || got[1] != "vera: a *** word" {
		t.Errorf("heard %q", got)
	}
}

// TestMessagesToUsersHaveAPaceAndNoRepeats, over all of the sender's devices.
func TestMessagesToUsersHaveAPaceAndNoRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour, UserBurst: 2, UserRate: 1}, chat.NewMemory())
		vera := signIn(t, s, on("vera", "Web", "1"))
		send := func(who chat.Identity, to string, random uint32) (chat.Ack, error) {
			return s.SendTo(t.Context(), to, chat.Message{Body: text("hi"), Random: random}, who, newSession("s"))
		}
		otto := named("otto")
		first, err := send(otto, "vera", 7)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		for range 5 {
			if again, err := send(otto, "vera", 7); err != nil || !again.Time.Equal(first.Time) {
				t.Errorf("a repeat: %+v, %v, want %+v", again, err, first)
			}
		}
		if _, err := send(otto, "carl", 7); err != nil { // the same to another is no repeat
			t.Error(err)
		}
		_, err = send(otto, "vera", 8)
		var refused *chat.Error
		if !errors.As(err, &refused) || !errors.Is(err, chat.ErrTooManyMessages) || refused.NextAt.IsZero() {
			t.Fatalf("the third at once: %v", err)
		}
		if _, err := send(named("carl"), "vera", 8); err != nil {
			t.Errorf("another sender: %v", err)
		}
		time.Sleep(time.Until(refused.NextAt))
		if _, err := send(otto, "vera", 8); err != nil {
			t.Errorf("when it was said to be possible: %v", err)
		}
		for i := range 20 {
			if _, err := send(admin, "vera", uint32(100+i)); err != nil {
				t.Fatalf("an administrator: %v", err)
			}
		}
		if n := len(vera.heard()); n != 3+20 {
			t.Errorf("heard %d", n)
		}
		time.Sleep(6 * time.Minute)
		if again, err := send(otto, "vera", 7); err != nil || again.Time.Equal(first.Time) {
			t.Errorf("six minutes later: %+v, %v", again, err)
		}
	})
}

// TestManySendersAreForgotten: what is remembered of senders has a bound.
func TestManySendersAreForgotten(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour, UserBurst: 1, UserRate: 0.01, Words: badWords{}}, chat.NewMemory())
	for i := range 22_000 {
		if _, err := s.SendTo(t.Context(), "vera", chat.Message{Body: text("meh"), Random: uint32(i + 1)}, named(fmt.Sprint("u", i)), newSession("s")); err != nil {
			t.Fatal(err)
		}
	}
	paces, sent, bytes := chat.Remembered(s)
	if paces > 10_000 || sent > 20_000 || bytes > 0 {
		t.Errorf("%d paces and %d messages of %d bytes are remembered", paces, sent, bytes)
	}
}

// TestARepeatToAUserIsAnsweredAsTheFirst, with the words that were replaced.
func TestARepeatToAUserIsAnsweredAsTheFirst(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour, Words: badWords{}}, chat.NewMemory())
	vera := signIn(t, s, on("vera", "Web", "1"))
	for range 2 {
		ack, err := s.SendTo(t.Context(), "vera", chat.Message{Body: text("a meh word"), Random: 7}, named("otto"), newSession("s"))
		if err != nil || ack.Body != string(text("a *** word")) {
			t.Errorf("%+v, %v", ack, err)
		}
	}
	if got := vera.heard(); len(got) != 1 {
		t.Errorf("heard %q", got)
	}
}

// TestAMessageToAUserCarriesTheNewestName, whatever the sender's door has read before.
func TestAMessageToAUserCarriesTheNewestName(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	mine := signIn(t, s, on("otto", "Web", "1"))
	vera := &reader{session: newSession("vera")}
	if err := s.SignIn(t.Context(), named("vera"), vera); err != nil {
		t.Fatal(err)
	}
	s.Renamed("otto", "Otto II", "https://example.com/2.png")
	if _, err := s.SendTo(t.Context(), "vera", chat.Message{Body: text("hi")}, on("otto", "Web", "1"), mine); err != nil {
		t.Fatal(err)
	}
	if got := vera.nick + " " + vera.avatar; got != "Otto II https://example.com/2.png" {
		t.Errorf("from %q", got)
	}
}

// reader is a session that keeps how the sender of a message appears.
type reader struct {
	*session
	nick, avatar string
}

func (n *reader) Direct(_ string, m *chat.Message) { n.nick, n.avatar = m.Nick, m.Avatar }

func TestABackendMayLeaveOutTheSendersDevices(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	vera, otto := signIn(t, s, on("vera", "Web", "1")), signIn(t, s, on("otto", "Web", "1"))
	for i, how := range []chat.SendOptions{{Alone: true}, {}} {
		m := chat.Message{From: "otto", Body: text(fmt.Sprint(i))}
		if _, err := s.SendToWith(t.Context(), "vera", m, admin, nil, how); err != nil {
			t.Fatal(err)
		}
	}
	if got := vera.heard(); !slices.Equal(got, []string{"vera: 0", "vera: 1"}) {
		t.Errorf("vera heard %q", got)
	}
	if got := otto.heard(); !slices.Equal(got, []string{"vera: 1"}) {
		t.Errorf("otto heard %q", got)
	}
}

func TestGateOfLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := &chat.Error{Code: 120001, Name: "refused_by_backend"}
		data := "theirs"
		g := &gate{letter: func(m *chat.Message) (chat.Ruling, error) {
			switch textOf(m) {
			case "refused":
				return chat.Ruling{}, refusal
			case "dropped":
				return chat.Ruling{Drop: true}, nil
			case "changed":
				return chat.Ruling{Body: text("theirs"), CloudCustomData: &data}, nil
			}
			return chat.Ruling{}, nil
		}}
		s, facts := observed(t, chat.Config{Gate: g, UserBurst: 3, UserRate: 0.01, Words: badWords{}})
		g.aside.Store(true) // that nobody wants messages to groups says nothing of letters
		facts.aside.Store(true)
		ctx := t.Context()
		bob := newSession("b")
		if err := s.SignIn(ctx, named("bob"), bob); err != nil {
			t.Fatal(err)
		}
		facts.take()
		say := func(words string, how chat.SendOptions) (chat.Ack, error) {
			return s.SendToWith(ctx, "bob", chat.Message{Body: text(words), Random: 7}, named("alice"), nil, how)
		}
		for range 5 { // none costs anything
			if _, err := say("refused", chat.SendOptions{}); !errors.Is(err, refusal) {
				t.Fatalf("got %v", err)
			}
		}
		dropped, err := say("dropped", chat.SendOptions{})
		if err != nil || dropped.Time.IsZero() {
			t.Errorf("%+v, %v", dropped, err)
		}
		if again, err := say("dropped", chat.SendOptions{}); err != nil || again != dropped {
			t.Errorf("%+v, %v", again, err)
		}
		ack, err := say("changed", chat.SendOptions{})
		if err != nil || ack.Body != string(text("theirs")) || ack.CloudCustomData == nil || *ack.CloudCustomData != data {
			t.Errorf("%+v, %v", ack, err)
		}
		if _, err := say("plain", chat.SendOptions{Unasked: true, Untold: true}); err != nil {
			t.Error(err)
		}
		_, _ = say("bad", chat.SendOptions{})
		_, _ = say("one too many", chat.SendOptions{})
		g.asks(t, "refused", "refused", "refused", "refused", "refused", "dropped", "changed")
		facts.told(t, "alice wrote theirs to bob", "alice did not write to bob: blocked_text", "alice did not write to bob: too_many_messages")
		if want := []string{"bob: theirs", "bob: plain"}; !slices.Equal(bob.letters, want) {
			t.Errorf("bob got %q", bob.letters)
		}
	})
}

// TestLettersWhereNobodyWantsMessages: messages to users are asked about and told of by themselves.
func TestLettersWhereNobodyWantsMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{}
		g.aside.Store(true)
		s, facts := observed(t, chat.Config{Gate: g})
		facts.aside.Store(true)
		if _, err := s.SendTo(t.Context(), "bob", chat.Message{Body: text("hi")}, named("alice"), nil); err != nil {
			t.Error(err)
		}
		g.asks(t, "hi")
		facts.told(t, "alice wrote hi to bob")
	})
}

// TestALetterThatWaitsLongComesOnce: also if it is sent again when its reservation is over.
func TestALetterThatWaitsLongComesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{letter: func(*chat.Message) (chat.Ruling, error) { time.Sleep(2 * time.Second); return chat.Ruling{}, nil }}
		s, facts := observed(t, chat.Config{Gate: g})
		say := func(random uint32) error {
			_, err := s.SendTo(t.Context(), "bob", chat.Message{Body: text("hi"), Random: random}, named("alice"), nil)
			return err
		}
		var wg sync.WaitGroup
		for i := range uint32(7) { // the last goes out after 14 s
			wg.Go(func() {
				if err := say(1 + i); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		time.Sleep(chat.PendingAge + time.Second)
		if err := say(7); !errors.Is(err, chat.ErrInFlight) {
			t.Errorf("sent again meanwhile: %v", err)
		}
		wg.Wait()
		if err := say(7); err != nil {
			t.Error(err)
		}
		if n := len(facts.take()); n != 7 {
			t.Errorf("%d letters", n)
		}
	})
}
