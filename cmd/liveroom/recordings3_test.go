package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"liveroom/internal/redistest"
	"liveroom/internal/s3test"
	"liveroom/status"
)

// metric is what a node's metrics say of one that has no labels.
func (n *node) metric(name string) (value float64) {
	n.t.Helper()
	for line := range strings.Lines(n.metrics()) {
		if of, is := strings.CutPrefix(line, name+" "); is {
			if _, err := fmt.Sscan(of, &value); err != nil {
				n.t.Fatalf("%s: %v", line, err)
			}
			return value
		}
	}
	n.t.Fatalf("no metric %s", name)
	return 0
}

// TestARecordingWhileS3IsAway, some seconds and with LIVEROOM_SCALE=20 a minute: who watches notices nothing, pictures are taken and
// shown, and nothing is missing of the recording, nor of the file that is made of it.
func TestARecordingWhileS3IsAway(t *testing.T) {
	t.Parallel()
	proxy := redistest.Through(t, s3test.Start(t))
	n := startNodeIn(t, []string{envS3AccessKey + "=key", envS3SecretKey + "=opensesame"}, "--record-store=s3://"+s3test.Bucket+"/live", "--s3-endpoint=http://"+proxy.Addr,
		"--record=always", "--record-segment=1s", "--hls-segment=1s", "--screenshots=2s")
	n.createRoom(map[string]any{"id": "r1"})
	a := n.addresses("r1")
	p := push(t, a.Push.RTMP, orange...)
	n.eventually("S3 has some of it", func() bool { return n.metric("liveroom_record_store_sent_total") >= 3 })

	v := openFLV(t, a.Play.FLV)
	v.waitMedia(1)
	from := v.at.Load()
	proxy.Cut()
	waits := 4 * min(scale(), 20)
	n.eventually("what is recorded waits", func() bool { return n.metric("liveroom_record_store_waiting") >= float64(waits) })
	var shots struct{ Screenshots []shot }
	n.call(http.MethodPost, "/api/v1/rooms/r1/screenshots", nil, &shots)
	_, _, body := n.picture(shots.Screenshots[0].URL)
	wantOrange(t, "one taken meanwhile", body, 320, 180)
	v.waitMedia(1)
	if n.status("r1").Code != status.Live || n.metric("liveroom_recordings_failing") != 0 {
		t.Error("it was noticed")
	}
	away := v.at.Load() - from
	proxy.Heal()
	n.eventually("all was sent", func() bool { return n.metric("liveroom_record_store_waiting") == 0 })
	p.quit()
	n.waitStatus("r1", status.Paused)
	v.settled()
	watched := float64(v.at.Load()) / 1000
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)

	var list struct{ Recordings []shownRecording }
	n.eventually("it is done", func() bool {
		n.call(http.MethodGet, "/api/v1/recordings?room=r1", nil, &list)
		return len(list.Recordings) == 1 && list.Recordings[0].State == "done"
	})
	path := "/api/v1/recordings/" + list.Recordings[0].ID
	n.call(http.MethodPost, path+"/exports", map[string]any{"format": "mp4"}, nil)
	var signed struct {
		HLS   string
		Files []struct{ URL string }
	}
	n.eventually("its file is made", func() bool {
		n.call(http.MethodPost, path+"/sign", map[string]any{}, &signed)
		return len(signed.Files) == 1
	})
	for what, address := range map[string]string{"played": signed.HLS, "its file": signed.Files[0].URL} {
		if s, _ := lasts(t, address); s < watched-1 || s > watched+1 {
			t.Errorf("%s lasts %f s, %f were watched", what, s, watched)
		}
		mustPlay(t, address)
	}
	if list.Recordings[0].Gaps != 0 {
		t.Errorf("%+v", list)
	}
	n.call(http.MethodGet, "/api/v1/rooms/r1/screenshots", nil, &shots)
	if len(shots.Screenshots) < 2 {
		t.Fatalf("%+v", shots)
	}
	for _, s := range shots.Screenshots {
		if s.Width == 320 {
			_, _, body = n.picture(s.URL)
			wantOrange(t, "of "+s.At, body, 320, 180)
		}
	}
	t.Logf("S3 was away for %d ms of %.1f s, %v tries failed", away, watched, n.metric("liveroom_record_store_send_failures_total"))
}
