package rtmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func TestAMFRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value any
		wire  []byte // nil: not compared
	}{
		{"number", 1.5, []byte{0, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0}},
		{"infinity", math.Inf(-1), nil},
		{"true", true, []byte{1, 1}},
		{"false", false, []byte{1, 0}},
		{"string", "live", []byte{2, 0, 4, 'l', 'i', 'v', 'e'}},
		{"empty string", "", []byte{2, 0, 0}},
		{"longest short string", strings.Repeat("x", 65535), nil},
		{"long string", strings.Repeat("x", 65536), nil},
		{"null", nil, []byte{5}},
		{"undefined", amfVoid{}, []byte{6}},
		{"date", amfTime(1e12), []byte{0x0b, 0x42, 0x6d, 0x1a, 0x94, 0xa2, 0, 0, 0, 0, 0}},
		{"object", amfProps{{"a", 1.0}, {"b", amfProps{{"c", "d"}}}}, nil},
		{"object with an empty key", amfProps{{"", true}}, nil},
		{"ECMA array with an object after another property", amfMap{{"a", 1.0}, {"b", amfProps{{"c", nil}}}}, nil},
		{"strict array", amfList{1.0, "two", nil, amfList{amfVoid{}}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wire := encodeAMF(tt.value)
			if tt.wire != nil && !bytes.Equal(wire, tt.wire) {
				t.Errorf("encoded % x, want % x", wire, tt.wire)
			}
			got, err := decodeAMF(wire)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || !reflect.DeepEqual(got[0], tt.value) {
				t.Errorf("decoded %#v, want %#v", got, tt.value)
			}
		})
	}
}

func TestAMFReadsWhatOthersWrite(t *testing.T) {
	for _, tt := range []struct {
		name string
		wire string
		want any
	}{
		{"typed object", "\x10\x00\x03Cls\x00\x01a\x05\x00\x00\x09", amfProps{{"a", nil}}},
		{"XML", "\x0f\x00\x00\x00\x03<a>", "<a>"},
		{"unsupported", "\x0d", amfVoid{}},
		{"ECMA array whose count is 0", "\x08\x00\x00\x00\x00\x00\x01a\x01\x01\x00\x00\x09", amfMap{{"a", true}}},
		{"ECMA array whose count is a lie", "\x08\xff\xff\xff\xff\x00\x01a\x01\x01\x00\x00\x09", amfMap{{"a", true}}},
		{"ECMA array without an end", "\x08\x00\x00\x00\x01\x00\x01a\x01\x01", amfMap{{"a", true}}},
		{"empty ECMA array without an end", "\x08\x00\x00\x00\x00", amfMap(nil)},
		{"empty strict array", "\x0a\x00\x00\x00\x00", amfList(nil)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decodeAMF([]byte(tt.wire))
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || !reflect.DeepEqual(got[0], tt.want) {
				t.Errorf("decoded %#v, want %#v", got, tt.want)
			}
		})
	}
}

// amfBombs are the bodies that end processes with other decoders, or would make this one slow.
func amfBombs() map[string][]byte {
	return map[string][]byte{
		"strict array of 2^31":    {0x0a, 0x7f, 0xff, 0xff, 0xff},
		"nested arrays of 2^31":   bytes.Repeat([]byte{0x0a, 0x7f, 0xff, 0xff, 0xff}, 4),
		"array of nulls too many": append([]byte{0x0a, 0, 0, 0x20, 0}, bytes.Repeat([]byte{5}, 0x2000)...),
		"deep arrays":             bytes.Repeat([]byte{0x0a, 0, 0, 0, 1}, 3000),
		"deep objects":            bytes.Repeat([]byte{3, 0, 1, 'a'}, 3000),
		"deep typed objects":      bytes.Repeat([]byte{0x10, 0, 1, 'C', 0, 1, 'a'}, 2000),
		"deep ECMA arrays":        bytes.Repeat([]byte{8, 0, 0, 0, 1, 0, 1, 'a'}, 2000),
		"long string of 4 GB":     {0x0c, 0xff, 0xff, 0xff, 0xff, 'x'},
		"XML of 4 GB":             {0x0f, 0xff, 0xff, 0xff, 0xff, 'x'},
		"cut string":              {2, 0xff, 0xff, 'x'},
		"cut number":              {0, 1, 2},
		"cut date":                {0x0b, 1},
		"cut boolean":             {1},
		"object without an end":   {3, 0, 1, 'a', 5},
		"reference":               {7, 0, 0},
		"movie clip":              {4},
		"record set":              {0x0e},
		"AMF3":                    {0x11, 1},
		"end without a beginning": {9},
		"unknown type":            {0xff},
	}
}

func TestAMFRefuses(t *testing.T) {
	for name, body := range amfBombs() {
		t.Run(name, func(t *testing.T) {
			if v, err := decodeAMF(body); !errors.Is(err, errAMF) {
				t.Errorf("decoded %v, error %v; want errAMF", v, err)
			}
		})
	}
}

func TestAMFMemoryIsBoundedByTheBody(t *testing.T) {
	for name, body := range amfBombs() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = decodeAMF(body)
			runtime.ReadMemStats(&after)
			if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(64*len(body)+1<<20); got > limit {
				t.Errorf("%d bytes allocated for a body of %d", got, len(body))
			}
		})
	}
}

func TestAMFDepthLimit(t *testing.T) {
	nested := func(n int) []byte {
		return append(bytes.Repeat([]byte{0x0a, 0, 0, 0, 1}, n), amfNull)
	}
	if _, err := decodeAMF(nested(amfMaxDepth)); err != nil {
		t.Errorf("depth %d: %v", amfMaxDepth, err)
	}
	if _, err := decodeAMF(nested(amfMaxDepth + 1)); !errors.Is(err, errAMF) {
		t.Errorf("depth %d: error %v, want errAMF", amfMaxDepth+1, err)
	}
}

func TestAMFLongKeyIsCut(t *testing.T) {
	got, err := decodeAMF(encodeAMF(amfProps{{strings.Repeat("k", 70000), true}}))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got[0].(amfProps)[0].key); n != 65535 {
		t.Errorf("key has %d bytes, want 65535", n)
	}
}

func FuzzAMF(f *testing.F) {
	for _, body := range amfBombs() {
		f.Add(body)
	}
	f.Add(encodeAMF("connect", 1, amfProps{{"app", "live"}, {"fourCcList", amfList{"hvc1", amfVoid{}}}}))
	f.Add(encodeAMF("@setDataFrame", "onMetaData", amfMap{{"width", 1920}, {"at", amfTime(1)}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		values, err := decodeAMF(body)
		if err != nil {
			if !errors.Is(err, errAMF) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		again := encodeAMF(values...)
		values2, err := decodeAMF(again)
		if err != nil {
			t.Fatalf("own encoding is refused: %v", err)
		}
		if !bytes.Equal(again, encodeAMF(values2...)) {
			t.Fatalf("a second round trip changes % x", binary.BigEndian.AppendUint16(again, 0))
		}
	})
}
