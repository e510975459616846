package chat_test

import (
	"context"
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

// recorder remembers what it is told.
type recorder struct {
	mu      sync.Mutex
	facts   []chat.Fact
	settled int
	aside   atomic.Bool // nobody wants to know of messages
}

func (r *recorder) HearsMessages() bool { return !r.aside.Load() }

func (r *recorder) Observe(facts ...chat.Fact) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.facts = append(r.facts, facts...)
}

func (r *recorder) Settle(context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settled++
}

// take returns the facts since the last time.
func (r *recorder) take() []chat.Fact {
	r.mu.Lock()
	defer r.mu.Unlock()
	facts := r.facts
	r.facts = nil
	return facts
}

// shortly says who did what.
func shortly(f chat.Fact) string {
	by := f.Occasioned().By.User
	switch f := f.(type) {
	case chat.Sent:
		return fmt.Sprintf("%s sent %s %d", by, textOf(f.M), f.M.Seq)
	case chat.NotSent:
		body := "nothing"
		if f.M.Body != nil {
			body = textOf(f.M)
		}
		return fmt.Sprintf("%s did not send %s: %s", by, body, f.Err.Name)
	case chat.GroupMade:
		return fmt.Sprintf("%s made %s %q %v", by, f.Made.ID, f.Made.Name, f.Made.Fields)
	case chat.GroupGone:
		return fmt.Sprintf("%s dismissed %s %q of %s", by, f.Was.ID, f.Was.Name, f.Was.Owner)
	case chat.GroupChanged:
		return fmt.Sprintf("%s changed%s%s%s%s", by, what(" name", f.Name), what(" introduction", f.Introduction), what(" notice", f.Notice), what(" avatar", f.Avatar))
	case chat.AttributesWritten:
		return fmt.Sprintf("%s wrote %d %v %v", by, f.Op, f.Set, f.Keys)
	case chat.RoleChanged:
		return fmt.Sprintf("%s made %s %s", by, f.User, f.Role)
	case chat.Withdrew:
		var were []string
		for _, m := range f.Were {
			were = append(were, textOf(m))
		}
		return fmt.Sprintf("%s withdrew %v %v %s", by, f.Seqs, were, f.Kind)
	case chat.Came:
		return by + " came"
	case chat.Went:
		stays := ""
		if f.Stays {
			stays = " on " + f.By.Platform
		}
		return fmt.Sprintf("%s went%s: %s by %s", f.User, stays, f.Reason, by)
	case chat.PresenceChanged:
		return fmt.Sprintf("%v online %v: %s", f.Users, f.Online, f.Cause)
	case chat.SignedIn:
		return fmt.Sprintf("%s signed in on %s instead of %v", by, f.By.Platform, f.Replaced)
	case chat.SignedOut:
		return fmt.Sprintf("%s signed out on %s: %s", by, f.By.Platform, f.Reason)
	case chat.LetterSent:
		if f.Err != nil {
			return fmt.Sprintf("%s did not write to %s: %s", by, f.To, f.Err.Name)
		}
		return fmt.Sprintf("%s wrote %s to %s", by, textOf(f.M), f.To)
	}
	return fmt.Sprintf("%T by %s", f, by)
}

func what(name string, value *string) string {
	if value == nil {
		return ""
	}
	return fmt.Sprintf("%s %q", name, *value)
}

