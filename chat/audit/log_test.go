package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/audit"
)

// store is a memory store that is slow, or fails, as told.
type store struct {
	*audit.Memory
	mu     sync.Mutex
	takes  time.Duration
	err    error
	writes int
}

func (s *store) AppendActs(ctx context.Context, entries []audit.Entry) error {
	s.mu.Lock()
	takes, err := s.takes, s.err
	s.writes++
	s.mu.Unlock()
	time.Sleep(takes)
	if err != nil {
		return err
	}
	return s.Memory.AppendActs(ctx, entries)
}

func (s *store) set(takes time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takes, s.err = takes, err
}

// start runs a log; stop ends it and returns what Run said.
func start(t *testing.T, cfg audit.Config, s audit.Store) (l *audit.Log, said *bytes.Buffer, stop func() error) {
	t.Helper()
	said = &bytes.Buffer{}
	l, err := audit.New(cfg, s, slog.New(slog.NewTextHandler(said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return l, said, stop
}

func act(target string) chat.Act {
	return chat.Act{Time: time.Now(), By: chat.Identity{User: "olga"}, Group: "tea", Action: "mute", Target: target}
}

func targets(t *testing.T, s audit.Store) string {
	t.Helper()
	p, err := s.Acts(t.Context(), audit.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range p.Entries {
		out = append([]string{e.Target}, out...)
	}
	return strings.Join(out, " ")
}

// TestWhatWasAnsweredIsKept: after Settle an act is in the store, in order, and a storm costs few writes.
func TestWhatWasAnsweredIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{Memory: audit.NewMemory(), takes: 10 * time.Millisecond}
		l, _, _ := start(t, audit.Config{}, s)
		begin := time.Now()
		l.Record(act("1"), act("2"))
		if took := time.Since(begin); took != 0 {
			t.Errorf("Record took %v", took)
		}
		l.Settle(t.Context())
		if got := targets(t, s); got != "1 2" {
			t.Errorf("kept %q", got)
		}
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				l.Record(act(fmt.Sprint("x", i)))
				l.Settle(t.Context())
				if got := targets(t, s); !strings.Contains(got+" ", fmt.Sprint("x", i, " ")) {
					t.Errorf("x%d is answered and not kept", i)
				}
			})
		}
		wg.Wait()
		if s.writes > 4 || time.Since(begin) > 50*time.Millisecond {
			t.Errorf("%d writes in %v", s.writes, time.Since(begin))
		}
		if st := l.Stats(); st != (audit.Stats{Recorded: 102}) {
			t.Errorf("%+v", st)
		}
	})
}

// TestStoreThatFails: acts wait and are written when the store is back; nobody waits for ever.
func TestStoreThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{Memory: audit.NewMemory(), err: errors.New("disk full")}
		l, said, _ := start(t, audit.Config{Queue: 3}, s)
		begin := time.Now()
		l.Record(act("1"))
		l.Settle(t.Context())
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("settled after %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		l.Settle(ctx)
		if took := time.Since(begin); took > 2100*time.Millisecond {
			t.Errorf("waited for %v though the caller is gone", took)
		}
		l.Record(act("2"), act("3"), act("4"), act("5"))
		l.Record(act("6"))
		if st := l.Stats(); st.Waiting != 3 || st.Lost != 3 || st.Recorded != 0 || st.Failures == 0 {
			t.Errorf("%+v", st)
		}
		if n := strings.Count(said.String(), "acts are missing"); n != 1 {
			t.Errorf("the loss was said %d times:\n%s", n, said)
		}
		if n := strings.Count(said.String(), "will retry"); n != 1 {
			t.Errorf("the failure was said %d times:\n%s", n, said)
		}
		s.set(0, nil)
		l.Settle(t.Context())
		if got := targets(t, s); got != "1 2 3" {
			t.Errorf("kept %q", got)
		}
		l.Record(act("7"))
		l.Settle(t.Context())
		if got := targets(t, s); got != "1 2 3 7" {
			t.Errorf("kept %q", got)
		}
	})
}

