package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/live/record"
	"liveroom/status"
)

// kept is a recording as it lies in a folder.
type kept struct {
	dir   string
	index record.Index
	ended bool // its index is written
}

// recordingsIn reads the recordings of a folder, in the order of their making.
func recordingsIn(t *testing.T, folder string) (all []kept) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(folder, "rec", "*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		k := kept{dir: dir}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var segments []record.Segment
		for _, f := range files {
			k.ended = k.ended || f.Name() == "index.json"
			if s, ok := record.ParseSegmentName(f.Name()); ok {
				if info, err := f.Info(); err == nil {
					s.Bytes = info.Size()
				}
				segments = append(segments, s)
			}
		}
		k.index = record.NewIndex(segments, k.ended)
		all = append(all, k)
	}
	return all
}

// waitRecorded waits until the one recording of a folder is as it should be.
func waitRecorded(t *testing.T, folder, what string, ok func(kept) bool) kept {
	t.Helper()
	var last []kept
	eventually(t, what, func() bool {
		last = recordingsIn(t, folder)
		return len(last) == 1 && ok(last[0])
	})
	return last[0]
}

// of counts the segments of a push.
func (k kept) of(generation uint64) (n int) {
	for _, s := range k.index.Segments {
		if s.Generation == generation {
			n++
		}
	}
	return n
}

// breaks counts the places where something does not follow from what is before it.
func (k kept) breaks() (n int) {
	for i, s := range k.index.Segments {
		if i > 0 && s.Breaks {
			n++
		}
	}
	return n
}

// check reads a finished recording as a player would: its index says what is there, times never go back, pictures cover what
// the index says and nothing else.
func (k kept) check(t *testing.T) {
	t.Helper()
	k.checkIndex(t)
	var all bytes.Buffer
	for i, s := range k.index.Segments {
		files := []string{s.File}
		if i == 0 || s.Init != k.index.Segments[i-1].Init {
			files = []string{s.Init, s.File}
		}
		for _, f := range files {
			data, err := os.ReadFile(filepath.Join(k.dir, f))
			if err != nil {
				t.Fatal(err)
			}
			all.Write(data)
		}
	}
	media := filepath.Join(t.TempDir(), "all.mp4")
	if err := os.WriteFile(media, all.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	k.checkTimes(t, media)
}

// checkIndex: what the index of a finished recording says is there, one after the other, with a mark after each gap.
func (k kept) checkIndex(t *testing.T) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(k.dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Segments []struct {
			File  string
			Bytes int64
		}
	}
	if err := json.Unmarshal(raw, &index); err != nil || len(index.Segments) != len(k.index.Segments) {
		t.Errorf("the index has %d segments, the folder %d: %v", len(index.Segments), len(k.index.Segments), err)
	}
	for i, s := range k.index.Segments {
		if i < len(index.Segments) && (index.Segments[i].File != s.File || index.Segments[i].Bytes != s.Bytes) {
			t.Errorf("the index says %+v of %+v", index.Segments[i], s)
		}
		if i == 0 {
			continue
		}
		switch before := k.index.Segments[i-1]; {
		case s.Start < before.End():
			t.Errorf("%s begins before the end of %s", s.File, before.File)
		case s.Start > before.End()+250 && !strings.HasSuffix(s.File, "-b.m4s"):
			t.Errorf("between %s and %s is a gap without a mark", before.File, s.File)
		}
	}
}

// checkTimes: where a recording is played, in a file or at an address, sounds and pictures come one after the other, and last as long as
// the index says. Of each push the last sound may be longer than the pictures.
func (k kept) checkTimes(t *testing.T, media string) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "packet=codec_type,dts_time,duration_time", "-of", "csv=p=0", media).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	before, length := map[string]float64{"video": -1, "audio": -1}, map[string]float64{}
	for line := range strings.Lines(string(out)) {
		of := strings.Split(strings.TrimSpace(line), ",")
		if len(of) < 3 {
			t.Fatalf("%s: %s", media, line)
		}
		at, err := strconv.ParseFloat(of[1], 64)
		if err != nil || at <= before[of[0]] {
			t.Fatalf("%s: %s after %f: %v", media, line, before[of[0]], err)
		}
		d, _ := strconv.ParseFloat(of[2], 64)
		before[of[0]], length[of[0]] = at, length[of[0]]+d
	}
	said := float64(k.index.Duration()) / 1000
	for _, track := range []string{"video", "audio"} {
		if l := length[track]; l < said-1 || l > said+1+0.03*float64(k.breaks()) {
			t.Errorf("%s: %s lasts %f s, the index says %f", media, track, l, said)
		}
	}
}

