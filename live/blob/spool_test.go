package blob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
)

func openSpool(t testing.TB, cfg blob.SpoolConfig, to blob.Store) *blob.Spool {
	t.Helper()
	s, err := blob.OpenSpool(cfg, to, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// running runs a spool until stop is called, or the test ends.
func running(t testing.TB, s *blob.Spool) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	return stop
}

// TestSpool: it is a Store, whether what was put is still here or there already.
func TestSpool(t *testing.T) {
	t.Parallel()
	t.Run("waiting", func(t *testing.T) {
		blobtest.Store(t, func(t *testing.T) blob.Store {
			return openSpool(t, blob.SpoolConfig{Path: t.TempDir()}, blob.NewMemory())
		})
	})
	t.Run("sending", func(t *testing.T) {
		blobtest.Store(t, func(t *testing.T) blob.Store {
			s := openSpool(t, blob.SpoolConfig{Path: t.TempDir()}, blob.NewMemory())
			running(t, s)
			return s
		})
	})
}

// ledger is a store that notes in which order objects come, and fails as it is told.
type ledger struct {
	*blob.Memory
	mu    sync.Mutex
	names []string
	tries int
	fail  func(name string) error
	gate  chan struct{} // nil: open
	began chan string   // nil: nobody wants to know
}

func (l *ledger) Put(ctx context.Context, name string, data ...[]byte) error {
	l.mu.Lock()
	l.tries++
	fail, gate, began := l.fail, l.gate, l.began
	l.mu.Unlock()
	if began != nil {
		began <- name
	}
	if gate != nil {
		<-gate
	}
	if fail != nil {
		if err := fail(name); err != nil {
			return err
		}
	}
	if err := l.Memory.Put(ctx, name, data...); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names = append(l.names, name)
	return nil
}

func (l *ledger) set(fail func(string) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = fail
}

func (l *ledger) seen() (names []string, tries int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.names), l.tries
}

// TestSpoolWhileTheStoreIsAway: it is asked now and then, by one alone; what waits is served; when it is back all comes, that of a
// folder in order.
func TestSpoolWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		to := &ledger{Memory: blob.NewMemory(), fail: func(string) error { return blob.ErrUnavailable }}
		s := openSpool(t, blob.SpoolConfig{Path: dir}, to)
		stop := running(t, s)
		for i := range 30 {
			blobtest.Put(t, s, fmt.Sprintf("rec/%d/%02d", i%3, i), []byte{byte(i)})
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if _, tries := to.seen(); tries < 200 || tries > 350 { // 500 ms, 1 s … 15 s, less up to a quarter
			t.Errorf("%d tries in an hour", tries)
		}
		if st := s.Stats(); st.Waiting != 30 || st.AwaySince.IsZero() || !errors.Is(st.Why, blob.ErrUnavailable) {
			t.Errorf("%+v", st)
		}
		if o, err := s.Open(t.Context(), "rec/2/11"); err != nil || o.Held().Size != 1 || o.Close() != nil {
			t.Error(o, err)
		}
		to.set(nil)
		time.Sleep(16 * time.Second)
		synctest.Wait()
		stop()
		names, _ := to.seen()
		last := map[string]string{}
		for _, name := range names {
			if dir := filepath.Dir(name); name <= last[dir] {
				t.Errorf("%s came after %s", name, last[dir])
			} else {
				last[dir] = name
			}
		}
		if st := s.Stats(); len(names) != 30 || st.Waiting != 0 || st.WaitingBytes != 0 || st.Sent != 30 || !st.AwaySince.IsZero() {
			t.Errorf("%d came; %+v", len(names), st)
		}
	})
	if left := filesIn(t, dir); left != nil {
		t.Errorf("left: %v", left)
	}
}