func TestSettingsOutOfBoundsAreNamed(t *testing.T) {
	for want, cfg := range map[string]audit.Config{
		"Age is -1ns":        {Age: -1},
		"Entries is -2":      {Entries: -2},
		"Queue is -3":        {Queue: -3},
		"SettleTimeout is -": {SettleTimeout: -1},
		"RetryAfter is -1s":  {RetryAfter: -time.Second},
	} {
		if _, err := audit.New(cfg, audit.NewMemory(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

// TestStopWritesTheRest: also what the store refused a moment ago; what it refuses still is told.
func TestStopWritesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{Memory: audit.NewMemory(), takes: time.Second}
		l, _, stop := start(t, audit.Config{}, s)
		for i := range 2500 {
			l.Record(act(fmt.Sprint(i)))
		}
		synctest.Wait()
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
		if st := l.Stats(); st.Recorded != 2500 || st.Waiting != 0 {
			t.Errorf("%+v", st)
		}
		s = &store{Memory: audit.NewMemory(), err: errors.New("disk full")}
		l, _, stop = start(t, audit.Config{}, s)
		l.Record(act("1"))
		synctest.Wait()
		if err := stop(); err == nil || !strings.Contains(err.Error(), "1 acts are lost") {
			t.Errorf("Run returned %v", err)
		}
	})
}

// TestEntriesAreClean: addresses are the networks that identities carry, values have bounds and are text, and of an
// identity only the account is kept.
func TestEntriesAreClean(t *testing.T) {
	s := audit.NewMemory()
	l, _, _ := start(t, audit.Config{}, s)
	details := map[string]string{"long": strings.Repeat("語", 1000), "bad": "a\xffb", "none": ""}
	for i := range 60 {
		details[fmt.Sprint("more", i)] = "x"
	}
	who := chat.Identity{User: "olga", Nick: "Olga", Avatar: "https://x/secret", Platform: "Web", Watch: "secret", Addr: netip.MustParseAddr("2001:db8:1:2::3")}
	l.Record(
		chat.Act{Time: time.Now(), By: who, Group: "tea", Action: "ban", Target: "vera", Detail: details},
		chat.Act{Time: time.Now(), By: chat.Identity{User: "adam", Addr: netip.MustParseAddr("203.0.113.7")}, Action: "ban", Target: strings.Repeat("v", 2000)},
	)
	l.Settle(t.Context())
	p, err := l.Acts(t.Context(), audit.Query{Limit: 2})
	if err != nil || len(p.Entries) != 2 {
		t.Fatalf("%+v, %v", p, err)
	}
	adam, olga := p.Entries[0], p.Entries[1]
	if olga.Address != "2001:db8:1:2::/64" || adam.Address != "203.0.113.7" || olga.By != "olga" || olga.Platform != "Web" || olga.Group != "tea" {
		t.Errorf("%+v, %+v", olga, adam)
	}
	if n := len(olga.Detail["long"]); n > 1003 || n < 900 || olga.Detail["bad"] != "a\uFFFDb" || len(olga.Detail) != 40 || len(adam.Target) > 1003 {
		t.Errorf("%d bytes, %q, %d details, target of %d", n, olga.Detail["bad"], len(olga.Detail), len(adam.Target))
	}
	if _, ok := olga.Detail["none"]; ok || strings.Contains(fmt.Sprint(olga), "secret") {
		t.Errorf("%+v", olga)
	}
}

func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := audit.NewMemory()
		l, _, _ := start(t, audit.Config{Age: time.Hour, Entries: 3000}, s)
		for range 5 {
			for range 1000 {
				l.Record(act("old"))
			}
			l.Settle(t.Context())
		}
		if err := l.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p, err := l.Acts(t.Context(), audit.Query{Limit: 10_000}); err != nil || len(p.Entries) != 3000 {
			t.Errorf("%d entries, %v", len(p.Entries), err)
		}
		time.Sleep(time.Hour)
		l.Record(act("new"))
		l.Settle(t.Context())
		time.Sleep(time.Millisecond)
		if err := l.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := targets(t, s); got != "new" {
			t.Errorf("left %q", got)
		}
	})
}

// forgetful is a store that writes and then says it failed, and knows an operation that comes again.
type forgetful struct {
	*audit.Memory
	mu   sync.Mutex
	lose int
	done map[string]int // by operation: how many entries
}

func (s *forgetful) AppendActs(ctx context.Context, entries []audit.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	op := chat.Operation(ctx)
	if n, again := s.done[op]; again && n != len(entries) {
		return fmt.Errorf("operation %s had %d entries, and now has %d", op, n, len(entries))
	} else if !again {
		s.done[op] = len(entries)
		if err := s.Memory.AppendActs(ctx, entries); err != nil {
			return err
		}
	}
	if s.lose > 0 {
		s.lose--
		return errors.New("the answer is lost")
	}
	return nil
}

// TestALostAnswerDoublesNothing: acts are in the log once, also when more of them came before they could be written again.
func TestALostAnswerDoublesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &forgetful{Memory: audit.NewMemory(), lose: 2, done: map[string]int{}}
		l, _, stop := start(t, audit.Config{}, s)
		for i := range 3 {
			l.Record(chat.Act{Time: time.Now(), By: chat.Identity{User: "olga"}, Action: "mute", Target: fmt.Sprint(i)})
			synctest.Wait()
		}
		l.Settle(t.Context())
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		p, err := s.Acts(t.Context(), audit.Query{Limit: 10})
		var targets []string
		for _, e := range p.Entries {
			targets = append(targets, e.Target)
		}
		if err != nil || strings.Join(targets, " ") != "2 1 0" || len(s.done) != 2 {
			t.Errorf("%v in %d operations, %v", targets, len(s.done), err)
		}
	})
}
