package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/status"
)

// shownPlay is what a room has to be played.
type shownPlay struct {
	Playback *struct {
		HLS, StartAt, Duration string
		Loop                   bool
	}
	TimeShift *struct {
		HLS, Window string
		From        time.Time
	}
}

func (n *node) play(room string) (p shownPlay) {
	n.t.Helper()
	n.call(http.MethodGet, "/api/v1/rooms/"+room+"/play", nil, &p)
	return p
}

// lasts is how long ffprobe says that something lasts, in seconds; it is read to its end, and pictures are counted.
func lasts(t *testing.T, url string) (seconds float64, pictures int) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v", "-count_packets", "-of", "json", "-show_entries", "format=duration:stream=nb_read_packets", url).CombinedOutput()
	var got struct {
		Format  struct{ Duration string }
		Streams []struct {
			Packets string `json:"nb_read_packets"`
		}
	}
	if err != nil || json.Unmarshal(out, &got) != nil || len(got.Streams) == 0 {
		t.Fatalf("ffprobe: %v %s", err, out)
	}
	seconds, _ = strconv.ParseFloat(got.Format.Duration, 64)
	pictures, _ = strconv.Atoi(got.Streams[0].Packets)
	return seconds, pictures
}

// TestRecordingsArePlayed: what was pushed a moment ago can be watched while live, and all of it when the room plays it back, which
// the status tells everybody; each with a signature only.
func TestRecordingsArePlayed(t *testing.T) {
	t.Parallel()
	n := startNodeIn(t, []string{withShiftAge + "=2s"}, "--record=always", "--record-segment=1s", "--hls-segment=1s", "--timeshift=10m")
	folder := filepath.Join(n.data, "recordings")
	n.createRoom(map[string]any{"id": "r1"})
	m := n.enter("r1", "", "", nil)
	p := push(t, n.addresses("r1").Push.RTMP)
	waitRecorded(t, folder, "some is recorded", func(k kept) bool { return len(k.index.Segments) > 7 })

	shift := n.play("r1").TimeShift
	if shift == nil || shift.Window != "600s" || time.Since(shift.From) > time.Minute {
		t.Fatalf("%+v", shift)
	}
	from := shift.From.Add(2 * time.Second)
	window := shift.HLS + "&tsFormat=human_ms_8&tsStart=" + strings.Replace(from.In(time.FixedZone("", 8*3600)).Format("20060102150405.000"), ".", "", 1) +
		"&tsEnd=" + strings.Replace(from.Add(2*time.Second).In(time.FixedZone("", 8*3600)).Format("20060102150405.000"), ".", "", 1)
	if s, pictures := lasts(t, window); s < 2 || s > 5 || pictures < 50 {
		t.Errorf("a window of two seconds lasts %f, %d pictures", s, pictures)
	}
	sliding := n.mediaPlaylist(shift.HLS + "&tsDelay=3")
	list := get(t, sliding)
	if !strings.Contains(list, "#EXTINF") || strings.Contains(list, "ENDLIST") {
		t.Errorf("%s", list)
	}
	n.eventually("the playlist goes on", func() bool { return get(t, sliding) != list })
	bare, _, _ := strings.Cut(shift.HLS, "?")
	for what, address := range map[string]string{
		"unsigned": bare + "?txTimeshift=on&tsDelay=3", "expired": n.expired(t, bare) + "&txTimeshift=on&tsDelay=3", "too near": shift.HLS + "&tsDelay=1",
		"before it began": shift.HLS + "&tsDelay=3000",
	} {
		want := http.StatusForbidden
		if strings.HasPrefix(address, shift.HLS) {
			want = http.StatusBadRequest
		}
		if got := n.statusOf(address); got != want {
			t.Errorf("%s: %d", what, got)
		}
	}

	get(t, sliding)
	n.call(http.MethodPost, "/api/v1/rooms/r1/forbid", map[string]any{}, nil)
	if got := n.statusOf(sliding); got != http.StatusForbidden {
		t.Errorf("a time shift of a forbidden room: %d", got)
	}
	p.kill()
	n.call(http.MethodPost, "/api/v1/rooms/r1/permit", map[string]any{}, nil)
	k := waitRecorded(t, folder, "it is finished", func(k kept) bool { return k.ended })
	id := filepath.Base(k.dir)
	var r status.Record
	n.eventually("it can be played back", func() bool {
		resp, raw := n.request(http.MethodPost, "/api/v1/rooms/r1/playback", map[string]any{"recording": id, "startAt": "1s"}, "Bearer "+n.secrets.APIToken)
		return resp.StatusCode == http.StatusOK && json.Unmarshal(raw, &r) == nil
	})
	public := "http://" + n.http + "/live/r1.m3u8"
	if r.Code != status.Playback || r.PlaybackURL == nil || !strings.HasPrefix(*r.PlaybackURL, public+"?playback=") {
		t.Fatalf("%+v", r)
	}
	m.waitVersion(r.Version)
	m.mu.Lock()
	told := map[string]status.Record{"attribute": m.attrs[len(m.attrs)-1]}
	for _, msg := range m.messages {
		if of, ok := statusIn(msg); ok {
			told["message"] = of // the newest stays
		}
	}
	for what, told := range told {
		if told.Code != status.Playback || told.PlaybackURL == nil || *told.PlaybackURL != *r.PlaybackURL {
			t.Errorf("%s: %+v", what, told)
		}
	}
	m.mu.Unlock()
	back := n.play("r1").Playback
	said := float64(k.index.Duration()) / 1000
	if back == nil || back.StartAt != "1s" || back.Loop || !strings.HasPrefix(back.Duration, strconv.Itoa(int(said))) {
		t.Fatalf("%+v, it lasts %f", back, said)
	}
	if s, pictures := lasts(t, back.HLS); s < said-1 || s > said+1 || float64(pictures) < (said-1)*25 {
		t.Errorf("it lasts %f s with %d pictures, recorded are %f", s, pictures, said)
	}
	u, err := url.Parse(back.HLS)
	if err != nil {
		t.Fatal(err)
	}
	for what, address := range map[string]string{"unsigned": public, "as the status says it": *r.PlaybackURL, "expired": n.expired(t, public), "of another room": strings.Replace(public, "r1", "r2", 1) + "?" + u.RawQuery} {
		if got := n.statusOf(address); got != http.StatusForbidden {
			t.Errorf("%s: %d", what, got)
		}
	}
	viewers := func() (v struct{ Viewers struct{ HLS int } }) {
		n.call(http.MethodGet, "/api/v1/rooms/r1/status", nil, &v)
		return v
	}
	media := n.mediaPlaylist(back.HLS)
	before := viewers().Viewers.HLS
	get(t, media)
	if now := viewers().Viewers.HLS; now != before+1 {
		t.Errorf("%d viewers, before there were %d", now, before)
	}
	if !strings.Contains(n.metrics(), "liveroom_vod_sessions_total") {
		t.Error("there are no figures")
	}
	n.anotherOfThatName("r1", id)
}

