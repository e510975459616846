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

// check reads a finished recording as a player would: its index says what is there, times never go back, pictures cover what
// the index says and nothing else.
func (k kept) check(t *testing.T) {
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
	media := filepath.Join(t.TempDir(), "all.mp4")
	var all bytes.Buffer
	for i, s := range k.index.Segments {
		if i < len(index.Segments) && (index.Segments[i].File != s.File || index.Segments[i].Bytes != s.Bytes) {
			t.Errorf("the index says %+v of %+v", index.Segments[i], s)
		}
		if i > 0 && s.Start < k.index.Segments[i-1].End() {
			t.Errorf("%s begins before the end of %s", s.File, k.index.Segments[i-1].File)
		}
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
	if err := os.WriteFile(media, all.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, track := range []string{"v", "a"} {
		out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", track, "-show_entries", "packet=dts_time,duration_time", "-of", "csv=p=0", media).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		before, length := -1.0, 0.0
		for line := range strings.Lines(string(out)) {
			dts, duration, _ := strings.Cut(strings.Trim(strings.TrimSpace(line), ","), ",")
			at, err := strconv.ParseFloat(dts, 64)
			if err != nil || at <= before {
				t.Fatalf("%s at %s after %f: %v", track, line, before, err)
			}
			d, _ := strconv.ParseFloat(duration, 64)
			before, length = at, length+d
		}
		if said := float64(k.index.Duration()) / 1000; length < said-1 || length > said+1 {
			t.Errorf("%s lasts %f s, the index says %f", track, length, said)
		}
	}
}

// TestARecordingOutlivesReconnectsAndACrash pushes, cuts the line for some seconds, pushes again, kills the server, and pushes once
// more: it is one recording, with gaps where nothing came.
func TestARecordingOutlivesReconnectsAndACrash(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--record=always", "--record-segment=2s", "--hls-segment=1s")
	folder := filepath.Join(n.data, "recordings")
	n.createRoom(map[string]any{"id": "r1"})
	to := n.addresses("r1").Push.RTMP

	push(t, to, "-t", "5").wait()
	n.waitStatus("r1", status.Paused)
	cut := time.Now()
	waitRecorded(t, folder, "the first push is stored", func(k kept) bool { return k.index.Duration() > 4500 })
	time.Sleep(time.Until(cut.Add(3 * time.Second)))
	push(t, to, "-t", "5").wait()
	n.waitStatus("r1", status.Paused)
	waitRecorded(t, folder, "the second push is stored", func(k kept) bool { return k.index.Duration() > 9500 })
	gone := push(t, to)
	waitRecorded(t, folder, "some of the third push is stored", func(k kept) bool { return k.of(3) > 1 })
	n.kill()
	gone.kill()
	n.start()
	last := push(t, to)
	waitRecorded(t, folder, "some of the fourth push is stored", func(k kept) bool { return k.of(4) > 0 })
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	last.kill()
	k := waitRecorded(t, folder, "it is finished", func(k kept) bool { return k.ended })
	k.check(t)

	var graceful int64
	for _, s := range k.index.Segments {
		if s.Generation <= 2 {
			graceful += s.Duration
		}
	}
	if graceful < 9500 || graceful > 10_500 {
		t.Errorf("of ten seconds %d ms are recorded", graceful)
	}
	gaps := k.index.Gaps()
	if len(gaps) != 3 || gaps[0].Duration < 3000 || gaps[0].Duration > 20_000 {
		t.Errorf("gaps: %+v", gaps)
	}
	for _, g := range gaps {
		i := slices.IndexFunc(k.index.Segments, func(s record.Segment) bool { return s.Start == g.Start+g.Duration })
		if i < 0 || !strings.HasSuffix(k.index.Segments[i].File, "-b.m4s") {
			t.Errorf("after the gap %+v there is no mark in %+v", g, k.index.Segments)
		}
	}
	for _, says := range []string{"liveroom_recordings_done_total 1", "liveroom_recordings_failing 0"} {
		n.eventually(says, func() bool { return strings.Contains(n.metrics(), says) })
	}
}

// TestARecordingSurvivesKills kills the server at random moments: each costs no more than the segment that was not stored yet.
func TestARecordingSurvivesKills(t *testing.T) {
	t.Parallel()
	kills := 6 * scale()
	n := startNode(t, "--record=always", "--record-segment=1s", "--hls-segment=1s", "--grace=5m")
	folder := filepath.Join(n.data, "recordings")
	n.createRoom(map[string]any{"id": "r1"})
	to := n.addresses("r1").Push.RTMP
	var live time.Duration
	for i := range kills {
		p := push(t, to)
		n.waitStatus("r1", status.Live)
		began := time.Now()
		time.Sleep(time.Second + rand.N(2500*time.Millisecond)) // of the encoder's time; that it is random is the point
		n.kill()
		live += time.Since(began)
		p.kill()
		if all := recordingsIn(t, folder); len(all) > 1 || len(all) == 1 && len(all[0].index.Gaps()) > i {
			t.Fatalf("after kill %d: %+v", i, all)
		}
		n.start()
	}
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	k := waitRecorded(t, folder, "it is finished", func(k kept) bool { return k.ended })
	k.check(t)
	lost := live - time.Duration(k.index.Duration())*time.Millisecond
	// A stored segment that waits for its second half, and the HLS segment that is being made.
	if most := time.Duration(kills) * 2500 * time.Millisecond; lost > most || lost < -time.Duration(kills)*time.Second {
		t.Errorf("of %s live %s are lost, at most %s may be", live, lost, most)
	}
	t.Logf("%d kills: of %s live %s were lost, %d segments", kills, live, lost, len(k.index.Segments))
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

// TestARecordingMovesWithItsPush: the push goes to another node of a cluster, after the first was killed: one recording.
func TestARecordingMovesWithItsPush(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c := startCluster(t, 2, nil, "--record=always", "--record-segment=2s", "--hls-segment=1s", "--record-store="+folder, "--record-shared=on")
	first, second := c.nodes[0], c.nodes[1]
	first.createRoom(map[string]any{"id": "r1"})
	one := push(t, first.addresses("r1").Push.RTMP)
	waitRecorded(t, folder, "the first node records", func(k kept) bool { return k.of(1) > 1 })
	first.kill()
	one.kill()
	push(t, second.addresses("r1").Push.RTMP, "-t", "5").wait()
	waitRecorded(t, folder, "the second node records", func(k kept) bool { return k.of(2) > 1 })
	second.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	k := waitRecorded(t, folder, "it is finished", func(k kept) bool { return k.ended })
	k.check(t)
	if gaps := k.index.Gaps(); len(gaps) != 1 {
		t.Errorf("gaps: %+v", gaps)
	}
}
