package chat_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func TestFactsOfGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, facts := observed(t, chat.Config{})
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.Create(ctx, chat.Group{ID: "demo", Room: "demo", Owner: "owner"})) // is there
		name, notice, introduction, avatar := "New", "Hi", "About", "https://example.com/a.png"
		owner := named("owner")
		patch := chat.GroupPatch{Name: &name, Notice: &notice, Fields: map[string]string{"a": "b"}, Settings: chat.SettingsPatch{Introduction: &introduction, Avatar: &avatar}}
		must(s.Change(ctx, "demo", owner, patch))
		facts.told(t, `owner changed name "New"`, `owner changed notice "Hi"`, `owner changed introduction "About" avatar "https://example.com/a.png"`)
		must(s.Change(ctx, "demo", owner, patch)) // nothing is new
		yes := true
		must(s.Change(ctx, "demo", owner, chat.GroupPatch{Settings: chat.SettingsPatch{MuteAll: &yes}}))
		must(s.ApplyStatus(ctx, status("demo", 1)))
		facts.told(t)

		must(s.SetRole(ctx, "demo", owner, "alice", chat.RoleAdmin))
		must(s.SetRole(ctx, "demo", owner, "alice", chat.RoleAdmin))
		must(s.SetProfile(ctx, "demo", chat.Profile{Name: "Newer", Owner: "owner", Admins: []string{"bob"}}))
		facts.told(t, "owner made alice Admin", `administrator changed name "Newer"`, "administrator made alice Member", "administrator made bob Admin")
		must(s.SetOwner(chat.ActingAs(ctx, owner), "demo", "Newest", "owner"))
		must(s.SetNotice(chat.ActingAs(ctx, owner), "demo", admin, "Ho"))
		facts.told(t, `owner changed name "Newest"`, `owner changed notice "Ho"`)

		write := func(op chat.AttributeOp, set map[string]string, keys ...string) {
			_, err := s.WriteAttributes(ctx, "demo", owner, chat.AttributeChange{Op: op, Set: set, Keys: keys})
			must(err)
		}
		write(chat.SetAttribute, map[string]string{"a": "1", "b": "2"})
		write(chat.ReplaceAttribute, map[string]string{"b": "3", "c": "4"})
		write(chat.DeleteAttribute, nil, "c")
		write(chat.ClearAttribute, nil)
		facts.told(t, "owner wrote 1 map[a:1 b:2] []", "owner wrote 2 map[b:3 c:4] [a]", "owner wrote 3 map[] [c]", "owner wrote 4 map[] [b]")
		if _, err := s.WriteAttributes(ctx, "demo", named("eve"), chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"a": "1"}}); err == nil {
			t.Error("eve may write")
		}

		send(t, s, "demo", "owner", "one")
		send(t, s, "demo", "owner", "two")
		facts.take()
		must(s.Recall(ctx, "demo", owner, 2, ""))
		must(s.Recall(ctx, "demo", owner, 2, ""))
		must(s.Verdict(ctx, "demo", admin, 3, true, ""))
		facts.told(t, "owner withdrew [2] [one] recalled", "administrator withdrew [3] [two] blocked")

		join(t, s, "demo", "bob")
		facts.take()
		must(s.Disband(ctx, "demo", owner))
		facts.told(t, `owner dismissed demo "Newest" of owner`)
		must(s.Create(ctx, chat.Group{ID: "demo", Room: "demo", Owner: "owner", Name: "Again", Fields: map[string]string{"a": "b"}}))
		must(s.Dismiss(ctx, "demo"))
		time.Sleep(time.Hour)
		facts.told(t, `administrator made demo "Again" map[a:b]`, `administrator dismissed demo "Again" of owner`)
	})
}

// TestFoundIsOneFact: whatever the draft says, and the Gate is asked before.
func TestFoundIsOneFact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := error(&chat.Error{Code: 10016, Name: "refused_by_backend"})
		g := &gate{found: func(chat.GroupDraft) error { return refusal }}
		var facts recorder
		var s *chat.Service
		s = start(t, chat.Config{
			Gate: g, Observer: &facts, MembersFound: true,
			Found: func(ctx context.Context, d chat.GroupDraft) (string, error) {
				return d.ID, s.Create(ctx, chat.Group{ID: d.ID, Room: d.ID, Owner: d.Owner, Name: d.Name, Notice: d.Notice})
			},
		}, chat.NewMemory())
		d := chat.GroupDraft{ID: "tea", Name: "Tea", Introduction: "About", Fields: map[string]string{"a": "b"}}
		if _, err := s.Found(t.Context(), on("alice", chat.PlatformIOS, ""), d); !errors.Is(err, refusal) {
			t.Errorf("got %v", err)
		}
		refusal = nil
		if _, err := s.Found(t.Context(), on("alice", chat.PlatformIOS, ""), d); err != nil {
			t.Fatal(err)
		}
		g.asks(t, "found Tea", "found Tea")
		if facts.settled == 0 {
			t.Error("the answer did not wait until the fact is kept")
		}
		all := facts.take()
		if len(all) != 1 || shortly(all[0]) != `alice made tea "Tea" map[a:b]` || all[0].Occasioned().By.Platform != chat.PlatformIOS {
			t.Errorf("%v", all)
		}
	})
}

