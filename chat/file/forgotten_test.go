package file_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"liveroom/chat/file"
)

// younger is a store that remembers since a moment.
type younger struct {
	*file.Memory
	since time.Time
}

func (y younger) FilesSince(context.Context) (time.Time, error) { return y.since, nil }

// TestANewStoreIsNotBelieved has the records of files lost, as far as the node can tell: their bytes stay, and are good again
// once the records are back.
func TestANewStoreIsNotBelieved(t *testing.T) {
	_, all := several(t, 0, "a")
	b := all[0]
	g, content := b.put(alice, "g")
	id := upload(t, g, content).ID
	record, err := b.store.File(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.store.DeleteFiles(t.Context(), []string{id}); err != nil {
		t.Fatal(err)
	}
	b.stop()

	begin := func(keep time.Duration, since time.Time) *bench {
		again := &bench{t: t, rooms: &rooms{}, store: file.NewMemory(), blobs: b.blobs}
		again.begin(func(c *file.Config) { c.Node, c.Peers, c.Keep = "a", &nodes{}, keep }, younger{again.store, since}, b.blobs)
		for range 2 {
			if err := again.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return again
	}
	fresh := begin(time.Hour, time.Now())
	if st := fresh.Stats(); !fresh.has(g.URL) || st.Files != 1 || st.Bytes != int64(len(content)) {
		t.Fatalf("a new store does not know the file: its bytes are here: %t, %+v", fresh.has(g.URL), st)
	}
	if _, err := fresh.open(g.URL); !errors.Is(err, file.ErrNotFound) {
		t.Errorf("a file without a record: %v, want not found", err)
	}
	if err := fresh.store.AddFile(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	fresh.mustRead(g.URL, content)
	fresh.stop()

	old := begin(time.Nanosecond, time.Now())
	if st := old.Stats(); old.has(g.URL) || st.Files != 0 || st.Bytes != 0 {
		t.Errorf("too old for any record: its bytes are here: %t, %+v", old.has(g.URL), st)
	}
	old.stop()

	writer := &bench{t: t, rooms: &rooms{}, store: file.NewMemory(), blobs: b.blobs}
	writer.begin(nil, writer.store, b.blobs)
	g, _ = writer.put(alice, "g")
	writer.stop()
	known := begin(time.Hour, time.Now().Add(-time.Hour))
	if st := known.Stats(); known.has(g.URL) || st.Files != 0 || st.Bytes != 0 {
		t.Errorf("a store that is older does not know the file: its bytes are here: %t, %+v", known.has(g.URL), st)
	}
}
