package socket_test

import (
	"encoding/json"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/web/socket"
)

// deaf joins demo over a connection that takes little and reads nothing.
func (d *door) deaf() *raw {
	d.t.Helper()
	before := d.chat.Count("demo").Members
	c := d.dialRaw(d.t)
	_ = c.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	c.send(masked(0x81, []byte(`{"id":1,"op":"auth"}`)), masked(0x81, []byte(`{"id":2,"op":"join","group":"demo"}`)))
	d.await("the deaf one to be in", func() bool { return d.chat.Count("demo").Members == before+1 })
	return c
}

// listener reads all of a room: no message and no notice may be missing.
type listener struct {
	seq    uint64
	notice uint64
}

func (l *listener) hear(items []item) error {
	for _, it := range items {
		switch {
		case it.Type == "message" && it.Seq != l.seq+1:
			return fmt.Errorf("message %d came after %d", it.Seq, l.seq)
		case it.Type == "message":
			l.seq = it.Seq
		case it.Event == "notice" && it.Version != l.notice+1:
			return fmt.Errorf("notice %d came after %d", it.Version, l.notice)
		case it.Event == "notice":
			l.notice = it.Version
		}
	}
	return nil
}

// TestTwoInAHundredStopReading: the others lose nothing. Who sleeps loses Low, then Normal, then High messages, but no event
// and not the order; who never wakes up is closed. Neither costs memory.
func TestTwoInAHundredStopReading(t *testing.T) {
	const quick, last = 98, "the end"
	d := openChat(t, socket.Config{ // no time is so long that somebody is closed because it is over
		QueueFrames: 64, QueueBytes: 64 << 10, WriteTimeout: time.Hour, PingEvery: time.Hour, CloseTimeout: time.Second,
	},
		chat.Config{RatePerSecond: 100_000, TickMin: time.Millisecond, CountEvery: time.Hour}, nil)
	s := &speaker{d: d, body: text(strings.Repeat("x", 10<<10)), quick: quick}
	var wg sync.WaitGroup
	heard := make([]listener, quick)
	for i := range heard {
		c := d.guest()
		wg.Go(func() {
			for done := false; !done; {
				items := c.batch()
				before := heard[i].seq
				if err := heard[i].hear(items); err != nil {
					t.Errorf("quick socket %d: %v", i, err)
					return
				}
				s.heard.Add(int64(heard[i].seq - before))
				for _, it := range items {
					done = done || it.Type == "message" && it.CloudCustomData == last
				}
			}
		})
	}
	sleeper, dead := d.deaf(), d.deaf()

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s.until(chat.Low, "a Low message to be lost", func(st socket.Stats) bool { return st.DroppedLow > 0 })
	if st := d.Stats(); st.DroppedNormal+st.DroppedHigh > 0 {
		t.Fatalf("before all Low ones are lost: %+v", st)
	}
	s.until(chat.Normal, "a Normal message to be lost", func(st socket.Stats) bool { return st.DroppedNormal > 0 })
	if st := d.Stats(); st.DroppedHigh > 0 {
		t.Fatalf("before all Normal ones are lost: %+v", st)
	}
	s.until(chat.High, "a High message of each to be lost", func(st socket.Stats) bool { return st.DroppedHigh > 2*8 })
	if st := d.Stats(); st.Closed["slow_consumer"] > 0 {
		t.Fatalf("closed before an event was lost: %+v", st)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("%d messages of 10 KiB made the heap grow by %d bytes", s.sent, grown)
	}

	notices := s.notices
	if w := sleeper.wakeUp(notices); w.notice != notices {
		t.Fatalf("the sleeper saw notice %d of %d", w.notice, notices)
	}
	_ = sleeper.Close()
	d.await("the sleeper to be gone", func() bool { return d.Stats().Sockets == quick+1 })
	for d.Stats().Closed["slow_consumer"] == 0 { // messages of the server are not lost
		s.server("")
	}
	s.server(last)
	wg.Wait()
	for i, l := range heard {
		if l.seq != s.sent || l.notice != s.notices {
			t.Fatalf("quick socket %d heard %+v of %d and %d", i, l, s.sent, s.notices)
		}
	}
	_ = dead.Close()
	d.await("the dead one to be gone", func() bool { return d.Stats().Sockets == quick })
	if st := d.Stats(); st.Closed["slow_consumer"] != 1 {
		t.Fatalf("stats = %+v", st)
	}
}

// wakeUp reads up to a notice; holes between messages are for who was asleep, going back is not.
func (c *raw) wakeUp(notice uint64) (l listener) {
	_ = c.SetDeadline(time.Now().Add(patience)) // it slept long on a slow machine
	for l.notice < notice {
		first, payload := c.frame()
		if first != 0x81 || !strings.HasPrefix(string(payload), `{"push":"batch"`) {
			continue
		}
		for _, it := range parsePush(c.t, payload).Items {
			switch {
			case it.Type == "message" && it.Seq <= l.seq, it.Event == "notice" && it.Version != l.notice+1:
				c.t.Errorf("%+v came after %+v", it, l)
			case it.Type == "message":
				l.seq = it.Seq
			case it.Event == "notice":
				l.notice = it.Version
			}
		}
	}
	return l
}

// speaker says large things in demo, each when the quick ones have heard the one before: what they lose is not for having
// been given no time.
type speaker struct {
	d       *door
	body    []object
	quick   int    // how many there are
	sent    uint64 // messages
	notices uint64
	heard   atomic.Int64 // messages, by all quick ones together
}

// wait returns when the quick ones have heard all that was sent.
func (s *speaker) wait() {
	s.d.t.Helper()
	s.d.await("the quick ones to hear it", func() bool { return s.heard.Load() == int64(s.quick)*int64(s.sent) })
}

// until says messages of one priority, and a notice now and then, until something is so.
func (s *speaker) until(p chat.Priority, what string, so func(socket.Stats) bool) {
	s.d.t.Helper()
	for n := 0; !so(s.d.Stats()); n++ {
		if n > 1000 {
			s.d.t.Fatalf("waited in vain for %s: %+v", what, s.d.Stats())
		}
		if n%20 == 0 && s.notices < 12 {
			s.notices++
			if err := s.d.chat.SetNotice(s.d.t.Context(), "demo", administrator, fmt.Sprint("notice ", s.notices)); err != nil {
				s.d.t.Fatal(err)
			}
		}
		s.sent++
		ack, err := s.d.chat.Send(s.d.t.Context(), chat.Message{Group: "demo", Priority: p, Random: uint32(s.sent), Body: s.json()}, administrator)
		if err != nil || ack.Seq != s.sent {
			s.d.t.Fatalf("%+v, %v", ack, err)
		}
		s.wait()
	}
}

// server says a message of the server.
func (s *speaker) server(custom string) {
	s.d.t.Helper()
	s.sent++
	if s.sent > 10_000 {
		s.d.t.Fatalf("nobody is closed: %+v", s.d.Stats())
	}
	if _, err := s.d.chat.SendServer(s.d.t.Context(), chat.Message{Group: "demo", Random: uint32(s.sent), Body: s.json(), CloudCustomData: custom}); err != nil {
		s.d.t.Fatal(err)
	}
	s.wait()
}

func (s *speaker) json() json.RawMessage {
	b, err := json.Marshal(s.body)
	if err != nil {
		s.d.t.Fatal(err)
	}
	return b
}

var administrator = chat.Identity{User: chat.Administrator, Admin: true}
