package rtmp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

var wide = limits{message: 1 << 20, media: 1 << 22, unfinished: 1 << 23}

func reader(b []byte, l limits) *chunkReader {
	return newChunkReader(bufio.NewReader(bytes.NewReader(b)), l, func() error { return nil })
}

// header makes a chunk header of any format.
func header(format byte, id uint32, field uint32, length int, kind message.TypeID) []byte {
	var b []byte
	switch {
	case id < 64:
		b = []byte{format<<6 | byte(id)}
	case id < 320:
		b = []byte{format << 6, byte(id - 64)}
	default:
		b = []byte{format<<6 | 1, byte(id - 64), byte((id - 64) >> 8)}
	}
	short := min(field, maxTimeField)
	if format < 3 {
		b = append(b, byte(short>>16), byte(short>>8), byte(short))
	}
	if format < 2 {
		b = append(b, byte(length>>16), byte(length>>8), byte(length), byte(kind))
	}
	if format == 0 {
		b = append(b, 1, 0, 0, 0)
	}
	if field >= maxTimeField {
		b = binary.BigEndian.AppendUint32(b, field)
	}
	return b
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestChunksRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 2, 127, 128, 4096, 65536} {
		var wire []byte
		var want []packet
		for range 40 {
			body := make([]byte, rng.IntN(3*size+2))
			for i := range body {
				body[i] = byte(rng.Uint32())
			}
			p := packet{
				kind: []message.TypeID{8, 9, 18, 20}[rng.IntN(4)], body: body,
				time: []uint32{0, 5, maxTimeField - 1, maxTimeField, maxTimeField + 1, 20_000_000, 1<<32 - 1}[rng.IntN(7)],
			}
			want = append(want, p)
			wire = appendMessage(wire, size, byte(3+rng.IntN(4)), 1, p.time, p.kind, body)
		}
		r := newChunkReader(bufio.NewReader(iotest.OneByteReader(bytes.NewReader(wire))), wide, func() error { return nil })
		if err := r.setSize(uint32(size)); err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			got, err := r.next()
			if err != nil {
				t.Fatalf("size %d, message %d: %v", size, i, err)
			}
			if got.kind != w.kind || got.time != w.time || !bytes.Equal(got.body, w.body) {
				t.Fatalf("size %d, message %d: %d %d with %d bytes, want %d %d with %d", size, i,
					got.kind, got.time, len(got.body), w.kind, w.time, len(w.body))
			}
		}
		if _, err := r.next(); !errors.Is(err, io.EOF) {
			t.Errorf("after the last message: %v", err)
		}
		if r.held != 0 {
			t.Errorf("%d bytes are still accounted for", r.held)
		}
	}
}

