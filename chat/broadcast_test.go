package chat_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func TestABroadcastReachesEveryGroupWithSomebodyInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := &acts{}
		cfg := chat.Config{CountEvery: time.Hour, Journal: journal, RatePerSecond: 2, Account: func(_ context.Context, user string) (chat.Identity, error) {
			if user == "nobody" {
				return chat.Identity{}, chat.ErrNoAccount
			}
			return named(user), nil
		}}
		s := start(t, cfg, chat.NewMemory())
		for _, group := range []string{"tea", "cake", "empty", "never"} {
			create(t, s, group)
		}
		ann, _ := join(t, s, "tea", "ann")
		bob, _ := join(t, s, "cake", "bob")
		gone, _ := join(t, s, "empty", "cid")
		s.Leave("empty", gone)
		send(t, s, "cake", "bob", "first")
		if err := s.Change(t.Context(), "tea", admin, chat.GroupPatch{Settings: chat.SettingsPatch{MuteAll: ptr(true)}}); err != nil {
			t.Fatal(err)
		}
		m := chat.Message{Body: text("hello all"), From: "vera", Random: 7, Priority: chat.Low}
		began := time.Now()
		first, err := s.Broadcast(t.Context(), m, admin)
		if err != nil || first.Seq == 0 || !first.Time.Equal(began) {
			t.Fatalf("%+v, %v", first, err)
		}
		if again, err := s.Broadcast(t.Context(), m, admin); err != nil || again.Seq != first.Seq || !again.Time.Equal(first.Time) {
			t.Errorf("again: %+v, %v", again, err)
		}
		var refusal *chat.Error
		m.Random = 8
		if _, err := s.Broadcast(t.Context(), m, admin); !errors.Is(err, chat.ErrBroadcastPace) || !errors.As(err, &refusal) || !refusal.NextAt.Equal(began.Add(time.Second)) {
			t.Errorf("too soon: %v", err)
		}
		pass(time.Second)
		second, err := s.Broadcast(t.Context(), m, admin)
		if err != nil || second.Seq != first.Seq+1 {
			t.Errorf("a second later: %+v, %v", second, err)
		}
		synctest.Wait()
		for group, want := range map[string][]uint64{"tea": {1, 2}, "cake": {1, 2, 3}, "empty": nil, "never": nil} {
			history, err := s.History(t.Context(), group, 0)
			var seqs []uint64
			for _, m := range history {
				if seqs = append(seqs, m.Seq); textOf(m) != "hello all" {
					continue
				}
				if m.Group != group || m.From != "vera" || m.Nick != "Nick vera" || m.Priority != chat.High || !m.Server || !m.Broadcast || m.Random == 0 {
					t.Errorf("in %s: %+v", group, m)
				}
			}
			if err != nil || !slices.Equal(seqs, want) {
				t.Errorf("%s has %v, %v", group, seqs, err)
			}
		}
		if got := ann.seqs(); !slices.Equal(got, []uint64{1, 2}) {
			t.Errorf("ann got %v", got)
		}
		if got := bob.seqs(); !slices.Equal(got, []uint64{1, 2, 3}) {
			t.Errorf("bob got %v", got)
		}
		if got := gone.seqs(); got != nil {
			t.Errorf("who left got %v", got)
		}
		if got := journal.lines(); !slices.Equal(got, []string{"settings  ", "broadcast vera ", "broadcast vera "}) {
			t.Errorf("kept are %q", got)
		}
		pass(time.Minute)
		for name, tc := range map[string]struct {
			m    chat.Message
			by   chat.Identity
			want error
		}{
			"a member":          {chat.Message{Body: text("x")}, named("ann"), chat.ErrPermission},
			"in nobody's name":  {chat.Message{Body: text("x"), From: "nobody"}, admin, chat.ErrNoAccount},
			"nothing":           {chat.Message{}, admin, chat.ErrParameter},
			"in one's own name": {chat.Message{Body: text("x")}, admin, nil},
		} {
			if _, err := s.Broadcast(t.Context(), tc.m, tc.by); !errors.Is(err, tc.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
