package boltstore

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
)

// giftCrashFile tells the child of TestGiftsSurviveKill which file to write.
const giftCrashFile = "LIVEROOM_TEST_GIFT_CRASH_FILE"

// TestGiftsAfterACrashAtAnyStep: the file as it is between any two steps is one to go on from.
func TestGiftsAfterACrashAtAnyStep(t *testing.T) {
	dir, n := t.TempDir(), 0
	var s *Store
	open := func(path string) gift.Store {
		var err error
		if s, err = Open(path, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		s.db.MaxBatchDelay, s.db.NoSync = 0, true
		return s.Gifts()
	}
	first := open(filepath.Join(dir, "0.db"))
	t.Cleanup(func() { _ = s.Close() })
	gifttest.Property(t, first, func() gift.Store { // as kill -9 leaves it: copied while it is open
		data, err := os.ReadFile(s.db.Path())
		if err != nil {
			t.Fatal(err)
		}
		old := s
		n++
		path := filepath.Join(dir, fmt.Sprint(n, ".db"))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(old.db.Path())
		defer old.Close()
		return open(path)
	})
}

// TestGiftsCrashChild is the process that gets killed. On its own it only makes sure that it is not meant.
func TestGiftsCrashChild(t *testing.T) {
	path := os.Getenv(giftCrashFile)
	if path == "" {
		return
	}
	s, err := Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	g, ctx := s.Gifts(), context.Background()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; ; i++ { // until killed; every line is an answer somebody got
		at := gifttest.Start.Add(time.Duration(i) * 100 * time.Millisecond)
		o := gifttest.Order("g", fmt.Sprint("u", i%3), fmt.Sprint(i))
		o.Combo = []string{"", "c"}[i%2]
		_, _, err := g.Place(ctx, o, at.Add(time.Second))
		check(err)
		fmt.Println("placed", o.Key())
		v := gifttest.Accept
		if i%5 == 0 {
			v = gifttest.Refuse
		}
		_, _, err = g.Settle(ctx, "g", o.Key(), v, at, gifttest.Merge)
		check(err)
		fmt.Println(v.State, o.Key())
		bill := gifttest.Billed(o, at)
		_, _, err = g.Record(ctx, bill, gifttest.Merge)
		check(err)
		fmt.Println(gift.Accepted, bill.Key())
		if i%7 == 0 {
			_, err = g.EndCombos(ctx, "g", at.Add(time.Minute), 100, gifttest.Merge)
			check(err)
		}
	}
}

// TestGiftsSurviveKill: what was answered is there after kill -9, and ledger, totals and what is to be shown agree.
func TestGiftsSurviveKill(t *testing.T) {
	for _, lines := range []int{1, 2, 60} {
		path := filepath.Join(t.TempDir(), "liveroom.db")
		answered := killGiftChild(t, path, lines)
		s, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		g, ctx := s.Gifts(), t.Context()
		for key, state := range answered {
			o, err := g.Order(ctx, "g", key)
			if err != nil || state != "placed" && string(o.State) != state {
				t.Errorf("after %d lines: %s is %+v, %v; answered was %s", lines, key, o, err, state)
			}
		}
		if _, err := g.EndCombos(ctx, "g", gifttest.Start.Add(time.Hour), 100, gifttest.Merge); err != nil {
			t.Fatal(err)
		}
		accepted, sum, senders := map[string]gift.Order{}, gift.Totals{}, map[string]bool{}
		for _, e := range gifttest.All(t, g, gift.Query{Group: "g", Limit: 100}) {
			accepted[e.Key()] = e.Order
			sum = sum.Add(e.Order, !senders[e.From])
			senders[e.From] = true
		}
		if totals, err := g.Totals(ctx, "g", gift.All); err != nil || totals != sum {
			t.Errorf("after %d lines: totals %+v, %v; the ledger says %+v", lines, totals, err, sum)
		}
		gifttest.CheckShown(t, accepted, gifttest.Shown(t, g, "g"))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killGiftChild runs the child until it has answered so many times, kills it, and returns the newest answer of each order.
func killGiftChild(t *testing.T, path string, lines int) map[string]string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestGiftsCrashChild$")
	cmd.Env = append(os.Environ(), giftCrashFile+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	answers, n := map[string]string{}, 0
	for in := bufio.NewScanner(out); in.Scan(); {
		state, key, ok := strings.Cut(in.Text(), " ")
		if !ok {
			t.Fatalf("child said %q", in.Text())
		}
		answers[key] = state
		if n++; n == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return answers
}
