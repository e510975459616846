// Package vodtest has recordings in memory for tests of who plays them: of made-up bytes, or of real media.
package vodtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
)

// Init is the file name of every init segment.
const Init = "00000000000000aa.mp4"

// Library is record.Library over what a test puts in.
type Library struct {
	mu      sync.Mutex // guards all below
	all     map[string]record.Recording
	index   map[string]record.Index
	files   map[string][]byte // by recording/file
	current map[string]string
}

var _ record.Library = (*Library)(nil)

// New returns an empty library.
func New() *Library {
	return &Library{all: map[string]record.Recording{}, index: map[string]record.Index{}, files: map[string][]byte{}, current: map[string]string{}}
}

// Put adds a recording, or puts it in the place of the one with its id.
func (l *Library) Put(r record.Recording) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[r.ID] = r
	if r.State == record.Running {
		l.current[r.Room] = r.ID
	}
	x := l.index[r.ID]
	x.Ended = r.State == record.Done
	l.index[r.ID] = x
}

// Append adds a segment of so many ms with that content behind the last, after a gap of so many ms that nothing was recorded.
func (l *Library) Append(id string, gap, ms int64, data []byte) record.Segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.index[id]
	s := record.Segment{Generation: 1, Start: gap, Duration: ms, Init: Init, Breaks: gap > 0, Bytes: int64(len(data))}
	if n := len(x.Segments); n > 0 {
		s.Start += x.Segments[n-1].End()
	}
	breaks := ""
	if s.Breaks {
		breaks = "-b"
	}
	s.File = fmt.Sprintf("%06d-%012d-%d-00000000000000aa%s.m4s", s.Generation, s.Start, s.Duration, breaks)
	l.files[id+"/"+s.File] = data
	x.Segments = append(slices.Clone(x.Segments), s)
	l.index[id] = x
	return s
}

// PutFile adds any object of a recording.
func (l *Library) PutFile(id, file string, data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files[id+"/"+file] = data
}

// Trim removes the oldest segments that end before a time, ms on the session's clock.
func (l *Library) Trim(id string, before int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.index[id]
	i := slices.IndexFunc(x.Segments, func(s record.Segment) bool { return s.End() > before })
	if i < 0 {
		i = len(x.Segments)
	}
	for _, s := range x.Segments[:i] {
		x.Removed++
		if s.Breaks {
			x.RemovedBreaks++
		}
	}
	x.Segments = slices.Clone(x.Segments[i:])
	l.index[id] = x
}

// Remove forgets a recording.
func (l *Library) Remove(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, id)
}

// Recording implements record.Library.
func (l *Library) Recording(_ context.Context, id string) (record.Recording, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.all[id]
	if !ok {
		return r, record.ErrUnknown
	}
	r.Duration, r.Segments = 0, len(l.index[id].Segments)
	for _, s := range l.index[id].Segments {
		r.Duration += s.Duration
	}
	return r, nil
}

// Index implements record.Library.
func (l *Library) Index(_ context.Context, id string) (record.Index, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.all[id]; !ok {
		return record.Index{}, record.ErrUnknown
	}
	return l.index[id], nil
}

// Current implements record.Library.
func (l *Library) Current(ctx context.Context, room string) (record.Recording, error) {
	l.mu.Lock()
	id := l.current[room]
	l.mu.Unlock()
	return l.Recording(ctx, id)
}

// Open implements record.Library.
func (l *Library) Open(_ context.Context, id, file string) (blob.Object, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	data, ok := l.files[id+"/"+file]
	if _, known := l.all[id]; !ok || !known {
		return nil, fmt.Errorf("%s/%s: %w", id, file, fs.ErrNotExist)
	}
	return NewObject(file, data), nil
}

// object is bytes as a blob.Object.
type object struct {
	*bytes.Reader
	held blob.Held
}

// NewObject is an object of these bytes.
func NewObject(name string, data []byte) blob.Object {
	return object{bytes.NewReader(data), blob.Held{Name: name, Size: int64(len(data)), Modified: time.Unix(1_700_000_000, 0)}}
}

func (o object) Held() blob.Held { return o.held }

func (o object) Close() error { return nil }

var encoded = sync.OnceValues(func() ([]byte, error) {
	return exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-t", "6", "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-g", "25", "-sc_threshold", "0", "-pix_fmt", "yuv420p",
		"-c:a", "aac", "-b:a", "32k", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", "-").Output()
})

// Real makes a finished recording of six seconds of H.264 and AAC, in segments of a second, with a gap marked after gapAfter of
// them (0: none).
func (l *Library) Real(t testing.TB, r record.Recording, gapAfter int) {
	t.Helper()
	raw, err := encoded()
	if err != nil {
		t.Fatalf("ffmpeg: %v", err)
	}
	r.State, r.Video, r.Audio, r.Width, r.Height = record.Done, "avc1.42c00c", "mp4a.40.2", 160, 120
	l.Put(r)
	var init, piece []byte
	for n := 0; len(raw) >= 8; {
		size := int(binary.BigEndian.Uint32(raw))
		box, kind := raw[:size:size], string(raw[4:8])
		raw = raw[size:]
		switch kind {
		case "ftyp", "moov":
			init = append(init, box...)
		case "moof":
			piece = bytes.Clone(box)
		case "mdat":
			gap := int64(0)
			if n++; gapAfter > 0 && n == gapAfter+1 {
				gap = 60_000
			}
			l.Append(r.ID, gap, 1000, append(piece, box...))
		}
	}
	l.PutFile(r.ID, Init, init)
}
