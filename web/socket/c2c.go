package socket

import (
	"context"
	"encoding/json"

	"liveroom/chat"
)

// Letters is what the door needs for messages from user to user.
type Letters interface {
	SendTo(ctx context.Context, user string, m chat.Message, who chat.Identity, from chat.Session) (chat.Ack, error)
}

// sendC2C sends a message to a user.
func (s *session) sendC2C(ctx context.Context, r *request) error {
	var f struct {
		User            string          `json:"user"`
		Random          uint32          `json:"random"`
		Body            json.RawMessage `json:"body"`
		CloudCustomData string          `json:"cloudCustomData"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	ack, err := s.srv.rooms.SendTo(ctx, f.User, chat.Message{Random: f.Random, Body: f.Body, CloudCustomData: f.CloudCustomData}, s.who, s)
	if err != nil {
		return err
	}
	b := appendField(answer(r, 64), "time", ack.Time.Unix())
	s.answer(finish(appendInstead(b, ack)))
	return nil
}

// Direct implements chat.Session. A socket that is too slow loses it like a message of High priority.
func (s *session) Direct(to string, m *chat.Message) {
	b := append(newFrame(256+len(m.Body)+len(m.CloudCustomData)), `{"push":"c2c","message":`...)
	b = appendMessage(b, m)
	b = appendField(b[:len(b)-1], "to", to)
	s.hand(append(b, "}}"...))
}

// Hear implements chat.Addressee: a push of a kind, with the fields of data. It is lost like the others.
func (s *session) Hear(kind string, data json.RawMessage) {
	b := append(newFrame(32+len(data)), `{"push":`...)
	b = appendString(b, kind)
	if len(data) > 2 {
		b = append(b, ',')
	}
	s.hand(append(b, data[1:]...))
}

// hand hands over a frame that is for this session alone.
func (s *session) hand(unsealed []byte) {
	frame := s.wire.shape(seal(unsealed))
	var dropped [classes]uint64
	s.startWriter(s.queue.hand(append(delivery{byte(high)}, frame...), &dropped))
	s.srv.count.drop(&dropped)
}
