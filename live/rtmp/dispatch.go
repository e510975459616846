package rtmp

import (
	"context"
	"encoding/binary"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// dispatch obeys one message. Types it does not know are ignored.
func (c *conn) dispatch(ctx context.Context, p packet) error {
	switch p.kind {
	case message.TypeIDSetChunkSize, message.TypeIDAbortMessage, message.TypeIDWinAckSize, message.TypeIDSetPeerBandwidth:
		return c.control(p)
	case message.TypeIDUserCtrl:
		return c.userControl(p)
	case message.TypeIDCommandMessageAMF0:
		return c.command(ctx, p.body)
	case message.TypeIDCommandMessageAMF3:
		return c.command(ctx, skipAMF3(p.body))
	case message.TypeIDAudioMessage, message.TypeIDVideoMessage:
		return c.media(ctx, p)
	case message.TypeIDDataMessageAMF0:
		return c.script(p.time, p.body)
	case message.TypeIDDataMessageAMF3:
		return c.script(p.time, skipAMF3(p.body))
	case message.TypeIDAggregateMessage:
		return c.aggregate(ctx, p)
	default: // acknowledgements need no action, for nothing waits for them; shared objects and the rest are not ours
		return nil
	}
}

// skipAMF3 removes the byte in front of an AMF3 message's body. What follows is AMF0, of which values may switch to AMF3.
func skipAMF3(body []byte) []byte {
	if len(body) > 0 && body[0] == 0 {
		return body[1:]
	}
	return body
}

// control obeys the protocol control messages that are one number.
func (c *conn) control(p packet) error {
	if len(p.body) < 4 {
		return protocolError("control message of type %d has %d bytes", p.kind, len(p.body))
	}
	n := binary.BigEndian.Uint32(p.body)
	switch p.kind {
	case message.TypeIDSetChunkSize:
		return c.in.setSize(n)
	case message.TypeIDAbortMessage:
		c.in.abort(n)
	case message.TypeIDSetPeerBandwidth:
		return c.bandwidth(n)
	default:
		c.window = uint64(max(n, ackFloorBytes))
	}
	return nil
}

// bandwidth tells a peer that limits what is sent without acknowledgement how often to acknowledge (section 5.4.5).
func (c *conn) bandwidth(window uint32) error {
	if window == c.announced {
		return nil
	}
	c.announced = window
	r := c.reply()
	r.number(message.TypeIDWinAckSize, window)
	return c.send(r)
}

// userControl answers pings.
func (c *conn) userControl(p packet) error {
	const pingRequest = 6
	if len(p.body) < 6 || binary.BigEndian.Uint16(p.body) != pingRequest {
		return nil
	}
	r := c.reply()
	r.event(&message.UserCtrlEventPingResponse{Timestamp: binary.BigEndian.Uint32(p.body[2:])})
	return c.send(r)
}

// aggregate obeys the messages in one that holds several.
func (c *conn) aggregate(ctx context.Context, p packet) error {
	return eachPart(p, func(part packet) error { return c.part(ctx, part) })
}

// eachPart takes a message apart that holds several, in the form of FLV tags. The time of the first is the message's.
func eachPart(p packet, f func(part packet) error) error {
	const headBytes, tailBytes = stream.HeaderBytes, stream.TrailerBytes
	rest, first := p.body, true
	var offset uint32
	for len(rest) >= headBytes {
		kind, size := message.TypeID(rest[0]), int(uint24(rest[1:]))
		time := uint24(rest[4:]) | uint32(rest[7])<<24
		if size > len(rest)-headBytes {
			return protocolError("part of %d bytes in an aggregate message, %d left", size, len(rest)-headBytes)
		}
		if first {
			offset, first = p.time-time, false
		}
		if err := f(packet{kind: kind, time: time + offset, body: rest[headBytes : headBytes+size]}); err != nil {
			return err
		}
		rest = rest[min(headBytes+size+tailBytes, len(rest)):]
	}
	return nil
}

// part handles one message of an aggregate; commands cannot be in one.
func (c *conn) part(ctx context.Context, p packet) error {
	switch p.kind {
	case message.TypeIDAudioMessage, message.TypeIDVideoMessage:
		p.buf = stream.NewBuffer(len(p.body))
		copy(p.buf[stream.HeaderBytes:], p.body)
		return c.media(ctx, p)
	case message.TypeIDDataMessageAMF0:
		return c.script(p.time, p.body)
	default:
		return nil
	}
}
