package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"liveroom/status"
)

// TestRecordingsAreThereOnAllNodes: what one node of a cluster records is watched from earlier, played back and exported by the other,
// one session of a player on both; a planned playback begins once.
func TestRecordingsAreThereOnAllNodes(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c := prepareCluster(t, 2, nil, "--record=always", "--record-segment=1s", "--hls-segment=1s", "--timeshift=10m", "--record-store="+folder, "--record-shared=on")
	for _, n := range c.nodes {
		n.env = append(n.env, withShiftAge+"=2s")
		n.flags = append(n.flags, "--public-url=http://"+c.nodes[0].http) // one address leads to all nodes
	}
	c.start()
	n1, n2 := c.nodes[0], c.nodes[1]
	n1.createRoom(map[string]any{"id": "r1"})
	p := push(t, n1.addresses("r1").Push.RTMP)
	waitRecorded(t, folder, "some is recorded", func(k kept) bool { return len(k.index.Segments) > 5 })

	n2.eventually("it can be watched from earlier where it is not pushed", func() bool { return n2.play("r1").TimeShift != nil })
	from := n2.play("r1").TimeShift.From.Add(time.Second).UTC()
	format := func(at time.Time) string { return strings.Replace(at.Format("20060102150405.000"), ".", "", 1) }
	window := n2.play("r1").TimeShift.HLS + "&tsFormat=human_ms&tsStart=" + format(from) + "&tsEnd=" + format(from.Add(2*time.Second))
	same := func(what, media string) {
		t.Helper()
		here, there := get(t, media), get(t, strings.Replace(media, n1.http, n2.http, 1))
		if here != there || !strings.Contains(here, "#EXTINF") {
			t.Errorf("%s: one node answers\n%s\nthe other\n%s", what, here, there)
		}
	}
	window = strings.Replace(window, n1.http, n2.http, 1)
	same("a time", strings.Replace(n2.mediaPlaylist(window), n2.http, n1.http, 1))
	if s, pictures := lasts(t, window); s < 2 || pictures < 50 {
		t.Errorf("two seconds last %f, %d pictures", s, pictures)
	}

	n2.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	p.kill()
	k := waitRecorded(t, folder, "it is finished", func(k kept) bool { return k.ended })
	id := filepath.Base(k.dir)
	path := "/api/v1/recordings/" + id
	n1.eventually("it is done", func() bool {
		var r shownRecording
		n1.call(http.MethodGet, path, nil, &r)
		return r.State == "done"
	})
	n2.call(http.MethodPost, path+"/exports", map[string]any{"format": "mp4"}, nil)
	n2.call(http.MethodPost, "/api/v1/rooms/r1/playbacks", map[string]any{"id": "soon", "recordings": []string{id}, "for": "10m", "at": time.Now().Add(time.Second).UTC().Format("2006-01-02T15:04:05.000Z")}, nil)
	began := n2.waitStatus("r1", status.Playback)
	n2.eventually("what is played back has an address", func() bool { return n2.play("r1").Playback != nil })
	back := strings.Replace(n2.play("r1").Playback.HLS, n1.http, n2.http, 1)
	same("the playback", strings.Replace(n2.mediaPlaylist(back), n2.http, n1.http, 1))
	said := float64(k.index.Duration()) / 1000
	if s, _ := lasts(t, back); s < said-1 || s > said+1 {
		t.Errorf("it lasts %f s, recorded are %f", s, said)
	}
	n1.eventually("its file is made", func() bool {
		var got struct{ Exports []shownExport }
		n1.call(http.MethodGet, path+"/exports", nil, &got)
		return len(got.Exports) == 1 && got.Exports[0].State == "done"
	})
	var plan struct {
		Runs int
		Last *struct{ Began bool }
	}
	n1.eventually("its plan says so", func() bool {
		n1.call(http.MethodGet, "/api/v1/rooms/r1/playbacks/soon", nil, &plan)
		return plan.Last != nil
	})
	if r := n1.status("r1"); plan.Runs != 1 || !plan.Last.Began || r.Version != began.Version {
		t.Errorf("%+v, the room is %+v, was %+v", plan, r, began)
	}
}
