package chat_test

import (
	"context"
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

// TestActsAreKeptBeforeTheyAreAnswered: whoever acts waits for the journal; the room does not.
func TestActsAreKeptBeforeTheyAreAnswered(t *testing.T) {
	all := true
	for name, act := range map[string]func(context.Context, *chat.Service) error{
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
			_, err := s.SetSettings(ctx, "demo", named("owner"), chat.SettingsPatch{MuteAll: &all})
			return err
		},
		"notification": func(ctx context.Context, s *chat.Service) error { return s.Notify(ctx, "demo", named("owner"), "x") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := &slowJournal{}
				s := start(t, chat.Config{Journal: j}, chat.NewMemory())
				create(t, s, "demo")
				join(t, s, "demo", "bob")
				send(t, s, "demo", "owner", "first")
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
