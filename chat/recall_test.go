package chat_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// TestRecall: who may take back what, until when, and what everybody sees of it.
func TestRecall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, j := join(t, s, "demo", "alice")
		join(t, s, "demo", "bob")
		for i := range 5 {
			send(t, s, "demo", "alice", fmt.Sprint("secret ", i+1))
		}
		if err := s.ApplyStatus(t.Context(), status("demo", 1)); err != nil { // number 6
			t.Fatal(err)
		}
		recall := func(who chat.Identity, seq uint64, want error) {
			t.Helper()
			if err := s.Recall(t.Context(), "demo", who, seq, "oops"); !errors.Is(err, want) {
				t.Errorf("%s recalls %d: %v, want %v", who.User, seq, err, want)
			}
		}
		recall(named("bob"), 1, chat.ErrPermission)
		recall(chat.Identity{User: "anon", Anonymous: true}, 1, chat.ErrPermission)
		recall(named("alice"), 7, chat.ErrNoMessage)
		recall(named("alice"), 0, chat.ErrNoMessage)
		recall(admin, 6, chat.ErrNotRecallable)
		recall(named("alice"), 2, nil)
		recall(named("alice"), 2, nil)
		recall(named("owner"), 3, nil)
		time.Sleep(2*time.Minute - time.Second)
		recall(named("alice"), 4, nil)
		time.Sleep(2 * time.Second)
		recall(named("alice"), 5, chat.ErrRecallLate)
		recall(named("alice"), 2, nil) // it is already
		recall(named("owner"), 5, nil)

		events := alice.events("recalled")
		if len(events) != 4 || string(events[0].Data) != `{"messages":[{"seq":2,"from":"alice"}],"by":"alice","reason":"oops"}` ||
			events[0].Version != 1 || events[3].Version != 4 {
			t.Errorf("alice was told %d times, first %s", len(events), events[0].Data)
		}
		if all, err := s.Withdrawals(t.Context(), "demo"); err != nil || len(all) != 4 || all[0] != (chat.Withdrawal{Seq: 2, Kind: chat.Recalled, By: "alice", Reason: "oops"}) || all[3].Seq != 5 {
			t.Errorf("the newest withdrawals are %+v, %v", all, err)
		}
		history, err := s.History(t.Context(), "demo", 0)
		if err != nil || len(history) != 6 {
			t.Fatalf("history %v, %v", history, err)
		}
		for _, m := range history {
			if gone := m.Seq != 1 && m.Seq != 6; gone != (m.Withdrawn == chat.Recalled) || gone != (len(m.Body) == 0) {
				t.Errorf("%d is %q, %s", m.Seq, m.Withdrawn, m.Body)
			}
		}
		back := newSession("alice-2")
		again, err := s.Join(t.Context(), "demo", named("alice"), back, &chat.Position{Epoch: j.Epoch, Seq: 3})
		if err != nil || len(again.Withdrawn) != 2 || again.Withdrawn[0] != (chat.Withdrawal{Seq: 2, Kind: chat.Recalled, By: "alice", Reason: "oops"}) {
			t.Errorf("on resume %+v, %v", again.Withdrawn, err)
		}
		for _, m := range again.Messages {
			if strings.Contains(string(m.Body), "secret") {
				t.Errorf("resume brings %s", m.Body)
			}
		}
		other, err := s.Join(t.Context(), "demo", named("alice"), back, &chat.Position{Epoch: "another", Seq: 3})
		if err != nil || other.Withdrawn != nil {
			t.Errorf("after another epoch %+v, %v", other.Withdrawn, err)
		}
	})
}

// TestVerdict: a late block takes the message from pages, history and resume; a pass changes nothing.
func TestVerdict(t *testing.T) {
	journal := &acts{}
	s := start(t, chat.Config{Journal: journal}, chat.NewMemory())
	create(t, s, "demo")
	alice, j := join(t, s, "demo", "alice")
	send(t, s, "demo", "alice", "bad")
	send(t, s, "demo", "alice", "good")
	judge := func(who chat.Identity, seq uint64, block bool, want error) {
		t.Helper()
		if err := s.Verdict(t.Context(), "demo", who, seq, block, "spam"); !errors.Is(err, want) {
			t.Errorf("%s judges %d: %v, want %v", who.User, seq, err, want)
		}
	}
	judge(named("alice"), 1, true, chat.ErrPermission)
	judge(named("alice"), 1, false, chat.ErrPermission)
	judge(admin, 3, true, chat.ErrNoMessage)
	judge(admin, 3, false, chat.ErrNoMessage)
	judge(admin, 2, false, nil)
	judge(admin, 1, true, nil)
	judge(named("owner"), 1, true, nil)
	judge(admin, 1, false, chat.ErrNotRecallable)
	events := alice.events("modified")
	if len(events) != 1 || string(events[0].Data) != `{"messages":[{"seq":1,"from":"alice","hasRiskContent":true}],"reason":"spam"}` {
		t.Fatalf("alice was told %v", events)
	}
	again, err := s.Join(t.Context(), "demo", named("alice"), newSession("again"), &chat.Position{Epoch: j.Epoch})
	if err != nil || len(again.Messages) != 2 || again.Messages[0].Withdrawn != chat.Blocked || len(again.Messages[0].Body) != 0 || textOf(again.Messages[1]) != "good" {
		t.Errorf("resumed with %+v, %v", again.Messages, err)
	}
	if st := s.Stats(); st.Blocked != 1 || st.Recalled != 0 {
		t.Errorf("counted %+v", st)
	}
	if got := strings.Join(journal.lines(), "; "); got != "verdict 2 pass; verdict 1 blocked" {
		t.Errorf("the journal has %s", got)
	}
	if err := s.Verdict(t.Context(), "demo", admin, 1, true, strings.Repeat("x", 201)); !errors.Is(err, chat.ErrParameter) {
		t.Errorf("a long reason: %v", err)
	}
}

// TestWithdrawalOutlivesTheLog: pages and members who were away are told also of a message that nobody could read up.
func TestWithdrawalOutlivesTheLog(t *testing.T) {
	s := start(t, chat.Config{History: 1, ResumeMessages: 1}, chat.NewMemory())
	create(t, s, "demo")
	alice, j := join(t, s, "demo", "alice")
	for i := range 5 {
		send(t, s, "demo", "alice", fmt.Sprint(i))
	}
	if err := s.Recall(t.Context(), "demo", named("alice"), 2, ""); !errors.Is(err, chat.ErrNoMessage) {
		t.Errorf("its sender: %v; whose it was is not known any more", err)
	}
	if err := s.Verdict(t.Context(), "demo", admin, 2, true, ""); err != nil {
		t.Fatal(err)
	}
	if events := alice.events("modified"); len(events) != 1 {
		t.Errorf("alice was told %d times", len(events))
	}
	again, err := s.Join(t.Context(), "demo", named("alice"), newSession("again"), &chat.Position{Epoch: j.Epoch, Seq: 2})
	if err != nil || again.Complete || len(again.Withdrawn) != 1 || again.Withdrawn[0].Kind != chat.Blocked {
		t.Errorf("on resume %+v, %v", again, err)
	}
}