func TestChunkHeaders(t *testing.T) {
	const ext = uint32(20_000_000)
	body := bytes.Repeat([]byte{0xaa}, 200) // two chunks
	a, b := body[:128], body[128:]
	type want struct {
		time uint32
		size int
	}
	for _, tt := range []struct {
		name string
		wire []byte
		want []want
	}{
		{"formats 1, 2 and 3", join(
			header(0, 4, 100, 3, 8), []byte("abc"), header(1, 4, 20, 2, 8), []byte("de"),
			header(2, 4, 7, 0, 0), []byte("fg"), header(3, 4, 0, 0, 0), []byte("hi"),
		), []want{{100, 3}, {120, 2}, {127, 2}, {134, 2}}},
		{"format 3 after format 0 repeats its time as the delta", join(
			header(0, 4, 23, 1, 8), []byte("a"), header(3, 4, 0, 0, 0), []byte("b"),
		), []want{{23, 1}, {46, 1}}},
		{"a chunk stream that begins with format 1", join(header(1, 2, 9, 4, 4), []byte("ping")), []want{{9, 4}}},
		{"chunk stream ids of two and three bytes", join(
			header(0, 64, 1, 1, 8), []byte("a"), header(0, 319, 2, 1, 8), []byte("b"), header(0, 65599, 3, 1, 8), []byte("c"),
			header(3, 65599, 0, 0, 0), []byte("d"),
		), []want{{1, 1}, {2, 1}, {3, 1}, {6, 1}}},
		{"two messages interleaved", join(
			header(0, 6, 1, 200, 9), a, header(0, 4, 2, 1, 8), []byte("x"), header(3, 6, 0, 0, 0), b,
		), []want{{2, 1}, {1, 200}}},
		{"extended timestamp on continuations", join(
			header(0, 6, ext, 200, 9), a, header(3, 6, ext, 0, 0), b,
		), []want{{ext, 200}}},
		{"extended timestamp left out of continuations", join(
			header(0, 6, ext, 200, 9), a, header(3, 6, 0, 0, 0), b, header(0, 6, ext+1, 129, 9), body[:128], header(3, 6, 0, 0, 0), []byte("z"),
		), []want{{ext, 200}, {ext + 1, 129}}},
		{"extended delta, repeated as delta", join(
			header(0, 6, 5, 1, 9), []byte("a"), header(1, 6, ext, 200, 9), a, header(3, 6, ext, 0, 0), b,
		), []want{{5, 1}, {ext + 5, 200}}},
		{"extended delta, repeated as time", join(
			header(0, 6, 5, 1, 9), []byte("a"), header(1, 6, ext, 200, 9), a, header(3, 6, ext+5, 0, 0), b,
		), []want{{5, 1}, {ext + 5, 200}}},
		{"format 3 with an extended timestamp begins a message", join(
			header(0, 6, ext, 1, 9), []byte("a"), header(3, 6, ext, 0, 0), []byte("b"),
		), []want{{ext, 1}, {2 * ext, 1}}},
		{"the largest timestamp without extension, and the smallest with", join(
			header(0, 6, maxTimeField-1, 1, 9), []byte("a"), header(0, 6, maxTimeField, 1, 9), []byte("b"),
		), []want{{maxTimeField - 1, 1}, {maxTimeField, 1}}},
		{"time goes round after 2^32 ms", join(
			header(0, 6, 1<<32-1, 1, 9), []byte("a"), header(1, 6, 2, 1, 9), []byte("b"),
		), []want{{1<<32 - 1, 1}, {1, 1}}},
		{"messages without bytes", join(
			header(0, 4, 1, 0, 8), header(3, 4, 0, 0, 0), header(1, 4, 1, 1, 8), []byte("a"),
		), []want{{1, 0}, {2, 0}, {3, 1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := reader(tt.wire, wide)
			for i, w := range tt.want {
				p, err := r.next()
				if err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
				if p.time != w.time || len(p.body) != w.size {
					t.Errorf("message %d: time %d, %d bytes; want %d, %d", i, p.time, len(p.body), w.time, w.size)
				}
			}
			if _, err := r.next(); !errors.Is(err, io.EOF) {
				t.Errorf("after the last message: %v", err)
			}
		})
	}
}

func TestChunkReaderDoesNotWaitForATimestampThatIsLeftOut(t *testing.T) {
	const ext = uint32(20_000_000)
	body := bytes.Repeat([]byte{0xaa}, 130)
	client, server := io.Pipe()
	defer client.Close()
	r := newChunkReader(bufio.NewReader(client), wide, func() error { return nil })
	go func() {
		_, _ = server.Write(join(header(0, 6, ext, 200, 9), body[:128], header(3, 6, 0, 0, 0), body[:72]))
		_, _ = server.Write(join(header(0, 6, ext, 130, 9), body[:128], header(3, 6, 0, 0, 0), body[:2])) // then silence
	}()
	for i, size := range []int{200, 130} {
		p, err := r.next()
		if err != nil || len(p.body) != size {
			t.Fatalf("message %d: %d bytes, %v", i, len(p.body), err)
		}
	}
}

func TestChunkViolations(t *testing.T) {
	many := []byte{}
	for id := range uint32(maxChunkStreams + 1) {
		many = append(many, join(header(0, 3+id, 0, 1, 18), []byte("x"))...)
	}
	open := []byte{}
	for id := range uint32(20) {
		open = append(open, join(header(0, 3+id, 0, 10000, 18), make([]byte, 128))...)
	}
	tight := limits{message: commandBytes, media: commandBytes, unfinished: unfinishedBytes}
	for _, tt := range []struct {
		name string
		wire []byte
		text string
	}{
		{"format 2 on a new chunk stream", header(2, 4, 0, 0, 0), "begins with format 2"},
		{"format 3 on a new chunk stream", header(3, 4, 0, 0, 0), "begins with format 3"},
		{"a new header inside a message", join(header(0, 4, 0, 200, 8), make([]byte, 128), header(0, 4, 0, 200, 8)), "inside a message"},
		{"too many chunk streams", many, "chunk streams"},
		{"a command too long", header(0, 3, 0, commandBytes+1, 20), "are allowed"},
		{"media too long", header(0, 3, 0, 1<<24-1, 9), "are allowed"},
		{"too much unfinished", open, "unfinished"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := reader(tt.wire, tight)
			var err error
			for err == nil {
				_, err = r.next()
			}
			if !errors.Is(err, errProtocol) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want a violation with %q", err, tt.text)
			}
		})
	}
}

