package blob_test

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"runtime"
	"sync"
	"testing"
	"time"

	"liveroom/internal/redistest"
	"liveroom/internal/s3test"
	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
)

// arrivals is a store that notes which object of a folder came last, and that none came out of order.
type arrivals struct {
	*blob.S3
	mu   sync.Mutex
	last map[string]string
	late []string
}

// Put implements blob.Store.
func (a *arrivals) Put(ctx context.Context, name string, data ...[]byte) error {
	err := a.S3.Put(ctx, name, data...)
	if err == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.last[path.Dir(name)] > name {
			a.late = append(a.late, name)
		}
		a.last[path.Dir(name)] = name
	}
	return err
}

// TestS3IsAwayWhileTwentyRoomsAreRecorded: the server is cut off, swallows everything, breaks off in the middle of objects and is slow,
// 3 s in all and from LIVEROOM_SCALE=20 on a minute, while objects come as 20 recordings make them. None is lost, those of a recording
// come in order, and memory does not grow with what waits (so it runs alone).
func TestS3IsAwayWhileTwentyRoomsAreRecorded(t *testing.T) {
	proxy := redistest.Through(t, s3test.Start(t))
	to := &arrivals{S3: openS3(t, proxy.Addr, "", time.Second), last: map[string]string{}}
	s := openSpool(t, blob.SpoolConfig{Path: t.TempDir(), First: 20 * time.Millisecond, Most: 200 * time.Millisecond}, to)
	running(t, s)
	each := time.Duration(min(scale(), 20)) * 750 * time.Millisecond
	size := 75_000 * min(scale(), 20) // 1.5 MB at full scale, each 6 s of 2 Mbit/s; before that smaller ones
	data := make([]byte, size)
	put := 0
	record := func(during time.Duration) {
		tick := time.NewTicker(max(300*time.Millisecond/time.Duration(max(20/scale(), 1)), time.Millisecond)) // 20 in 6 s, or faster
		defer tick.Stop()
		for until := time.Now().Add(during); time.Now().Before(until); <-tick.C {
			name := fmt.Sprintf("rec/%02d/%06d", put%20, put)
			blobtest.Put(t, s, name, []byte(name), data)
			put++
		}
	}
	record(each)
	before := heap()
	proxy.Cut()
	record(each)
	proxy.Heal()
	proxy.Stall()
	record(each)
	grown, waiting := heap()-before, s.Stats()
	proxy.Heal()
	for range 5 {
		proxy.CutAfter(int64(size) * 3 / 2)
		record(each / 5)
	}
	proxy.Heal()
	proxy.Delay(20 * time.Millisecond)
	record(each)
	proxy.Heal()
	eventually(t, "all has come", func() bool { return s.Stats().Waiting == 0 })

	st := s.Stats()
	t.Logf("%d objects of %d kB, %d of them (%d MiB) waiting at once, %d tries failed; heap grew by %d KiB", put, size/1000, waiting.Waiting,
		waiting.WaitingBytes>>20, st.SendFailures, grown>>10)
	if waiting.Waiting < 20 || waiting.AwaySince.IsZero() || st.SendFailures == 0 {
		t.Errorf("it was not away: %+v, %+v", waiting, st)
	}
	if len(to.late) > 0 {
		t.Errorf("out of order: %v", to.late)
	}
	if got := blobtest.Names(t, to, "", ""); len(got) != put {
		t.Errorf("%d of %d are there", len(got), put)
	}
	for i := range put {
		name := fmt.Sprintf("rec/%02d/%06d", i%20, i)
		if got := blobtest.Get(t, to, name); len(got) != len(name)+size || !bytes.HasPrefix(got, []byte(name)) {
			t.Fatalf("%s has %d bytes", name, len(got))
		}
	}
	if grown > 12<<20 {
		t.Errorf("memory grew by %d MiB while objects waited", grown>>20)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // small
}
