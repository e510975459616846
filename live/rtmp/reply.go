package rtmp

import (
	"bytes"
	"encoding/binary"

	"github.com/yutopp/go-rtmp/message"
)

// Levels of a status.
const (
	levelStatus = "status"
	levelError  = "error"
)

// reply collects what is to be answered, so that it leaves in one write.
type reply struct {
	buf  []byte
	size int // chunk size in force
}

// number adds a protocol control message that is one 32-bit number.
func (r *reply) number(kind message.TypeID, n uint32) {
	r.buf = appendMessage(r.buf, r.size, chunkControl, 0, 0, kind, binary.BigEndian.AppendUint32(nil, n))
}

// chunkSize announces a chunk size and uses it from then on.
func (r *reply) chunkSize(size int) {
	r.number(message.TypeIDSetChunkSize, uint32(size)) //nolint:gosec // one of two constants
	r.size = size
}

// bandwidth asks the peer to wait for acknowledgements after so many bytes.
func (r *reply) bandwidth(window uint32) {
	body := append(binary.BigEndian.AppendUint32(nil, window), byte(message.LimitTypeDynamic))
	r.buf = appendMessage(r.buf, r.size, chunkControl, 0, 0, message.TypeIDSetPeerBandwidth, body)
}

// event adds a user control message.
func (r *reply) event(e message.UserCtrlEvent) {
	var body bytes.Buffer
	if err := message.NewUserControlEventEncoder(&body).Encode(e); err != nil {
		panic(err) // a bytes.Buffer takes everything, and only events it knows are passed
	}
	r.buf = appendMessage(r.buf, r.size, chunkControl, 0, 0, message.TypeIDUserCtrl, body.Bytes())
}

// command adds a command of the connection itself.
func (r *reply) command(name string, values ...any) {
	body := encodeAMF(append([]any{name}, values...)...)
	r.buf = appendMessage(r.buf, r.size, chunkCommand, 0, 0, message.TypeIDCommandMessageAMF0, body)
}

// result answers a call. Calls with transaction 0 expect none.
func (r *reply) result(transaction float64, values ...any) {
	if transaction != 0 {
		r.command("_result", append([]any{transaction}, values...)...)
	}
}

// status adds an onStatus of the message stream.
func (r *reply) status(level, code, description string) {
	body := encodeAMF("onStatus", 0, nil, statusInfo(level, code, description))
	r.buf = appendMessage(r.buf, r.size, chunkData, messageStream, 0, message.TypeIDCommandMessageAMF0, body)
}

// data adds a data message of the message stream.
func (r *reply) data(values ...any) {
	r.buf = appendMessage(r.buf, r.size, chunkData, messageStream, 0, message.TypeIDDataMessageAMF0, encodeAMF(values...))
}

func statusInfo(level, code, description string) amfProps {
	return amfProps{{"level", level}, {"code", code}, {"description", description}}
}
