package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"liveroom/chat/replay"
	"liveroom/live/record"
	"liveroom/status"
)

// chatIn is all that is kept of chat in a folder of recordings: lines of messages, and names of markers.
func chatIn(t *testing.T, folder string) (said string, markers []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "rec", "*", "chat", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "x-") {
			markers = append(markers, filepath.Base(file))
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said += string(data)
	}
	return said, markers
}

// TestWhatIsSaidIsKeptWithARecording: members speak while a session is recorded, one takes something back, and the server is killed in
// between. Likes are not kept, and nothing that is said while nothing is recorded.
func TestWhatIsSaidIsKeptWithARecording(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--record=always", "--record-segment=1s", "--hls-segment=1s")
	folder := filepath.Join(n.data, "recordings")
	n.createRoom(map[string]any{"id": "r1"})
	say := func(text string) (seq uint64) {
		var sent struct{ Seq uint64 }
		n.call(http.MethodPost, "/api/v1/rooms/r1/messages", map[string]any{"from": "ann", "text": text, "random": len(text)}, &sent)
		return sent.Seq
	}
	n.call(http.MethodPost, "/api/v1/accounts", map[string]any{"accounts": []map[string]any{{"user": "ann"}}}, nil)
	say("nobody pushes")
	p := push(t, n.addresses("r1").Push.RTMP)
	n.waitStatus("r1", status.Live)
	say("before the first segment")
	waitRecorded(t, folder, "it records", func(k kept) bool { return len(k.index.Segments) > 1 })
	gone := say("taken back")
	n.call(http.MethodDelete, fmt.Sprintf("/api/v1/rooms/r1/messages/%d", gone), nil, nil)
	n.eventually("the withdrawal is noted", func() bool {
		_, markers := chatIn(t, folder)
		return len(markers) == 1 && markers[0] == fmt.Sprintf("x-%d", gone)
	})
	n.stop() // in order: what is in memory is written
	p.kill()
	n.start()
	n.waitStatus("r1", status.Paused)
	say("after the start")
	n.call(http.MethodPost, "/api/v1/rooms/r1/messages", map[string]any{"from": "ann", "random": 99, "body": customBody(`{"type":"like","count":3}`)}, nil)
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	n.eventually("it is kept", func() bool {
		said, _ := chatIn(t, folder)
		return strings.Contains(said, "after the start")
	})
	said, _ := chatIn(t, folder) // what was taken back may have been written before: then it is the marker that hides it
	for text, want := range map[string]bool{
		"nobody pushes": false, "before the first segment": true, "after the start": true, "live_status": false, "like": false,
	} {
		if strings.Contains(said, text) != want {
			t.Errorf("%q is kept: %v, want %v, in\n%s", text, !want, want, said)
		}
	}
	n.eventually("metrics say so", func() bool {
		metrics := n.metrics()
		return strings.Contains(metrics, "liveroom_replay_messages_total 1") && strings.Contains(metrics, "liveroom_replay_lost_total 0")
	})
}

// TestSegmentsAreSpansOfPlayTime: what follows without a gap is one span.
func TestSegmentsAreSpansOfPlayTime(t *testing.T) {
	got := spansOf(record.Index{Segments: []record.Segment{{Start: 100, Duration: 50}, {Start: 150, Duration: 50}, {Start: 300, Duration: 10}, {Start: 311, Duration: 10}}})
	want := []replay.Span{{Start: 100, Duration: 100}, {Start: 300, Duration: 10}, {Start: 311, Duration: 10}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}
