package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/status"
)

// shownRecording and shownExport are what the tests read of recordings and exports.
type shownRecording struct {
	ID, State, Duration, Of, Title string
	Gaps                           int
	Bytes                          int64
}

type shownExport struct {
	ID, Format, From, To, State, Cause, Recording string
	Files                                         []struct {
		Name, Duration, Video, Audio string
		Bytes                        int64
	}
}

// probeFile has ffprobe read a file, and returns how long it lasts in seconds; times of each track grow.
func probeFile(t *testing.T, file string) float64 {
	t.Helper()
	for _, track := range []string{"v", "a"} {
		out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", track, "-show_entries", "packet=dts_time", "-of", "csv=p=0", file).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		before, n := -1.0, 0
		for line := range strings.Lines(string(out)) {
			at, err := strconv.ParseFloat(strings.Trim(strings.TrimSpace(line), ","), 64)
			if err != nil || at <= before {
				t.Fatalf("%s: %s at %q after %f, %v", file, track, line, before, err)
			}
			before, n = at, n+1
		}
		if n < 50 {
			t.Errorf("%s has %d of %s", file, n, track)
		}
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return seconds
}

// near fails where two lengths in seconds are not about the same.
func near(t *testing.T, what string, got float64, want string) {
	t.Helper()
	d, err := time.ParseDuration(want)
	if err != nil || got < d.Seconds()-0.15 || got > d.Seconds()+0.15 {
		t.Errorf("%s lasts %f s, should be %s, %v", what, got, want, err)
	}
}

// TestExports records two pushes with a gap between, and kills the server when the recording is done: its files are made all
// the same, and told once; a cut is a recording of its own, of which files can be made.
func TestExports(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	n := startNode(t, "--record=always", "--record-formats=hls,mp4,flv", "--record-segment=1s", "--hls-segment=1s", "--callback-private=127.0.0.0/8", "--stream-callback-url="+r.URL+"/css")
	n.createRoom(map[string]any{"id": "r1", "anchor": "alice"})
	to := n.addresses("r1").Push.RTMP
	push(t, to, "-t", "4").wait()
	// Two pushes one after the other may be as near as a recording takes for no gap, all the more where the first began so slowly
	// that its pictures are ahead of the clock.
	time.Sleep(time.Until(n.waitStatus("r1", status.Paused).Since.Add(3 * time.Second)))
	push(t, to, "-t", "3").wait()
	n.waitStatus("r1", status.Paused)
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	r.wait(t, 1, "/css", "file_format", "hls")
	n.kill()
	n.start()
	for _, format := range []string{"mp4", "flv"} {
		r.wait(t, 1, "/css", "file_format", format)
	}
	var list struct{ Recordings []shownRecording }
	n.call(http.MethodGet, "/api/v1/recordings?room=r1", nil, &list)
	if len(list.Recordings) != 1 || list.Recordings[0].State != "done" || list.Recordings[0].Gaps != 1 {
		t.Fatalf("%+v", list)
	}
	rec := list.Recordings[0]
	path := "/api/v1/recordings/" + rec.ID
	exports := func(path string) (all []shownExport) {
		n.eventually("exports are done", func() bool {
			var got struct{ Exports []shownExport }
			n.call(http.MethodGet, path+"/exports", nil, &got)
			all = got.Exports
			return !slices.ContainsFunc(all, func(e shownExport) bool { return e.State != "done" })
		})
		return all
	}
	folder := filepath.Join(n.data, "recordings", "rec")
	for _, e := range exports(path) {
		if len(e.Files) != 1 || e.Files[0].Duration != rec.Duration || e.Files[0].Video != "h264" || e.Files[0].Audio != "aac" {
			t.Errorf("%+v of %+v", e, rec)
			continue
		}
		near(t, e.Format, probeFile(t, filepath.Join(folder, rec.ID, "x", e.ID+"-1."+e.Format)), rec.Duration)
	}
	checkDownloads(t, n, path)
	var cut shownExport
	n.call(http.MethodPost, path+"/cut", map[string]any{"from": "2.5s", "to": "5.2s", "title": "Middle"}, &cut)
	var part shownRecording
	exports(path)
	n.call(http.MethodGet, "/api/v1/recordings/"+cut.Recording, nil, &part)
	if part.Of != rec.ID || part.State != "done" || part.Title != "Middle" || part.Gaps != 1 {
		t.Errorf("%+v became %+v", cut, part)
	}
	n.call(http.MethodPost, "/api/v1/recordings/"+part.ID+"/exports", map[string]any{"format": "mp4"}, nil)
	of := exports("/api/v1/recordings/" + part.ID)
	if len(of) != 1 {
		t.Fatalf("%+v", of)
	}
	near(t, "the cut's file", probeFile(t, filepath.Join(folder, part.ID, "x", of[0].ID+"-1.mp4")), part.Duration)

	n.call(http.MethodDelete, path, nil, nil)
	n.eventually("nothing is left of it", func() bool {
		_, err := os.Stat(filepath.Join(folder, rec.ID, "x"))
		return os.IsNotExist(err)
	})
	checkRecordEvents(t, r, rec.ID)
}

// checkDownloads gets the files of a recording from their signed addresses, whole and in part.
func checkDownloads(t *testing.T, n *node, path string) {
	t.Helper()
	var signed struct {
		HLS   string
		Files []struct {
			Format, Name, URL string
			Bytes             int64
		}
	}
	n.call(http.MethodPost, path+"/sign", map[string]any{"expiresIn": "10m"}, &signed)
	if len(signed.Files) != 2 {
		t.Fatalf("%+v", signed)
	}
	for _, f := range signed.Files {
		if whole := get(t, f.URL); int64(len(whole)) != f.Bytes {
			t.Errorf("%s has %d bytes, should have %d", f.Name, len(whole), f.Bytes)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Range", "bytes=4-7")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		part, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusPartialContent || len(part) != 4 || strings.HasSuffix(f.Name, ".mp4") && string(part) != "ftyp" {
			t.Errorf("%s: %d %q", f.Name, resp.StatusCode, part)
		}
	}
	if !strings.Contains(get(t, signed.HLS), "#EXTM3U") {
		t.Error("no playlist at " + signed.HLS)
	}
}

// checkRecordEvents looks at what a receiver of CSS events was told of a recording.
func checkRecordEvents(t *testing.T, r *receiver, id string) {
	t.Helper()
	var steps, files []string
	for _, e := range r.all("/css", "session_id", id) {
		steps = append(steps, strings.TrimPrefix(fmt.Sprint(e.body["record_event"]), "record_"))
	}
	// It pauses where the second push did not come at once.
	if !regexp.MustCompile(`^start_succeeded( paused resumed)?( paused)? ended$`).MatchString(strings.Join(steps, " ")) {
		t.Errorf("told %v", steps)
	}
	for _, e := range r.all("/css", "event_type", 100) {
		if ext := fmt.Sprint(e.body["callback_ext"]); strings.Contains(ext, id) {
			files = append(files, fmt.Sprint(e.body["file_format"]))
			if size, _ := e.body["file_size"].(float64); size < 10_000 || !strings.Contains(ext, `"video_codec":"h264"`) || e.body["stream_id"] != "r1" || !strings.Contains(fmt.Sprint(e.body["video_url"]), "/live/r1/d/") || e.body["duration"] != 7. && e.body["duration"] != 6. {
				t.Errorf("%s", e.raw)
			}
		}
	}
	slices.Sort(files)
	if got := strings.Join(files, " "); got != "flv hls mp4" {
		t.Errorf("told of %s", got)
	}
}
