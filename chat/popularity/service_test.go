package popularity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// faulty is a Store whose next operations fail: before they did anything, or after.
type faulty struct {
	*Memory
	mu     sync.Mutex
	before int
	raises int
}

var errAway = errors.New("away")

func (f *faulty) Raise(ctx context.Context, board string, events []Mark) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.raises++
	if f.before > 0 {
		f.before--
		return errAway
	}
	return f.Memory.Raise(ctx, board, events)
}

// writes is how many there were.
func (f *faulty) writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.raises
}

func newService(t *testing.T, cfg Config, store Store) *Service {
	t.Helper()
	s, err := New(cfg, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run lets f run beside the services' loops, which it ends afterwards.
func run(t *testing.T, f func(stop func()), loops ...func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, loop := range loops {
		wg.Go(func() { _ = loop(ctx) })
	}
	stop := func() { cancel(); wg.Wait() }
	defer stop()
	f(stop)
}

func ranking(t *testing.T, s *Service) (groups []string) {
	t.Helper()
	all, err := s.Top(t.Context(), First(), s.Floor(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		groups = append(groups, fmt.Sprint(one.Group, " ", math.Round(one.Score*100)/100))
	}
	return groups
}

func TestWhatHappensCountsByItsWeightAndHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faulty{Memory: NewMemory()}
		s := newService(t, Config{HalfLife: time.Minute, Weights: Weights{Message: 1, Like: 0.5, Gift: 2, Join: 3}}, store)
		run(t, func(func()) {
			s.Message("a")
			s.Message("a")
			s.Like("b", 10)
			s.Gift("c", 1250)
			s.Join("d")
			s.Gift("e", 0)
			s.Like("e", -1)
			time.Sleep(1500 * time.Millisecond)
			if n := store.writes(); n != 1 {
				t.Errorf("%d writes, want one for all", n)
			}
			time.Sleep(time.Minute - 1500*time.Millisecond)
			if got, want := ranking(t, s), []string{"c 12.5", "b 2.5", "d 1.5", "a 1"}; !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			time.Sleep(time.Minute)
			s.Message("a")
			time.Sleep(1100 * time.Millisecond)
			if got, want := ranking(t, s)[1:], []string{"a 1.48", "b 1.23", "d 0.74"}; !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}, s.Run)
	})
}

func TestTheLastSecondIsWrittenAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Config{}, NewMemory())
		run(t, func(stop func()) {
			s.Message("a")
			stop()
			if got := ranking(t, s); len(got) != 1 {
				t.Errorf("%q, want a", got)
			}
		}, s.Run)
	})
}

func TestWhatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faulty{Memory: NewMemory(), before: 4}
		s := newService(t, Config{Weights: Weights{Message: 1}, HalfLife: time.Hour}, store)
		run(t, func(func()) {
			for range 3 {
				s.Message("a")
				time.Sleep(time.Second)
			}
			time.Sleep(3500 * time.Millisecond)
			all, err := s.Scores(t.Context(), []string{"a"})
			if err != nil || math.Abs(all["a"].Score-3) > 0.01 || s.Stats().Lost != 0 {
				t.Errorf("%+v, %v, %d lost; want all three", all, err, s.Stats().Lost)
			}
			store.mu.Lock()
			store.before = 1000 // for longer than an operation is recognised
			store.mu.Unlock()
			s.Message("b")
			time.Sleep(20 * time.Second)
			if st := s.Stats(); st.Lost != 1 {
				t.Errorf("%d lost, want one", st.Lost)
			}
			store.mu.Lock()
			store.before = 0
			store.mu.Unlock()
			s.Message("c")
			time.Sleep(2 * time.Second)
			if all, _ := s.Scores(t.Context(), []string{"b", "c"}); len(all) != 1 || all["c"].Group != "c" {
				t.Errorf("%+v, want only c", all)
			}
		}, s.Run)
	})
}

func TestAGroupThatEndedLeavesTheRanking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Config{}, NewMemory())
		run(t, func(func()) {
			s.Message("a")
			s.Message("b")
			time.Sleep(1500 * time.Millisecond)
			s.Message("a")
			s.Gone("a")
			s.Message("a")
			time.Sleep(time.Second)
			if got := ranking(t, s); len(got) != 1 {
				t.Errorf("%q, want only b", got)
			}
		}, s.Run)
	})
}

func TestMoreThanBeforeIsRising(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Config{HalfLife: 10 * time.Minute, Weights: Weights{Message: 1}}, NewMemory())
		rising := func() bool {
			t.Helper()
			all, err := s.Scores(t.Context(), []string{"a"})
			if err != nil {
				t.Fatal(err)
			}
			return all["a"].Rising
		}
		run(t, func(func()) {
			for range 3600 { // an hour, one a second
				s.Message("a")
				time.Sleep(time.Second)
			}
			if rising() {
				t.Error("what stays the same is not rising")
			}
			for range 120 {
				for range 4 {
					s.Message("a")
				}
				time.Sleep(time.Second)
			}
			if !rising() {
				t.Error("two minutes of four times as much is rising")
			}
			time.Sleep(10 * time.Minute)
			if rising() {
				t.Error("silence is not rising")
			}
		}, s.Run)
	})
}

func TestTheCommonClockIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{HalfLife: time.Minute, Weights: Weights{Message: 8}, Now: func(context.Context) (time.Time, error) { return time.Now().Add(time.Hour), nil }}
		s := newService(t, cfg, NewMemory())
		run(t, func(func()) {
			synctest.Wait()
			s.Message("a")
			time.Sleep(1100 * time.Millisecond)
			m, err := s.store.Marks(t.Context(), s.board, []string{"a"})
			if err != nil {
				t.Fatal(err)
			}
			if got := s.slow.Score(m["a"].Slow, time.Now().Add(time.Hour)); math.Abs(got-8) > 0.2 {
				t.Errorf("score %v an hour ahead, want about 8", got)
			}
		}, s.Run)
	})
}

func TestMoreGroupsThanFitAreCounted(t *testing.T) {
	s := newService(t, Config{}, NewMemory())
	for i := range maxPending + 3 {
		s.Message(fmt.Sprint("g", i))
	}
	s.Gone("g0")
	s.Gone("another")
	if st := s.Stats(); st.Pending != maxPending || st.Lost != 4 {
		t.Errorf("%+v", st)
	}
	steps := s.take()
	n := 0
	for _, c := range steps {
		n += len(c.marks)
		if len(c.marks) > writeChunk {
			t.Errorf("a step of %d", len(c.marks))
		}
	}
	if n != maxPending-1 {
		t.Errorf("%d written", n)
	}
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	for _, cfg := range []Config{
		{HalfLife: time.Second},
		{HalfLife: 721 * time.Hour},
		{Weights: Weights{Like: -1}},
		{Weights: Weights{Gift: math.NaN()}},
		{Weights: Weights{Minute: 2e6}},
	} {
		if _, err := New(cfg, NewMemory(), slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	s, _ := New(Config{}, NewMemory(), slog.New(slog.DiscardHandler))
	b.ReportAllocs()
	for b.Loop() {
		s.Message("a")
	}
}
