package chat_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// slowJournal takes a second until acts are durable.
type slowJournal struct{ acts }

func (j *slowJournal) Settle(ctx context.Context) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	j.acts.Settle(ctx)
}

// everyAct is one of each kind that a room's loop does, in the group demo.
var everyAct = map[string]func(context.Context, *chat.Service) error{
	"mute": func(ctx context.Context, s *chat.Service) error {
		_, err := s.Mute(ctx, "demo", named("owner"), "bob", time.Minute, "")
		return err
	},
	"kick": func(ctx context.Context, s *chat.Service) error {
		return s.Kick(ctx, "demo", named("owner"), []string{"bob"}, "")
	},
	"ban": func(ctx context.Context, s *chat.Service) error {
		_, err := s.Ban(ctx, "demo", named("owner"), chat.Ban{Users: []string{"bob"}, For: time.Minute})
		return err
	},
	"role": func(ctx context.Context, s *chat.Service) error {
		return s.SetRole(ctx, "demo", named("owner"), "bob", chat.RoleAdmin)
	},
	"recall": func(ctx context.Context, s *chat.Service) error { return s.Recall(ctx, "demo", named("owner"), 1, "") },
	"settings": func(ctx context.Context, s *chat.Service) error {
		_, err := s.SetSettings(ctx, "demo", named("owner"), chat.SettingsPatch{MuteAll: ptr(true)})
		return err
	},
	"notification": func(ctx context.Context, s *chat.Service) error { return s.Notify(ctx, "demo", named("owner"), "x") },
}

// stage is a service on which everyAct can be done: bob is in the group, and the owner has said something.
func stage(t *testing.T, j chat.Journal) *chat.Service {
	t.Helper()
	s := start(t, chat.Config{Journal: j}, chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "bob")
	send(t, s, "demo", "owner", "first")
	return s
}

// TestActsAreKeptBeforeTheyAreAnswered: whoever acts waits for the journal; the room does not.
func TestActsAreKeptBeforeTheyAreAnswered(t *testing.T) {
	for name, act := range everyAct {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := &slowJournal{}
				s := stage(t, j)
				begin := time.Now()
				done := make(chan error, 1)
				go func() { done <- act(t.Context(), s) }()
				synctest.Wait()
				if send(t, s, "demo", "owner", "second"); time.Since(begin) > 100*time.Millisecond {
					t.Errorf("a message waited %v for the journal", time.Since(begin))
				}
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begin); took < time.Second || j.settled != 1 {
					t.Errorf("answered after %v, %d acts kept", took, j.settled)
				}
			})
		})
	}
}

// TestActsAreKeptThoughNobodyWaitsForTheAnswer: who hangs up too early has still done it.
func TestActsAreKeptThoughNobodyWaitsForTheAnswer(t *testing.T) {
	for name, act := range everyAct {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := &acts{}
				s := stage(t, j)
				time.Sleep(time.Second)
				busy := &slowest{session: newSession("busy"), in: make(chan struct{}), let: make(chan struct{})}
				enter(t, s, "demo", named("busy"), busy)
				go func() { send(t, s, "demo", "owner", "second") }()
				<-busy.in
				ctx, hangUp := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- act(ctx, s) }()
				synctest.Wait()
				hangUp()
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Fatalf("answered %v", err)
				}
				close(busy.let)
				synctest.Wait()
				if lines := j.lines(); len(lines) != 1 || !strings.HasPrefix(lines[0], name+" ") {
					t.Errorf("kept %q", lines)
				}
			})
		})
	}
}

// busyJournal says that everybody but administrators did too much.
type busyJournal struct {
	acts
	until time.Time
}

func (j *busyJournal) Busy(by chat.Identity) (until time.Time) {
	if by.Admin {
		return until
	}
	return j.until
}

// TestWhoDoesTooMuchWaits: nothing that the log would keep is done, and who asks is told when it may be.
func TestWhoDoesTooMuchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &busyJournal{until: time.Now().Add(time.Minute)}
		s := stage(t, j)
		all := maps.Clone(everyAct)
		all["settings"] = func(ctx context.Context, s *chat.Service) error {
			return s.Change(ctx, "demo", named("owner"), chat.GroupPatch{Settings: chat.SettingsPatch{MuteAll: ptr(true)}})
		}
		all["verdict"] = func(ctx context.Context, s *chat.Service) error {
			return s.Verdict(ctx, "demo", named("owner"), 1, true, "")
		}
		for name, act := range all {
			var refused *chat.Error
			if err := act(t.Context(), s); !errors.As(err, &refused) || !errors.Is(err, chat.ErrActPace) || !refused.NextAt.Equal(j.until) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if lines := j.lines(); len(lines) != 0 {
			t.Errorf("done all the same: %q", lines)
		}
		if err := s.Notify(t.Context(), "demo", chat.Identity{User: chat.Administrator, Admin: true}, "x"); err != nil {
			t.Errorf("an administrator of the application: %v", err)
		}
	})
}
