package main

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"liveroom/status"
)

// mustPlay has ffmpeg decode all of what is at an address; it finds fault with nothing. Pictures keep their times: where two pushes meet
// they may be nearer than pictures usually are.
func mustPlay(t *testing.T, address string) {
	t.Helper()
	if out, err := exec.Command("ffmpeg", "-v", "error", "-i", address, "-enc_time_base", "-1", "-f", "null", "-").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("ffmpeg plays %s: %v\n%s", address, err, out)
	}
}

// TestOneRecordingOverAll that can happen to a push: it ends and comes back after five seconds, its server is killed, it comes back
// once more and goes to another node while it runs. It is one recording that lasts as long as was pushed, with a gap wherever nothing
// was; players and ffmpeg get through it, and through the file made of it.
func TestOneRecordingOverAll(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c := startCluster(t, 2, nil, "--record=always", "--record-segment=2s", "--hls-segment=1s", "--grace=5m", "--record-store="+folder, "--record-shared=on")
	first, second := c.nodes[0], c.nodes[1]
	first.createRoom(map[string]any{"id": "r1"})
	here, there := first.addresses("r1"), second.addresses("r1")

	push(t, here.Push.RTMP, "-t", "3").wait()
	interrupted := first.waitStatus("r1", status.Paused).Since
	time.Sleep(time.Until(interrupted.Add(5 * time.Second))) // that it is away for so long is the point
	killed := push(t, here.Push.RTMP)
	first.waitStatus("r1", status.Live)
	v := openFLV(t, here.Play.FLV)
	waitRecorded(t, folder, "some of the second push is stored", func(k kept) bool { return k.of(2) > 0 })
	first.kill()
	v.close()
	killed.kill()
	crashed := v.at.Load() // where on the session's clock
	first.start()
	moved := push(t, here.Push.RTMP)
	waitRecorded(t, folder, "some of the third push is stored", func(k kept) bool { return k.of(3) > 0 })
	session := first.status("r1").Session
	push(t, there.Push.RTMP, "-t", "4").wait()
	moved.kill()
	over := second.waitStatus("r1", status.Paused)
	second.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	k := waitRecorded(t, folder, "it is finished", func(k kept) bool { return k.ended })
	k.checkIndex(t)

	var of [5]struct{ from, to, length int64 }
	for _, s := range k.index.Segments {
		g := &of[min(s.Generation, 4)]
		if g.length == 0 {
			g.from = s.Start
		}
		g.to, g.length = s.End(), g.length+s.Duration
	}
	near := func(what string, got, want, less int64) {
		t.Helper()
		if got < want-less || got > want+500 {
			t.Errorf("%s: %d ms, should be %d: %+v", what, got, want, k.index.Segments)
		}
	}
	near("the first push", of[1].length, 3000, 500)
	near("the second, until its server was killed", of[2].to, crashed, 4000) // less the segment that was not stored, and the one that was made
	near("the third, until it went elsewhere", of[3].to, of[4].from, 3000)   // less one that would be of both
	near("the last", of[4].length, 4000, 500)
	t.Logf("%d ms of 3000 · %d of %d, then killed · %d of %d, then moved · %d of 4000 · gaps %+v", of[1].length, of[2].length, crashed-of[2].from,
		of[3].length, of[4].from-of[3].from, of[4].length, k.index.Gaps())
	if gaps := k.index.Gaps(); len(gaps) < 2 || gaps[0].Duration < 4500 || over.Session != session {
		t.Errorf("gaps: %+v, session %s, was %s", gaps, over.Session, session)
	}

	var list struct{ Recordings []shownRecording }
	second.eventually("it is done", func() bool {
		second.call(http.MethodGet, "/api/v1/recordings?room=r1", nil, &list)
		return len(list.Recordings) == 1 && list.Recordings[0].State == "done"
	})
	path := "/api/v1/recordings/" + list.Recordings[0].ID
	second.call(http.MethodPost, path+"/exports", map[string]any{"format": "mp4"}, nil)
	var signed struct {
		HLS   string
		Files []struct{ URL, Duration string }
	}
	second.call(http.MethodPost, path+"/sign", map[string]any{}, &signed)
	said := float64(k.index.Duration()) / 1000
	media := get(t, second.mediaPlaylist(signed.HLS))
	if n := strings.Count(media, "#EXT-X-DISCONTINUITY\n"); n != k.breaks() || n < len(k.index.Gaps()) || !strings.Contains(media, "#EXT-X-ENDLIST") {
		t.Errorf("%d breaks and %d gaps in\n%s", k.breaks(), len(k.index.Gaps()), media)
	}
	if s, _ := lasts(t, signed.HLS); s < said-1 || s > said+1 {
		t.Errorf("played it lasts %f s, recorded are %f", s, said)
	}
	k.checkTimes(t, signed.HLS)
	mustPlay(t, signed.HLS)
	second.eventually("its file is made", func() bool {
		second.call(http.MethodPost, path+"/sign", map[string]any{}, &signed)
		return len(signed.Files) > 0
	})
	if len(signed.Files) != 1 {
		t.Fatalf("%+v", signed.Files)
	}
	file := signed.Files[0].URL
	if s, _ := lasts(t, file); s < said-1 || s > said+1 {
		t.Errorf("its file lasts %f s, recorded are %f", s, said)
	}
	k.checkTimes(t, file)
	mustPlay(t, file)
	second.call(http.MethodPost, "/api/v1/rooms/r1/playback", map[string]any{"recording": list.Recordings[0].ID}, nil)
	first.waitStatus("r1", status.Playback)
	first.eventually("the other node plays it back as well, at an address of its own", func() bool {
		p := first.play("r1").Playback
		return p != nil && strings.HasPrefix(p.HLS, "http://"+first.http+"/") && strings.Count(get(t, first.mediaPlaylist(p.HLS)), "#EXTINF") == len(k.index.Segments)
	})
	for says, nodes := range map[string]int{"liveroom_recordings_done_total 1": 1, "liveroom_recordings_failing 0": 2} {
		if n := strings.Count(first.metrics()+second.metrics(), says+"\n"); n != nodes {
			t.Errorf("%d nodes say %s", n, says)
		}
	}
}
