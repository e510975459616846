package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestOneTruth: what is done over /v4 is what /api/v1 and the chat show, and the other way round.
func TestOneTruth(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	b := n.backend()
	b.people()
	t.Run("done over v4", func(t *testing.T) { n.as(t).showsWhatIsDone(b.as(t)) })
	t.Run("seen over v4", func(t *testing.T) { n.as(t).isShownToBackends(b.as(t)) })
}

// awaits waits for an event of a name that came after those known.
func (m *member) awaits(event string, known int) {
	m.t.Helper()
	eventually(m.t, "the member is told of "+event, func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.events[event] > known
	})
}

// has checks what a path of the API answers.
func (n *node) has(path, want string) {
	n.t.Helper()
	resp, raw := n.request("GET", path, nil, "Bearer "+n.secrets.APIToken)
	if resp.StatusCode != http.StatusOK || !strings.Contains(compact(n.t, raw), want) {
		n.t.Errorf("GET %s: %s %s, want %s in it", path, resp.Status, raw, want)
	}
}

// answers checks what a frame is answered with.
func (m *member) answers(frame obj, want string) {
	m.t.Helper()
	if raw := m.call(frame); !strings.Contains(compact(m.t, raw), want) {
		m.t.Errorf("%v: %s, want %s in it", frame, raw, want)
	}
}

// showsWhatIsDone does everything over /v4 and looks at it from elsewhere.
func (n *node) showsWhatIsDone(b *backend) {
	const group = "truth1"
	id, room := obj{"GroupId": group}, "/api/v1/rooms/"+group
	with := func(more obj) obj {
		more["GroupId"] = group
		return more
	}
	b.ok("create_group", obj{"Type": "AVChatRoom", "Name": "Tea", "GroupId": group, "Owner_Account": "host"})
	n.has(room, `"anchor":"host"`)
	n.has(room, `"title":"Tea"`)
	n.has(room+"/status", `"name":"waiting"`)
	b.settled(group)
	b.ok("im_open_login_svc/account_import", `{"UserID":"u1","Nick":"Una"}`)
	n.has("/api/v1/accounts/u1", `"nick":"Una"`)
	u1 := n.enter(group, "u1", b.userSig("u1"), nil)
	u2 := n.enter(group, "u2", b.userSig("u2"), nil)

	b.ok("set_group_attr", with(obj{"GroupAttr": []obj{{"key": "mood", "value": "good"}}}))
	u1.awaits("attributes", 0)
	n.has(room+"/attributes", `"mood":"good"`)
	u1.answers(obj{"op": "getAttributes", "group": group}, `"mood":"good"`)

	b.ok("update_group_counter", with(obj{"Mode": "Increase", "GroupCounter": []obj{{"Key": "likes", "Value": 3}}}))
	u1.awaits("counters", 0)
	n.has(room+"/counters", `"likes":3`)
	u1.answers(obj{"op": "getCounters", "group": group}, `"likes":3`)

	b.ok("modify_group_base_info", with(obj{"Name": "Coffee", "Introduction": "about", "Notification": "be kind", "FaceUrl": "https://example.com/c.png", "MuteAllMember": "On", "AppDefinedData": []obj{{"Key": "topic", "Value": "beans"}}}))
	for _, event := range []string{"notice", "profile", "settings", "fields"} {
		u1.awaits(event, 0)
	}
	n.has(room, `"title":"Coffee"`)
	n.has(room+"/notice", `"be kind"`)
	for _, want := range []string{`"name":"Coffee"`, `"notice":"be kind"`, `"introduction":"about"`, `"avatar":"https://example.com/c.png"`, `"muteAll":true`, `"topic":"beans"`} {
		n.has(room+"/chat", want)
	}
	say := obj{"op": "send", "group": group, "random": 1, "body": text("x")}
	u1.refusedWith(10017, say)
	b.ok("modify_group_base_info", with(obj{"ShutUpAllMember": "Off"}))
	u1.must(say, nil)

	b.ok("forbid_send_msg", with(obj{"Members_Account": []string{"u1"}, "MuteTime": 600}))
	u1.awaits("mute", 0)
	n.has(room+"/mutes", `"user":"u1"`)
	u1.refusedWith(10017, obj{"op": "send", "group": group, "random": 2, "body": text("x")})

	b.ok("group_open_avchatroom_http_svc/modify_admin", with(obj{"CommandType": 1, "Admin_Account": []string{"u3"}}))
	u1.awaits("role", 0)
	n.has(room+"/admins", `"admins":["u3"]`)

	var m sent
	b.ok("send_group_msg", message(group, text("from a backend"), "From_Account", "u3"), &m)
	eventually(n.t, "the message comes", func() bool {
		return u1.count(func(c chatMessage) bool { return textIn(c) == "from a backend" && c.Seq == m.MsgSeq }) == 1
	})
	n.has(room+"/messages", fmt.Sprintf(`"seq":%d,`, m.MsgSeq))
	b.ok("group_msg_recall", with(obj{"MsgSeqList": []obj{{"MsgSeq": m.MsgSeq}}}))
	u1.awaits("recalled", 0)
	n.has(room+"/messages", `"withdrawn":"recalled"`)
	b.ok("send_group_system_notification", with(obj{"Content": "soon"}))
	u1.awaits("notification", 0)

	b.ok("ban_group_member", with(obj{"Members_Account": []string{"u2"}, "Duration": 600}))
	n.has(room+"/bans", `"user":"u2"`)
	eventually(n.t, "the banned is out", func() bool {
		u2.mu.Lock()
		defer u2.mu.Unlock()
		return len(u2.left) == 1
	})
	if raw := u2.call(obj{"op": "join", "group": group}); strings.Contains(string(raw), `"code":0`) {
		n.t.Errorf("the banned came back: %s", raw)
	}
	b.ok("unban_group_member", with(obj{"Members_Account": []string{"u2"}}))
	u2.must(obj{"op": "join", "group": group}, nil)
	n.has("/api/v1/audit?room="+group+"&action=ban", `"target":"u2"`)

	b.ok("destroy_group", id)
	if resp, raw := n.request("GET", room, nil, ""); resp.StatusCode != http.StatusNotFound {
		n.t.Errorf("the room is still there: %s", raw)
	}
	u1.awaits("dismissed", 0)
}

