package hls

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/stream"
)

// TestReconnectGoesOn: old segments stay, the numbers go on, the rest of the lost push is shown, one discontinuity.
func TestReconnectGoesOn(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 4600, 2000)
		e.p.Close(stream.StopLost)
		r.expect("1-40 2000, 1-41 2000")
		time.Sleep(2 * time.Second) // the rest is shown soon, not when somebody comes back
		r.expect("1-40 2000, 1-41 2000, 1-42 600")

		time.Sleep(40 * time.Second)
		e = r.publish(2, 46600*time.Millisecond)
		e.headers()
		e.media(900_000, 904_040, 2000)
		r.expect("1-40 2000, 1-41 2000, 1-42 600, D 2-43 2000, 2-44 2000")
		r.checkFiles()
		if s := r.s.find("demo").segments[3]; s.start != 46600 {
			t.Errorf("second push begins at %d ms of the session", s.start)
		}
	})
}

// TestTakeover: a second push while the first still runs.
func TestTakeover(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		a := r.publish(1, 0)
		a.headers()
		a.media(0, 3000, 2000)
		synctest.Wait()
		time.Sleep(3 * time.Second)
		b := r.publish(2, 3*time.Second)
		b.headers()
		b.media(0, 2040, 2000)
		r.expect("1-40 2000, 1-41 1000, D 2-42 2000")
		r.checkFiles()
	})
}

// TestRestart: another process goes on with the same session, and knows nothing.
func TestRestart(t *testing.T) {
	var last uint64
	for i, offset := range []time.Duration{0, 95 * time.Second, 100 * time.Second} {
		inRoom(t, Config{}, func(r *room) {
			e := r.publish(uint64(i+1), offset)
			e.headers()
			e.media(0, 4040, 2000)
			synctest.Wait()
			tl := r.s.find("demo")
			if first := tl.segments[0].number; first <= last {
				t.Errorf("process %d begins at %d, the one before ended at %d", i, first, last)
			}
			if body := string(tl.media("live", time.Now())); strings.Contains(body, "DISCONTINUITY\n") != (i > 0) {
				t.Errorf("process %d:\n%s", i, body)
			}
			last = tl.last
		})
	}
}

// TestRestartKeepsTheDate: EXT-X-PROGRAM-DATE-TIME is that of the pictures, however long the session has run elsewhere.
func TestRestartKeepsTheDate(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(2, 95*time.Second)
		e.write(stream.Script, 0, 2, 0, 10, 'o', 'n', 'M', 'e', 't', 'a', 'D', 'a', 't', 'a', 5)
		e.headers()
		e.media(0, 4040, 2000)
		synctest.Wait()
		tl := r.s.find("demo")
		want := "PROGRAM-DATE-TIME:" + time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
		if body := string(tl.media("live", time.Now())); !strings.Contains(body, want) {
			t.Errorf("first segment at %d ms, not %s:\n%s", tl.segments[0].start, want, body)
		}
	})
}

// TestRestartAfterBurst: the push before had run as far ahead of real time as it may, and the node it comes back to has a clock
// that is behind.
func TestRestartAfterBurst(t *testing.T) {
	const began, behind = 100 * time.Second, 5 * time.Second
	var last uint64
	inRoom(t, Config{SegmentDuration: time.Second}, func(r *room) {
		e := r.publish(1, began)
		e.headers()
		e.media(0, 60_000, 1000)
		synctest.Wait()
		last = r.s.find("demo").last
	})
	inRoom(t, Config{SegmentDuration: time.Second}, func(r *room) {
		e := r.publish(2, began-behind)
		e.headers()
		e.media(0, 2040, 1000)
		synctest.Wait()
		if first := r.s.find("demo").segments[0].number; first <= last {
			t.Errorf("begins at %d, the push before ended at %d", first, last)
		}
	})
}

// TestGate: paused by the anchor, nothing pushed meanwhile is ever shown; what was shown stays.
func TestGate(t *testing.T) {
	inRoom(t, plain, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 5000, 2000)
		synctest.Wait()
		r.hub.Gate("demo", true)
		before := r.list()
		e.media(5000, 25_000, 2000) // the encoder goes on
		time.Sleep(20 * time.Second)
		if now := r.list(); now != before || before != "1-40 2000, 1-41 2000" {
			t.Fatalf("while paused: %s, before: %s", now, before)
		}
		body := string(r.s.find("demo").media("live", time.Now()))
		if strings.Contains(body, "ENDLIST") || !strings.Contains(body, "1-41.m4s") {
			t.Errorf("while paused:\n%s", body)
		}

		r.hub.Gate("demo", false)
		e.media(25_000, 29_040, 2000)
		r.expect("1-40 2000, 1-41 2000, D 1-42 2000, 1-43 2000")
		r.checkFiles()
		for _, s := range r.s.find("demo").segments {
			if s.start+s.duration > 5000 && s.start < 25_000 {
				t.Errorf("%s shows %d to %d ms, paused from 5000 to 25000", s.file(FMP4), s.start, s.start+s.duration)
			}
		}
	})
}

