package blob_test

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
)

// TestAStoreThatSaysNotFoundLosesNothing: a balancer without a server behind it answers 404 to what is put, small and in parts.
// That is no object that vanished: it waits, and is sent when the server is back.
func TestAStoreThatSaysNotFoundLosesNothing(t *testing.T) {
	t.Parallel()
	var back atomic.Bool
	var refused atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !back.Load() {
			refused.Add(1)
			http.Error(w, "default backend - 404", http.StatusNotFound)
			return
		}
		w.Header().Set("ETag", `"1"`)
	}))
	defer web.Close()
	to := openS3(t, strings.TrimPrefix(web.URL, "http://"), "", 0)
	if err := to.Put(t.Context(), "a", []byte("x")); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("put: %v", err)
	}
	w, err := to.Create(t.Context(), "b")
	if err == nil {
		_, err = w.Write(make([]byte, 17<<20))
		w.Discard()
	}
	if !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("begin in parts: %v", err)
	}
	refused.Store(0)
	s := openSpool(t, blob.SpoolConfig{Path: t.TempDir(), First: time.Millisecond, Most: time.Millisecond}, to)
	blobtest.Put(t, s, "rec/1", []byte("x"))
	running(t, s)
	eventually(t, "it was tried", func() bool { return refused.Load() > 1 })
	if st := s.Stats(); st.Waiting != 1 || st.Lost != 0 || st.AwaySince.IsZero() {
		t.Errorf("while nobody is there: %+v", st)
	}
	back.Store(true)
	eventually(t, "it is sent", func() bool { return s.Stats().Sent == 1 })
}

// TestAStoreWithoutAPlaceLosesNothing: also one of another kind, that says there is no such file.
func TestAStoreWithoutAPlaceLosesNothing(t *testing.T) {
	t.Parallel()
	to := &ledger{Memory: blob.NewMemory(), fail: func(string) error { return fs.ErrNotExist }}
	s := openSpool(t, blob.SpoolConfig{Path: t.TempDir(), First: time.Millisecond, Most: time.Millisecond}, to)
	blobtest.Put(t, s, "rec/1", []byte("x"))
	running(t, s)
	eventually(t, "it was tried", func() bool { _, tries := to.seen(); return tries > 1 })
	to.set(nil)
	eventually(t, "it is sent", func() bool { return s.Stats().Sent == 1 })
	if lost := s.Stats().Lost; lost != 0 {
		t.Errorf("%d are lost", lost)
	}
}
