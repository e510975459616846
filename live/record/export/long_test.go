package export

import (
	"context"
	"encoding/binary"
	"io"
	"runtime"
	"testing"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
)

// long is a recording of hours that exists only while it is read.
type long struct {
	record.Library
	m     *recordtest.Media
	init  string
	index record.Index
}

func newLong(t *testing.T, d time.Duration) *long {
	t.Helper()
	l := &long{m: recordtest.NewMedia(t)}
	l.init = record.InitName(l.m.Init)
	for at := int64(0); at < d.Milliseconds(); at += recordtest.GOP {
		s := record.Segment{Generation: 1, Start: at, Duration: recordtest.GOP, Init: l.init}
		s.File = record.SegmentName(s)
		l.index.Segments = append(l.index.Segments, s)
	}
	return l
}

func (l *long) Index(context.Context, string) (record.Index, error) { return l.index, nil }

func (l *long) Open(_ context.Context, _, file string) (blob.Object, error) {
	data := l.m.Init
	if s, ok := record.ParseSegmentName(file); ok {
		data = l.m.At(int(s.Start/recordtest.GOP), s.Start)
	}
	m := blob.NewMemory()
	if err := m.Put(context.Background(), "a", data); err != nil { //nolint:usetesting // no test is at hand
		return nil, err
	}
	return m.Open(context.Background(), "a") //nolint:usetesting // as above
}

// sink is a blob.Store that only counts, and keeps the beginning.
type sink struct {
	blob.Store
	head  []byte
	bytes int64
}

func (s *sink) Create(context.Context, string) (blob.Writer, error) { return s, nil }

func (s *sink) Write(p []byte) (int, error) {
	if len(s.head) < 1<<10 {
		s.head = append(s.head, p...)
	}
	s.bytes += int64(len(p))
	return len(p), nil
}
func (s *sink) Commit() error { return nil }
func (s *sink) Discard()      {}

// TestLongRecordingTakesLittleMemory: a file of an hour, some 245,000 pictures and sounds, takes what its index takes.
func TestLongRecordingTakesLittleMemory(t *testing.T) {
	l := newLong(t, time.Hour)
	for _, tc := range []struct {
		format Format
		most   uint64
	}{{MP4, 12 << 20}, {FLV, 6 << 20}} {
		out := &sink{}
		base, peak, told := heap(), uint64(0), 0
		_, err := write(t.Context(), out, newSource(l, "r"), "f", tc.format, cutOut(l.index, 0, length(l.index)), 0, func(int64) error {
			if told++; told%500 == 0 {
				peak = max(peak, heap())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d MiB of media, %d KiB of memory", tc.format, out.bytes>>20, (peak-min(base, peak))>>10)
		if peak > base+tc.most {
			t.Errorf("%s: %d KiB of memory", tc.format, (peak-base)>>10)
		}
	}
}

// heap is what is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestBeyond4GiB: offsets that need more than 32 bits have them.
func TestBeyond4GiB(t *testing.T) {
	m := &mp4{tables: []table{{track: track{id: 1, scale: 1000, video: true, stsd: []byte{0, 0, 0, 8, 's', 't', 's', 'd'}}}}, media: 5 << 30}
	s := []sample{{dts: 0, duration: 40, key: true}, {dts: 40, duration: 40}}
	m.tables[0].add(0, s[:1])
	m.tables[0].add(4<<30, s[1:])
	head := m.head()
	moov := &sink{}
	if err := emit(moov, head); err != nil {
		t.Fatal(err)
	}
	var places []uint64
	err := within(moov.head, []string{"moov", "trak", "mdia", "minf", "stbl", "co64"}, func(_, p []byte) error {
		for p = p[8:]; len(p) > 0; p = p[8:] {
			places = append(places, binary.BigEndian.Uint64(p))
		}
		return nil
	})
	start := head[0].size() + head[1].size() + 16
	if err != nil && len(places) == 0 || len(places) != 2 || int64(places[0]) != start || int64(places[1]) != start+4<<30 { //nolint:gosec // small
		t.Errorf("%v, media from %d, %v", places, start, err)
	}
	if head[2].size() != 5<<30+16 {
		t.Error(head[2].size())
	}
}

var _ io.Writer = (*sink)(nil)