// TestGateOverReconnect: paused, the push is lost, comes back, and only then goes on.
func TestGateOverReconnect(t *testing.T) {
	inRoom(t, plain, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 3000, 2000)
		synctest.Wait()
		r.hub.Gate("demo", true)
		time.Sleep(3 * time.Second)
		e.p.Close(stream.StopLost)
		time.Sleep(3 * time.Second)
		e = r.publish(2, 9*time.Second)
		e.headers()
		e.media(0, 3000, 2000)
		r.expect("1-40 2000")
		r.hub.Gate("demo", false)
		e.media(4000, 6040, 2000)
		r.expect("1-40 2000, D 2-41 2000")
	})
}

// TestPausedFromTheBegin: the gate is closed before the first segment.
func TestPausedFromTheBegin(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		p, err := r.hub.Publish("demo", stream.PublishOptions{Generation: 1, Gated: true})
		if err != nil {
			t.Fatal(err)
		}
		e := encoder{t, p}
		e.headers()
		e.media(0, 5000, 2000)
		r.expect("")
		r.hub.Gate("demo", false)
		e.media(6000, 8040, 2000)
		r.expect("D 1-46 2000")
	})
}

func TestEnd(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 4600, 2000)
		r.hub.End("demo", nil)
		r.expect("1-40 2000, 1-41 2000, 1-42 600, end")
		time.Sleep(50 * time.Second)
		r.expect("1-40 2000, 1-41 2000, 1-42 600, end")
		time.Sleep(15 * time.Second)
		r.expect("no stream")
		if n := r.hub.Stats().Subscribers; n != 0 {
			t.Errorf("%d subscribers left", n)
		}
	})
}

// TestNextSession: a room that is opened again begins a new list, at once or later.
func TestNextSession(t *testing.T) {
	for _, wait := range []time.Duration{0, 10 * time.Second, 2 * time.Minute} {
		t.Run(wait.String(), func(t *testing.T) {
			inRoom(t, Config{}, func(r *room) {
				e := r.publish(1, 0)
				e.headers()
				e.media(0, 4040, 2000)
				synctest.Wait()
				old := r.s.find("demo")
				r.hub.End("demo", nil)
				time.Sleep(wait)
				e = r.publish(2, 0)
				synctest.Wait()
				e.headers()
				e.media(0, 2040, 2000)
				r.expect("2-80 2000")
				if r.s.find("demo") == old {
					t.Error("the old list goes on")
				}
			})
		})
	}
}

// TestRunFindsWhatIsPublished: pushes that began before Run.
func TestRunFindsWhatIsPublished(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.stop()
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 1000, 1000)
		r.restart()
		e.media(1000, 4040, 1000)
		r.expect("1-40 2000, 1-41 2000")
	})
}

// TestStopSendsNewcomersAway: nothing more is segmented, so nobody is kept waiting for a first segment.
func TestStopSendsNewcomersAway(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		newcomer := r.held("/live/demo.m3u8")
		r.stop()
		if w := answered(t, newcomer); w.Code != http.StatusNotFound {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
		r.restart()
		e.media(0, 4040, 2000)
		if w := answered(t, r.held("/live/demo.m3u8")); w.Code != http.StatusOK {
			t.Errorf("after a restart: %d: %s", w.Code, w.Body)
		}
	})
}

// TestManyStreams: each has its own list, and Run leaves nothing behind.
func TestManyStreams(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		const n = 50
		for i := range n {
			p, err := r.hub.Publish(fmt.Sprintf("s%d", i), stream.PublishOptions{Generation: 1})
			if err != nil {
				t.Fatal(err)
			}
			e := encoder{t, p}
			e.headers()
			e.media(0, 4040, 2000)
		}
		synctest.Wait()
		if st := r.s.Stats(); st.Streams != n || st.Segments != 2*n || st.HeldBytes == 0 {
			t.Errorf("%+v", st)
		}
		for i := range n {
			r.hub.End(fmt.Sprintf("s%d", i), nil)
		}
		time.Sleep(70 * time.Second)
		if st := r.s.Stats(); st.Streams != 0 || st.HeldBytes != 0 {
			t.Errorf("after the end: %+v", st)
		}
	})
}

// TestAbandoned: the room moved to another node, and nobody told this one.
func TestAbandoned(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 2040, 2000)
		e.p.Close(stream.StopLost)
		time.Sleep(abandonAfter + time.Minute)
		r.expect("no stream")
		if n := r.hub.Stats().Subscribers; n != 0 {
			t.Errorf("%d subscribers left", n)
		}
	})
}

// TestSlowSegmenter: tags overtake the segmenter. It shows what it has, and goes on after a discontinuity.
func TestSlowSegmenter(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.stop()
		r.hub = stream.NewHub(stream.Config{BacklogTime: time.Second})
		r.s.hub = r.hub
		r.restart()
		e := r.publish(1, 0)
		e.headers()
		for ms := int64(0); ms < 2600; ms += 200 {
			e.media(ms, ms+200, 2600)
			synctest.Wait()
		}
		tl := r.s.find("demo")
		for range 10 { // more often than a subscriber may
			tl.mu.Lock() // the segmenter can publish nothing and falls behind
			e.media(10_000, 20_000, 2000)
			tl.mu.Unlock()
			synctest.Wait()
		}
		synctest.Wait()
		got := r.list()
		if st := r.s.Stats(); st.Lost < 2 || strings.Count(got, "D ") < 2 {
			t.Errorf("lost %d times: %s", st.Lost, got)
		}
		r.checkFiles()
	})
}
