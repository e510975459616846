package im_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// witness is asked before things happen and told after. It rules as it is told to, and else lets everything happen.
type witness struct {
	mu    sync.Mutex
	asked []chat.Identity // about messages
	about int             // letters
	told  []chat.Fact

	ruling chat.Ruling // of messages
	err    error       // of messages and groups
}

func (w *witness) Message(_ context.Context, _ *chat.Message, who chat.Identity) (chat.Ruling, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, who)
	return w.ruling, w.err
}

func (w *witness) Letter(context.Context, string, *chat.Message, chat.Identity) (chat.Ruling, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.about++
	return chat.Ruling{}, nil
}

func (w *witness) Join(context.Context, string, chat.Identity) error { return nil }

func (*witness) AsksMessages() bool                                            { return true }
func (w *witness) Found(context.Context, chat.GroupDraft, chat.Identity) error { return w.err }

func (*witness) HearsMessages() bool { return true }

func (w *witness) Observe(facts ...chat.Fact) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, facts...)
}

func (w *witness) Settle(context.Context) {}

// counts are how often it was asked about messages, and told of those sent and not sent.
func (w *witness) counts() (asked, sent, notSent int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.told {
		switch f.(type) {
		case chat.Sent:
			sent++
		case chat.NotSent:
			notSent++
		}
	}
	return len(w.asked), sent, notSent
}

// message is the body of send_group_msg with a text, and what else is given.
func message(random int, text string, more ...string) string {
	return fmt.Sprintf(`{"GroupId":"live_1","Random":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]%s}`, random, text, strings.Join(append([]string{""}, more...), ","))
}

// TestSendMessage: the body goes on byte for byte, under the name and picture of the account it is sent as, who need not be
// there (spec im-rest §3.11, §3.12, §8.2 point 16).
func TestSendMessage(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	member := d.join("live_1", "u2")
	body := `[ {"MsgContent":{"Desc":"","Data":"{\"type\":\"gift\",\"n\":1}\u0000","Ext":"<&>","Sound":""},"MsgType":"TIMCustomElem"} , {"MsgType":"TIMFaceElem","MsgContent":{"Index":1.50,"Data":"x"}}]`
	a := d.do("send_group_msg", `{"GroupId":"live_1","Random":4294967295,"MsgPriority":"Lowest","From_Account":"u1","CloudCustomData":"cloud",
		"OnlineOnlyFlag":1,"MsgOnlineOnlyFlag":1,"OfflinePushInfo":{"PushFlag":0},"GroupAtInfo":[{"GroupAtAllFlag":0,"GroupAt_Account":"u2"}],"SendMsgControl":[],"MsgBody":`+body+`}`)
	if at, _ := a["MsgTime"].(float64); at < 1.7e9 || at > 1e10 || a["MsgSeq"] != 1.0 || a["MsgDropReason"] != nil {
		t.Errorf("answered %v", a)
	}
	var m *chat.Message
	member.wait(t, "message", func(l *listener) bool {
		for _, i := range l.got {
			m = i.Message
		}
		return m != nil
	})
	if string(m.Body) != body {
		t.Errorf("members got %s\nsent was    %s", m.Body, body)
	}
	if m.From != "u1" || m.Nick != "Nick of u1" || m.Avatar != "https://x/u1.png" || m.Priority != chat.Lowest || m.Random != 4294967295 || m.CloudCustomData != "cloud" || m.Seq != 1 {
		t.Errorf("members got %+v", m)
	}
	d.do("send_group_msg", message(2, "in the administrator's name"))
	if all, _ := d.chat.History(t.Context(), "live_1", 1); len(all) != 1 || all[0].From != chat.Administrator || all[0].Priority != chat.Normal {
		t.Errorf("%+v", all)
	}
}

