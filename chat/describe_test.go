package chat_test

import (
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// TestADescriptionTellsWhenTheGroupChanged: over a restart too, and not by what changes nothing.
func TestADescriptionTellsWhenTheGroupChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chat.NewMemory()
		s, stop := startStop(t, chat.Config{CountEvery: time.Hour}, store)
		create(t, s, "r")
		made := time.Now()
		is := func(what string, infoSeq, nextSeq uint64, changed, spoken time.Time) {
			t.Helper()
			d, err := s.Describe(t.Context(), "r")
			if err != nil || d.InfoSeq != infoSeq || d.NextSeq != nextSeq || !d.ChangedAt.Equal(changed) || !d.SpokenAt.Equal(spoken) || !d.CreatedAt.Equal(made) {
				t.Errorf("%s: %d, %d, changed %s, spoken %s, made %s, %v", what, d.InfoSeq, d.NextSeq, d.ChangedAt, d.SpokenAt, d.CreatedAt, err)
			}
		}
		is("new", 1, 1, made, time.Time{})
		ctx, seq, changed := t.Context(), uint64(1), made
		for _, step := range []struct {
			name string
			do   func() error
			more uint64
		}{
			{"name", func() error { return s.SetProfile(ctx, "r", chat.Profile{Name: "Tea", Owner: "owner"}) }, 1},
			{"the same name", func() error { return s.SetProfile(ctx, "r", chat.Profile{Name: "Tea", Owner: "owner"}) }, 0},
			{"notice", func() error { return s.SetNotice(ctx, "r", named("owner"), "hi") }, 1},
			{"fields", func() error { return s.SetFields(ctx, "r", named("owner"), map[string]string{"a": "1"}) }, 1},
			{"settings", func() error {
				return s.Change(ctx, "r", named("owner"), chat.GroupPatch{Settings: chat.SettingsPatch{MuteAll: ptr(false), Avatar: ptr("x")}})
			}, 1},
			{"the same settings", func() error {
				return s.Change(ctx, "r", named("owner"), chat.GroupPatch{Settings: chat.SettingsPatch{Avatar: ptr("x")}})
			}, 0},
			{"attributes", func() error { return s.SetAttributes(ctx, "r", named("owner"), map[string]string{"a": "1"}) }, 0},
		} {
			pass(time.Minute)
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			if seq += step.more; step.more > 0 {
				changed = time.Now()
			}
			is(step.name, seq, 1, changed, time.Time{})
		}
		pass(time.Minute)
		spoken := send(t, s, "r", "owner", "hi").Time
		is("spoken", seq, 2, changed, spoken)
		stop()
		pass(time.Minute)
		s = start(t, chat.Config{CountEvery: time.Hour}, store)
		is("after a restart", seq, 2, changed, spoken)
	})
}
