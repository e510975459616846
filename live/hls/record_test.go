package hls

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"liveroom/live/stream"
)

// TestNextOriginGoesOn moves the push away from a node that is killed. Who had the list finds it there, what went with the node
// as gaps, followed by what is new; TARGETDURATION stays, whatever the new push is like. Who comes later sees what is new alone.
func TestNextOriginGoesOn(t *testing.T) {
	inRemoteShow(t, Config{}, func(w *show, origins []*stream.Hub, _ *feeding) {
		uri := w.enter()
		_, body := w.get(w.t.Context(), uri)
		before, _ := readList(body)
		w.cluster.setDown("a", true)
		time.Sleep(3 * time.Second)
		w.hub = origins[1]
		longer := usual
		longer.gop = 90
		p := w.publish(longer)
		p.again(400 * time.Millisecond)
		_, body = w.get(w.t.Context(), uri)
		first, faults := readList(body)
		if len(faults) > 0 || len(first.open.parts) == 0 {
			t.Fatalf("the first part of the next push is not listed: %v\n%s", faults, body)
		}
		p.again(5 * time.Second)
		_, body = w.get(w.t.Context(), uri)
		after, _ := readList(body)
		if after.target != before.target || after.partTarget != before.partTarget {
			t.Errorf("target %v of parts %v, were %v and %v", after.target, after.partTarget, before.target, before.partTarget)
		}
		breaks := 0
		for i, s := range after.segments {
			if s.breaks {
				breaks++
			}
			old := strings.Contains(s.uri, "/1-")
			if s.gap != old {
				t.Errorf("segment %d, %s: gap %t", i, s.uri, s.gap)
			}
			if n := after.sequence + uint64(i); old && n >= before.sequence && n < before.next() && s.uri != before.segments[n-before.sequence].uri {
				t.Errorf("number %d is %s, was %s", n, s.uri, before.segments[n-before.sequence].uri)
			}
		}
		if breaks != 1 || after.sequence > before.next() || after.discontinuity != before.discontinuity {
			t.Errorf("%d breaks, from %d (before: up to %d)\n%s", breaks, after.sequence, before.next(), body)
		}
		_, body = w.get(w.t.Context(), w.enter())
		if late, faults := readList(body); len(faults) > 0 || strings.Contains(body, "/1-") || late.next() != after.next() {
			t.Errorf("a newcomer gets %v\n%s", faults, body)
		}
	})
}

// TestNodeThatStopsHandsOver what it made: it is not to be had there any more, and players have yet to come for it.
func TestNodeThatStopsHandsOver(t *testing.T) {
	for name, cfg := range map[string]Config{"parts": {}, "whole segments": {Latency: NormalLatency}, "MPEG-TS": {Container: MPEGTS}} {
		t.Run(name, func(t *testing.T) {
			inRemoteShow(t, cfg, func(w *show, origins []*stream.Hub, p *feeding) {
				uri := w.enter()
				_, body := w.get(w.t.Context(), uri)
				before, _ := readList(body)
				p.again(700 * time.Millisecond) // nobody has seen this
				w.cluster.stops["a"]()
				w.cluster.setDown("a", true)
				time.Sleep(1500 * time.Millisecond)
				w.hub = origins[1]
				w.publish(usual).again(5 * time.Second)
				_, body = w.get(w.t.Context(), uri)
				after, faults := readList(body)
				if len(faults) > 0 || after.next() <= before.next() {
					t.Fatalf("%v\n%s", faults, body)
				}
				missing, near := before.next()-2, 0
				for i, s := range after.segments {
					if n := after.sequence + uint64(i); n < missing || !strings.Contains(s.uri, "/1-") {
						continue
					}
					near++
					if code, _ := w.get(w.t.Context(), s.uri); code != http.StatusOK || s.gap {
						t.Errorf("%s: %d, gap %t", s.uri, code, s.gap)
					}
				}
				last := before.segments[len(before.segments)-1].uri
				c := w.s.remotes // as a node has it that was started since
				for c.order.Len() > 0 {
					c.drop(c.order.Front())
				}
				if code, _ := w.get(w.t.Context(), last); code != http.StatusOK {
					t.Errorf("a node that took nothing answers %d", code)
				}
				if near < 3 { // two that were listed, and the one that was begun
					t.Errorf("%d segments of the node that stopped\n%s", near, body)
				}
			})
		})
	}
}

// TestOnlySoundRecordsAreTaken: what is read from the store has been written by another process.
func TestOnlySoundRecordsAreTaken(t *testing.T) {
	sound := func() *record {
		return &record{Session: "s", Generation: 2, Target: 2, PartTarget: 300, Next: 9, Segments: []recorded{
			{Number: 7, Generation: 1, Listed: 2000, Parts: []int64{300, -300}}, {Number: 8, Generation: 2, Listed: 2000},
		}}
	}
	for name, spoil := range map[string]func(*record){
		"":                       func(*record) {},
		"no segment":             func(r *record) { r.Segments = nil },
		"a hole":                 func(r *record) { r.Segments[1].Number = 9 },
		"a later generation":     func(r *record) { r.Segments[1].Generation = 3 },
		"no target":              func(r *record) { r.Target = 0 },
		"an immense target":      func(r *record) { r.Target = 1 << 40 },
		"parts above the target": func(r *record) { r.PartTarget = 2001 },
		"no parts":               func(r *record) { r.PartTarget = 0 },
		"another container":      func(r *record) { r.Container = MPEGTS },
		"a negative length":      func(r *record) { r.Segments[0].Listed = -1 },
		"next within the list":   func(r *record) { r.Next = 8 },
		"next far beyond":        func(r *record) { r.Next = 12 },
	} {
		r := sound()
		spoil(r)
		raw, _ := json.Marshal(r)
		cfg := Config{}.withDefaults()
		if _, err := readRecord(raw, &cfg); (err == nil) != (name == "") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
