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
		{"AMF3 undefined", "\x11\x00", amfVoid{}},
		{"AMF3 null", "\x11\x01", nil},
		{"AMF3 false", "\x11\x02", false},
		{"AMF3 true", "\x11\x03", true},
		{"AMF3 integer of a byte", "\x11\x04\x7f", 127.0},
		{"AMF3 integer of two bytes", "\x11\x04\x81\x00", 128.0},
		{"AMF3 integer of three bytes", "\x11\x04\x81\x80\x00", 16384.0},
		{"AMF3 integer of four bytes", "\x11\x04\x80\xc0\x80\x00", 2097152.0},
		{"AMF3 largest integer", "\x11\x04\xbf\xff\xff\xff", 268435455.0},
		{"AMF3 negative integer", "\x11\x04\xff\xff\xff\xff", -1.0},
		{"AMF3 smallest integer", "\x11\x04\xc0\x80\x80\x00", -268435456.0},
		{"AMF3 double", "\x11\x05\x3f\xf8\x00\x00\x00\x00\x00\x00", 1.5},
		{"AMF3 string", "\x11\x06\x09live", "live"},
		{"AMF3 empty string", "\x11\x06\x01", ""},
		{"AMF3 date", "\x11\x08\x01\x42\x6d\x1a\x94\xa2\x00\x00\x00", amfTime(1e12)},
		{"AMF3 XML", "\x11\x0b\x07<a>", "<a>"},
		{"AMF3 bytes", "\x11\x0c\x07abc", "abc"},
		{"AMF3 list", "\x11\x09\x05\x01\x04\x01\x06\x03x", amfList{1.0, "x"}},
		{"AMF3 array with names", "\x11\x09\x03\x03a\x03\x01\x04\x05", amfMap{{"a", true}, {"0", 5.0}}},
		{"AMF3 free object", "\x11\x0a\x0b\x01\x07app\x06\x09live\x01", amfProps{{"app", "live"}}},
		{
			"AMF3 class with fixed and free names, used again", "\x11\x09\x05\x01\x0a\x1b\x03C\x03a\x04\x01\x03b\x04\x02\x01\x0a\x01\x04\x03\x01",
			amfList{amfProps{{"a", 1.0}, {"b", 2.0}}, amfProps{{"a", 3.0}}},
		},
		{
			"AMF3 references to a text and to an object", "\x11\x09\x09\x01\x06\x03x\x06\x00\x0a\x0b\x01\x00\x03\x01\x0a\x02",
			amfList{"x", "x", amfProps{{"x", true}}, amfProps{{"x", true}}},
		},
		{"AMF3 inside AMF0", "\x03\x00\x01a\x11\x04\x07\x00\x00\x09", amfProps{{"a", 7.0}}},
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
		"end without a beginning": {9},
		"unknown type":            {0xff},
		"AMF3 of nothing":         {0x11},
		"AMF3 unknown type":       {0x11, 0x0d, 1},
		"AMF3 cut integer":        {0x11, 4, 0xff, 0xff, 0xff},
		"AMF3 cut string":         {0x11, 6, 0xff, 0xff, 0xff, 0xff, 'x'},
		"AMF3 text not there":     {0x11, 6, 2},
		"AMF3 object not there":   {0x11, 0x0a, 2},
		"AMF3 class not there":    {0x11, 0x0a, 5},
		"AMF3 own form":           {0x11, 0x0a, 7, 3, 'C'},
		"AMF3 array of 2^28":      {0x11, 9, 0xff, 0xff, 0xff, 0xff, 1},
		"AMF3 class of 2^25":      {0x11, 0x0a, 0xff, 0xff, 0xff, 0xfb, 1},
		"AMF3 bytes of 2^28":      {0x11, 0x0c, 0xff, 0xff, 0xff, 0xff},
		"AMF3 circle":             {0x11, 9, 3, 1, 9, 0},
		"AMF3 deep arrays":        append([]byte{0x11}, bytes.Repeat([]byte{9, 3, 1}, 3000)...),
		"AMF3 deep objects":       append([]byte{0x11}, bytes.Repeat([]byte{0x0a, 0x0b, 1, 3, 'a'}, 3000)...),
		"AMF3 nulls too many":     append([]byte{0x11, 9, 0x80, 0xc0, 1, 1}, bytes.Repeat([]byte{1}, 0x2000)...),
		// Each array refers to the one before it ten times: ten bytes a factor of ten.
		"AMF3 laughter": append(append([]byte{0x11, 9, 17, 1}, 9, 3, 1, 1),
			bytes.Join([][]byte{laugh(1), laugh(2), laugh(3), laugh(4), laugh(5), laugh(6), laugh(7)}, nil)...),
		"AMF3 echo of a long text": echo(8000, 200),
		"AMF3 reference that would be too deep": join([]byte{0x11, 9, 5, 1}, bytes.Repeat([]byte{9, 3, 1}, 6), []byte{1},
			bytes.Repeat([]byte{9, 3, 1}, 4), []byte{9, 2}),
	}
}

// laugh is an AMF3 array of ten references to an earlier object.
func laugh(object byte) []byte {
	return append([]byte{9, 21, 1}, bytes.Repeat([]byte{9, object << 1}, 10)...)
}

// echo is an AMF3 array of a text and references to it.
func echo(size, times int) []byte {
	b := []byte{0x11, 9, byte((times+1)<<1>>7) | 0x80, byte((times+1)<<1&0x7f) | 1, 1, 6, byte(size<<1>>7) | 0x80, byte(size<<1&0x7f) | 1}
	return append(append(b, make([]byte, size)...), bytes.Repeat([]byte{6, 0}, times)...)
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
	for _, body := range []string{
		"\x11\x09\x05\x01\x0a\x1b\x03C\x03a\x04\x01\x03b\x04\x02\x01\x0a\x01\x04\x03\x01", "\x11\x09\x09\x01\x06\x03x\x06\x00\x0a\x0b\x01\x00\x03\x01\x0a\x02",
		"\x11\x08\x01\x42\x6d\x1a\x94\xa2\x00\x00\x00", "\x11\x09\x03\x03a\x03\x01\x04\x05",
	} {
		f.Add([]byte(body))
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
