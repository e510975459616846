package im_test

import "testing"

// TestMembers: who came last comes first, and a page goes on where the last ended, by a number that a double holds.
func TestMembers(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	d.must("group_open_avchatroom_http_svc/get_members", `{"GroupId":"live_1","Timestamp":0}`).want(t, `{"MemberList":[],"NextTimestamp":0}`)
	d.join("live_1", "u1")
	d.join("live_1", "u2")
	a := d.must("group_open_avchatroom_http_svc/get_members", `{"GroupId":"live_1"}`)
	list, _ := a["MemberList"].([]any)
	if len(list) != 2 {
		t.Fatal(a)
	}
	last, _ := list[0].(map[string]any)
	joined, _ := last["JoinTime"].(float64)
	delete(last, "JoinTime")
	answer(last).want(t, `{"Member_Account":"u2","NickName":"Nick of u2","Avatar":""}`)
	if joined < 1.7e9 || joined > 1e10 {
		t.Errorf("joined at %v, want Unix seconds", joined)
	}
	d.do("get_online_member_num", `{"GroupId":"live_1"}`).want(t, `{"OnlineMemberNum":2}`)
	d.refused("group_open_avchatroom_http_svc/get_members", `{"GroupId":"nope"}`, 10010, "")
	d.refused("group_open_avchatroom_http_svc/get_members", `{"Timestamp":0}`, 10004, "GroupId")
	d.refused("group_open_avchatroom_http_svc/get_members", `{"GroupId":"live_1","Timestamp":"0"}`, 10004, "Timestamp")
	d.refuses([]refusal{
		{"count of a group that is not there", "get_online_member_num", `{"GroupId":"nope"}`, 10010, ""},
		{"count of no group", "get_online_member_num", `{}`, 10004, "GroupId"},
	})
}
