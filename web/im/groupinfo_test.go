package im_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// info is what get_group_info tells of one group.
func (d *door) info(request string) answer {
	d.t.Helper()
	list, _ := d.do("get_group_info", request)["GroupInfo"].([]any)
	if len(list) != 1 {
		d.t.Fatalf("%s: %v", request, list)
	}
	one, _ := list[0].(map[string]any)
	return answer(one)
}

// TestGroupInfo: groups come in the order asked for, each with a code of its own, under both generations of names (spec
// im-rest §3.3, §8.2 points 10 and 22).
func TestGroupInfo(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	d.group(`a b/%#&"`)
	d.join("live_1", "u1")
	a := d.do("get_group_info", `{"GroupIdList":["live_1","nope","live_1","a b/%#&\"","é"]}`)
	var got []string
	for _, g := range a["GroupInfo"].([]any) {
		o := g.(map[string]any)
		got = append(got, fmt.Sprint(o["GroupId"], " ", o["ErrorCode"]))
	}
	if strings.Join(got, ", ") != `live_1 0, nope 10010, live_1 0, a b/%#&" 0, é 10015` {
		t.Error(got)
	}
	one := d.info(`{"GroupIdList":["live_1"]}`)
	delete(one, "LastInfoTime")
	for name, want := range map[string]string{
		"Type": `"AVChatRoom"`, "Name": `"r"`, "Introduction": `""`, "Notification": `""`, "FaceUrl": `""`, "Owner_Account": `"host"`,
		"CreateTime": `1700000000`, "MemberNum": `1`, "ApplyJoinOption": `"FreeAccess"`, "MuteAllMember": `"Off"`, "ShutUpAllMember": `"Off"`,
		"Appid": `1400000000`, "AppDefinedData": `[]`, "MemberList": `[]`, "ErrorInfo": `""`,
	} {
		if one.field(name) != want {
			t.Errorf("%s is %s, want %s", name, one.field(name), want)
		}
	}
}

// TestGroupInfoIsFiltered: of a list that is there only what it names comes; of one that is not, everything.
func TestGroupInfoIsFiltered(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	d.do("modify_group_base_info", `{"GroupId":"live_1","MuteAllMember":"On","AppDefinedData":[{"Key":"b","Value":"2"},{"Key":"a","Value":"1"}]}`)
	a := d.info(`{"GroupIdList":["live_1"],"ResponseFilter":{"GroupBaseInfoFilter":["Name","ShutUpAllMember"],"AppDefinedDataFilter_Group":["b","c"],"MemberInfoFilter":["Account"]}}`)
	delete(a, "ErrorCode")
	delete(a, "ErrorInfo")
	a.want(t, `{"GroupId":"live_1","Name":"r","ShutUpAllMember":"On","MuteAllMember":"On","AppDefinedData":[{"Key":"b","Value":"2"}],"MemberList":[]}`)
	a = d.info(`{"GroupIdList":["live_1"],"ResponseFilter":{"GroupBaseInfoFilter":["Type"]}}`)
	if a.field("AppDefinedData") != `[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]` || a["Name"] != nil {
		t.Error(a)
	}
}

func TestGroupInfoIsRefused(t *testing.T) {
	d := newDoor(t, nil)
	d.refuses([]refusal{
		{"51 groups", "get_group_info", `{"GroupIdList":["` + strings.Join(make([]string, 51), `g","`) + `g"]}`, 10004, "50"},
		{"none", "get_group_info", `{"GroupIdList":[]}`, 10004, "GroupIdList"},
		{"no list", "get_group_info", `{}`, 10004, "GroupIdList"},
		{"text", "get_group_info", `{"GroupIdList":"live_1"}`, 10004, "GroupIdList"},
		{"a number", "get_group_info", `{"GroupIdList":[1]}`, 10004, "GroupIdList[0]"},
	})
}