func TestSendMessageIsRefused(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	custom := `{"MsgType":"TIMCustomElem","MsgContent":{"Data":"x"}}`
	bodyOf := func(elements string) string { return `{"GroupId":"live_1","Random":1,"MsgBody":` + elements + `}` }
	calls := strings.Repeat(`{"GroupAtAllFlag":0,"GroupAt_Account":"u1"},`, 31)
	d.refuses([]refusal{
		{"no group", "send_group_msg", `{"Random":1,"MsgBody":[` + custom + `]}`, 10004, "GroupId"},
		{"a group that is not there", "send_group_msg", `{"GroupId":"nope","Random":1,"MsgBody":[` + custom + `]}`, 10010, ""},
		{"an id that is none", "send_group_msg", `{"GroupId":"é","Random":1,"MsgBody":[` + custom + `]}`, 10015, "GroupId"},
		{"no random", "send_group_msg", `{"GroupId":"live_1","MsgBody":[` + custom + `]}`, 10004, "Random"},
		{"random as text", "send_group_msg", `{"GroupId":"live_1","Random":"1","MsgBody":[` + custom + `]}`, 10004, "Random"},
		{"random beyond 32 bits", "send_group_msg", `{"GroupId":"live_1","Random":4294967296,"MsgBody":[` + custom + `]}`, 10004, "Random"},
		{"no body", "send_group_msg", `{"GroupId":"live_1","Random":1}`, 10004, "MsgBody"},
		{"an empty body", "send_group_msg", bodyOf(`[]`), 10004, "MsgBody"},
		{"a body that is no array", "send_group_msg", bodyOf(custom), 10004, "MsgBody"},
		{"two custom elements", "send_group_msg", bodyOf(`[` + custom + `,` + custom + `]`), 10004, "TIMCustomElem"},
		{"an unknown element", "send_group_msg", bodyOf(`[{"MsgType":"TIMOther","MsgContent":{}}]`), 10004, "MsgType"},
		{"a priority in lower case", "send_group_msg", message(1, "x", `"MsgPriority":"high"`), 10004, "MsgPriority"},
		{"somebody who is not there", "send_group_msg", message(1, "x", `"From_Account":"nobody"`), 10019, "From_Account"},
		{"a number for somebody", "send_group_msg", message(1, "x", `"From_Account":1`), 60015, "From_Account"},
		{"another callback to forbid", "send_group_msg", message(1, "x", `"ForbidCallbackControl":["All"]`), 10004, "ForbidCallbackControl"},
		{"for some members", "send_group_msg", message(1, "x", `"To_Account":["u1"]`), 10007, "To_Account"},
		{"unread control", "send_group_msg", message(1, "x", `"SendMsgControl":["NoUnread"]`), 10004, "SendMsgControl"},
		{"a call to all", "send_group_msg", message(1, "x", `"GroupAtInfo":[{"GroupAtAllFlag":1}]`), 10004, "GroupAtInfo"},
		{"31 calls", "send_group_msg", message(1, "x", `"GroupAtInfo":[`+calls[:len(calls)-1]+`]`), 10053, "30"},
		{"a topic", "send_group_msg", message(1, "x", `"TopicId":"t"`), 10004, "TopicId"},
		{"too large", "send_group_msg", message(1, strings.Repeat("x", 12<<10)), 80002, "12288"},
		{"body and custom data too large", "send_group_msg", message(1, strings.Repeat("x", 6<<10), `"CloudCustomData":"`+strings.Repeat("y", 6<<10)+`"`), 80002, "12288"},
	})
	if all, err := d.chat.History(t.Context(), "live_1", 10); err != nil || len(all) != 0 {
		t.Errorf("%d messages were sent, %v", len(all), err)
	}
}

// TestRepeatIsAnsweredAlike: a client that tries again after a timeout doubles nothing, for five minutes (spec im-rest §8.2
// point 14).
func TestRepeatIsAnsweredAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.group("live_1")
		first := d.do("send_group_msg", message(7, "gift", `"From_Account":"u1"`))
		time.Sleep(4 * time.Minute)
		again := d.do("send_group_msg", message(7, "gift", `"From_Account":"u1"`))
		if again["MsgSeq"] != first["MsgSeq"] || again["MsgTime"] != first["MsgTime"] {
			t.Errorf("first %v, again %v", first, again)
		}
		for _, other := range []string{message(8, "gift", `"From_Account":"u1"`), message(7, "gift", `"From_Account":"u2"`), message(7, "two", `"From_Account":"u1"`)} {
			if a := d.do("send_group_msg", other); a["MsgSeq"] == first["MsgSeq"] {
				t.Errorf("%s counts as a repeat: %v", other, a)
			}
		}
		time.Sleep(2 * time.Minute)
		if late := d.do("send_group_msg", message(7, "gift", `"From_Account":"u1"`)); late["MsgSeq"] == first["MsgSeq"] {
			t.Error("a message is repeated for longer than five minutes")
		}
	})
}

