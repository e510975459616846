package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat/level"
	"liveroom/chat/level/leveltest"
	"liveroom/internal/redistest"
)

func levelStep(maker string, number uint64, users ...string) level.Step {
	s := level.Step{Maker: maker, Number: number, Time: time.Now(), Rules: leveltest.Rules()}
	for _, user := range users {
		s.Deeds = append(s.Deeds, level.Deed{User: user, Earned: level.Amounts{level.Gifts: 10_000}})
	}
	return s
}

// TestAStepWhoseRepliesAreLost counts once however late it is asked again: longer than operations are remembered.
func TestAStepWhoseRepliesAreLost(t *testing.T) {
	s, rob := robbed(t)
	l, one := s.Levels(), levelStep("a", 1, "bob")
	rob(2) // that of the change, and of its repetition
	if _, err := l.Take(t.Context(), one); !errors.Is(err, ErrAway) {
		t.Fatalf("both replies were lost, but: %v", err)
	}
	for iter := s.rdb.Scan(t.Context(), 0, s.cfg.Prefix+"{lr}:op:*", 100).Iterator(); iter.Next(t.Context()); { // as time does
		if err := s.rdb.Del(t.Context(), iter.Val()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	changes, err := l.Take(t.Context(), one)
	if err != nil || len(changes) != 1 || changes[0].Level != 1 {
		t.Errorf("asked again: %+v, %v", changes, err)
	}
	if all, err := l.Records(t.Context(), []string{"bob"}); err != nil || all[0].Earned[level.Gifts] != 10_000 {
		t.Errorf("stored %+v, %v", all, err)
	}
	if ttl, err := s.rdb.TTL(t.Context(), l.from("a")).Result(); err != nil || ttl > level.FenceAge || ttl < level.FenceAge-time.Hour {
		t.Errorf("how far the maker has come is known for %s, %v", ttl, err)
	}
}

// levelsHeard is a level.Listener that keeps what it hears.
type levelsHeard struct {
	mu     sync.Mutex
	users  []string
	missed int
}

func (h *levelsHeard) Changed(changes []level.Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range changes {
		h.users = append(h.users, c.User)
	}
}

func (h *levelsHeard) Missed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.missed++
}

func (h *levelsHeard) is(missed int, users ...string) func() bool {
	return func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.missed == missed && slices.Equal(h.users, users)
	}
}

// TestNewLevelsOverABrokenConnection: who was cut off is told that something was missed, and hears what comes then.
func TestNewLevelsOverABrokenConnection(t *testing.T) {
	t.Parallel()
	server, prefix := redistest.Shared(t), openPrefix(t)
	proxy := redistest.Through(t, server.Addr)
	near, far := openAgain(t, server.URL(), prefix).Levels(), openAgain(t, proxy.URL(), prefix).Levels()
	h := &levelsHeard{}
	inBackground(t, func(ctx context.Context) { _ = far.Follow(ctx, "b", h) })
	take := func(number uint64, user string) {
		t.Helper()
		if _, err := near.Take(t.Context(), levelStep("a", number, user)); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, "it follows", h.is(1))
	take(1, "u1")
	wait(t, "a change is heard", h.is(1, "u1"))
	proxy.Cut()
	take(2, "u2")
	proxy.Heal()
	wait(t, "what was missed is known to be", h.is(2, "u1"))
	take(3, "u3")
	wait(t, "what comes then is heard", h.is(2, "u1", "u3"))
}

// TestALevelThatCantBeRead holds up nobody for ever: it is told apart from a store that is away.
func TestALevelThatCantBeRead(t *testing.T) {
	s := open(t, redistest.Shared(t).URL())
	l := s.Levels()
	if err := s.rdb.HSet(t.Context(), l.all, "bob", "{").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Take(t.Context(), levelStep("a", 1, "ann", "bob")); !errors.Is(err, level.ErrBroken) || errors.Is(err, ErrAway) {
		t.Errorf("a step: %v", err)
	}
	if _, err := l.Records(t.Context(), []string{"bob"}); !errors.Is(err, level.ErrBroken) {
		t.Errorf("records: %v", err)
	}
}

func BenchmarkLevelStep(b *testing.B) {
	s := open(b, redistest.Shared(b).URL())
	l := s.Levels()
	users := make([]string, level.MaxDeeds)
	for i := range users {
		users[i] = fmt.Sprint("viewer", i)
	}
	before := s.Stats().Answered
	n := uint64(0)
	for b.Loop() {
		n++
		if _, err := l.Take(b.Context(), levelStep("a", n, users...)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(s.Stats().Answered-before)/float64(n), "commands/step")
}
