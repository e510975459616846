package socket

import (
	"encoding/binary"
	"math"
)

// WebSocket opcodes with the FIN bit (RFC 6455 §5.2). Frames of a server are not masked.
const (
	finText  = 0x81
	finClose = 0x88
	finPing  = 0x89
	finPong  = 0x8a
)

// closeNormal is the code of a close that nothing was wrong with (RFC 6455 §7.4.1).
const closeNormal = 1000

// maxHeaderBytes is the longest header of a frame without mask.
const maxHeaderBytes = 10

// A frame under construction leaves room for the longest header; seal puts the real one right before the payload.
func newFrame(sizeHint int) []byte { return make([]byte, maxHeaderBytes, maxHeaderBytes+sizeHint) }

// seal returns the text frame that holds what was appended to a newFrame, without copying it.
func seal(b []byte) []byte {
	n := len(b) - maxHeaderBytes
	switch {
	case n <= 125:
		b = b[maxHeaderBytes-2:]
		b[1] = byte(n)
	case n <= math.MaxUint16:
		b = b[maxHeaderBytes-4:]
		b[1] = 126
		binary.BigEndian.PutUint16(b[2:], uint16(n))
	default:
		b[1] = 127
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
	b[0] = finText
	return b
}

// controlFrame makes a ping, pong or close frame; more than 125 bytes of payload are cut.
func controlFrame(op byte, payload []byte) []byte {
	payload = payload[:min(len(payload), 125)]
	return append([]byte{op, byte(len(payload))}, payload...)
}

// closeFrame makes a close frame. Code 0 is a close without a code.
func closeFrame(code int, reason string) []byte {
	if code == 0 {
		return controlFrame(finClose, nil)
	}
	return controlFrame(finClose, append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
}

// unseal returns the payload of a frame without mask.
func unseal(frame []byte) []byte {
	switch frame[1] {
	case 127:
		return frame[10:]
	case 126:
		return frame[4:]
	}
	return frame[2:]
}