// TestAnswersWaitForFacts: whoever changes something is answered when who is told of it has it; who speaks is not.
func TestAnswersWaitForFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, facts := observed(t, chat.Config{})
		owner := named("owner")
		for _, tc := range []struct {
			name string
			do   func(ctx context.Context) error
			want bool
		}{
			{"join", func(ctx context.Context) error {
				_, err := s.Join(ctx, "demo", named("alice"), newSession("a"), nil)
				return err
			}, true},
			{"send", func(ctx context.Context) error {
				_, err := s.Send(ctx, chat.Message{Group: "demo", Body: text("hi")}, named("alice"))
				return err
			}, false},
			{"attributes", func(ctx context.Context) error {
				return s.SetAttributes(ctx, "demo", owner, map[string]string{"a": "1"})
			}, true},
			{"notice", func(ctx context.Context) error { return s.SetNotice(ctx, "demo", owner, "Hi") }, true},
			{"role", func(ctx context.Context) error { return s.SetRole(ctx, "demo", owner, "bob", chat.RoleAdmin) }, true},
			{"recall", func(ctx context.Context) error { return s.Recall(ctx, "demo", owner, 1, "") }, true},
			{"kick", func(ctx context.Context) error { return s.Kick(ctx, "demo", owner, []string{"alice"}, "") }, true},
			{"mute", func(ctx context.Context) error {
				_, err := s.Mute(ctx, "demo", owner, "alice", time.Hour, "")
				return err
			}, false},
			{"disband", func(ctx context.Context) error { return s.Disband(ctx, "demo", owner) }, true},
		} {
			facts.settled = 0
			if err := tc.do(t.Context()); err != nil {
				t.Fatal(tc.name, err)
			}
			if (facts.settled > 0) != tc.want {
				t.Errorf("%s settled %d times", tc.name, facts.settled)
			}
		}
	})
}

// hesitant is a store that answers a second after it has made or deleted a group, and takes half of one to load one.
type hesitant struct{ *chat.Memory }

func (s hesitant) LoadGroup(ctx context.Context, group string) (chat.GroupState, error) {
	time.Sleep(time.Second / 2)
	return s.Memory.LoadGroup(ctx, group)
}

func (s hesitant) CreateGroup(ctx context.Context, g chat.Group) (chat.Group, bool, error) {
	defer time.Sleep(time.Second)
	return s.Memory.CreateGroup(ctx, g)
}

func (s hesitant) DeleteGroup(ctx context.Context, group string) error {
	defer time.Sleep(time.Second)
	return s.Memory.DeleteGroup(ctx, group)
}

// TestGroupsBeginAndEndInOrder: whoever comes while a group is made, or made anew while it is dismissed, comes after that.
func TestGroupsBeginAndEndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var facts recorder
		s := start(t, chat.Config{Observer: &facts}, hesitant{chat.NewMemory()})
		time.Sleep(2 * time.Minute)
		var wg sync.WaitGroup
		wg.Go(func() { create(t, s, "demo") })
		synctest.Wait()
		join(t, s, "demo", "alice")
		wg.Wait()
		wg.Go(func() {
			if err := s.Dismiss(t.Context(), "demo"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		create(t, s, "demo")
		join(t, s, "demo", "alice")
		wg.Wait()
		facts.told(t, `administrator made demo "A room" map[]`, "alice came", "[alice] online true: Join", `administrator dismissed demo "A room" of owner`,
			`administrator made demo "A room" map[]`, "alice came", "[alice] online true: Join")
	})
}

// TestNobodyComesBeforeTheGroup: also who asked for it a moment before it was made.
func TestNobodyComesBeforeTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var facts recorder
		s := start(t, chat.Config{Observer: &facts}, hesitant{chat.NewMemory()})
		var wg sync.WaitGroup
		wg.Go(func() { join(t, s, "demo", "alice") })
		synctest.Wait()
		wg.Go(func() { create(t, s, "demo") })
		wg.Wait()
		facts.told(t, `administrator made demo "A room" map[]`, "alice came", "[alice] online true: Join")
	})
}

// TestNothingIsToldOfAGroupThatIsGone: not of messages either that were decided about meanwhile, while somebody looks for it.
func TestNothingIsToldOfAGroupThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, refused := range []bool{true, false} {
			g := &gate{message: func(context.Context, *chat.Message, chat.Identity) (chat.Ruling, error) {
				time.Sleep(5 * time.Second)
				if refused {
					return chat.Ruling{}, &chat.Error{Code: 10123, Name: "refused_by_backend"}
				}
				return chat.Ruling{}, nil
			}}
			var facts recorder
			s := start(t, chat.Config{Gate: g, Observer: &facts}, hesitant{chat.NewMemory()})
			create(t, s, "demo")
			join(t, s, "demo", "alice")
			sent := later(t, s, "alice", "hi")
			if err := s.Dismiss(t.Context(), "demo"); err != nil {
				t.Fatal(err)
			}
			facts.take()
			time.Sleep(4*time.Second - time.Second/4) // hi is decided about while the store is asked for the group
			if _, err := s.Group(t.Context(), "demo"); !errors.Is(err, chat.ErrNoGroup) {
				t.Error(err)
			}
			if err := <-sent; err == nil {
				t.Error("sent to nobody")
			}
			facts.told(t)
		}
	})
}
