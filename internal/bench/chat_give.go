package bench

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// giving is likes or gifts that many users give, in the window.
type giving struct {
	what string  // like or gift
	rate float64 // a second in each room

	sent    atomic.Int64
	taken   atomic.Int64
	pending atomic.Int64 // gifts whose settlement was not known in time
	refused atomic.Int64
	unsent  atomic.Int64
	answers histogram
}

// newGiving is nil where nothing is given.
func newGiving(what string, rate float64) *giving {
	if rate <= 0 {
		return nil
	}
	return &giving{what: what, rate: rate}
}

// frame is the op that gives one.
func (g *giving) frame(id uint64, group, gift string) []byte {
	if g.what == "like" {
		return fmt.Appendf(nil, `{"id":%d,"op":"like","group":%q,"count":1}`, id, group)
	}
	return fmt.Appendf(nil, `{"id":%d,"op":"sendGift","group":%q,"order":"%s-%d","gift":%q,"count":1}`, id, group, gift, id, gift)
}

// tried notes that one was sent, or could not be.
func (g *giving) tried(inWindow bool, err error) {
	switch {
	case inWindow && err == nil:
		g.sent.Add(1)
	case inWindow:
		g.unsent.Add(1)
	}
}

// answer notes what became of one.
func (g *giving) answer(u underWay, taken, pending bool) {
	if !u.counts {
		return
	}
	switch {
	case taken:
		g.taken.Add(1)
	case pending:
		g.pending.Add(1)
	default:
		g.refused.Add(1)
	}
	g.answers.add(time.Duration(time.Now().UnixNano() - u.sentAt))
}

// Gives is how the giving went, in the window.
type Gives struct {
	Connections int     `json:"connections"` // each of another user
	Rate        float64 `json:"rate"`        // a second in each room, as planned
	Sent        int64   `json:"sent"`
	Taken       int64   `json:"taken"`
	Pending     int64   `json:"pending"` // gifts of which nobody said in time whether they are paid
	Refused     int64   `json:"refused"` // likes too that were not accepted
	Unanswered  int64   `json:"unanswered"`
	Unsent      int64   `json:"unsent"`
	Answer      Spread  `json:"answerMs"`
}

// report is nil where nothing was given.
func (g *giving) report(connections int) *Gives {
	if g == nil {
		return nil
	}
	out := &Gives{
		Connections: connections, Rate: g.rate, Sent: g.sent.Load(), Taken: g.taken.Load(), Pending: g.pending.Load(), Refused: g.refused.Load(),
		Unsent: g.unsent.Load(), Answer: g.answers.spread(),
	}
	out.Unanswered = max(0, out.Sent-out.Taken-out.Pending-out.Refused)
	return out
}

func (g *Gives) failed() bool { return g != nil && g.Refused+g.Unanswered+g.Unsent > 0 }

func (g *Gives) write(b *strings.Builder, what string) {
	if g == nil {
		return
	}
	fmt.Fprintf(b, "%s: %d by %d users; taken %d, pending %d, refused %d, unanswered %d, not sent %d; answered p50 / p99 / max %s / %s / %s ms\n",
		what, g.Sent, g.Connections, g.Taken, g.Pending, g.Refused, g.Unanswered, g.Unsent, ms(g.Answer.P50), ms(g.Answer.P99), ms(g.Answer.Max))
}

// count is how many give something, or speak if it is nil.
func (s *sending) count(gives *giving) (n int) {
	for _, one := range s.senders {
		if one.gives == gives {
			n++
		}
	}
	return n
}

// dial connects. Those who give are many: where the server is on this machine they come from several addresses, other ones than
// the listeners', as far as there are such.
func (s *sender) dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	host := net.ParseIP(u.Hostname())
	if s.gives == nil || host == nil && u.Hostname() != "localhost" || host != nil && (host.To4() == nil || !host.IsLoopback()) {
		return dial(ctx, u, nil)
	}
	from := net.IPv4(127, s.gives.what[0], byte(s.room.index), byte(1+s.index/ofOneSource%250))
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}).DialContext(ctx, "tcp4", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return dial(ctx, u, nil)
	}
	return conn, nil
}