// TestAnObjectThatIsRefusedHoldsUpItsOwnOnly: the others go on, it is tried again, and comes when it is taken.
func TestAnObjectThatIsRefusedHoldsUpItsOwnOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		to := &ledger{Memory: blob.NewMemory()}
		to.set(func(name string) error {
			if name == "bad/1" {
				return errors.New("too odd")
			}
			return nil
		})
		s := openSpool(t, blob.SpoolConfig{Path: dir, Senders: 1}, to)
		stop := running(t, s)
		for i := range 20 {
			blobtest.Put(t, s, fmt.Sprintf("bad/%d", i+1), nil)
			blobtest.Put(t, s, fmt.Sprintf("good/%d", i), nil)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		names, tries := to.seen()
		if len(names) != 20 || tries > 35 || slices.Contains(names, "bad/2") {
			t.Errorf("%d tries, came: %v", tries, names)
		}
		if st := s.Stats(); !st.AwaySince.IsZero() || st.Waiting != 20 {
			t.Errorf("%+v", st)
		}
		to.set(nil)
		time.Sleep(16 * time.Second)
		synctest.Wait()
		stop()
		if names, _ := to.seen(); len(names) != 40 || names[20] != "bad/1" {
			t.Errorf("%v", names)
		}
	})
}

// TestSpoolAfterARestart: what waits is there, and goes in order; of an object that was replaced the newest is found and sent.
func TestSpoolAfterARestart(t *testing.T) {
	t.Parallel()
	cfg := blob.SpoolConfig{Path: t.TempDir()}
	to := &ledger{Memory: blob.NewMemory()}
	s := openSpool(t, cfg, to)
	for i := range 12 {
		blobtest.Put(t, s, fmt.Sprintf("rec/1/%02d", 20-i), []byte("x"))
	}
	blobtest.Put(t, s, "rec/1/index.json", []byte("old"))
	blobtest.Put(t, s, "rec/1/index.json", []byte("new"))
	begun(t, s, "rec/1/never")
	if err := os.WriteFile(filepath.Join(cfg.Path, "0000000000000001-not ours"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blobtest.Put(t, to.Memory, "rec/1/index.json", []byte("there"))
	blobtest.Put(t, to.Memory, "rec/1/there", nil)
	want := blobtest.Names(t, s, "", "")
	s = openSpool(t, cfg, to)
	if got := blobtest.Names(t, s, "", ""); !slices.Equal(got, want) || len(got) != 14 {
		t.Errorf("%v, want %v", got, want)
	}
	if got := blobtest.Get(t, s, "rec/1/index.json"); string(got) != "new" {
		t.Errorf("%q", got)
	}
	if n, all := s.Waiting("rec/1/1"), s.Waiting(""); n != 10 || all != 13 {
		t.Errorf("%d and %d wait", n, all)
	}
	stop := running(t, s)
	eventually(t, "all is sent", func() bool { return s.Stats().Waiting == 0 })
	stop()
	names, _ := to.seen()
	if len(names) != 13 || names[0] != "rec/1/20" || names[11] != "rec/1/09" || names[12] != "rec/1/index.json" {
		t.Errorf("%v", names)
	}
	if got := blobtest.Get(t, to, "rec/1/index.json"); string(got) != "new" {
		t.Errorf("%q", got)
	}
	if left := filesIn(t, cfg.Path); len(left) != 1 {
		t.Errorf("%v", left)
	}
}

// TestSpoolIsBounded: by bytes, with what is being written, and with a block of the disk for the smallest.
func TestSpoolIsBounded(t *testing.T) {
	t.Parallel()
	s := openSpool(t, blob.SpoolConfig{Path: t.TempDir(), Limit: 100 << 10}, blob.NewMemory())
	blobtest.Put(t, s, "a", make([]byte, 60<<10))
	if err, no := s.Room(40<<10), s.Room(40<<10+1); err != nil || !errors.Is(no, blob.ErrFull) {
		t.Errorf("room: %v, %v", err, no)
	}
	w, err := s.Create(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 30<<10)); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "c", make([]byte, 20<<10)); !errors.Is(err, blob.ErrFull) {
		t.Errorf("put: %v", err)
	}
	if _, err := w.Write(make([]byte, 20<<10)); !errors.Is(err, blob.ErrFull) {
		t.Errorf("write: %v", err)
	}
	if err := w.Commit(); !errors.Is(err, blob.ErrFull) {
		t.Errorf("commit: %v", err)
	}
	if st := s.Stats(); st.WaitingBytes != 60<<10 || st.Full != 2 || st.Waiting != 1 {
		t.Errorf("%+v", st)
	}
	for i := range 10 {
		blobtest.Put(t, s, fmt.Sprint("small/", i), nil)
	}
	if err := s.Put(t.Context(), "small/10"); !errors.Is(err, blob.ErrFull) {
		t.Errorf("the eleventh: %v", err)
	}
	running(t, s)
	eventually(t, "it is sent", func() bool { return s.Stats().WaitingBytes == 0 })
	blobtest.Put(t, s, "c", make([]byte, 100<<10))
}

