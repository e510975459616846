package hls

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// footprint is what a running show holds.
type footprint struct {
	heap       uint64
	goroutines int
	held       int
	playlist   int
	sessions   int
}

func (w *show) footprint() footprint {
	w.t.Helper()
	synctest.Wait()
	runtime.GC()
	runtime.GC() // what the first one found by finalizers and pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	_, body := w.get(w.t.Context(), w.players[0].uri)
	return footprint{
		heap: m.HeapAlloc, goroutines: runtime.NumGoroutine(), held: w.s.Stats().HeldBytes, playlist: len(body), sessions: w.s.Total(),
	}
}

// TestDayOfStream plays a day of one session in a bubble's time: half an hour in `make test`, all of it from
// LIVEROOM_SCALE=10 on. Nothing grows; every frame is, on the session's clock, where it belongs, while the input's
// timestamps wrap at 2^32 and the session's leave FLV's 24 bits; sound and pictures stay together.
func TestDayOfStream(t *testing.T) {
	length := 30 * time.Minute
	if scale() > 1 {
		length = min(24*time.Hour, 144*time.Minute*scale())
	}
	synctest.Test(t, func(t *testing.T) {
		w := newShow(t, Config{})
		w.age = max((1<<24)*time.Millisecond-length*2/3, 0) // of FLV's and RTMP's timestamps: they become extended ones
		p := w.publish(source{frames: 10, per: 1, gop: 20, rate: 16000, raw: uint32(1<<32 - length.Milliseconds()/2)})
		p.until(10 * time.Second)
		low := w.watch(true, p.src, false)
		p.until(length / 4)
		before := w.footprint()
		for i := range time.Duration(4) {
			p.until(length/4 + length*3/16*(i+1))
			after := w.footprint()
			t.Logf("after %v: %+v", time.Since(p.began).Round(time.Second), after)
			if after.heap > before.heap+2<<20 || after.goroutines > before.goroutines || after.sessions != 1 ||
				after.held > before.held+before.held/4 || after.playlist > before.playlist+before.playlist/8 {
				t.Errorf("it grows: %+v, at first %+v", after, before)
			}
		}
		w.stop()
		lost := int(p.pictures) - low.m.pictures
		if lost > 40 || int(p.sounds)-low.m.sounds > 70 { // what came after the last segment
			t.Errorf("%d of %d pictures and %d of %d sounds came", low.m.pictures, p.pictures, low.m.sounds, p.sounds)
		}
		if st := w.s.Stats(); st.BadTags+st.Lost+st.Panics+st.Discarded > 0 {
			t.Errorf("%+v", st)
		}
	})
}