// TestDroppedMessagesLookSent: frequency control answers success, without a number, and says why; backends are asked and
// not told (spec im-rest §5.1, §8.2 point 13).
func TestDroppedMessagesLookSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.group("live_1")
		member := d.join("live_1", "u1")
		answers := make([]answer, 100)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = d.do("send_group_msg", message(i+1, "x")) })
		}
		wg.Wait()
		gone := 0
		for _, a := range answers {
			switch a["MsgDropReason"] {
			case nil:
				if a["MsgSeq"] == 0.0 {
					t.Errorf("delivered: %v", a)
				}
			case "MsgFreqCtrl":
				if gone++; a["MsgSeq"] != 0.0 {
					t.Errorf("dropped: %v", a)
				}
			default:
				t.Error(a)
			}
		}
		if gone != 60 {
			t.Errorf("%d of 100 were dropped, want 60", gone)
		}
		d.do("send_group_system_notification", `{"GroupId":"live_1","Content":"beside it"}`)
		member.event(t, "notification")
		if n := member.messages(); n != 40 {
			t.Errorf("a member got %d messages, want 40", n)
		}
		if all, err := d.chat.History(t.Context(), "live_1", 0); err != nil || len(all) != 20 || all[19].Seq != 40 {
			t.Errorf("the history has %d messages, %v", len(all), err)
		}
		if asked, sent, notSent := d.witness.counts(); asked != 100 || sent != 40 || notSent != 60 {
			t.Errorf("asked %d, told of %d sent and %d not sent", asked, sent, notSent)
		}
	})
}

// TestCallbacksAreForbiddenByMessage, each by itself, so that what a backend sends itself does not come back to it (spec
// im-rest §8.2 point 15). Callbacks name the administrator who called, and where he called from.
func TestCallbacksAreForbiddenByMessage(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	for i, c := range []struct {
		forbid      string
		asked, told int
	}{
		{`[]`, 1, 1},
		{`["ForbidBeforeSendMsgCallback"]`, 1, 2},
		{`["ForbidAfterSendMsgCallback"]`, 2, 2},
		{`["ForbidBeforeSendMsgCallback","ForbidAfterSendMsgCallback"]`, 2, 2},
	} {
		d.do("send_group_msg", message(i+1, "x", `"From_Account":"u1","ForbidCallbackControl":`+c.forbid))
		if asked, told, _ := d.witness.counts(); asked != c.asked || told != c.told {
			t.Errorf("%s: asked %d and told %d, want %d and %d", c.forbid, asked, told, c.asked, c.told)
		}
	}
	if by := d.witness.asked[0]; by.User != chat.Administrator || by.Platform != chat.PlatformREST || by.Network().String() != "192.0.2.7/32" {
		t.Errorf("the callback names %+v", by)
	}
}

// TestBackendsRule: what a backend refuses has its code, what it drops looks sent, and what it rewrote reaches members (spec
// im-rest §7).
func TestBackendsRule(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	member := d.join("live_1", "u2")
	for _, code := range []int{10016, 10100, 10200, 80003} {
		d.witness.err = &chat.Error{Code: code, Name: "refused_by_backend", Detail: "no gifts today"}
		d.refuses([]refusal{
			{"a message", "send_group_msg", message(code, "x"), code, "no gifts today"},
			{"a group", "create_group", `{"Type":"AVChatRoom","Name":"r"}`, code, "no gifts today"},
		})
	}
	d.witness.err, d.witness.ruling = nil, chat.Ruling{Drop: true}
	if a := d.do("send_group_msg", message(1, "dropped")); a["MsgTime"] == 0.0 || a["MsgDropReason"] != nil {
		t.Errorf("a dropped message is answered %v", a)
	}
	cloud := "seen"
	d.witness.ruling = chat.Ruling{Body: []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"rewritten"}}]`), CloudCustomData: &cloud}
	d.do("send_group_msg", message(2, "as sent"))
	member.wait(t, "message", func(l *listener) bool { return len(l.got) > 0 })
	if m := member.got[0].Message; m == nil || string(m.Body) != string(d.witness.ruling.Body) || m.CloudCustomData != "seen" {
		t.Errorf("members got %+v", member.got[0])
	}
}
