package chattest

import (
	"fmt"
	"testing"
	"time"

	"liveroom/chat"
)

func withdraw(t *testing.T, s chat.Store, seq uint64, kind chat.WithdrawalKind) chat.Withdrawn {
	t.Helper()
	done, err := s.Withdraw(t.Context(), "g", chat.Withdrawal{Seq: seq, Kind: kind, By: "anna", Reason: fmt.Sprint("reason ", seq)})
	if err != nil {
		t.Fatalf("withdraw %d: %v", seq, err)
	}
	return done
}

func testWithdraw(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	Say(t, s, "g", 3)
	before := Load(t, s, "g").Log[1]
	if done := withdraw(t, s, 2, chat.Recalled); !done.Fresh || done.Version != 1 || done.From != "alice" || done.By != "anna" {
		t.Errorf("answered %+v", done)
	}
	for _, kind := range []chat.WithdrawalKind{chat.Recalled, chat.Blocked} {
		if done := withdraw(t, s, 2, kind); done.Fresh || done.Version != 1 {
			t.Errorf("again, %s: %+v", kind, done)
		}
	}
	state := Load(t, s, "g")
	m := state.Log[1]
	if len(m.Body) != 0 || m.Withdrawn != chat.Recalled || m.Seq != 2 || m.From != "alice" || m.Priority != before.Priority || !m.Time.Equal(before.Time) {
		t.Errorf("stored %+v, it was %+v", m, before)
	}
	if len(before.Body) == 0 {
		t.Error("a message already given out lost its body")
	}
	if other := state.Log[0]; len(other.Body) == 0 || other.Withdrawn != "" {
		t.Errorf("the one before became %+v", other)
	}
	withdraw(t, s, 3, chat.Blocked)
	state = Load(t, s, "g")
	want := []chat.Withdrawal{{Seq: 2, Kind: chat.Recalled, By: "anna", Reason: "reason 2"}, {Seq: 3, Kind: chat.Blocked, By: "anna", Reason: "reason 3"}}
	if fmt.Sprint(state.Head.Withdrawals, state.Withdrawals) != fmt.Sprint(2, want) {
		t.Errorf("remembered %d: %v", state.Head.Withdrawals, state.Withdrawals)
	}
	if last := Say(t, s, "g", 1); last.Seq != 4 {
		t.Errorf("the next message is %d", last.Seq)
	}
}

// testWithdrawWhat: what never was is refused, and so is what the server said; what is out of the log is remembered.
func testWithdrawWhat(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	for i := range 10 {
		f := Batch(1000, Message("g", "alice", fmt.Sprint(i), chat.Normal))
		f.Keep = chat.Retention{History: 2, HistoryAge: time.Hour}
		if _, err := s.Flush(t.Context(), "g", f); err != nil {
			t.Fatal(err)
		}
	}
	change, m := Status("g", "e", 1)
	if _, err := s.ApplyStatus(t.Context(), change, m, Keep); err != nil {
		t.Fatal(err)
	}
	for seq, want := range map[uint64]*chat.Error{0: chat.ErrNoMessage, 11: chat.ErrNotRecallable, 12: chat.ErrNoMessage, 1 << 60: chat.ErrNoMessage} {
		_, err := s.Withdraw(t.Context(), "g", chat.Withdrawal{Seq: seq, Kind: chat.Blocked})
		wantErr(t, fmt.Sprint("withdraw ", seq), err, want)
	}
	if done := withdraw(t, s, 3, chat.Blocked); !done.Fresh || done.From != "" {
		t.Errorf("one out of the log: %+v", done)
	}
	if done := withdraw(t, s, 3, chat.Blocked); done.Fresh {
		t.Errorf("the same again: %+v", done)
	}
	if state := Load(t, s, "g"); len(state.Withdrawals) != 1 || state.Head.Withdrawals != 1 || string(state.Log[len(state.Log)-1].Body) != string(m.Body) {
		t.Errorf("remembered %v", state.Withdrawals)
	}
}

// testWithdrawMany: the newest 200 are remembered.
func testWithdrawMany(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	Say(t, s, "g", 203)
	for seq := uint64(203); seq > 0; seq-- {
		withdraw(t, s, seq, chat.Recalled)
	}
	state := Load(t, s, "g")
	if len(state.Withdrawals) != 200 || state.Withdrawals[0].Seq != 200 || state.Withdrawals[199].Seq != 1 || state.Head.Withdrawals != 203 {
		t.Errorf("%d are remembered, from %v", len(state.Withdrawals), state.Withdrawals[0])
	}
}
