package rtmp

import (
	"encoding/binary"

	"github.com/yutopp/go-rtmp/message"
)

// Chunk stream ids of what this side sends. Each message begins with a whole header, so no state is kept between them
// and a media message's bytes can be the same for every player.
const (
	chunkControl = 2
	chunkCommand = 3
	chunkAudio   = 4
	chunkData    = 5
	chunkVideo   = 6
)

// messageStream is the one message stream of a connection: each carries one push or one play.
const messageStream = 1

// appendMessageHeader writes a format 0 chunk header.
func appendMessageHeader(b []byte, chunkID byte, streamID, time uint32, kind message.TypeID, length int) []byte {
	field := min(time, maxTimeField)
	b = append(
		b, chunkID, byte(field>>16), byte(field>>8), byte(field),
		byte(length>>16), byte(length>>8), byte(length), byte(kind),
	)
	b = binary.LittleEndian.AppendUint32(b, streamID)
	return appendExtendedTime(b, time)
}

// appendContinuation writes the format 3 header that separates two chunks of one message.
func appendContinuation(b []byte, chunkID byte, time uint32) []byte {
	return appendExtendedTime(append(b, 3<<6|chunkID), time)
}

func appendExtendedTime(b []byte, time uint32) []byte {
	if time >= maxTimeField {
		b = binary.BigEndian.AppendUint32(b, time)
	}
	return b
}

// appendMessage writes a whole message in chunks of at most size bytes.
func appendMessage(b []byte, size int, chunkID byte, streamID, time uint32, kind message.TypeID, body []byte) []byte {
	b = appendMessageHeader(b, chunkID, streamID, time, kind, len(body))
	for len(body) > size {
		b = append(b, body[:size]...)
		b = appendContinuation(b, chunkID, time)
		body = body[size:]
	}
	return append(b, body...)
}
