package boltstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/web/callback/delivery"
	"liveroom/web/callback/delivery/deliverytest"
)

func openCallbacksTest(t testing.TB, path string) *Callbacks {
	t.Helper()
	c, err := OpenCallbacks(path, discard())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c
}

func TestCallbacks(t *testing.T) {
	deliverytest.Store(t, func(t *testing.T) delivery.Store {
		return openCallbacksTest(t, filepath.Join(t.TempDir(), "callbacks.db"))
	})
}

func TestCallbacksFileErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callbacks.db")
	c := openCallbacksTest(t, path)
	if _, err := OpenCallbacks(path, discard()); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("second opener: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	k := delivery.Key{Endpoint: "e", Room: "a", Class: delivery.Talk}
	if err := c.Commit(t.Context(), delivery.Change{Queues: []delivery.QueueChange{deliverytest.Change(k, 1, 3, 2)}}); err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func([]byte) []byte{
		"cut": func(b []byte) []byte { return b[:len(b)-1] },
		"too long": func(b []byte) []byte {
			return append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, b...)
		},
		"no JSON": func([]byte) []byte { return []byte{1, '{', 0} },
	} {
		var whole []byte
		change := func(f func([]byte) []byte) {
			err := c.s.db.Update(func(tx *bolt.Tx) error {
				b := tx.Bucket(bucketItems)
				key, v := b.Cursor().First()
				whole = append([]byte(nil), v...)
				return b.Put(key, f(append([]byte(nil), v...)))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		change(damage)
		undamaged := whole
		if items, err := c.Items(t.Context(), k, 0, 10, 1<<20); !errors.Is(err, delivery.ErrDamaged) {
			t.Errorf("%s: %v, %v", name, items, err)
		}
		change(func([]byte) []byte { return undamaged })
	}
}

// TestCallbacksLeaveNothing: blocks go when all of their items are gone, and with their queue or endpoint.
func TestCallbacksLeaveNothing(t *testing.T) {
	c := openCallbacksTest(t, filepath.Join(t.TempDir(), "callbacks.db"))
	a, b := delivery.Key{Endpoint: "e", Room: "a", Class: delivery.Talk}, delivery.Key{Endpoint: "f", Room: "b", Class: delivery.People}
	blocks := func() (n int) {
		err := c.s.db.View(func(tx *bolt.Tx) error { n = tx.Bucket(bucketItems).Stats().KeyN; return nil })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, step := range []struct {
		change delivery.Change
		want   int // blocks, of up to 64 items
	}{
		{delivery.Change{Queues: []delivery.QueueChange{deliverytest.Change(a, 1, 201, 200), deliverytest.Change(b, 1, 101, 100)}}, 6},
		{delivery.Change{Queues: []delivery.QueueChange{deliverytest.Change(a, 64, 201, 0)}}, 6},
		{delivery.Change{Queues: []delivery.QueueChange{deliverytest.Change(a, 65, 201, 0)}}, 5},
		{delivery.Change{Gone: []string{"f"}}, 3},
		{delivery.Change{Queues: []delivery.QueueChange{deliverytest.Change(a, 201, 201, 0)}}, 0},
	} {
		if err := c.Commit(t.Context(), step.change); err != nil {
			t.Fatal(err)
		}
		if got := blocks(); got != step.want {
			t.Errorf("%d blocks, want %d", got, step.want)
		}
	}
}

// TestCallbacksFileShrinks: what a flood left behind is given back at the next start, and nothing else is lost.
func TestCallbacksFileShrinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callbacks.db")
	c, err := OpenCallbacks(path, discard())
	if err != nil {
		t.Fatal(err)
	}
	few := delivery.Key{Endpoint: "e", Room: "few", Class: delivery.State}
	many := delivery.Key{Endpoint: "e", Room: "many", Class: delivery.Talk}
	commit := func(changes ...delivery.QueueChange) {
		t.Helper()
		if err := c.Commit(t.Context(), delivery.Change{Queues: changes}); err != nil {
			t.Fatal(err)
		}
	}
	flood := deliverytest.Change(many, 1, 71, 70)
	for _, i := range flood.Append {
		i.Body = make([]byte, 1<<20)
	}
	commit(deliverytest.Change(few, 1, 3, 2), flood)
	commit(deliverytest.Change(many, 71, 71, 0))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	c = openCallbacksTest(t, path)
	after, err := os.Stat(path)
	if err != nil || before.Size() < compactFrom || after.Size() > 1<<20 || after.Mode().Perm() != 0o600 {
		t.Errorf("%d bytes before, %d after, %v", before.Size(), after.Size(), err)
	}
	if items, err := c.Items(t.Context(), few, 0, 10, 1<<20); err != nil || len(items) != 2 {
		t.Errorf("%v, %v", items, err)
	}
	commit(deliverytest.Change(few, 1, 4, 1))
	if queues, err := c.Queues(t.Context()); err != nil || len(queues) != 1 || queues[0].Next != 4 {
		t.Errorf("%+v, %v", queues, err)
	}
	if left, err := filepath.Glob(path + "*"); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

func BenchmarkCallbacksCommit(b *testing.B) {
	c := openCallbacksTest(b, filepath.Join(b.TempDir(), "callbacks.db"))
	const rooms, each = 200, 8 // what 200 rooms of 40 messages a second have after 200 ms
	next := uint64(1)
	start := time.Now()
	for b.Loop() {
		var change delivery.Change
		for room := range rooms {
			k := delivery.Key{Endpoint: "e", Room: string(rune('a'+room/26)) + string(rune('a'+room%26)), Class: delivery.Talk}
			q := deliverytest.Change(k, 1, next+each, each)
			for _, i := range q.Append {
				i.Body = make([]byte, 500)
			}
			change.Queues = append(change.Queues, q)
		}
		next += each
		if err := c.Commit(b.Context(), change); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(next-1)*rooms/time.Since(start).Seconds(), "events/s")
}

// BenchmarkCallbacksSettle is what a join waits for where receivers want to know of it: alone, and in a storm.
func BenchmarkCallbacksSettle(b *testing.B) {
	for _, storm := range []int{1, 1000} {
		b.Run(strconv.Itoa(storm), func(b *testing.B) {
			c := openCallbacksTest(b, filepath.Join(b.TempDir(), "callbacks.db"))
			s, err := delivery.New(b.Context(), delivery.Config{}, c, nil, discard())
			if err != nil {
				b.Fatal(err)
			}
			s.SetEndpoints(map[string]delivery.Habit{"e": {Paused: true}})
			ctx, cancel := context.WithCancel(b.Context())
			var run, wg sync.WaitGroup
			run.Go(func() { _ = s.Run(ctx) })
			defer run.Wait()
			defer cancel()
			body := []byte(strings.Repeat("x", 300))
			for b.Loop() {
				for i := range storm {
					wg.Go(func() {
						s.Append(delivery.Event{Endpoint: "e", Room: strconv.Itoa(i % 200), Class: delivery.People, Body: body})
						s.Settle(ctx)
					})
				}
				wg.Wait()
			}
		})
	}
}
