package record_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"liveroom/live/blob"
	"liveroom/live/hls"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/live/stream"
	"liveroom/status"
)

// nobody admits nobody.
type nobody struct{ hls.Gatekeeper }

// BenchmarkRecording compares what it costs to take in ten seconds of a stream of 2 Mbit/s and to make HLS of it, with and
// without a recording in a folder. The difference of their processor time is what recording costs, with -benchtime 200x or more: of
// some rounds the start is most. What RTMP takes to bring the stream is not in it.
func BenchmarkRecording(b *testing.B) {
	for name, mode := range map[string]record.Mode{"off": record.Off, "always": record.Always} {
		b.Run(name, func(b *testing.B) { benchRecording(b, mode) })
	}
}

func benchRecording(b *testing.B, mode record.Mode) {
	folder, err := blob.OpenFolder(blob.FolderConfig{Path: filepath.Join(b.TempDir(), "recordings")})
	if err != nil {
		b.Fatal(err)
	}
	defer folder.Close()
	room := &recordtest.Room{}
	room.Set(record.Rule{Mode: mode}, "S")
	svc, err := record.New(record.Config{
		Rule: room.Rule, RoomRule: room.Rule, Session: room.Session, NewID: status.NewULID, QueueBytes: 1 << 30, Memory: 1 << 30,
	}, record.NewMemory(), folder, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	segments := make(chan struct{}, 1<<16)
	hub := stream.NewHub(stream.Config{MaxAhead: 1000 * time.Hour, BacklogBytes: 1 << 30, BacklogTime: time.Hour})
	server, err := hls.New(hls.Config{
		NodeKey: make([]byte, 32), PlayKey: []byte("k"), Finished: func(f hls.Finished) { svc.Take(record.Piece(f)); segments <- struct{}{} },
	}, hub, nobody{}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	runs := make(chan error, 2)
	go func() { runs <- svc.Run(ctx) }()
	go func() { runs <- server.Run(ctx) }()
	p, err := hub.Publish("demo", stream.PublishOptions{Generation: 1, Session: "S", SessionStart: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	write := func(kind stream.Kind, ms int64, payload []byte) {
		buf := make([]byte, stream.HeaderBytes+len(payload)+stream.TrailerBytes) // the publisher's from then on
		copy(buf[stream.HeaderBytes:], payload)
		if err := p.Write(kind, uint32(ms), buf); err != nil { //nolint:gosec // some hours
			b.Fatal(err)
		}
	}
	sps := []byte{0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc9, 0x20}
	header := append([]byte{0x17, 0, 0, 0, 0, 1, sps[1], sps[2], sps[3], 0xff, 0xe1, 0, byte(len(sps))}, sps...)
	header = append(header, 1, 0, 4, 0x68, 0xce, 0x3c, 0x80)
	write(stream.Video, 0, header)
	picture := func(first, nal byte) []byte {
		const size = 10_000 // 25 a second are 2 Mbit/s
		tag := append([]byte{first, 1, 0, 0, 0, 0, 0, byte((size + 1) >> 8), byte((size + 1) & 0xff), nal}, make([]byte, size)...)
		return tag
	}
	key, other := picture(0x17, 0x65), picture(0x27, 0x41)
	const second = 25
	ms := int64(0)
	seconds := func(n int) {
		for i := range n * second {
			if i%(2*second) == 0 {
				write(stream.Video, ms, key)
			} else {
				write(stream.Video, ms, other)
			}
			ms += 1000 / second
		}
	}
	for begun := false; !begun; { // the segmenter has found the stream
		seconds(4)
		select {
		case <-segments:
			begun = true
		case <-time.After(100 * time.Millisecond):
		}
	}
	b.SetBytes(10 * second * 10_000)
	before, rounds := spent(b), 0
	for b.Loop() {
		rounds++
		seconds(10)
		for range 5 {
			select {
			case <-segments:
			case <-time.After(10 * time.Second):
				b.Fatalf("no segments come: %+v", server.Stats())
			}
		}
	}
	cancel()
	for range 2 {
		<-runs
	}
	if n := svc.Stats().Missed; n > 0 {
		b.Errorf("%d segments were left out", n)
	}
	b.ReportMetric(float64((spent(b)-before).Microseconds())/float64(rounds), "cpu-µs/op")
}

// spent is the processor time of the process, the system's on its behalf included.
func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