func TestSetChunkSizeBounds(t *testing.T) {
	for _, tt := range []struct {
		size uint32
		want int // 0: refused
	}{{0, 0}, {1, 1}, {128, 128}, {65536, 65536}, {1<<24 - 1, 1<<24 - 1}, {1<<31 - 1, 1<<24 - 1}, {1 << 31, 0}, {1<<32 - 1, 0}} {
		r := reader(nil, wide)
		err := r.setSize(tt.size)
		if (err != nil) != (tt.want == 0) || err == nil && r.size != tt.want {
			t.Errorf("size %d: %d in force, error %v; want %d", tt.size, r.size, err, tt.want)
		}
	}
}

func TestAbortForgetsTheMessage(t *testing.T) {
	wire := join(header(0, 6, 1, 200, 9), make([]byte, 128), header(0, 4, 2, 1, 8), []byte("x"),
		header(0, 6, 3, 2, 9), []byte("ab"))
	r := reader(wire, wide)
	if p, err := r.next(); err != nil || p.kind != 8 {
		t.Fatalf("first message %+v, %v", p, err)
	}
	r.abort(6)
	r.abort(99) // never seen
	if r.held != 0 {
		t.Errorf("%d bytes are held after the abort", r.held)
	}
	p, err := r.next()
	if err != nil || p.time != 3 || string(p.body) != "ab" {
		t.Errorf("after the abort: %+v, %v", p, err)
	}
}

func TestMediaIsReadIntoTheSharedBuffer(t *testing.T) {
	for _, size := range []int{1, 100, firstGrowBytes, firstGrowBytes + 1, 1 << 20} {
		body := frame(true, max(size, 10))[:size]
		r := reader(appendMessage(nil, 4096, 6, 1, 7, 9, body), wide)
		_ = r.setSize(4096)
		p, err := r.next()
		if err != nil {
			t.Fatal(err)
		}
		if len(p.buf) != len(stream.NewBuffer(size)) || !bytes.Equal(p.buf[stream.HeaderBytes:][:size], body) {
			t.Errorf("%d bytes are not in a buffer of the stream package", size)
		}
		if &p.body[0] != &p.buf[stream.HeaderBytes] {
			t.Errorf("%d bytes were copied", size)
		}
	}
}

// A peer that only claims lengths must not cost more than what it sends and a fixed sum.
func TestClaimedLengthsCostNoMemory(t *testing.T) {
	var wire []byte
	for id := range uint32(maxChunkStreams) {
		wire = append(wire, join(header(0, 3+id, 0, 1<<22, 9), make([]byte, 128))...)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := reader(wire, wide)
	if _, err := r.next(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(maxChunkStreams*firstGrowBytes+1<<20); got > limit {
		t.Errorf("%d bytes were allocated for %d received, want at most %d", got, len(wire), limit)
	}
	if r.held != maxChunkStreams*firstGrowBytes {
		t.Errorf("%d bytes are held", r.held)
	}
}

func FuzzChunkReader(f *testing.F) {
	f.Add([]byte{}, uint16(128))
	f.Add(appendMessage(nil, 128, 3, 1, 20_000_000, 9, make([]byte, 300)), uint16(128))
	f.Add(join(header(0, 4, 100, 3, 8), []byte("abc"), header(3, 4, 0, 0, 0), []byte("def")), uint16(2))
	f.Add(join(header(0, 6, maxTimeField, 200, 9), make([]byte, 128), header(3, 6, 0, 0, 0), make([]byte, 72)), uint16(128))
	f.Fuzz(func(t *testing.T, wire []byte, size uint16) {
		l := limits{message: 1000, media: 5000, unfinished: 8000}
		r := reader(wire, l)
		if r.setSize(uint32(size)) != nil {
			return
		}
		total := 0
		for {
			p, err := r.next()
			if r.held < 0 || r.held > l.unfinished || r.known > maxChunkStreams {
				t.Fatalf("held %d, streams %d", r.held, r.known)
			}
			if err != nil {
				break
			}
			if len(p.body) > l.of(p.kind) {
				t.Fatalf("type %d has %d bytes", p.kind, len(p.body))
			}
			total += len(p.body)
		}
		if total > len(wire) {
			t.Fatalf("%d bytes of messages from %d bytes", total, len(wire))
		}
	})
}
