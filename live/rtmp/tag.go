package rtmp

import (
	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// inlineBytes is the largest payload that is copied into a tag's chunk form. Small tags (audio) then cost one buffer of
// a gathered write; large ones are sent from the payload itself, so that they are in memory once.
const inlineBytes = 2048

// chunkID is the chunk stream of a media message.
func chunkID(kind stream.Kind) byte {
	switch kind {
	case stream.Audio:
		return chunkAudio
	case stream.Video:
		return chunkVideo
	case stream.Script:
		return chunkData
	default:
		return chunkData
	}
}

// buildTag makes a tag's chunk form: the message header, then either the payload (up to inlineBytes) or the header that
// continues the message, which is the same between all its chunks.
func buildTag(t *stream.Tag) []byte {
	payload, id, time := t.Payload(), chunkID(t.Kind()), uint32(t.Time()) //nolint:gosec // RTMP's clock wraps after 49 days
	inline := len(payload) <= inlineBytes
	size := 16 + 5
	if inline {
		size = 16 + len(payload)
	}
	b := appendMessageHeader(make([]byte, 0, size), id, messageStream, time, message.TypeID(t.Kind()), len(payload))
	if inline {
		return append(b, payload...)
	}
	return appendContinuation(b, id, time)
}

// appendTag appends the buffers that make a tag's message in chunks of playChunkBytes. All of them are shared.
func appendTag(bufs [][]byte, t *stream.Tag) [][]byte {
	form, payload := t.RTMP(buildTag), t.Payload()
	if len(payload) <= inlineBytes {
		return append(bufs, form)
	}
	head := 12
	if uint32(t.Time()) >= maxTimeField { //nolint:gosec // RTMP's clock wraps after 49 days
		head = 16
	}
	bufs = append(bufs, form[:head:head])
	for len(payload) > playChunkBytes {
		bufs = append(bufs, payload[:playChunkBytes:playChunkBytes], form[head:])
		payload = payload[playChunkBytes:]
	}
	return append(bufs, payload)
}
