package rtmp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// Incoming is a stream that this side plays from another server. Next belongs to one goroutine, Close to any.
type Incoming struct {
	l       *link
	ctx     context.Context
	cancel  context.CancelFunc
	stop    func() bool
	waiting []packet  // before the next is read
	deadAt  time.Time // by when sound or picture must come; zero: from the next read on
}

// Play connects to another server and begins to play a stream from there; cfg.Open bounds it. The error is a *Failure. The
// Incoming must be closed; it ends with ctx.
func Play(ctx context.Context, cfg ClientConfig, u URL) (*Incoming, error) {
	in := &Incoming{}
	cfg = cfg.withDefaults()
	l, err := openLink(ctx, cfg, u, func(l *link) error {
		r := l.reply()
		r.number(message.TypeIDWinAckSize, windowBytes)
		if err := l.createStream(r); err != nil {
			return err
		}
		in.l = l
		return in.begin()
	})
	if err != nil {
		return nil, err
	}
	l.doing = "the play"
	in.ctx, in.cancel = context.WithCancel(ctx)
	in.stop = context.AfterFunc(in.ctx, func() { _ = l.nc.Close() })
	return in, nil
}

// begin asks to play and waits until that is allowed, or media come.
func (in *Incoming) begin() error {
	l := in.l
	l.doing = "play"
	r := l.reply()
	body := encodeAMF("play", 0, nil, l.url.name, -2000) // live, and otherwise from a recording
	r.buf = appendMessage(r.buf, r.size, chunkAudio, l.stream, 0, message.TypeIDCommandMessageAMF0, body)
	r.event(&message.UserCtrlEventSetBufferLength{StreamID: l.stream, LengthMs: clientBufferMs})
	l.chatty = true
	l.in.r = bufio.NewReaderSize(l.in.r, pushReadBytes)
	l.in.limits = limits{message: scriptBytes, media: l.cfg.MaxMessageBytes, unfinished: l.cfg.MaxMessageBytes + 8*unfinishedBytes}
	if err := l.send(r); err != nil {
		return err
	}
	for range maxAnswers {
		p, err := l.in.next()
		if err != nil {
			return err
		}
		if isMedia(p.kind) {
			in.waiting = append(in.waiting, p)
			return nil
		}
		cmd, err := l.obey(p)
		_, code := statusOf(cmd)
		switch {
		case err != nil:
			return err
		case errorStatus(cmd), cmd.name == "_error", cmd.name == "close", code == "NetStream.Play.StreamNotFound", code == "NetStream.Play.Failed":
			return l.rejected(cmd.args)
		case code == "NetStream.Play.Start":
			return nil
		}
	}
	return protocolError("more than %d messages before an answer", maxAnswers)
}

func isMedia(kind message.TypeID) bool {
	return kind == message.TypeIDAudioMessage || kind == message.TypeIDVideoMessage || kind == message.TypeIDAggregateMessage
}

// Next returns the next tag: its kind, its timestamp in ms and its payload in a buffer as stream.NewBuffer makes it, ready for
// Publisher.Write. It is io.EOF when the server says that the stream is over; any other error is a *Failure.
func (in *Incoming) Next() (stream.Kind, uint32, []byte, error) {
	for {
		p, err := in.next()
		if err != nil {
			return 0, 0, nil, err
		}
		if buf := in.tag(p); buf != nil {
			if p.kind != message.TypeIDDataMessageAMF0 {
				in.deadAt = time.Time{}
			}
			return stream.Kind(p.kind), p.time, buf, nil
		}
	}
}

// tag is a message's payload in its buffer; nil where it is nothing to hand on.
func (in *Incoming) tag(p packet) []byte {
	if p.kind == message.TypeIDDataMessageAMF0 {
		if body := tellable(p.body); len(body) > 0 {
			return inBuffer(body)
		}
		return nil
	}
	if len(p.body) == 0 || stream.Multitrack(stream.Kind(p.kind), p.body) {
		return nil
	}
	if p.buf == nil {
		return inBuffer(p.body)
	}
	return p.buf
}