// TestRemoveWhatIsBeingSent: it waits for the end of that, so that nothing comes back.
func TestRemoveWhatIsBeingSent(t *testing.T) {
	t.Parallel()
	to := &ledger{Memory: blob.NewMemory(), gate: make(chan struct{}), began: make(chan string)}
	s := openSpool(t, blob.SpoolConfig{Path: t.TempDir()}, to)
	running(t, s)
	blobtest.Put(t, s, "rec/1", []byte("x"))
	blobtest.Put(t, s, "rec/2", []byte("x"))
	<-to.began
	over, cancel := context.WithCancel(t.Context())
	removed := make(chan error)
	go func() { removed <- s.Remove(over, "rec/1", "rec/2") }()
	eventually(t, "they are withdrawn", func() bool { return s.Waiting("") == 0 })
	cancel()
	if err := <-removed; !errors.Is(err, context.Canceled) {
		t.Errorf("removed before it was sent: %v", err)
	}
	blobtest.Put(t, s, "rec/1", []byte("y"))
	go func() { removed <- s.Remove(t.Context(), "rec/1") }()
	eventually(t, "it is withdrawn", func() bool { return s.Waiting("") == 0 })
	close(to.gate)
	if err := <-removed; err != nil {
		t.Error(err)
	}
	eventually(t, "nothing waits", func() bool { return s.Stats().Waiting == 0 })
	if err := s.Remove(t.Context(), "rec/1"); err != nil {
		t.Error(err)
	}
	if got := blobtest.Names(t, s, "", ""); got != nil {
		t.Errorf("%v", got)
	}
}

// TestRemoveAgainWhatIsBeingSent: who removes an object after somebody did who gave up waits for its end too, or it would come back.
func TestRemoveAgainWhatIsBeingSent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		to := &ledger{Memory: blob.NewMemory(), gate: make(chan struct{})}
		s := openSpool(t, blob.SpoolConfig{Path: dir}, to)
		stop := running(t, s)
		blobtest.Put(t, s, "rec/1", []byte("x"))
		synctest.Wait()
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Remove(hasty, "rec/1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("removed before it was sent: %v", err)
		}
		removed := make(chan error, 1)
		go func() { removed <- s.Remove(t.Context(), "rec/1") }()
		synctest.Wait()
		if len(removed) > 0 {
			t.Error("removed while it was being sent")
		}
		close(to.gate)
		synctest.Wait()
		if err := <-removed; err != nil {
			t.Error(err)
		}
		stop()
		if got := blobtest.Names(t, s, "", ""); got != nil {
			t.Errorf("%v came back", got)
		}
	})
}

// TestLargeObjectsAreStreamed through a Spool.
func TestLargeObjectsAreStreamed(t *testing.T) {
	t.Parallel()
	to := blob.NewMemory()
	s := openSpool(t, blob.SpoolConfig{Path: t.TempDir()}, to)
	running(t, s)
	w, err := s.Create(t.Context(), "rec/export.mp4")
	if err != nil {
		t.Fatal(err)
	}
	part := []byte(strings.Repeat("0123456789", 100_000))
	for range 9 {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is sent", func() bool { return s.Stats().Sent == 1 })
	o, err := to.Open(t.Context(), "rec/export.mp4")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if n, err := io.Copy(io.Discard, o); n != 9_000_000 || err != nil {
		t.Error(n, err)
	}
}

// eventually waits until what is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(time.Minute); !so(); <-tick.C {
		if time.Now().After(until) {
			t.Fatalf("not so after a minute: %s", what)
		}
	}
}
