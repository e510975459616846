package recordtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"os/exec"
	"sync"
	"testing"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/status"
)

// GOP is how long each piece of Media is, in ms.
const GOP = 1000

// Media is some seconds of H.264 and AAC that can be decoded: an init segment and pieces of GOP ms each.
type Media struct {
	Init   []byte
	pieces [][]byte
}

// scales are the timescales of Media's tracks, by their id.
var scales = map[uint32]int64{1: 12800, 2: 44100}

var encoded = sync.OnceValues(func() ([]byte, error) {
	return exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
		"-t", "8", "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-g", "25", "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-video_track_timescale", "12800",
		"-c:a", "aac", "-b:a", "32k", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", "-").Output()
})

// NewMedia makes it with ffmpeg, once a process.
func NewMedia(t testing.TB) *Media {
	t.Helper()
	raw, err := encoded()
	if err != nil {
		t.Fatalf("ffmpeg: %v", err)
	}
	m := &Media{}
	for len(raw) >= 8 {
		n := int(binary.BigEndian.Uint32(raw))
		if n < 8 || n > len(raw) {
			t.Fatalf("a box of %d bytes", n)
		}
		box := raw[:n:n]
		raw = raw[n:]
		switch string(box[4:8]) {
		case "ftyp", "moov":
			m.Init = append(m.Init, box...)
		case "moof":
			m.pieces = append(m.pieces, bytes.Clone(box))
		case "mdat":
			last := len(m.pieces) - 1
			m.pieces[last] = append(m.pieces[last], box...)
		}
	}
	if len(m.pieces) < 6 {
		t.Fatalf("ffmpeg made %d pieces", len(m.pieces))
	}
	m.pieces = m.pieces[:6] // the last may be short, and the sound before it too
	return m
}

// At is the n-th piece, with decoding times as if it began at ms. There are few different ones.
func (m *Media) At(n int, ms int64) []byte {
	n %= len(m.pieces)
	piece := bytes.Clone(m.pieces[n])
	id := uint32(0)
	for at := 0; at+24 < len(piece); at++ {
		switch string(piece[at : at+4]) {
		case "tfhd":
			id = binary.BigEndian.Uint32(piece[at+8:])
		case "tfdt":
			was := int64(binary.BigEndian.Uint64(piece[at+8:]))                                     //nolint:gosec // some seconds
			binary.BigEndian.PutUint64(piece[at+8:], uint64(was+(ms-int64(n)*GOP)*scales[id]/1000)) //nolint:gosec // as above
		case "mdat":
			return piece
		}
	}
	return piece
}

// Span is a time that is recorded.
type Span struct {
	Generation uint64
	Start      int64 // ms on the session's clock
	Pieces     int   // of GOP ms each
}

// Put stores what a recording consists of: a segment of at most two pieces after the other, for each span.
func (m *Media) Put(t testing.TB, blobs blob.Store, id string, spans ...Span) {
	t.Helper()
	put := func(name string, data ...[]byte) {
		if err := blobs.Put(context.WithoutCancel(t.Context()), record.Prefix(id)+name, data...); err != nil {
			t.Fatal(err)
		}
	}
	put(record.InitName(m.Init), m.Init)
	for i, s := range spans {
		for n := 0; n < s.Pieces; n += 2 {
			var data [][]byte
			at := s.Start + int64(n)*GOP
			for j := n; j < min(n+2, s.Pieces); j++ {
				data = append(data, m.At(j, s.Start+int64(j)*GOP))
			}
			put(record.SegmentName(record.Segment{
				Generation: s.Generation, Start: at, Duration: int64(len(data)) * GOP, Init: record.InitName(m.Init), Breaks: n == 0 && i > 0,
			}), data...)
		}
	}
}

// Room is what a test says of the rooms of a Library, each of which has its own name as group and stream. It may be changed at
// any time.
type Room struct {
	mu      sync.Mutex
	rule    record.Rule
	session string
}

// Set changes the rule of all rooms, and their live session; empty: none runs.
func (r *Room) Set(rule record.Rule, session string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rule, r.session = rule, session
}

// Rule is what record.Config has as Rule and RoomRule.
func (r *Room) Rule(_ context.Context, name string) (record.Rule, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rule := r.rule
	rule.Room, rule.Group, rule.Stream = name, name, name
	if rule.Mode == "" {
		rule.Mode = record.Off
	}
	return rule, nil
}

// Session is what record.Config has as Session.
func (r *Room) Session(context.Context, string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.session, nil
}

// Library is a service over memory.
type Library struct {
	*record.Service
	Store *record.Memory
	Blobs *Blobs
	Room  *Room
}

// New returns a Library. Nothing runs; recordings are made with Keep and Begin.
func New(t testing.TB, cfg record.Config) *Library {
	t.Helper()
	l := &Library{Store: record.NewMemory(), Blobs: NewBlobs(), Room: &Room{}}
	cfg.Rule, cfg.RoomRule, cfg.Session, cfg.NewID = l.Room.Rule, l.Room.Rule, l.Room.Session, status.NewULID
	var err error
	if l.Service, err = record.New(cfg, l.Store, l.Blobs, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return l
}

// Keep makes a recording of a room that is done.
func (l *Library) Keep(t testing.TB, room string, m *Media, spans ...Span) record.Recording {
	t.Helper()
	now := time.Now().UTC()
	r := record.Recording{
		ID: status.NewULID(now), Room: room, Group: room, Stream: room, Title: room, Session: status.NewULID(now), Zero: now.Add(-time.Hour),
		Video: "avc1.42c00a", Audio: "mp4a.40.2", Width: 160, Height: 120,
	}
	m.Put(t, l.Blobs, r.ID, spans...)
	r, err := l.Place(context.WithoutCancel(t.Context()), r)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Begin makes a recording that runs, in the session that Room has; more is put to it with Media.Put.
func (l *Library) Begin(t testing.TB, room string, kind record.Kind, m *Media, spans ...Span) record.Recording {
	t.Helper()
	now := time.Now().UTC()
	session, _ := l.Room.Session(t.Context(), room)
	r, _, err := l.Store.Begin(t.Context(), record.Recording{
		ID: status.NewULID(now), Kind: kind, Room: room, Group: room, Stream: room, Title: room, Session: session, CreatedAt: now, State: record.Running,
		Zero: now.Add(-time.Hour), Video: "avc1.42c00a", Audio: "mp4a.40.2", Width: 160, Height: 120,
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Put(t, l.Blobs, r.ID, spans...)
	return r
}
