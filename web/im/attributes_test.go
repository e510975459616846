package im_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestAttributes: set replaces everything, modify merges, delete and clear take away, and the answer's list has a name of
// its own (spec im-rest §3.17, §8.2 points 18 and 19).
func TestAttributes(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	member := d.join("live_1", "u1")
	all := func(want string) {
		t.Helper()
		d.must("group_open_attr_http_svc/get_group_attr", `{"GroupId":"live_1"}`).want(t, `{"GroupAttrAry":`+want+`}`)
	}
	all(`[]`)
	d.do("set_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"b","value":"2"},{"key":"a","value":"1"}]}`).want(t, `{}`)
	all(`[{"key":"a","value":"1"},{"key":"b","value":"2"}]`)
	if told := member.event(t, "attributes"); told != `{"attributes":{"a":"1","b":"2"}}` {
		t.Errorf("members were told %s", told)
	}
	d.do("modify_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"b","value":""},{"key":"c","value":"3"}]}`)
	all(`[{"key":"a","value":"1"},{"key":"b","value":""},{"key":"c","value":"3"}]`)
	d.do("delete_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"a"}]}`)
	all(`[{"key":"b","value":""},{"key":"c","value":"3"}]`)
	d.do("clear_group_attr", `{"GroupId":"live_1"}`)
	all(`[]`)

	other := newDoor(t, nil) // writes are counted: 5 in a second
	other.group("live_1")
	other.do("set_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"a","value":"1"}]}`)
	other.do("set_group_attr", `{"GroupId":"live_1","GroupAttr":[]}`)
	other.must("group_open_attr_http_svc/get_group_attr", `{"GroupId":"live_1"}`).want(t, `{"GroupAttrAry":[]}`)
}

func TestAttributesAreRefused(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	long, wide := strings.Repeat("k", 33), strings.Repeat("v", 4001)
	var many, large []string
	for _, c := range "abcdefghijklmnopq" {
		many = append(many, `{"key":"`+string(c)+`","value":""}`)
	}
	for _, c := range "abcde" {
		large = append(large, `{"key":"`+string(c)+`","value":"`+wide[:4000]+`"}`)
	}
	d.refuses([]refusal{
		{"a group that is not there", "set_group_attr", `{"GroupId":"nope","GroupAttr":[{"key":"a","value":"1"}]}`, 10010, ""},
		{"no group", "set_group_attr", `{"GroupAttr":[{"key":"a","value":"1"}]}`, 10004, "GroupId"},
		{"no attributes", "set_group_attr", `{"GroupId":"live_1"}`, 10004, "GroupAttr"},
		{"nothing to modify", "modify_group_attr", `{"GroupId":"live_1","GroupAttr":[]}`, 10004, "GroupAttr"},
		{"nothing to delete", "delete_group_attr", `{"GroupId":"live_1","GroupAttr":[]}`, 10004, "GroupAttr"},
		{"a number", "set_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"a","value":1}]}`, 10004, "GroupAttr[0].value"},
		{"a key twice", "set_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"a","value":"1"},{"key":"a","value":"2"}]}`, 10004, "GroupAttr"},
		{"names of other lists", "set_group_attr", `{"GroupId":"live_1","GroupAttr":[{"Key":"a","Value":"1"}]}`, 10004, "GroupAttr"},
		{"a long key", "modify_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"` + long + `","value":""}]}`, 10045, "GroupAttr"},
		{"a long value", "modify_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"a","value":"` + wide + `"}]}`, 10046, "GroupAttr"},
		{"17 keys", "set_group_attr", `{"GroupId":"live_1","GroupAttr":[` + strings.Join(many, ",") + `]}`, 10047, "16"},
		{"20,000 bytes", "set_group_attr", `{"GroupId":"live_1","GroupAttr":[` + strings.Join(large, ",") + `]}`, 10048, "16000"},
		{"one that is not there", "delete_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"a"}]}`, 10050, "GroupAttr"},
		{"nothing to clear", "clear_group_attr", `{"GroupId":"nope"}`, 10010, ""},
		{"one that belongs to the server", "delete_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"live_status"}]}`, 10007, "live_status"},
	})
	d.must("group_open_attr_http_svc/get_group_attr", `{"GroupId":"live_1"}`).want(t, `{"GroupAttrAry":[]}`)
	d.refused("group_open_attr_http_svc/get_group_attr", `{"GroupId":"nope"}`, 10010, "")
	d.refused("group_open_http_svc/get_group_attr", `{"GroupId":"live_1"}`, 60009, "")
}

func TestAttributesAreWrittenFiveTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.group("live_1")
		const write = `{"GroupId":"live_1","GroupAttr":[{"key":"a","value":"1"}]}`
		for range 5 {
			d.do("modify_group_attr", write)
		}
		d.refuses([]refusal{{"a sixth write in a second", "modify_group_attr", write, 10049, ""}})
		time.Sleep(time.Second)
		d.do("modify_group_attr", write)
	})
}
