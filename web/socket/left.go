package socket

import (
	"time"

	"liveroom/chat"
)

// Left implements chat.Session: the push `left` follows what waits, and nothing of the group follows the push. A socket
// that cannot take it is closed, as for any event.
func (s *session) Left(group string, why chat.Departure) {
	var dropped [classes]uint64
	result, start := s.queue.deliver(group, s.leftDelivery(group, why), &dropped)
	s.startWriter(start)
	s.srv.count.drop(&dropped)
	if result == overflow {
		s.shut(slowConsumer, "")
	}
	// The client may have left and joined again meanwhile: what it was told now holds in the chat too.
	s.srv.rooms.Leave(group, s)
}

func (s *session) leftDelivery(group string, why chat.Departure) delivery {
	b := append(newFrame(128), `{"push":"left","group":`...)
	b = appendString(b, group)
	b = appendField(b, "reason", why.Reason)
	b = appendField(b, "by", why.By)
	b = appendField(b, "detail", why.Detail)
	b = appendField(b, "until", unix(why.Until))
	return append(delivery{byte(control) | flagLast}, s.wire.shape(seal(append(b, '}')))...)
}

// unix is a time in seconds; 0 for none.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
