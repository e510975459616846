package im_test

import "testing"

// TestAdmins: at most five, for all who are named or for nobody, over leaving and coming back (spec im-rest §3.20).
func TestAdmins(t *testing.T) {
	const modify, list = "group_open_avchatroom_http_svc/modify_admin", "group_open_avchatroom_http_svc/get_admin_list"
	d := newDoor(t, nil)
	d.group("live_1")
	d.people("u4", "u5", "u6")
	member := d.join("live_1", "u3")
	d.must(list, `{"GroupId":"live_1"}`).want(t, `{"Admin_List":[]}`)
	d.must(modify, `{"GroupId":"live_1","CommandType":1,"Admin_Account":["u2","u1"]}`).want(t, `{}`)
	d.must(list, `{"GroupId":"live_1"}`).want(t, `{"Admin_List":[
		{"Admin_Account":"u2","NickName":"Nick of u2","Avatar":"https://x/u2.png"},
		{"Admin_Account":"u1","NickName":"Nick of u1","Avatar":"https://x/u1.png"}]}`)
	if told := member.event(t, "role"); told != `{"user":"u2","role":"Admin","by":"administrator"}` {
		t.Error(told)
	}
	for _, r := range []refusal{
		{"four more", modify, `{"GroupId":"live_1","CommandType":1,"Admin_Account":["u3","u4","u5","u6"]}`, 10004, "administrators"},
		{"six at once", modify, `{"GroupId":"live_1","CommandType":1,"Admin_Account":["a","b","c","d","e","f"]}`, 10004, "Admin_Account"},
		{"nobody", modify, `{"GroupId":"live_1","CommandType":1,"Admin_Account":[]}`, 10004, "Admin_Account"},
		{"no command", modify, `{"GroupId":"live_1","Admin_Account":["u3"]}`, 10004, "CommandType"},
		{"another command", modify, `{"GroupId":"live_1","CommandType":3,"Admin_Account":["u3"]}`, 10004, "CommandType"},
		{"a number", modify, `{"GroupId":"live_1","CommandType":1,"Admin_Account":[3]}`, 60015, "Admin_Account[0]"},
		{"without account", modify, `{"GroupId":"live_1","CommandType":1,"Admin_Account":["u3","nobody"]}`, 10019, "nobody"},
		{"the owner", modify, `{"GroupId":"live_1","CommandType":1,"Admin_Account":["u3","host"]}`, 10007, "Admin_Account"},
		{"a group that is not there", modify, `{"GroupId":"nope","CommandType":1,"Admin_Account":["u3"]}`, 10010, ""},
		{"list of a group that is not there", list, `{"GroupId":"nope"}`, 10010, ""},
	} {
		d.refused(r.command, r.body, r.code, r.words)
	}
	d.must(modify, `{"GroupId":"live_1","CommandType":2,"Admin_Account":["u2","u6","gone"]}`)
	d.must(list, `{"GroupId":"live_1"}`).want(t, `{"Admin_List":[{"Admin_Account":"u1","NickName":"Nick of u1","Avatar":"https://x/u1.png"}]}`)
}
