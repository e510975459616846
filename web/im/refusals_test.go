package im_test

import "testing"

// TestLiveGroupsRefuse what groups of other types do, by the documented numbers (spec im-rest §8.2 point 11).
func TestLiveGroupsRefuse(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	for command, code := range map[string]int{
		"add_group_member": 10007, "delete_group_member": 10004, "modify_group_member_info": 10007, "get_role_in_group": 10007,
		"change_group_owner": 10007, "get_group_member_info": 10007, "get_specified_group_member_info": 10007,
		"set_unread_msg_num": 10007, "delete_group_msg_by_sender": 10035, "clear_group_msg": 10035,
	} {
		d.refuses([]refusal{
			{"a live group", command, `{"GroupId":"live_1","MemberList":[{"Member_Account":"u1"}],"User_Account":["u1"]}`, code, "live group"},
			{"a group that is not there", command, `{"GroupId":"nope"}`, 10010, ""},
			{"no group", command, `{}`, 10004, "GroupId"},
		})
	}
	d.refused("openim/modify_group_msg", `{"GroupId":"live_1","MsgSeq":1,"MsgBody":[]}`, 10007, "live group")
	d.refused("openim/modify_group_msg", `{"GroupId":"nope","MsgSeq":1}`, 10010, "")
	for _, command := range []string{"import_group", "import_group_msg", "import_group_member"} {
		d.refuses([]refusal{{"any group", command, `{"Type":"AVChatRoom","Name":"r","GroupId":"other"}`, 10007, "live group"}})
	}
}
