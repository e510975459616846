package stream

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Payloads of the tags that tests send.
var (
	avcHeader  = []byte{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f}
	avcHeader2 = []byte{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x28}
	aacHeader  = []byte{0xaf, 0, 0x12, 0x10}
	metadata   = []byte("\x02\x00\x0aonMetaData\x08\x00\x00\x00\x00\x00\x00\x09")
	keyframe   = []byte{0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65}
	interframe = []byte{0x27, 1, 0, 0, 0, 0, 0, 0, 1, 0x41}
	audioFrame = []byte{0xaf, 1, 0x21}
)

// write sends one tag and fails the test if the publisher refuses it.
func write(tb testing.TB, p *Publisher, kind Kind, ts uint32, payload []byte) {
	tb.Helper()
	buf := NewBuffer(len(payload))
	copy(buf[HeaderBytes:], payload)
	if err := p.Write(kind, ts, buf); err != nil {
		tb.Fatalf("write %v at %d: %v", kind, ts, err)
	}
}

func publish(tb testing.TB, h *Hub, name string, o PublishOptions) *Publisher {
	tb.Helper()
	p, err := h.Publish(name, o)
	if err != nil {
		tb.Fatalf("publish %s: %v", name, err)
	}
	return p
}

// begin sends metadata and both sequence headers.
func begin(tb testing.TB, p *Publisher) {
	tb.Helper()
	write(tb, p, Script, 0, metadata)
	write(tb, p, Video, 0, avcHeader)
	write(tb, p, Audio, 0, aacHeader)
}

// gop sends a keyframe and n interframes, 40 ms apart, each with an audio tag.
func gop(tb testing.TB, p *Publisher, ts uint32, n int) {
	tb.Helper()
	write(tb, p, Video, ts, keyframe)
	write(tb, p, Audio, ts, audioFrame)
	for range n {
		ts += 40
		write(tb, p, Video, ts, interframe)
		write(tb, p, Audio, ts, audioFrame)
	}
}

// drain returns all tags that can be read without waiting, and the breaks as indexes into them.
func drain(tb testing.TB, s *Subscriber) (tags []*Tag, breaks []int, err error) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		batch, err := s.Next(ctx, nil)
		if err != nil {
			if errors.Is(err, context.Canceled) {
				err = nil
			}
			return tags, breaks, err
		}
		if s.Discontinuity() {
			breaks = append(breaks, len(tags))
		}
		tags = append(tags, batch...)
	}
}

// must drains without an error.
func must(tb testing.TB, s *Subscriber) ([]*Tag, []int) {
	tb.Helper()
	tags, breaks, err := drain(tb, s)
	if err != nil {
		tb.Fatalf("drain: %v", err)
	}
	return tags, breaks
}

// letters writes tags as text: M metadata, V and A sequence headers, K keyframe, v and a media, s other script data.
func letters(tags []*Tag) string {
	b := make([]byte, len(tags))
	for i, t := range tags {
		switch {
		case t.Metadata():
			b[i] = 'M'
		case t.SequenceHeader() && t.Kind() == Video:
			b[i] = 'V'
		case t.SequenceHeader():
			b[i] = 'A'
		case t.Keyframe():
			b[i] = 'K'
		case t.Kind() == Video:
			b[i] = 'v'
		case t.Kind() == Audio:
			b[i] = 'a'
		default:
			b[i] = 's'
		}
	}
	return string(b)
}

func wantLetters(tb testing.TB, what string, tags []*Tag, want string) {
	tb.Helper()
	if got := letters(tags); got != want {
		tb.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// next waits for a batch.
func next(tb testing.TB, s *Subscriber) []*Tag {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	tags, err := s.Next(ctx, nil)
	if err != nil {
		tb.Fatalf("next: %v", err)
	}
	return tags
}
