package stream

import (
	"bytes"
	"encoding/hex"
	"sync"
	"testing"
)

func TestTagIsSerialisedInPlace(t *testing.T) {
	buf := NewBuffer(3)
	copy(buf[HeaderBytes:], "abc")
	tag := newTag(Video, 0x1_8123_4567, 7, buf, format{})
	want := "09" + "000003" + "23456781" + "000000" + hex.EncodeToString([]byte("abc")) + "0000000e"
	if got := hex.EncodeToString(tag.FLV()); got != want {
		t.Errorf("FLV form %s, want %s", got, want)
	}
	if &tag.FLV()[HeaderBytes] != &tag.Payload()[0] || string(tag.Payload()) != "abc" {
		t.Error("the payload is not the buffer's own")
	}
	if tag.Time() != 0x1_8123_4567 || tag.Generation() != 7 || tag.Kind() != Video {
		t.Errorf("time %d, generation %d, kind %v", tag.Time(), tag.Generation(), tag.Kind())
	}
}

func TestTagCopyLeavesTheOriginalAlone(t *testing.T) {
	buf := NewBuffer(len(avcHeader))
	copy(buf[HeaderBytes:], avcHeader)
	f, err := parse(Video, avcHeader)
	if err != nil {
		t.Fatal(err)
	}
	tag := newTag(Video, 5, 1, buf, f)
	tag.id = 9
	before := bytes.Clone(tag.FLV())
	c := tag.at(1000, true)
	if !bytes.Equal(before, tag.FLV()) || tag.breaks {
		t.Error("the original changed")
	}
	if c.Time() != 1000 || c.id != 9 || !c.breaks || !c.SequenceHeader() || !bytes.Equal(c.Payload(), avcHeader) {
		t.Errorf("copy: %+v", c)
	}
}

func TestRTMPFormIsBuiltOnce(t *testing.T) {
	tag := newTag(Audio, 0, 0, NewBuffer(1), format{})
	built := 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got := tag.RTMP(func(t *Tag) []byte { built++; return t.Payload() })
			if len(got) != 1 {
				t.Errorf("got %d bytes", len(got))
			}
		})
	}
	wg.Wait()
	if built != 1 {
		t.Errorf("built %d times", built)
	}
}

func TestKindNames(t *testing.T) {
	for kind, want := range map[Kind]string{Audio: "audio", Video: "video", Script: "script", 3: "unknown"} {
		if kind.String() != want {
			t.Errorf("%d is %q, want %q", kind, kind, want)
		}
	}
}
