package im_test

import (
	"fmt"
	"strings"
	"testing"

	"liveroom/chat"
)

// say sends messages and returns the number of the last.
func (d *door) say(group, user string, texts ...string) (seq uint64) {
	d.t.Helper()
	for _, text := range texts {
		ack, err := d.chat.Send(d.t.Context(), chat.Message{Group: group, From: user, Random: 7, Body: []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + text + `"}}]`)},
			chat.Identity{User: chat.Administrator, Admin: true})
		if err != nil {
			d.t.Fatal(err)
		}
		seq = ack.Seq
	}
	return seq
}

// TestRecall: each message has an answer of its own, under two names (spec im-rest §3.14, §8.2 point 22).
func TestRecall(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	member := d.join("live_1", "u2")
	d.say("live_1", "u1", "one", "two")
	list := `[{"MsgSeq":2,"RetCode":0},{"MsgSeq":77,"RetCode":10030},{"MsgSeq":1,"RetCode":0}]`
	d.do("group_msg_recall", `{"GroupId":"live_1","MsgSeqList":[{"MsgSeq":2},{"MsgSeq":77},{"MsgSeq":1}],"Reason":"off topic"}`).
		want(t, `{"RecallRetList":`+list+`,"Results":`+list+`}`)
	if told := member.event(t, "recalled"); !strings.Contains(told, `"reason":"off topic"`) || !strings.Contains(told, `"by":"administrator"`) {
		t.Errorf("members were told %s", told)
	}
	d.do("group_msg_recall", `{"GroupId":"live_1","MsgSeqList":[{"MsgSeq":2}]}`).field("RecallRetList") // again is no error
	var eleven []string
	for i := range 11 {
		eleven = append(eleven, fmt.Sprintf(`{"MsgSeq":%d}`, i+1))
	}
	d.refuses([]refusal{
		{"11 messages", "group_msg_recall", `{"GroupId":"live_1","MsgSeqList":[` + strings.Join(eleven, ",") + `]}`, 10004, "MsgSeqList"},
		{"none", "group_msg_recall", `{"GroupId":"live_1","MsgSeqList":[]}`, 10004, "MsgSeqList"},
		{"numbers alone", "group_msg_recall", `{"GroupId":"live_1","MsgSeqList":[1]}`, 10004, "MsgSeqList[0]"},
		{"text", "group_msg_recall", `{"GroupId":"live_1","MsgSeqList":[{"MsgSeq":"1"}]}`, 10004, "MsgSeq"},
		{"a group that is not there", "group_msg_recall", `{"GroupId":"nope","MsgSeqList":[{"MsgSeq":1}]}`, 10010, ""},
		{"many words", "group_msg_recall", `{"GroupId":"live_1","MsgSeqList":[{"MsgSeq":1}],"Reason":"` + strings.Repeat("x", 201) + `"}`, 10004, "Reason"},
	})
}

// TestHistory: newest first, priorities are numbers, and what was taken back is a hole (spec im-rest §3.15, §8.2 point 20).
func TestHistory(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	d.do("group_msg_get_simple", `{"GroupId":"live_1","ReqMsgNumber":20}`).want(t, `{"GroupId":"live_1","IsFinished":1,"RspMsgList":[]}`)
	d.say("live_1", "u1", "one", "two", "three")
	d.do("group_msg_recall", `{"GroupId":"live_1","MsgSeqList":[{"MsgSeq":2}]}`)
	page := func(request string) (seqs []any, finished any) {
		a := d.do("group_msg_get_simple", request)
		for _, m := range a["RspMsgList"].([]any) {
			seqs = append(seqs, m.(map[string]any)["MsgSeq"])
		}
		return seqs, a["IsFinished"]
	}
	if seqs, finished := page(`{"GroupId":"live_1","ReqMsgNumber":2}`); fmt.Sprint(seqs, finished) != "[3 2] 0" {
		t.Error(seqs, finished)
	}
	if seqs, finished := page(`{"GroupId":"live_1","ReqMsgNumber":2,"ReqMsgSeq":1}`); fmt.Sprint(seqs, finished) != "[1] 1" {
		t.Error(seqs, finished)
	}
	all, _ := d.do("group_msg_get_simple", `{"GroupId":"live_1","ReqMsgNumber":4294967295}`)["RspMsgList"].([]any)
	if len(all) != 3 {
		t.Fatal(all)
	}
	three, _ := all[0].(map[string]any)
	delete(three, "MsgTimeStamp")
	answer(three).want(t, `{"From_Account":"u1","IsPlaceMsg":0,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"three"}}],"MsgPriority":2,"MsgRandom":7,"MsgSeq":3}`)
	two, _ := all[1].(map[string]any)
	if two["IsPlaceMsg"] != 2.0 || fmt.Sprint(two["MsgBody"]) != "[]" {
		t.Errorf("what was taken back: %v", two)
	}
	d.refuses([]refusal{
		{"no number", "group_msg_get_simple", `{"GroupId":"live_1"}`, 10004, "ReqMsgNumber"},
		{"0", "group_msg_get_simple", `{"GroupId":"live_1","ReqMsgNumber":0}`, 10004, "ReqMsgNumber"},
		{"a group that is not there", "group_msg_get_simple", `{"GroupId":"nope","ReqMsgNumber":1}`, 10010, ""},
	})
}

// TestNotification: who is there gets it, beside frequency control and history (spec im-rest §3.13, §8.2 point 17).
func TestNotification(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	member := d.join("live_1", "u1")
	d.do("send_group_system_notification", `{"GroupId":"live_1","Content":"hello all"}`).want(t, `{}`)
	if told := member.event(t, "notification"); !strings.Contains(told, `"content":"hello all"`) {
		t.Error(told)
	}
	d.do("group_msg_get_simple", `{"GroupId":"live_1","ReqMsgNumber":20}`).want(t, `{"GroupId":"live_1","IsFinished":1,"RspMsgList":[]}`)
	d.refuses([]refusal{
		{"for some", "send_group_system_notification", `{"GroupId":"live_1","Content":"x","ToMembers_Account":["u1"]}`, 10004, "ToMembers_Account"},
		{"nothing", "send_group_system_notification", `{"GroupId":"live_1"}`, 10004, "Content"},
		{"too much", "send_group_system_notification", `{"GroupId":"live_1","Content":"` + strings.Repeat("x", 12289) + `"}`, 10004, "Content"},
		{"a group that is not there", "send_group_system_notification", `{"GroupId":"nope","Content":"x"}`, 10010, ""},
	})
}