// isShownToBackends does everything elsewhere and looks at it over /v4.
func (n *node) isShownToBackends(b *backend) {
	const group, room = "group of truth", "/api/v1/rooms/truth2"
	id := obj{"GroupId": group}
	n.call("POST", "/api/v1/rooms", obj{"id": "truth2", "groupId": group, "anchor": "host", "title": "Tea"}, nil)
	shows := func(command string, body obj, want ...string) {
		n.t.Helper()
		raw := compact(n.t, b.ok(command, body).raw)
		for _, w := range want {
			if !strings.Contains(raw, w) {
				n.t.Errorf("%s: %s, want %s in it", command, raw, w)
			}
		}
	}
	list := obj{"GroupIdList": []string{group}}
	shows("get_group_info", list, `"Name":"Tea"`, `"Owner_Account":"host"`, `"Type":"AVChatRoom"`, `"MemberNum":0`)
	eventually(n.t, "a backend reads the status of the room", func() bool {
		raw := compact(n.t, b.ok("get_group_info", list).raw)
		return strings.Contains(raw, `"Key":"live_status"`) && strings.Contains(raw, `waiting`)
	})
	shows("group_open_attr_http_svc/get_group_attr", id, `"key":"live_status"`)
	n.enter(group, "u1", b.userSig("u1"), nil)
	n.enter(group, "u2", b.userSig("u2"), nil)
	host := n.enter(group, "host", b.userSig("host"), nil)
	shows("get_online_member_num", id, `"OnlineMemberNum":3`)
	shows("get_group_info", list, `"MemberNum":3`)
	shows("group_open_avchatroom_http_svc/get_members", obj{"GroupId": group, "Timestamp": 0}, `"Member_Account":"u1"`, `"Member_Account":"host"`)
	shows("group_open_avchatroom_http_svc/check_members", obj{"GroupId": group, "Member_Account": []string{"u3", "u2"}}, `"Member_Account":["u2"]`)
	shows("openim/query_online_status", obj{"To_Account": []string{"u1", "u3"}}, `"Status":"Online"`, `"Status":"Offline"`)

	n.call("PATCH", room+"/attributes", obj{"attributes": obj{"mood": "good"}}, nil)
	host.must(obj{"op": "setAttributes", "group": group, "attributes": obj{"theme": "dark"}}, nil)
	shows("group_open_attr_http_svc/get_group_attr", id, `{"key":"mood","value":"good"}`, `{"key":"theme","value":"dark"}`)
	n.call("POST", room+"/counters", obj{"counters": obj{"likes": 40}}, nil)
	host.must(obj{"op": "addCounter", "group": group, "key": "likes", "value": 2}, nil)
	shows("get_group_counter", id, `{"Key":"likes","Value":42}`)
	n.call("PATCH", room+"/chat", obj{"introduction": "about", "muteAll": true, "fields": obj{"topic": "tea"}}, nil)
	n.call("PUT", room+"/notice", obj{"notice": "be kind"}, nil)
	shows("get_group_info", list, `"Introduction":"about"`, `"MuteAllMember":"On"`, `"ShutUpAllMember":"On"`, `"Notification":"be kind"`, `{"Key":"topic","Value":"tea"}`)
	b.must(10017, "send_group_msg", message(group, text("x"), "From_Account", "u1"))
	n.call("PATCH", room+"/chat", obj{"muteAll": false}, nil)

	n.call("PUT", room+"/mutes/u1", obj{"duration": "10m"}, nil)
	host.must(obj{"op": "mute", "group": group, "user": "u3", "seconds": 60}, nil)
	shows("get_group_muted_account", id, `"Member_Account":"u1"`, `"Member_Account":"u3"`)
	b.must(10017, "send_group_msg", message(group, text("x"), "From_Account", "u1"))
	n.call("PUT", room+"/bans/u2", obj{"duration": "10m"}, nil)
	shows("get_group_ban_member", obj{"GroupId": group, "Offset": 0, "Limit": 100}, `"Member_Account":"u2"`)
	shows("get_online_member_num", id, `"OnlineMemberNum":2`)
	n.call("PUT", room+"/admins/u3", nil, nil)
	shows("group_open_avchatroom_http_svc/get_admin_list", id, `"Admin_Account":"u3"`)

	host.say(group, "from a member", 7)
	n.call("POST", room+"/messages", obj{"text": "from the API", "priority": "High", "random": 8}, nil)
	shows("group_msg_get_simple", obj{"GroupId": group, "ReqMsgNumber": 20}, `"Text":"from a member"`, `"Text":"from the API"`, `"From_Account":"host"`, `"MsgRandom":7`)
	n.call("PUT", "/api/v1/accounts/u1", obj{"nick": "Una"}, nil)
	shows("profile/portrait_get", obj{"To_Account": []string{"u1"}, "TagList": []string{"Tag_Profile_IM_Nick"}}, `"Value":"Una"`)
	shows("get_joined_group_list", obj{"Member_Account": "u1", "WithHugeGroups": 1}, fmt.Sprintf(`"GroupId":%q`, group))
	b.ok("im_open_login_svc/account_check", obj{"CheckItem": []obj{{"UserID": "u1"}}})

	n.call("DELETE", room, nil, nil)
	b.must(10010, "get_online_member_num", id)
	b.must(10010, "send_group_msg", message(group, text("x")))
	var all struct {
		GroupIdList []struct{ GroupId string }
	}
	b.ok("get_appid_group_list", obj{}, &all)
	if slices.ContainsFunc(all.GroupIdList, func(g struct{ GroupId string }) bool { return g.GroupId == group }) {
		n.t.Errorf("still listed: %+v", all)
	}
}
