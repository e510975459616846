package hls

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"liveroom/live/stream"
)

// shelf keeps what a server finished.
type shelf struct {
	mu    sync.Mutex
	all   []Finished
	wants bool
}

func (s *shelf) put(f Finished) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, f)
}

func (s *shelf) keeps(string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wants
}

func (s *shelf) want(w bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wants = w
}

// list describes them: generation, start and length in ms, D for a break before, … for an end within a GOP.
func (s *shelf) list() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, f := range s.all {
		d, w := "", ""
		if f.Breaks {
			d = "D "
		}
		if f.Within {
			w = "…"
		}
		out = append(out, fmt.Sprintf("%s%d %d+%d%s", d, f.Generation, f.Start, f.Duration, w))
	}
	return strings.Join(out, ", ")
}

// check reads each of them as what it says it is.
func (s *shelf) check(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ends := map[int]uint64{}
	for _, f := range s.all {
		var init fmp4.Init
		if err := init.Unmarshal(bytes.NewReader(f.Init)); err != nil || len(init.Tracks) != 2 || f.Stream != "demo" || f.Session == "" || f.Zero.IsZero() ||
			f.Video == "" || f.Audio == "" || f.Width == 0 {
			t.Errorf("%+v: %v", f, err)
		}
		var parts fmp4.Parts
		if err := parts.Unmarshal(bytes.Join(f.Parts, nil)); err != nil {
			t.Fatal(err)
		}
		if at := int64(parts[0].Tracks[0].BaseTime); at != f.Start*90 {
			t.Errorf("its first picture is at %d, it begins at %d ms", at, f.Start)
		}
		for _, p := range parts {
			for _, track := range p.Tracks {
				if track.BaseTime < ends[track.ID] {
					t.Errorf("track %d at %d after %d", track.ID, track.BaseTime, ends[track.ID])
				}
				ends[track.ID] = track.BaseTime
				for _, smp := range track.Samples {
					ends[track.ID] += uint64(smp.Duration)
				}
			}
		}
	}
}

// TestFinishedSegmentsAreHandedOver: what players get is handed over, whole and once; nothing of a closed gate is.
func TestFinishedSegmentsAreHandedOver(t *testing.T) {
	const (
		parts = "D 1 0+2000, 1 2000+2000, 1 4000+1360, D 1 25000+2000, 1 27000+1960, D 2 46600+2000, 2 48600+2000"
		whole = "D 1 0+2000, 1 2000+2000, D 1 25000+2000, 1 27000+1960, D 2 46600+2000, 2 48600+2000"
	)
	for name, tt := range map[string]struct {
		cfg  Config
		want string
	}{
		"in parts": {Config{}, parts}, "whole": {plain, whole}, "beside MPEG-TS": {Config{Container: MPEGTS}, whole},
	} {
		t.Run(name, func(t *testing.T) {
			kept := &shelf{wants: true}
			tt.cfg.Finished, tt.cfg.Keeps = kept.put, kept.keeps
			inRoom(t, tt.cfg, func(r *room) {
				e := r.publish(1, 0)
				e.headers()
				e.media(0, 5500, 2000)
				synctest.Wait()
				r.hub.Gate("demo", true)
				e.media(5500, 25_000, 2000)
				time.Sleep(20 * time.Second)
				r.hub.Gate("demo", false)
				e.media(25_000, 28_960, 2000)
				synctest.Wait()
				e.p.Close(stream.StopLost)
				time.Sleep(3 * time.Second)
				e = r.publish(2, 46600*time.Millisecond)
				e.headers()
				e.media(900_000, 904_040, 2000)
				synctest.Wait()
				if got := kept.list(); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				kept.check(t)
			})
		})
	}
}

// TestEndsWithinAGOPAreTold: who keeps segments learns which of them do not begin with a keyframe.
func TestEndsWithinAGOPAreTold(t *testing.T) {
	kept := &shelf{}
	inRoom(t, Config{Finished: kept.put}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 28_040, 14_000)
		synctest.Wait()
		if kept.list() != "D 1 0+10000…, 1 10000+4000, 1 14000+10360…, 1 24360+3640" {
			t.Errorf("kept %s", kept.list())
		}
	})
}

// TestBesideMPEGTSOnlyWhatIsKept: fMP4 is made where somebody keeps it, from the next keyframe on.
func TestBesideMPEGTSOnlyWhatIsKept(t *testing.T) {
	kept := &shelf{}
	inRoom(t, Config{Container: MPEGTS, Finished: kept.put, Keeps: kept.keeps}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 4040, 2000)
		synctest.Wait()
		kept.want(true)
		e.media(4040, 9040, 2000)
		synctest.Wait()
		kept.want(false)
		e.media(9040, 15_040, 2000)
		synctest.Wait()
		if kept.list() != "D 1 6040+2000, 1 8040+1960" {
			t.Errorf("kept %s", kept.list())
		}
		kept.check(t)
	})
}
