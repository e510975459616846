package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"time"
)

// sender is one connection that speaks in one room.
type sender struct {
	all   *sending
	room  *chatRoom
	who   ChatSender
	index int     // among those of its kind in its room
	of    int     // how many these are
	gives *giving // what it gives; nil: it speaks

	mu      sync.Mutex // guards what follows
	conn    net.Conn   // nil: none at the moment
	next    uint64     // id of the next frame
	pending map[uint64]underWay
}

// underWay is a message whose answer is awaited. Whether it counts as sent in the window is decided once, when it is sent: the
// window begins and ends a little before that is known everywhere.
type underWay struct {
	sentAt int64
	counts bool
}

const (
	mostPending  = 1000 // unanswered sends of one connection
	firstSendID  = 10
	sendTimeout  = 5 * time.Second
	maxAnswer    = 64 << 20
	senderBuffer = 64 << 10
)

// enter connects, signs in and joins.
func (s *sender) enter(ctx context.Context) (*bufio.Reader, error) {
	u, err := url.Parse(s.all.run.plan.Address)
	if err != nil {
		return nil, bare(err)
	}
	conn, err := s.dial(ctx, u)
	if err != nil {
		return nil, err
	}
	in, err := s.introduce(ctx, conn, u)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	s.mu.Lock()
	s.conn = conn
	s.mu.Unlock()
	return in, nil
}

func (s *sender) introduce(ctx context.Context, conn net.Conn, u *url.URL) (*bufio.Reader, error) {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(joinLimit)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(upgradeRequest(u.Host, u.RequestURI())); err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(conn, senderBuffer)
	var head []byte
	for {
		c, err := in.ReadByte()
		if err != nil {
			return nil, err
		}
		head = append(head, c)
		if len(head) > 8<<10 {
			return nil, errUpgrade
		}
		if n, err := upgraded(head); err != nil {
			return nil, err
		} else if n > 0 {
			break
		}
	}
	quote := func(v string) []byte { b, _ := json.Marshal(v); return b } // a string can be
	hello := fmt.Appendf(nil, `{"id":1,"op":"auth","platform":"Web","userId":%s,"userSig":%s,"instance":"bench-%d-%d"}`,
		quote(s.who.User), quote(s.who.UserSig), s.room.index, s.index)
	b := appendFrame(nil, wsText, hello)
	b = appendFrame(b, wsText, fmt.Appendf(nil, `{"id":2,"op":"join","group":%s}`, quote(s.room.group)))
	if _, err := conn.Write(b); err != nil {
		return nil, err
	}
	for {
		p, err := s.message(in, conn)
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(p, replyHead) && !bytes.Contains(p[:min(len(p), 40)], goodReply) {
			return nil, refusedIn(p)
		}
		if bytes.HasPrefix(p, joinHead) {
			return in, conn.SetDeadline(time.Time{})
		}
	}
}

// message reads one whole message, and answers pings on the way.
func (s *sender) message(in *bufio.Reader, conn net.Conn) ([]byte, error) {
	var whole []byte
	for {
		head, err := in.Peek(2)
		if err != nil {
			return nil, err
		}
		extra := map[byte]int{126: 2, 127: 8}[head[1]&0x7f]
		if head, err = in.Peek(2 + extra); err != nil {
			return nil, err
		}
		size := uint64(head[1] & 0x7f)
		if extra > 0 {
			size = 0
			for _, c := range head[2:] {
				size = size<<8 | uint64(c)
			}
		}
		if size > maxServerFrame {
			return nil, errServerFrame
		}
		b := make([]byte, 2+extra+int(size)) //nolint:gosec // bounded above
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, err
		}
		f, _, err := parseFrame(b)
		if err != nil {
			return nil, err
		}
		switch f.op {
		case wsPing:
			s.mu.Lock()
			_, err = conn.Write(appendFrame(nil, wsPong, f.payload))
			s.mu.Unlock()
			if err != nil {
				return nil, err
			}
			continue
		case wsPong:
			continue
		case wsClose:
			return nil, reasonClosed
		}
		if whole = append(whole, f.payload...); f.fin {
			return whole, nil
		}
		if len(whole) > maxAnswer {
			return nil, errServerFrame
		}
	}
}

// live reads what comes until ctx ends, and comes back if that is wished.
func (s *sender) live(ctx context.Context, in *bufio.Reader) {
	for attempt := 0; ; attempt++ {
		if in != nil {
			attempt = 0
			err := s.listen(ctx, in)
			if ctx.Err() != nil {
				return
			}
			s.all.lost.Add(1)
			s.all.notes.add(reasonOf(err))
		}
		if !s.all.run.plan.Reconnect || !pause(ctx, backoff(attempt)) {
			return
		}
		var err error
		if in, err = s.enter(ctx); err != nil {
			in = nil
		}
	}
}

