package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestCallbacksOfABackendsOwnCommands: a backend is asked and told also of what it does itself over /v4, unless it says
// otherwise (points 12, 13 and 15 of spec im-rest §8.2; spec im-callbacks §5.1, §6).
func TestCallbacksOfABackendsOwnCommands(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.answers(verdict)
	n := startNode(t, "--callback-private=127.0.0.0/8", "--callback-url="+r.URL+"/im", "--callback-events=*,Group.CallbackBeforeSendMsg,Group.CallbackBeforeCreateGroup,C2C.CallbackBeforeSendMsg")
	b := n.backend()
	b.people()
	const group = "told"
	id := func(more obj) obj { return replaced(more, "GroupId", group) }
	b.must(10016, "create_group", obj{"Type": "AVChatRoom", "Name": "bad", "GroupId": "other"})
	b.must(10123, "create_group", obj{"Type": "AVChatRoom", "Name": "slow down", "GroupId": "other"})
	b.ok("create_group", obj{"Type": "AVChatRoom", "Name": "r", "GroupId": group, "Owner_Account": "host"})
	u1 := n.enter(group, "u1", b.userSig("u1"), nil)
	r.wait(t, 1, "/im", "CallbackCommand", "Group.CallbackAfterCreateGroup")
	count := func(command, said string) int {
		n := 0
		for _, g := range r.all("/im", "CallbackCommand", command) {
			if strings.HasPrefix(textOf(g), said) {
				n++
			}
		}
		return n
	}
	const before, after, failed = "Group.CallbackBeforeSendMsg", "Group.CallbackAfterSendMsg", "Group.CallbackSendMsgException"

	for said, code := range map[string]int{"hello": 0, "bad": 10016, "spam": 0, "slow down": 10123, "heck": 0} {
		got := b.must(code, "send_group_msg", message(group, text(said), "From_Account", "u2", "OnlineOnlyFlag", 1))
		if code == 10123 && !strings.Contains(got.ErrorInfo, "8 s left") {
			t.Errorf("its own words don't come: %s", got.raw)
		}
		if said == "spam" {
			var m sent
			if got.into(t, &m); m.MsgSeq == 0 || m.MsgTime == 0 || m.MsgDropReason != "" {
				t.Errorf("a silent drop shows: %s", got.raw)
			}
		}
	}
	eventually(t, "both that were allowed are told", func() bool { return count(after, "hello") == 1 && count(after, "h**k") == 1 })
	eventually(t, "both are heard", func() bool { return slices.Contains(u1.texts(), "hello") && slices.Contains(u1.texts(), "h**k") })
	if heard := u1.texts(); len(heard) != 2 {
		t.Errorf("heard %q", heard)
	}
	asked := r.all("/im", "CallbackCommand", before)[0]
	if asked.body["From_Account"] != "u2" || asked.body["Operator_Account"] != "administrator" || asked.body["OnlineOnlyFlag"] != 0. || asked.query.Get("OptPlatform") != "RESTAPI" || asked.body["MsgSeq"] != nil {
		t.Errorf("asked %v %s", asked.query, asked.raw)
	}

	forbid := func(said string, callbacks ...string) {
		b.ok("send_group_msg", message(group, text(said), "ForbidCallbackControl", callbacks))
	}
	forbid("unasked bad", "ForbidBeforeSendMsgCallback")
	forbid("untold", "ForbidAfterSendMsgCallback")
	forbid("neither bad", "ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback")
	forbid("both")
	eventually(t, "the last is told", func() bool { return count(after, "both") == 1 })
	for said, want := range map[string][2]int{"unasked bad": {0, 1}, "untold": {1, 0}, "neither bad": {0, 0}, "both": {1, 1}} {
		if got := [2]int{count(before, said), count(after, said)}; got != want {
			t.Errorf("%s: asked and told %v times, want %v", said, got, want)
		}
	}

	b.ok("forbid_send_msg", id(obj{"Members_Account": []string{"u1"}, "MuteTime": 60}))
	b.must(10017, "send_group_msg", message(group, text("muted"), "From_Account", "u1"))
	eventually(t, "the refusal is told", func() bool { return count(failed, "muted") == 1 })
	if count(before, "muted") != 0 {
		t.Error("asked about a message of somebody muted")
	}

	passed, _ := b.burst(group, 100)
	eventually(t, "all that passed are told", func() bool { return count(after, "burst ") >= passed })
	eventually(t, "all that were dropped are told as failures", func() bool { return count(failed, "burst ") >= 100-passed })
	if asked, told := count(before, "burst "), count(after, "burst "); asked != 100 || told != passed {
		t.Errorf("of 100 messages %d passed; asked about %d, told of %d", passed, asked, told)
	}

	for i, c := range []struct{ command, option, attrs string }{
		{"set_group_attr", "set", "[map[key:a value:1]]"},
		{"modify_group_attr", "modify", "[map[key:a value:1]]"},
		{"delete_group_attr", "delete", "[map[key:a value:]]"},
		{"clear_group_attr", "clear", "[]"},
	} {
		b.ok(c.command, id(obj{"GroupAttr": []obj{{"key": "a", "value": "1"}}}))
		told := r.wait(t, i+1, "/im", "CallbackCommand", "Group.CallbackAfterGroupAttrChanged")
		if told.body["OptionType"] != c.option || fmt.Sprint(told.body["GroupAttr"]) != c.attrs || told.body["Operator_Account"] != "administrator" {
			t.Errorf("%s is told as %s", c.command, told.raw)
		}
	}
	b.ok("modify_group_base_info", id(obj{"Notification": "hello", "MuteAllMember": "On"}))
	if told := r.wait(t, 1, "/im", "CallbackCommand", "Group.CallbackAfterGroupInfoChanged"); told.body["Notification"] != "hello" || told.body["Name"] != nil || told.body["MuteAllMember"] != nil {
		t.Errorf("changed: %s", told.raw)
	}
	b.must(20006, "openim/sendmsg", obj{"To_Account": "u1", "MsgRandom": 1, "MsgBody": text("bad"), "From_Account": "u2"})
	b.ok("openim/sendmsg", obj{"To_Account": "u1", "MsgRandom": 2, "MsgBody": text("good"), "From_Account": "u2"})
	r.wait(t, 1, "/im", "CallbackCommand", "C2C.CallbackAfterSendMsg")
	b.ok("ban_group_member", id(obj{"Members_Account": []string{"u1"}, "Duration": 60}))
	if told := r.wait(t, 1, "/im", "CallbackCommand", "Group.CallbackAfterMemberExit"); told.body["ExitType"] != "Kicked" || told.body["Operator_Account"] != "administrator" || !strings.Contains(told.raw, `"Member_Account":"u1"`) {
		t.Errorf("banned: %s", told.raw)
	}
	b.ok("destroy_group", id(obj{}))
	if told := r.wait(t, 1, "/im", "CallbackCommand", "Group.CallbackAfterGroupDestroyed"); told.body["GroupId"] != group || told.body["Owner_Account"] != "host" {
		t.Errorf("destroyed: %s", told.raw)
	}
}
