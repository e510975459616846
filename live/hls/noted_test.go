package hls

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"liveroom/live/stream"
)

// TestNodeThatSawNoPush is asked by players who had the list from another: the last origin has it, or its note.
func TestNodeThatSawNoPush(t *testing.T) {
	for name, gone := range map[string]bool{"the last origin lives": false, "the last origin is gone": true} {
		t.Run(name, func(t *testing.T) {
			inRemoteShow(t, Config{}, func(w *show, origins []*stream.Hub, p *feeding) {
				uri := w.enter()
				w.cluster.setDown("edge", gone) // and nobody else knows how far players have got
				p.p.Close(stream.StopLost)
				time.Sleep(6 * time.Second) // it says by then that nothing is coming
				_, body := w.get(w.t.Context(), uri)
				before, _ := readList(body)
				w.cluster.since["b"] = 1
				w.cluster.setDown("a", gone)
				w.s = w.cluster.all["b"]
				for range 3 {
					code, body := w.get(w.t.Context(), uri)
					list, faults := readList(body)
					if code != http.StatusOK || len(faults) > 0 || list.next() != before.next() || list.target != before.target || list.partTarget != before.partTarget || list.blocks || list.hint != "" {
						t.Fatalf("%d %v\n%s", code, faults, body)
					}
					for _, s := range list.segments {
						if was := before.segments[len(before.segments)-1]; s == list.segments[len(list.segments)-1] && s.uri != was.uri {
							t.Errorf("the last segment is %s, was %s", s.uri, was.uri)
						}
						if code, _ := w.get(w.t.Context(), s.uri); code == http.StatusNotFound || code == http.StatusOK == gone {
							t.Errorf("%s: %d", s.uri, code)
						}
					}
					time.Sleep(time.Second)
				}
				w.hub = origins[1]
				w.publish(usual).again(5 * time.Second)
				_, body = w.get(w.t.Context(), uri)
				if after, faults := readList(body); len(faults) > 0 || after.next() <= before.next() || after.sequence > before.next() || strings.Count(body, "EXT-X-DISCONTINUITY\n") != 1 {
					t.Errorf("after it: %v\n%s", faults, body)
				}
			})
		})
	}
	t.Run("another session", func(t *testing.T) {
		inRemoteShow(t, Config{}, func(w *show, _ []*stream.Hub, p *feeding) {
			uri := w.enter()
			p.p.Close(stream.StopLost)
			w.cluster.since["b"] = 1
			w.cluster.place.Session = "02J"
			w.s = w.cluster.all["b"]
			if code, body := w.get(w.t.Context(), uri); code != http.StatusNotFound {
				t.Errorf("%d %s", code, body)
			}
		})
	})
}