// listen reads one connection to its end.
func (s *sender) listen(ctx context.Context, in *bufio.Reader) error {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		s.conn = nil
		clear(s.pending) // their answers are lost
		s.mu.Unlock()
	}()
	for {
		p, err := s.message(in, conn)
		switch {
		case err != nil:
			return err
		case bytes.HasPrefix(p, replyHead):
			s.answer(p)
		case bytes.HasPrefix(p, batchHead):
			s.all.delivered.Add(int64(bytes.Count(p, itemHead)))
		case bytes.HasPrefix(p, closeHead):
			return &Refusal{Code: "sent_away", Detail: textOf(p, `"reason":"`)}
		}
	}
}

// answer takes the answer to a send.
func (s *sender) answer(p []byte) {
	var a struct {
		Reply         uint64
		Code          int
		Error, Detail string
		Seq           uint64
		Fate          string
		Accepted      int
		Order         struct{ State string }
	}
	if err := json.Unmarshal(p, &a); err != nil {
		s.all.notes.add(Reason{Code: "error", Detail: "an answer that can't be read"})
		return
	}
	s.mu.Lock()
	sent, known := s.pending[a.Reply]
	delete(s.pending, a.Reply)
	s.mu.Unlock()
	if !known {
		return
	}
	s.all.acks.Add(1)
	if s.gives != nil {
		if a.Code != 0 {
			s.all.notes.add(Reason{Code: a.Error, Detail: a.Detail, refusal: true})
		}
		s.gives.answer(sent, a.Code == 0 && (a.Accepted > 0 || a.Order.State == "accepted"), a.Order.State == "pending")
		return
	}
	switch {
	case a.Code != 0:
		s.all.notes.add(Reason{Code: a.Error, Detail: a.Detail, refusal: true})
		if sent.counts {
			s.all.refused.Add(1)
		}
	case a.Fate == "dropped":
		if sent.counts {
			s.all.dropped.Add(1)
		}
	case sent.counts:
		s.room.took(item{a.Seq, sent.sentAt})
		s.all.answered.add(time.Duration(time.Now().UnixNano() - sent.sentAt))
	}
}

// speak sends this connection's share of the room's messages, each at its moment.
func (s *sender) speak(ctx context.Context, began time.Time) {
	plan := s.all.run.plan
	rate := plan.Rate
	if s.gives != nil {
		rate = s.gives.rate
	}
	shift := float64(s.room.index) / float64(len(plan.Rooms)) // rooms speak one after the other
	for i := s.index; ; i += s.of {
		due := began.Add(time.Duration((float64(i) + shift) / rate * float64(time.Second)))
		if !pause(ctx, time.Until(due)) && ctx.Err() != nil || s.all.over.Load() {
			return
		}
		s.send(due)
	}
}

var errBusy = errors.New("too much unanswered")

// send sends one message.
func (s *sender) send(due time.Time) {
	now := time.Now()
	inWindow := s.all.run.window.has(now.UnixNano())
	if inWindow {
		s.all.late.add(now.Sub(due))
	}
	err := s.put(now, inWindow)
	if s.gives != nil {
		s.gives.tried(inWindow, err)
		return
	}
	switch {
	case inWindow && err == nil:
		s.all.sent.Add(1)
	case inWindow:
		s.all.unsent.Add(1)
	}
}

func (s *sender) put(now time.Time, counts bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return net.ErrClosed
	}
	if len(s.pending) >= mostPending {
		return errBusy
	}
	id := s.next
	s.next++
	s.pending[id] = underWay{now.UnixNano(), counts}
	frame := appendFrame(nil, wsText, s.frame(id, now.UnixNano()))
	if err := s.conn.SetWriteDeadline(now.Add(sendTimeout)); err != nil {
		return err
	}
	_, err := s.conn.Write(frame)
	return err
}

// Around the text of a message.
const (
	bodyHead = `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"`
	bodyTail = `"}}]`
)

// frame is the op that sends a message with a body of the size that is wished.
func (s *sender) frame(id uint64, sentAt int64) []byte {
	plan := s.all.run.plan
	if s.gives != nil {
		return s.gives.frame(id, s.room.group, plan.GiftID)
	}
	b := fmt.Appendf(nil, `{"id":%d,"op":"send","group":%q,"random":%d,"fate":true,`, id, s.room.group, uint32(id)) //nolint:gosec // ids are few
	if plan.Priority != "" {
		b = fmt.Appendf(b, `"priority":%q,`, plan.Priority)
	}
	b = append(b, `"body":`+bodyHead...)
	b = append(appendStamp(b, sentAt), ' ')
	for n := plan.Size - len(bodyHead) - len(bodyTail) - stampBytes - 1; n > 0; n-- {
		b = append(b, filler[n%len(filler)])
	}
	return append(b, bodyTail+`}`...)
}

const filler = "ten thousand people say hello to each other at the same time, and everybody wants to read all of it "
