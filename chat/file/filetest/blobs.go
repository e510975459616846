package filetest

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"
	"time"

	"liveroom/chat/file"
)

// Blobs runs the suite; open returns empty Blobs each time it is called.
func Blobs(t *testing.T, open func(t *testing.T) file.Blobs) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, b file.Blobs)
	}{
		{"what is committed is read whole, from any place", readWhole},
		{"nothing is seen before a commit", unseen},
		{"what is removed is gone, and who reads it reads on", removed},
		{"all are listed", listed},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func write(t *testing.T, b file.Blobs, id, content string) file.Blob {
	t.Helper()
	blob, err := b.Create(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(blob.Discard)
	if _, err := io.WriteString(blob, content); err != nil {
		t.Fatal(err)
	}
	return blob
}

func put(t *testing.T, b file.Blobs, content string) string {
	t.Helper()
	id := file.NewID()
	if err := write(t, b, id, content).Commit(); err != nil {
		t.Fatal(err)
	}
	return id
}

func reader(t *testing.T, b file.Blobs, id string) file.Reader {
	t.Helper()
	r, err := b.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func reads(t *testing.T, r io.Reader, want string) {
	t.Helper()
	if got, err := io.ReadAll(r); err != nil || string(got) != want {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
}

func absent(t *testing.T, b file.Blobs, id string) {
	t.Helper()
	if _, err := b.Open(id); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open: %v", err)
	}
}

func readWhole(t *testing.T, b file.Blobs) {
	id := put(t, b, "hello, world")
	first, second := reader(t, b, id), reader(t, b, id)
	reads(t, first, "hello, world")
	if _, err := second.Seek(7, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	reads(t, second, "world")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	_ = first.Close() // twice takes nothing from the other
	if _, err := second.Seek(-5, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	reads(t, second, "world")
}

func unseen(t *testing.T, b file.Blobs) {
	id := file.NewID()
	blob := write(t, b, id, "half")
	absent(t, b, id)
	blob.Discard()
	absent(t, b, id)
	if err := write(t, b, id, "whole").Commit(); err != nil {
		t.Fatalf("after a discard: %v", err)
	}
	reads(t, reader(t, b, id), "whole")
}

func removed(t *testing.T, b file.Blobs) {
	id, other := put(t, b, "one"), put(t, b, "two")
	r := reader(t, b, id)
	for range 2 {
		if err := b.Remove(id); err != nil {
			t.Fatal(err)
		}
	}
	absent(t, b, id)
	reads(t, r, "one")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	reads(t, reader(t, b, other), "two")
}

func listed(t *testing.T, b file.Blobs) {
	began := time.Now()
	want := []string{put(t, b, "1"), put(t, b, "2"), put(t, b, "3")}
	write(t, b, file.NewID(), "unfinished")
	var got []string
	err := b.Each(func(h file.Held) error {
		got = append(got, h.ID)
		if h.Size != 1 || h.Made.Before(began.Add(-time.Minute)) || h.Made.After(time.Now().Add(time.Minute)) {
			t.Errorf("%+v, want 1 byte of now", h)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	stop := errors.New("stop")
	n := 0
	if err := b.Each(func(file.Held) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("stopped after %d with %v", n, err)
	}
}