// anotherOfThatName has a room deleted and made anew under its id, for somebody else: what was recorded in the old one is the backend's
// alone.
func (n *node) anotherOfThatName(room, recording string) {
	n.t.Helper()
	n.call(http.MethodDelete, "/api/v1/rooms/"+room, nil, nil)
	n.createRoom(map[string]any{"id": room, "anchor": "eve"})
	eve := "Bearer " + n.userSig("eve")
	one, play := "/api/v1/recordings/"+recording, map[string]any{"recording": recording}
	for _, x := range []struct {
		who, method, path string
		body              any
		want              int
	}{
		{eve, http.MethodGet, one, nil, http.StatusNotFound},
		{eve, http.MethodPost, one + "/sign", nil, http.StatusNotFound},
		{eve, http.MethodGet, one + "/exports", nil, http.StatusNotFound},
		{eve, http.MethodDelete, one, nil, http.StatusNotFound},
		{eve, http.MethodPost, "/api/v1/rooms/" + room + "/playback", play, http.StatusUnprocessableEntity},
		{"Bearer " + n.secrets.APIToken, http.MethodPost, "/api/v1/rooms/" + room + "/playback", play, http.StatusUnprocessableEntity},
		{"Bearer " + n.secrets.APIToken, http.MethodGet, one, nil, http.StatusOK},
		{"Bearer " + n.secrets.APIToken, http.MethodPost, one + "/sign", nil, http.StatusOK},
	} {
		if resp, raw := n.request(x.method, x.path, x.body, x.who); resp.StatusCode != x.want {
			n.t.Errorf("%s %s: %d %s, want %d", x.method, x.path, resp.StatusCode, raw, x.want)
		}
	}
	list := "/api/v1/recordings?room=" + room
	if _, raw := n.request(http.MethodGet, list, nil, eve); !strings.Contains(string(raw), `"recordings":[]`) {
		n.t.Errorf("the new anchor sees %s", raw)
	}
	if _, raw := n.request(http.MethodGet, list, nil, "Bearer "+n.secrets.APIToken); !strings.Contains(string(raw), recording) {
		n.t.Errorf("the backend sees %s", raw)
	}
	if p := n.play(room); p.Playback != nil || p.TimeShift != nil {
		n.t.Errorf("%+v", p)
	}
}