func inBuffer(body []byte) []byte {
	buf := stream.NewBuffer(len(body))
	copy(buf[stream.HeaderBytes:], body)
	return buf
}

// tellable is a data message for viewers: sound, and no command to servers. Nil where there is none.
func tellable(body []byte) []byte {
	name, rest, err := scriptName(body)
	if err == nil && name == "@setDataFrame" {
		body = rest
		name, _, err = scriptName(body)
	}
	if err != nil || strings.HasPrefix(name, "@") || strings.HasPrefix(name, "|") || name == "onStatus" {
		return nil
	}
	if body, err = soundScript(body); err != nil {
		return nil
	}
	return body
}

// next returns the next message that may be a tag.
func (in *Incoming) next() (packet, error) {
	for {
		for len(in.waiting) > 0 {
			p := in.waiting[0]
			in.waiting[0] = packet{}
			in.waiting = in.waiting[1:]
			if p.kind != message.TypeIDAggregateMessage {
				return p, nil
			}
			if err := in.split(p); err != nil {
				return packet{}, in.failure(err)
			}
		}
		if err := in.alive(); err != nil {
			return packet{}, in.failure(err)
		}
		p, err := in.l.in.next()
		if err != nil {
			return packet{}, in.failure(err)
		}
		switch p.kind {
		case message.TypeIDAudioMessage, message.TypeIDVideoMessage, message.TypeIDDataMessageAMF0:
			return p, nil
		case message.TypeIDAggregateMessage:
			in.waiting = append(in.waiting, p)
			continue
		case message.TypeIDDataMessageAMF3:
			p.kind, p.body = message.TypeIDDataMessageAMF0, skipAMF3(p.body)
			return p, nil
		}
		cmd, err := in.l.obey(p)
		if err == nil {
			err = in.ended(cmd)
		}
		if err != nil {
			return packet{}, in.failure(err)
		}
	}
}

// maxParts bounds what one aggregate message holds.
const maxParts = 4096

// split puts the parts of an aggregate message before all that is read later.
func (in *Incoming) split(p packet) error {
	return eachPart(p, func(part packet) error {
		if len(in.waiting) >= maxParts {
			return protocolError("more than %d parts in an aggregate message", maxParts)
		}
		switch part.kind {
		case message.TypeIDAudioMessage, message.TypeIDVideoMessage, message.TypeIDDataMessageAMF0:
			in.waiting = append(in.waiting, part)
		}
		return nil
	})
}

// ended says whether a command ends the stream.
func (in *Incoming) ended(cmd call) error {
	_, code := statusOf(cmd)
	switch {
	case cmd.name == "onStatus" && (code == "NetStream.Play.UnpublishNotify" || code == "NetStream.Play.Stop" || code == "NetStream.Play.Complete"):
		return errStreamOver
	case errorStatus(cmd), cmd.name == "close":
		return in.l.rejected(cmd.args)
	}
	return nil
}

// alive moves the deadline of silence: media must come within ClientConfig.Silent, whatever else does.
func (in *Incoming) alive() error {
	if !in.deadAt.IsZero() {
		return nil
	}
	in.deadAt = time.Now().Add(in.l.cfg.Silent)
	return in.l.nc.SetReadDeadline(in.deadAt)
}

// failure is io.EOF where the stream is over, and else says what happened.
func (in *Incoming) failure(err error) error {
	if errors.Is(err, errStreamOver) {
		return io.EOF
	}
	f := in.l.failure(in.ctx, err)
	if f.Code == FailTimeout {
		return failed(FailSilent, err, "no media came from the server for %v", in.l.cfg.Silent)
	}
	return f
}

// Close ends the connection, and with it a Next that waits.
func (in *Incoming) Close() {
	in.stop()
	in.cancel()
	_ = in.l.nc.Close()
}
