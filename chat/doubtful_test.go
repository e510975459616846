package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// vanishing is a node whose store does what it is asked for, once it is armed, and goes away without an answer or an entry.
type vanishing struct {
	*chat.MemoryNode
	behind *chat.MemoryNode
	armed  bool
}

// vanish does what is asked for behind the node's back.
func vanish[T any](v *vanishing, do func(*chat.MemoryNode) (T, error)) (answer T, err error) {
	if !v.armed {
		return do(v.MemoryNode)
	}
	v.armed = false
	v.Fail(errGone)
	if _, err := do(v.behind); err != nil {
		return answer, err
	}
	return answer, errGone
}

func (v *vanishing) PutSanctions(ctx context.Context, group string, c chat.SanctionChange) ([]chat.Sanction, error) {
	return vanish(v, func(n *chat.MemoryNode) ([]chat.Sanction, error) { return n.PutSanctions(ctx, group, c) })
}

func (v *vanishing) Tell(ctx context.Context, group string, told json.RawMessage) error {
	_, err := vanish(v, func(n *chat.MemoryNode) (struct{}, error) { return struct{}{}, n.Tell(ctx, group, told) })
	return err
}

func (v *vanishing) Withdraw(ctx context.Context, group string, w chat.Withdrawal) (chat.Withdrawn, error) {
	return vanish(v, func(n *chat.MemoryNode) (chat.Withdrawn, error) { return n.Withdraw(ctx, group, w) })
}

func (v *vanishing) PutSettings(ctx context.Context, group string, p chat.SettingsPatch) (chat.VersionedSettings, error) {
	return vanish(v, func(n *chat.MemoryNode) (chat.VersionedSettings, error) { return n.PutSettings(ctx, group, p) })
}

func (v *vanishing) PutProfile(ctx context.Context, group string, p chat.Profile) (uint64, error) {
	return vanish(v, func(n *chat.MemoryNode) (uint64, error) { return n.PutProfile(ctx, group, p) })
}

// moderations are what is noted in the journal, by the line of it.
var moderations = map[string]func(*chat.Service, context.Context) error{
	"mute viewer0 ": func(s *chat.Service, ctx context.Context) error {
		_, err := s.Mute(ctx, "demo", owner, "viewer0", time.Hour, "")
		return err
	},
	"ban viewer0 ": func(s *chat.Service, ctx context.Context) error {
		_, err := s.Ban(ctx, "demo", owner, chat.Ban{Users: []string{"viewer0"}, For: time.Hour})
		return err
	},
	"kick viewer0 ": func(s *chat.Service, ctx context.Context) error {
		return s.Kick(ctx, "demo", owner, []string{"viewer0"}, "")
	},
	"recall 1 recalled": func(s *chat.Service, ctx context.Context) error {
		return s.Recall(ctx, "demo", owner, 1, "")
	},
	"role viewer0 ": func(s *chat.Service, ctx context.Context) error {
		return s.SetRoles(ctx, "demo", owner, []string{"viewer0"}, chat.RoleAdmin)
	},
	"settings  ": func(s *chat.Service, ctx context.Context) error {
		on := true
		_, err := s.SetSettings(ctx, "demo", owner, chat.SettingsPatch{MuteAll: &on})
		return err
	},
}

// TestWhatHappenedWithoutAnAnswer is noted once all the same, and it is told who did it: at once if its entry came, else when
// it is found.
func TestWhatHappenedWithoutAnAnswer(t *testing.T) {
	for line, moderate := range moderations {
		t.Run(line+"found later", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory, journal := chat.NewMemory(), &acts{}
				store := &vanishing{MemoryNode: memory.Node(), behind: memory.Node()}
				s := start(t, chat.Config{Journal: journal}, store)
				create(t, s, "demo")
				join(t, s, "demo", "viewer0")
				send(t, s, "demo", "viewer0", "hi")
				store.armed = true
				if err := moderate(s, t.Context()); !errors.Is(err, chat.ErrUnavailable) {
					t.Fatalf("answered %v", err)
				}
				settle(20 * time.Second)
				if got := journal.lines(); len(got) != 0 {
					t.Errorf("noted before it was known: %q", got)
				}
				store.Fail(nil)
				settle(5 * time.Second)
				if got := journal.lines(); !slices.Equal(got, []string{line}) {
					t.Errorf("the journal has %q", got)
				}
			})
		})
		t.Run(line+"found at once", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory, journal := chat.NewMemory(), &acts{}
				store := memory.Node()
				s := start(t, chat.Config{Journal: journal}, store)
				create(t, s, "demo")
				join(t, s, "demo", "viewer0")
				send(t, s, "demo", "viewer0", "hi")
				store.LoseReplies(1)
				if err := moderate(s, t.Context()); err != nil {
					t.Errorf("answered %v", err)
				}
				if got := journal.lines(); !slices.Equal(got, []string{line}) {
					t.Errorf("the journal has %q", got)
				}
			})
		})
	}
}
