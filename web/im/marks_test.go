package im_test

import (
	"fmt"
	"strings"
	"testing"
)

// names are the accounts in a list of an answer.
func (a answer) names(list, field string) string {
	var names []string
	all, _ := a[list].([]any)
	for _, one := range all {
		o, _ := one.(map[string]any)
		names = append(names, fmt.Sprint(o[field]))
	}
	return strings.Join(names, " ")
}

// TestMarks: who is there can be marked; what is marked is found by it, and what is hidden in no other list (spec im-rest
// §3.20).
func TestMarks(t *testing.T) {
	const mark, members = "group_open_avchatroom_http_svc/modify_user_info", "group_open_avchatroom_http_svc/get_members"
	d := newDoor(t, nil)
	d.group("live_1")
	d.join("live_1", "u1")
	d.join("live_1", "u2")
	d.must(mark, `{"GroupId":"live_1","CommandType":1,"MemberList":[{"Member_Account":"u1","Marks":[1000,1001]},{"Member_Account":"gone","Marks":[1000]},{"Member_Account":"u2","Marks":[600]}]}`).
		want(t, `{"CommandType":1,"MemberList":[{"Member_Account":"u1","Marks":[1000,1001]},{"Member_Account":"u2","Marks":[600]}]}`)
	for request, want := range map[string]string{
		`{"GroupId":"live_1"}`:             "u1",
		`{"GroupId":"live_1","Mark":1000}`: "u1",
		`{"GroupId":"live_1","Mark":600}`:  "u2",
		`{"GroupId":"live_1","Mark":1002}`: "",
	} {
		if got := d.must(members, request).names("MemberList", "Member_Account"); got != want {
			t.Errorf("%s: %q, want %q", request, got, want)
		}
	}
	d.must(mark, `{"GroupId":"live_1","CommandType":2,"MemberList":[{"Member_Account":"u2","Marks":[600]}]}`)
	if got := d.must(members, `{"GroupId":"live_1"}`).names("MemberList", "Member_Account"); got != "u2 u1" {
		t.Errorf("not hidden any more: %q", got)
	}
	crowd := strings.Repeat(`{"Member_Account":"u1","Marks":[1000]},`, 501)
	for _, r := range []refusal{
		{"nobody who is there", mark, `{"GroupId":"live_1","CommandType":1,"MemberList":[{"Member_Account":"gone","Marks":[1000]}]}`, 10004, "MemberList"},
		{"501 people", mark, `{"GroupId":"live_1","CommandType":1,"MemberList":[` + crowd[:len(crowd)-1] + `]}`, 10005, "500"},
		{"a mark that is none", mark, `{"GroupId":"live_1","CommandType":1,"MemberList":[{"Member_Account":"u1","Marks":[999]}]}`, 10004, "999"},
		{"no marks", mark, `{"GroupId":"live_1","CommandType":1,"MemberList":[{"Member_Account":"u1"}]}`, 10004, "Marks"},
		{"nobody", mark, `{"GroupId":"live_1","CommandType":1,"MemberList":[]}`, 10004, "MemberList"},
		{"no command", mark, `{"GroupId":"live_1","MemberList":[{"Member_Account":"u1","Marks":[1000]}]}`, 10004, "CommandType"},
		{"another command", mark, `{"GroupId":"live_1","CommandType":0,"MemberList":[{"Member_Account":"u1","Marks":[1000]}]}`, 10004, "CommandType"},
		{"a number for somebody", mark, `{"GroupId":"live_1","CommandType":1,"MemberList":[{"Member_Account":1,"Marks":[1000]}]}`, 60015, "MemberList[0].Member_Account"},
		{"a group that is not there", mark, `{"GroupId":"nope","CommandType":1,"MemberList":[{"Member_Account":"u1","Marks":[1000]}]}`, 10010, ""},
	} {
		d.refused(r.command, r.body, r.code, r.words)
	}
}

// TestRobots count as members although they are not there.
func TestRobots(t *testing.T) {
	const add, remove = "group_open_avchatroom_http_svc/add_robots", "group_open_avchatroom_http_svc/del_robots"
	d := newDoor(t, nil)
	d.group("live_1")
	d.join("live_1", "u3")
	d.must(add, `{"GroupId":"live_1","Robot_Account":["u1","u2"]}`).want(t, `{}`)
	d.do("get_online_member_num", `{"GroupId":"live_1"}`).want(t, `{"OnlineMemberNum":3}`)
	d.must("group_open_avchatroom_http_svc/check_members", `{"GroupId":"live_1","Member_Account":["u1","u4"]}`).want(t, `{"Member_Account":["u1"]}`)
	d.must(remove, `{"GroupId":"live_1","Robot_Account":["u1","u2","never"]}`).want(t, `{}`)
	d.do("get_online_member_num", `{"GroupId":"live_1"}`).want(t, `{"OnlineMemberNum":1}`)
	for _, command := range []string{add, remove} {
		d.refused(command, `{"GroupId":"live_1","Robot_Account":["`+strings.Join(make([]string, 501), `u","`)+`u"]}`, 10005, "500")
		d.refused(command, `{"GroupId":"live_1"}`, 10004, "Robot_Account")
		d.refused(command, `{"GroupId":"live_1","Robot_Account":[5]}`, 60015, "Robot_Account[0]")
		d.refused(command, `{"GroupId":"nope","Robot_Account":["u1"]}`, 10010, "")
	}
	d.refused(add, `{"GroupId":"live_1","Robot_Account":["nobody"]}`, 10019, "Robot_Account")
}
