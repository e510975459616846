package socket_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/web/socket"
)

// scale is LIVEROOM_SCALE: how many times as large a test is than it need be (design §10).
func scale() int {
	n, err := strconv.Atoi(os.Getenv("LIVEROOM_SCALE"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

func TestFiveHundredSocketsSeeTheSameInTheSameOrder(t *testing.T) {
	const messages = 60
	sockets := min(500*scale(), 8000) // both ends are in this process
	d := openChat(t, socket.Config{MaxPerAddress: -1}, chat.Config{RatePerSecond: 10000, CountEvery: time.Hour}, nil)
	alice := d.member("alice")
	all := make([]*client, sockets)
	for i := range all {
		all[i] = d.guest()
	}
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() {
			var last uint64
			for n := 0; n < messages; {
				raw := c.frame()
				for _, it := range parsePush(t, raw).Items {
					if it.Type != "message" {
						continue
					}
					if it.Seq != last+1 || textOf(t, it) != fmt.Sprint("message ", n) {
						t.Errorf("socket %d: %d after %d", i, it.Seq, last)
						return
					}
					last = it.Seq
					n++
				}
			}
		})
	}
	for n := range messages {
		if n%2 == 0 {
			alice.say(fmt.Sprint("message ", n), n+1)
			continue
		}
		body := fmt.Sprintf(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"message %d"}}]`, n)
		if _, err := d.chat.SendServer(t.Context(), chat.Message{Group: "demo", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if st := d.Stats(); st.DroppedHigh+st.DroppedNormal+st.DroppedLow != 0 || st.Sockets != sockets+1 {
		t.Fatalf("stats = %+v", st)
	}
}

func TestASlowSocketLosesAloneAndIsClosed(t *testing.T) {
	d := openChat(t, socket.Config{QueueFrames: 16, QueueBytes: 64 << 10, WriteTimeout: time.Hour, PingEvery: time.Hour, CloseTimeout: time.Second},
		chat.Config{RatePerSecond: 100_000, TickMin: time.Millisecond, CountEvery: time.Hour}, nil)
	slow := d.dialRaw(t)
	_ = slow.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	slow.send(masked(0x81, []byte(`{"id":1,"op":"auth"}`)), masked(0x81, []byte(`{"id":2,"op":"join","group":"demo"}`)))
	d.await("the slow one to be in", func() bool { return d.chat.Count("demo").Members == 1 })
	quick := d.guest()

	body := []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + strings.Repeat("x", 10<<10) + `"}}]`)
	admin := chat.Identity{User: "administrator", Admin: true}
	sent := uint64(0)
	say := func(p chat.Priority) {
		t.Helper()
		if sent++; sent > 10_000 {
			t.Fatalf("100 MB to a socket that never reads: %+v", d.Stats())
		}
		m, send := chat.Message{Group: "demo", Priority: p, Random: uint32(sent), Body: body}, d.chat.SendServer
		if p == chat.Low {
			send = func(ctx context.Context, m chat.Message) (chat.Ack, error) { return d.chat.Send(ctx, m, admin) }
		}
		if _, err := send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if got := quick.messages(1)[0]; got.Seq != sent {
			t.Fatalf("the quick one got %d after %d", got.Seq, sent-1)
		}
	}
	// First messages that may be lost, until some are; then messages of the server, which may not.
	for d.Stats().DroppedLow == 0 {
		say(chat.Low)
	}
	if st := d.Stats(); st.Closed["slow_consumer"] != 0 || st.DroppedNormal+st.DroppedHigh != 0 {
		t.Fatalf("stats = %+v", st)
	}
	for d.Stats().Closed["slow_consumer"] == 0 {
		say(chat.High)
	}
	d.await("the slow one to be gone", func() bool { return d.chat.Count("demo").Members == 1 && d.Stats().Sockets == 1 })
}

func TestASlowSocketThatWakesUpReadsWhy(t *testing.T) {
	d := openChat(t, socket.Config{QueueFrames: 4, WriteTimeout: time.Hour, PingEvery: time.Hour, CloseTimeout: patience},
		chat.Config{RatePerSecond: 100_000, TickMin: time.Millisecond, CountEvery: time.Hour}, nil)
	c := d.guest()
	body := []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + strings.Repeat("x", 11<<10) + `"}}]`)
	for n := 0; d.Stats().Closed["slow_consumer"] == 0; n++ {
		if n > 10_000 {
			t.Fatal("a socket that never reads is not closed")
		}
		if _, err := d.chat.SendServer(t.Context(), chat.Message{Group: "demo", Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	var last uint64
	for {
		p := c.push()
		if p.Push == "close" {
			if p.Reason != "slow_consumer" || !p.Reconnect || p.AfterMs <= 0 {
				t.Fatalf("goodbye = %+v", p)
			}
			break
		}
		for _, it := range p.Items {
			if it.Seq != last+1 {
				t.Fatalf("a hole before the goodbye: %d after %d", it.Seq, last)
			}
			last = it.Seq
		}
	}
	c.ends(1013)
	back := d.guest()
	if j := back.ok(object{"op": "history", "group": "demo"}); len(j.Messages) == 0 {
		t.Fatal("nothing to come back to")
	}
}
