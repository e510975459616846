package blob_test

import (
	"errors"
	"testing"

	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
)

func TestMemory(t *testing.T) {
	blobtest.Store(t, func(*testing.T) blob.Store { return blob.NewMemory() })
}

func TestMemoryFailsAsItIsTold(t *testing.T) {
	m := blob.NewMemory()
	m.Limit(10)
	blobtest.Put(t, m, "a", []byte("12345678"))
	blobtest.Put(t, m, "a", []byte("1234567890")) // in its place
	if err := m.Put(t.Context(), "b", []byte("1")); !errors.Is(err, blob.ErrFull) {
		t.Errorf("put beyond the limit: %v", err)
	}
	if err := m.Remove(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	blobtest.Put(t, m, "b", []byte("1"))
	m.Break(blob.ErrUnavailable)
	if err := m.Put(t.Context(), "c"); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("put: %v", err)
	}
	if _, err := m.Open(t.Context(), "b"); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("open: %v", err)
	}
	m.Break(nil)
	if got := blobtest.Get(t, m, "b"); string(got) != "1" {
		t.Errorf("%q", got)
	}
}

// FuzzName: whatever is a name for one store is one for all, and leads nowhere else.
func FuzzName(f *testing.F) {
	for _, name := range append(blobtest.Bad, "a", "rec/01ARZ/000001-000000000000-2000-0123456789abcdef-b.m4s", "a.b/c_d-e") {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := blob.CheckName(name)
		if err != nil && !errors.Is(err, blob.ErrName) {
			t.Fatal(err)
		}
		if (err == nil) != plainName.MatchString(name) || (err == nil && len(name) > blob.MaxName) {
			if !(err != nil && len(name) > blob.MaxName) {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}