// TestARecordingSurvivesKills kills the server at random moments: each costs no more than the segment that was not stored yet. How
// much was live, a viewer says.
func TestARecordingSurvivesKills(t *testing.T) {
	t.Parallel()
	kills := 6 * scale()
	n := startNode(t, "--record=always", "--record-segment=1s", "--hls-segment=1s", "--grace=5m")
	folder := filepath.Join(n.data, "recordings")
	n.createRoom(map[string]any{"id": "r1"})
	to := n.addresses("r1")
	var lost []int64 // by each kill, ms
	for i := range kills {
		p := push(t, to.Push.RTMP)
		n.waitStatus("r1", status.Live)
		v := openFLV(t, to.Play.FLV)
		v.waitMedia(1)
		from := v.at.Load()
		time.Sleep(time.Second + rand.N(2500*time.Millisecond)) // of the encoder's time; that it is random is the point
		n.kill()
		v.close()
		p.kill()
		stored := from
		all := recordingsIn(t, folder)
		if len(all) > 1 || len(all) == 1 && len(all[0].index.Gaps()) > i {
			t.Fatalf("after kill %d: %+v", i, all)
		}
		if len(all) == 1 {
			for _, s := range all[0].index.Segments {
				if s.Generation == uint64(i+1) { //nolint:gosec // small
					stored = max(stored, s.End())
				}
			}
		}
		lost = append(lost, v.at.Load()-stored)
		n.start()
	}
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	k := waitRecorded(t, folder, "it is finished", func(k kept) bool { return k.ended })
	k.check(t)
	slices.Sort(lost)
	var sum int64
	for _, ms := range lost {
		sum += ms
	}
	t.Logf("%d kills, %d segments, %d s kept; lost by a kill: %d ms on average, %d by half of them, %d at most", kills, len(k.index.Segments),
		k.index.Duration()/1000, sum/int64(kills), lost[kills/2], lost[kills-1])
	// The segment that is being made, and one that is being stored.
	if most := lost[kills-1]; most > 3000 {
		t.Errorf("a kill lost %d ms", most)
	}
}

// TestAFullDiskStopsRecordingsOnly fills the disk of the recordings under a running push: an alarm, no recording, and the same live
// stream; it goes on when there is room again.
func TestAFullDiskStopsRecordingsOnly(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 16)
	n := startNode(t, "--record=always", "--record-segment=1s", "--hls-segment=1s", "--record-store="+filepath.Join(disk, "recordings"), "--record-spare=2MiB")
	folder := filepath.Join(disk, "recordings")
	n.createRoom(map[string]any{"id": "r1"})
	a := n.addresses("r1")
	p := push(t, a.Push.RTMP)
	waitRecorded(t, folder, "it records", func(k kept) bool { return len(k.index.Segments) > 1 })
	empty := fillDisk(t, disk)
	n.eventually("an alarm", func() bool {
		return strings.Contains(n.metrics(), "liveroom_recordings_failing 1") && strings.Contains(n.log.String(), "recording can't be stored; the live stream goes on")
	})
	mustDecode(t, a.Play.FLV)
	if r := n.status("r1"); r.Code != status.Live {
		t.Errorf("the room is %+v", r)
	}
	stored := len(recordingsIn(t, folder)[0].index.Segments)
	empty()
	waitRecorded(t, folder, "it goes on", func(k kept) bool { return len(k.index.Segments) > stored+1 })
	n.eventually("the alarm is over", func() bool { return strings.Contains(n.metrics(), "liveroom_recordings_failing 0") })
	p.quit()
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	k := waitRecorded(t, folder, "it is finished", func(k kept) bool { return k.ended })
	k.check(t)
	if gaps := k.index.Gaps(); len(gaps) != 1 {
		t.Errorf("gaps: %+v", gaps)
	}
}
