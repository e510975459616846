package stream

import "time"

// Keyframe is the newest picture of a stream that can be decoded alone. Its bytes are shared: nobody may change them.
type Keyframe struct {
	Generation uint64
	Time       int64 // ms on the session's clock
	Session    string
	Start      time.Time // zero of the session's clock, zero if not told
	Codec      Codec
	Header     []byte // the decoder's configuration, as Tag.Data has it; nil where none came
	Data       []byte // the picture, as Tag.Data has it
}

// Keyframe returns the newest keyframe of a stream that somebody publishes, which cannot be one from before its gate was
// closed, nor of a publisher that is gone. It costs those who publish and subscribe nothing but a short lock.
func (h *Hub) Keyframe(name string) (Keyframe, bool) {
	h.mu.Lock()
	f := h.feeds[name]
	h.mu.Unlock()
	if f == nil {
		return Keyframe{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.picture.tag
	if t == nil || f.pub == nil || f.gated {
		return Keyframe{}, false
	}
	return Keyframe{
		Generation: t.gen, Time: t.time, Session: f.pub.session, Start: f.pub.sessionStart,
		Codec: t.format.codec, Header: f.picture.header.data(), Data: t.Data(),
	}, true
}

// picture is a keyframe and the sequence header that it came with, which may be nil. The feed holds on to the newest beyond
// the limits of its log: it is one tag.
type picture struct{ tag, header *Tag }
