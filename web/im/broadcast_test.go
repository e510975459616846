package im_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// TestBroadcast reaches everybody in every group, beside frequency control, once a second (spec im-rest §3.21).
func TestBroadcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.group("a")
		d.group("b")
		d.group("empty")
		members := []*listener{d.join("a", "u1"), d.join("b", "u2")}
		body := `[ {"MsgType":"TIMTextElem","MsgContent":{"Text":"to <all>"}} ]`
		send := func(random int) string {
			return fmt.Sprintf(`{"From_Account":"host","Random":%d,"CloudCustomData":"c","MsgBody":%s}`, random, body)
		}
		first := d.do("send_broadcast_msg", send(1))
		if n, _ := first["MsgSeq"].(float64); n <= 0 {
			t.Errorf("answered %v", first)
		}
		for _, l := range members {
			var m *chat.Message
			l.wait(t, "message", func(l *listener) bool {
				for _, i := range l.got {
					if i.Message != nil {
						m = i.Message
					}
				}
				return m != nil
			})
			if string(m.Body) != body || m.From != "host" || m.Nick != "Nick of host" || m.CloudCustomData != "c" {
				t.Errorf("%s got %+v", l.id, m)
			}
		}
		d.refuses([]refusal{{"at once again", "send_broadcast_msg", send(2), 10023, "send_broadcast_msg"}})
		time.Sleep(time.Second)
		if again := d.do("send_broadcast_msg", send(1)); again["MsgSeq"] != first["MsgSeq"] {
			t.Errorf("first %v, repeated %v", first, again)
		}
		time.Sleep(time.Second)
		if second := d.do("send_broadcast_msg", send(2)); second["MsgSeq"] == first["MsgSeq"] {
			t.Errorf("first %v, second %v", first, second)
		}
	})
}

func TestBroadcastIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.people("host")
		for _, r := range []refusal{
			{"no random", "send_broadcast_msg", `{"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`, 10004, "Random"},
			{"no body", "send_broadcast_msg", `{"Random":1}`, 10004, "MsgBody"},
			{"a body that is none", "send_broadcast_msg", `{"Random":1,"MsgBody":{}}`, 10004, "MsgBody"},
			{"a number for somebody", "send_broadcast_msg", `{"Random":1,"From_Account":1,"MsgBody":[]}`, 60015, "From_Account"},
			{"somebody who is not there", "send_broadcast_msg", `{"Random":1,"From_Account":"nobody","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`, 10019, "From_Account"},
			{"too large", "send_broadcast_msg", `{"Random":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + strings.Repeat("x", 12<<10) + `"}}]}`, 80002, "12288"},
		} {
			time.Sleep(time.Second)
			d.refuses([]refusal{r})
		}
	})
}
