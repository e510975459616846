package im_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/web/im"
)

// TestJoinedGroups: live groups are told only who asks for huge ones (spec im-rest §3.6, §8.2 point 21).
func TestJoinedGroups(t *testing.T) {
	d := newDoor(t, nil)
	for _, id := range []string{"b", "a", "c"} {
		d.group(id)
	}
	d.join("b", "u1")
	d.join("a", "u1")
	d.join("c", "host")
	d.do("get_joined_group_list", `{"Member_Account":"u1"}`).want(t, `{"TotalCount":0,"GroupIdList":[]}`)
	d.do("get_joined_group_list", `{"Member_Account":"u1","WithHugeGroups":1}`).want(t, `{"TotalCount":2,"GroupIdList":[{"GroupId":"a"},{"GroupId":"b"}]}`)
	d.do("get_joined_group_list", `{"Member_Account":"u1","WithHugeGroups":1,"Limit":1,"Offset":1}`).want(t, `{"TotalCount":2,"GroupIdList":[{"GroupId":"b"}]}`)
	d.do("get_joined_group_list", `{"Member_Account":"u1","WithHugeGroups":1,"Offset":7}`).want(t, `{"TotalCount":2,"GroupIdList":[]}`)
	for _, name := range []string{"GroupType", "Type"} {
		d.do("get_joined_group_list", `{"Member_Account":"u1","WithHugeGroups":1,"`+name+`":"Public"}`).want(t, `{"TotalCount":0,"GroupIdList":[]}`)
	}
	d.do("get_joined_group_list", `{"Member_Account":"host","WithHugeGroups":1,"GroupType":"AVChatRoom",
		"ResponseFilter":{"GroupBaseInfoFilter":["Type","Name","MemberNum","ShutUpAllMember"],"SelfInfoFilter":["Role","MuteUntil"]}}`).
		want(t, `{"TotalCount":1,"GroupIdList":[{"GroupId":"c","Type":"AVChatRoom","Name":"r","MemberNum":1,"ShutUpAllMember":"Off","MuteAllMember":"Off",
			"SelfInfo":{"Role":"Owner","MuteUntil":0,"ShutUpUntil":0}}]}`)
	d.do("get_joined_group_list", `{"Member_Account":"stranger","WithHugeGroups":1}`).want(t, `{"TotalCount":0,"GroupIdList":[]}`)
	d.refuses([]refusal{
		{"nobody", "get_joined_group_list", `{"WithHugeGroups":1}`, 10004, "Member_Account"},
		{"a number", "get_joined_group_list", `{"Member_Account":1}`, 60015, "Member_Account"},
		{"a long page", "get_joined_group_list", `{"Member_Account":"u1","Limit":5001}`, 10004, "Limit"},
	})
}

// TestCheckMembers tells who of some is there.
func TestCheckMembers(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	d.join("live_1", "u1")
	d.join("live_1", "u3")
	check := func(members string) answer {
		return d.must("group_open_avchatroom_http_svc/check_members", `{"GroupId":"live_1","Member_Account":[`+members+`]}`)
	}
	check(`"u3","u2","u1","u3"`).want(t, `{"Member_Account":["u3","u1"]}`)
	check(`"u2"`).want(t, `{"Member_Account":[]}`)
	d.refused("group_open_avchatroom_http_svc/check_members", `{"GroupId":"nope","Member_Account":["u1"]}`, 10010, "")
	d.refused("group_open_avchatroom_http_svc/check_members", `{"GroupId":"live_1","Member_Account":[]}`, 10004, "Member_Account")
	d.refused("group_open_avchatroom_http_svc/check_members", `{"GroupId":"live_1","Member_Account":["`+strings.Join(make([]string, 501), `u","`)+`u"]}`, 10005, "500")
}

// TestAllGroups are listed in the order they were made, page after page (spec im-rest §3.5), and only once a second.
func TestAllGroups(t *testing.T) {
	d := newDoor(t, func(c *im.Config) { c.Rates = im.Rates{"get_appid_group_list": 100} })
	for _, id := range []string{"b", "a", "c"} {
		d.group(id)
	}
	a := d.do("get_appid_group_list", `{"Limit":2,"Next":0}`)
	next, _ := a["Next"].(float64)
	if a.field("GroupIdList") != `[{"GroupId":"b"},{"GroupId":"a"}]` || a["TotalCount"] != 3.0 || next == 0 {
		t.Fatal(a)
	}
	d.do("get_appid_group_list", fmt.Sprintf(`{"Limit":2,"Next":%.0f,"GroupType":"AVChatRoom"}`, next)).want(t, `{"TotalCount":3,"GroupIdList":[{"GroupId":"c"}],"Next":0}`)
	d.do("get_appid_group_list", `{"Type":"Public"}`).want(t, `{"TotalCount":0,"GroupIdList":[],"Next":0}`)
	d.do("get_appid_group_list", `{"Next":18446744073709551615}`).want(t, `{"TotalCount":3,"GroupIdList":[],"Next":0}`)
	d.refuses([]refusal{
		{"a long page", "get_appid_group_list", `{"Limit":10001}`, 10004, "Limit"},
		{"an empty page", "get_appid_group_list", `{"Limit":0}`, 10004, "Limit"},
		{"a place as text", "get_appid_group_list", `{"Next":"0"}`, 10004, "Next"},
	})

	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.do("get_appid_group_list", `{}`)
		d.refuses([]refusal{{"at once again", "get_appid_group_list", `{}`, 10006, "get_appid_group_list"}})
		time.Sleep(time.Second)
		d.do("get_appid_group_list", `{}`)
	})
}
