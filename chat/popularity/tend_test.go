package popularity

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// board keeps what groups were told.
type board struct {
	mu   sync.Mutex
	told map[string]int64
	gone map[string]bool
	away map[string]bool // groups that can't be told
	n    int
}

func (b *board) set(away map[string]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

func (b *board) publish(_ context.Context, group string, score int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone[group] {
		return ErrGone
	}
	if b.away[group] {
		return errAway
	}
	b.told[group] = score
	b.n++
	return nil
}

// since is how often groups were told since it was asked last.
func (b *board) since() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, b.n = b.n, 0
	return n
}

func (b *board) now() map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.told)
}

func TestGroupsAreToldTheirScoreIfItMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &board{told: map[string]int64{}, gone: map[string]bool{"late": true}}
		var online atomic.Int64
		online.Store(30)
		s := newService(t, Config{
			HalfLife: 10 * time.Minute, Weights: Weights{Minute: 1, Message: 100},
			Present: func(context.Context) ([]string, error) { return []string{"live"}, nil },
			Online:  func(string) int { return int(online.Load()) }, Publish: b.publish,
		}, NewMemory())
		run(t, func(func()) {
			s.Message("late") // a last message that came behind the news of its group's end
			s.Message("still")
			time.Sleep(61 * time.Second)
			// Thirty people for a minute less what is on its way, and hardly anything lost since.
			if got := b.now(); got["live"] < 20 || got["live"] > 30 || got["still"] < 93 || got["still"] > 100 {
				t.Errorf("told %v", got)
			}
			if all, _ := s.Scores(t.Context(), []string{"late"}); len(all) != 0 {
				t.Errorf("a group that is gone is still there: %v", all)
			}
			online.Store(0)
			b.since()
			time.Sleep(4 * time.Minute)
			if n := b.since(); n > 40 || n < 10 {
				t.Errorf("told %d times in four minutes: only what moved by 2%% should be", n)
			}
			time.Sleep(3 * time.Hour)
			if got := b.now(); got["live"] != 0 || got["still"] != 0 {
				t.Errorf("told %v in the end, want nothing", got)
			}
			if all, _ := s.Scores(t.Context(), []string{"live", "still"}); len(all) != 0 {
				t.Errorf("silent groups are still there: %v", all)
			}
		}, s.Run, s.Tend)
	})
}

// TestWhoTendsNextTellsWhatIsOver: a node that begins to tend does not know what groups were told by another.
func TestWhoTendsNextTellsWhatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &board{told: map[string]int64{}}
		store := NewMemory()
		cfg := Config{HalfLife: 10 * time.Second, Weights: Weights{Message: 10}, Publish: b.publish}
		first, second := newService(t, cfg, store), newService(t, cfg, store)
		run(t, func(func()) {
			first.Message("a")
			time.Sleep(15 * time.Second)
		}, first.Run, first.Tend)
		if b.now()["a"] == 0 {
			t.Fatal("nothing was told")
		}
		run(t, func(func()) { time.Sleep(3 * time.Minute) }, second.Tend)
		if got := b.now(); got["a"] != 0 {
			t.Errorf("told %v, want nothing in the end", got)
		}
	})
}

// TestAGroupThatCanNotBeToldKeepsNoOther: not those behind it, and not for ever itself.
func TestAGroupThatCanNotBeToldKeepsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &board{told: map[string]int64{}, away: map[string]bool{"first": true}}
		s := newService(t, Config{HalfLife: 10 * time.Second, Weights: Weights{Message: 100}, Publish: b.publish}, NewMemory())
		run(t, func(func()) {
			for range 3 {
				s.Message("first")
			}
			s.Message("second")
			time.Sleep(11 * time.Second)
			if got := b.now(); got["second"] == 0 {
				t.Errorf("told %v", got)
			}
			b.set(nil)
			time.Sleep(10 * time.Second)
			if got := b.now(); got["first"] == 0 {
				t.Errorf("told %v", got)
			}
			b.set(map[string]bool{"second": true})
			time.Sleep(5 * time.Minute) // until both are long swept
			b.set(nil)
			time.Sleep(10 * time.Second)
			if got := b.now(); got["first"] != 0 || got["second"] != 0 {
				t.Errorf("told %v in the end, want nothing", got)
			}
		}, s.Run, s.Tend)
	})
}

// TestASweptGroupIsToldThoughThatFailsAtFirst: who swept it did not know what it was told.
func TestASweptGroupIsToldThoughThatFailsAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, store := &board{told: map[string]int64{"a": 7}, away: map[string]bool{"a": true}}, NewMemory()
		s := newService(t, Config{HalfLife: 10 * time.Second, Publish: b.publish}, store)
		if err := store.Raise(t.Context(), s.board, []Mark{{"a", s.Floor() - 2*sweepLives, 0}}); err != nil {
			t.Fatal(err)
		}
		run(t, func(func()) {
			time.Sleep(25 * time.Second)
			b.set(nil)
			time.Sleep(10 * time.Second)
			if got := b.now(); got["a"] != 0 {
				t.Errorf("told %v, want nothing", got)
			}
		}, s.Tend)
	})
}