// told checks what was observed since the last time.
func (r *recorder) told(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, f := range r.take() {
		o := f.Occasioned()
		if o.Time.IsZero() || o.By.User == "" {
			t.Errorf("%s lacks time or maker: %+v", shortly(f), o)
		}
		got = append(got, shortly(f))
	}
	if !slices.Equal(got, want) {
		t.Errorf("observed\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestFactsOfMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var facts recorder
		cfg := chat.Config{Observer: &facts, RatePerSecond: 2, UserBurst: 3, Words: badWords{}, MessageBytes: 1000}
		s := start(t, cfg, chat.NewMemory())
		create(t, s, "demo")
		for _, user := range []string{"alice", "bob"} {
			join(t, s, "demo", user)
		}
		facts.take()
		ctx := t.Context()
		say := func(m chat.Message, who chat.Identity) {
			m.Group = "demo"
			_, _ = s.Send(ctx, m, who)
		}
		say(chat.Message{Body: text("1"), Random: 1}, named("alice"))
		say(chat.Message{Body: text("1"), Random: 1}, named("alice")) // once is enough
		say(chat.Message{Body: text("2")}, named("alice"))
		say(chat.Message{Body: text("3")}, named("alice"))
		say(chat.Message{Body: text("4")}, named("alice"))
		facts.told(t, "alice sent 1 1", "alice sent 2 2", "alice did not send 3: too_many_messages", "alice did not send 4: too_many_messages")
		time.Sleep(time.Minute)
		say(chat.Message{Body: text("bad")}, named("bob"))
		say(chat.Message{Body: []byte("[")}, named("bob"))
		say(chat.Message{Body: text(strings.Repeat("x", 2000))}, named("bob"))
		say(chat.Message{Body: custom(`{"type":"mute"}`)}, named("bob"))
		say(chat.Message{Body: text("anonymous")}, chat.Identity{User: "x", Anonymous: true})
		say(chat.Message{Body: text("stranger")}, named("eve"))
		_, _ = s.Send(ctx, chat.Message{Group: "nowhere", Body: text("1")}, named("bob"))
		facts.told(t, "bob did not send bad: blocked_text", "bob did not send nothing: bad_parameter",
			"bob did not send nothing: message_too_large", `bob did not send {"type":"mute"}: no_permission`, "eve did not send stranger: no_permission")
		_, _ = s.SendServer(ctx, chat.Message{Group: "demo", Body: text("server")})
		_, _ = s.SendWith(ctx, chat.Message{Group: "demo", Body: text("untold")}, named("alice"), chat.SendOptions{Untold: true})
		if _, err := s.Mute(ctx, "demo", admin, "alice", time.Hour, ""); err != nil {
			t.Fatal(err)
		}
		_, _ = s.SendWith(ctx, chat.Message{Group: "demo", Body: text("untold")}, named("alice"), chat.SendOptions{Untold: true})
		say(chat.Message{Body: text("muted")}, named("alice"))
		say(chat.Message{Body: text("as alice"), From: "alice"}, admin)
		say(chat.Message{Body: text("as bob"), From: "bob"}, admin)
		facts.told(t, "alice did not send muted: muted", "administrator did not send as alice: muted", "administrator sent as bob 5")
	})
}

// TestSentNamesTheMessageForGood: a fact has the epoch, number and sender's device of its message.
func TestSentNamesTheMessageForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var facts recorder
		s := start(t, chat.Config{Observer: &facts}, chat.NewMemory())
		create(t, s, "demo")
		who := named("alice")
		who.Platform = chat.PlatformIOS
		sess := newSession("phone")
		j, err := s.Join(t.Context(), "demo", who, sess, nil)
		if err != nil {
			t.Fatal(err)
		}
		facts.take()
		ack, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("hi")}, who)
		if err != nil {
			t.Fatal(err)
		}
		all := facts.take()
		if len(all) != 1 {
			t.Fatalf("told %v", all)
		}
		f := all[0].(chat.Sent)
		if f.Epoch != j.Epoch || f.M.Seq != ack.Seq || f.M.From != "alice" || f.Group != "demo" || !f.Time.Equal(ack.Time) || f.By != who {
			t.Errorf("%+v of %+v", f, f.M)
		}
	})
}

// TestFactsAreInTheOrderOfTheLog: with many senders and dropped messages between.
func TestFactsAreInTheOrderOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var facts recorder
		s := start(t, chat.Config{Observer: &facts, Pending: 20}, chat.NewMemory())
		create(t, s, "demo")
		var wg sync.WaitGroup
		for i := range 20 {
			user := fmt.Sprint("u", i)
			join(t, s, "demo", user)
			wg.Go(func() {
				for n := range 10 {
					send(t, s, "demo", user, fmt.Sprint(user, " ", n))
				}
			})
		}
		wg.Wait()
		sent, not, last := 0, 0, uint64(0)
		for _, f := range facts.take() {
			switch f := f.(type) {
			case chat.Sent:
				if sent++; f.M.Seq != last+1 {
					t.Errorf("%d after %d", f.M.Seq, last)
				}
				last = f.M.Seq
			case chat.NotSent:
				not++
			}
		}
		if st := s.Stats().Messages[chat.Normal]; sent+not != 200 || not == 0 || uint64(sent) != st.Delivered {
			t.Errorf("%d sent, %d not, of %+v", sent, not, st)
		}
	})
}
