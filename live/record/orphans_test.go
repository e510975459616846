package record_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob/blobtest"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/status"
)

// TestOrphansGo a day after they came, and nothing else does: what a known recording has, what is being made, what has an index,
// and what is older than all that the store knows.
func TestOrphansGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		making := ""
		l := recordtest.New(t, record.Config{InUse: func(_ context.Context, id string) (bool, error) { return id == making, nil }})
		next := func() string { time.Sleep(time.Second); return status.NewULID(time.Now()) }
		put := func(id, file string) { blobtest.Put(t, l.Blobs, record.Prefix(id)+file, []byte("x")) }
		forgotten := next()
		put(forgotten, "chat/1")
		time.Sleep(time.Second) // ids of one millisecond are in no order
		known := l.Begin(t, "r", record.Full, &recordtest.Media{}).ID
		put(known, "chat/1")
		lost, late := next(), next()
		making = next()
		put(making, "chat/1")
		put(lost, "index.json")
		put(lost, "chat/1")
		for n := range 450 {
			put(late, "chat/"+string(rune('a'+n%26))+status.NewULID(time.Now()))
		}
		blobtest.Put(t, l.Blobs, "rec/other/x", nil)
		all := l.Blobs.Names("")
		time.Sleep(23 * time.Hour)
		if err := l.SweepOrphans(t.Context()); err != nil || !slices.Equal(l.Blobs.Names(""), all) {
			t.Errorf("before a day is over: %v", err)
		}
		time.Sleep(2 * time.Hour)
		put(late, "chat/fresh")
		if err := l.SweepOrphans(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := slices.DeleteFunc(all, func(n string) bool { return len(n) > 30 && n[4:30] == late })
		want = append(want, record.Prefix(late)+"chat/fresh")
		slices.Sort(want)
		if got := l.Blobs.Names(""); !slices.Equal(got, want) {
			t.Errorf("left %v, want %v", got, want)
		}
	})
}