// TestModifyGroup: what is absent stays, what is empty is emptied, custom fields are set or deleted one by one (spec im-rest
// §3.4, §8.2 point 7).
func TestModifyGroup(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	member := d.join("live_1", "u1")
	d.do("modify_group_base_info", `{"GroupId":"live_1","Name":"new","Introduction":"intro","Notification":"notice","FaceUrl":"https://x/p.png",
		"AppDefinedData":[{"Key":"a","Value":"1"},{"Key":"b","Value":"\u0000"}],"ApplyJoinOption":"FreeAccess","MaxMemberNum":7,"From_Account":"host"}`).want(t, `{}`)
	if told := member.event(t, "notice"); told != `{"notice":"notice"}` {
		t.Errorf("members were told %s", told)
	}
	hostile := `{"text":"x","images":["javascript:alert(1)"]}` // any text is one: readers show it as text
	d.do("modify_group_base_info", `{"GroupId":"live_1","Notification":`+strconv.Quote(hostile)+`}`)
	if a := d.info(`{"GroupIdList":["live_1"]}`); a["Notification"] != hostile {
		t.Error(a.field("Notification"))
	}
	d.do("modify_group_base_info", `{"GroupId":"live_1","Notification":"notice"}`)
	d.do("modify_group_base_info", `{"GroupId":"live_1","Introduction":"","AppDefinedData":[{"Key":"a","Value":""}]}`)
	a := d.info(`{"GroupIdList":["live_1"]}`)
	got := strings.Join([]string{a.field("Name"), a.field("Introduction"), a.field("Notification"), a.field("FaceUrl"), a.field("AppDefinedData")}, " ")
	if got != `"new" "" "notice" "https://x/p.png" [{"Key":"b","Value":"\u0000"}]` {
		t.Error(got)
	}
	d.do("modify_group_base_info", `{"GroupId":"live_1","MaxMemberNum":7}`) // means nothing to a live group
	for _, name := range []string{"MuteAllMember", "ShutUpAllMember"} {
		for _, word := range []string{"On", "Off"} {
			d.do("modify_group_base_info", `{"GroupId":"live_1","`+name+`":"`+word+`"}`)
			if a := d.info(`{"GroupIdList":["live_1"]}`); a["MuteAllMember"] != word || a["ShutUpAllMember"] != word {
				t.Errorf("%s %s: %v", name, word, a)
			}
		}
	}
}

func TestModifyGroupIsRefused(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	with := func(field, value string) string {
		return `{"GroupId":"live_1","Name":"never","` + field + `":` + value + `}`
	}
	wide := strings.Repeat("é", 300) // two bytes each: limits are of bytes
	d.refuses([]refusal{
		{"a switch that is no word", "modify_group_base_info", with("MuteAllMember", `true`), 10004, "MuteAllMember"},
		{"another word", "modify_group_base_info", with("ShutUpAllMember", `"on"`), 10004, "ShutUpAllMember"},
		{"a long name", "modify_group_base_info", `{"GroupId":"live_1","Name":"` + wide + `"}`, 10004, "Name"},
		{"a long introduction", "modify_group_base_info", with("Introduction", `"`+wide[:242]+`"`), 10004, "Introduction"},
		{"a long notice", "modify_group_base_info", with("Notification", `"`+wide[:302]+`"`), 10004, "Notification"},
		{"a long avatar", "modify_group_base_info", with("FaceUrl", `"`+strings.Repeat("x", 101)+`"`), 10004, "FaceUrl"},
		{"a number", "modify_group_base_info", with("Introduction", `7`), 10004, "Introduction"},
		{"a bad key", "modify_group_base_info", with("AppDefinedData", `[{"Key":"no spaces","Value":""}]`), 10004, "AppDefinedData"},
		{"a key twice", "modify_group_base_info", with("AppDefinedData", `[{"Key":"a","Value":"1"},{"Key":"a","Value":""}]`), 10004, "AppDefinedData"},
		{"no group", "modify_group_base_info", `{"Name":"x"}`, 10004, "GroupId"},
		{"a group that is not there", "modify_group_base_info", `{"GroupId":"nope","Name":"x"}`, 10010, ""},
		{"nothing, of a group that is not there", "modify_group_base_info", `{"GroupId":"nope"}`, 10010, ""},
		{"an id that is none", "modify_group_base_info", `{"GroupId":"` + strings.Repeat("x", 49) + `","Name":"x"}`, 10015, ""},
	})
	if a := d.info(`{"GroupIdList":["live_1"]}`); a["Name"] != "r" {
		t.Errorf("part of what was refused was done: %v", a)
	}
}
