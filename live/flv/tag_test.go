package flv

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"testing"

	"liveroom/live/stream"
)

func TestHeader(t *testing.T) {
	for want, got := range map[string][]byte{
		"464c5601050000000900000000": Header(true, true),
		"464c5601040000000900000000": Header(true, false),
		"464c5601010000000900000000": Header(false, true),
	} {
		if hex.EncodeToString(got) != want || len(got) != FileHeaderBytes {
			t.Errorf("header %x, want %s", got, want)
		}
	}
}

func TestEmptyTag(t *testing.T) {
	if got, want := hex.EncodeToString(empty(0x01020304)), "12"+"000000"+"02030401"+"000000"+"0000000b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// file makes an FLV file of tags.
func file(tags ...[]byte) []byte { return append(Header(true, true), bytes.Join(tags, nil)...) }

func tag(kind stream.Kind, ts uint32, payload string) []byte {
	b := stream.NewBuffer(len(payload))
	copy(b[stream.HeaderBytes:], payload)
	stream.PutHeader(b, kind, ts, len(payload))
	return b
}

func TestReader(t *testing.T) {
	in := file(tag(stream.Script, 0, "meta"), tag(stream.Video, 0xfedcba98, "picture"), tag(15, 5, "unknown kind"), tag(stream.Audio, 7, ""))
	r, err := NewReader(bytes.NewReader(in), 0)
	if err != nil {
		t.Fatal(err)
	}
	if audio, video := r.Flags(); !audio || !video {
		t.Errorf("flags %v %v", audio, video)
	}
	wantTag(t, r, stream.Script, 0, []byte("meta"))
	wantTag(t, r, stream.Video, 0xfedcba98, []byte("picture"))
	wantTag(t, r, stream.Audio, 7, nil)
	wantEOF(t, r)
}

func TestReaderRefuses(t *testing.T) {
	whole := file(tag(stream.Video, 0, "picture"))
	encrypted := bytes.Clone(whole)
	encrypted[FileHeaderBytes] |= 0x20
	longHeader := append([]byte("FLV\x01\x05\x00\x00\x00\x0b\x00\x00"), whole[9:]...)
	hugeHeader := bytes.Clone(whole)
	hugeHeader[5] = 0xff
	tests := []struct {
		name  string
		in    []byte
		limit int
		want  error // nil for none
	}{
		{"whole", whole, 0, nil},
		{"header of 11 bytes", longHeader, 0, nil},
		{"nothing", nil, 0, io.EOF},
		{"half a header", whole[:5], 0, io.ErrUnexpectedEOF},
		{"no first tag size", whole[:10], 0, io.ErrUnexpectedEOF},
		{"another format", append([]byte("GIF8"), whole[4:]...), 0, ErrFormat},
		{"another version", append([]byte("FLV\x02"), whole[4:]...), 0, ErrFormat},
		{"huge header", hugeHeader, 0, ErrFormat},
		{"half a tag header", whole[:20], 0, io.ErrUnexpectedEOF},
		{"half a tag", whole[:26], 0, io.ErrUnexpectedEOF},
		{"tag without its trailer", whole[:len(whole)-4], 0, io.ErrUnexpectedEOF},
		{"encrypted", encrypted, 0, ErrFormat},
		{"too large", whole, 6, ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := NewReader(bytes.NewReader(tt.in), tt.limit)
			if err == nil {
				_, _, _, err = r.Next()
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzReader(f *testing.F) {
	f.Add(file(tag(stream.Video, 0, "picture"), tag(stream.Audio, 1<<31, "sound")))
	f.Add(file(tag(stream.Script, 0, "")))
	f.Add([]byte("FLV\x01\x05\x00\x00\x04\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := NewReader(bytes.NewReader(in), 1<<16)
		if err != nil {
			return
		}
		total := 0
		for {
			kind, ts, buf, err := r.Next()
			if err != nil {
				return
			}
			size := len(buf) - stream.HeaderBytes - stream.TrailerBytes
			again := bytes.Clone(buf)
			stream.PutHeader(again, kind, ts, size)
			if k, s := again[0], again[1:8]; k != byte(kind) || !bytes.Equal(s, buf[1:8]) {
				t.Fatalf("header %x became %x", buf[:11], again[:11])
			}
			if total += len(buf); total > len(in) {
				t.Fatalf("%d bytes of tags from %d", total, len(in))
			}
		}
	})
}
