package im_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestMutes: a mute is of the account, in place of an earlier one, and ends by itself; nobody is asked about what a muted
// one says. Both generations of names work (spec im-rest §3.9, §3.10, §8.2 points 12 and 22).
func TestMutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.group("live_1")
		member := d.join("live_1", "u1")
		d.do("forbid_send_msg", `{"GroupId":"live_1","Members_Account":["u1","not_there"],"ShutUpTime":4294967295}`).want(t, `{}`)
		d.do("forbid_send_msg", `{"GroupId":"live_1","Members_Account":["u1"],"MuteTime":60}`)
		until := time.Now().Add(time.Minute).Unix()
		if told := member.event(t, "mute"); !strings.Contains(told, `"user":"u1"`) {
			t.Error(told)
		}
		want := fmt.Sprintf(`{"GroupId":"live_1",
			"MutedAccountList":[{"Member_Account":"not_there","MutedUntil":4294967295},{"Member_Account":"u1","MutedUntil":%d}],
			"ShuttedUinList":[{"Member_Account":"not_there","ShuttedUntil":4294967295},{"Member_Account":"u1","ShuttedUntil":%d}]}`, until, until)
		d.do("get_group_muted_account", `{"GroupId":"live_1"}`).want(t, want)
		d.do("get_group_shutted_uin", `{"GroupId":"live_1"}`).want(t, want)

		said := refusal{"somebody muted", "send_group_msg", message(1, "x", `"From_Account":"u1"`), 10017, "muted"}
		d.refuses([]refusal{said})
		if asked, _, notSent := d.witness.counts(); asked != 0 || notSent != 1 {
			t.Errorf("asked %d times about a message of somebody muted, told %d times that it was not sent", asked, notSent)
		}
		time.Sleep(61 * time.Second)
		d.do("send_group_msg", said.body)
		d.do("forbid_send_msg", `{"GroupId":"live_1","Members_Account":["not_there"],"MuteTime":0}`)
		d.do("get_group_muted_account", `{"GroupId":"live_1"}`).want(t, `{"GroupId":"live_1","MutedAccountList":[],"ShuttedUinList":[]}`)

		d.do("modify_group_base_info", `{"GroupId":"live_1","MuteAllMember":"On"}`)
		d.refuses([]refusal{{"anybody while all are muted", "send_group_msg", message(2, "x", `"From_Account":"u2"`), 10017, "muted_all"}})
		d.do("send_group_msg", message(3, "x", `"From_Account":"host"`))
		d.do("send_group_msg", message(4, "x"))
	})
}

// TestMutesAreManyAtOnce: 500 in a call, and as many as a group may have in one answer, which is not too large for that.
func TestMutesAreManyAtOnce(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	for call := range 20 {
		some := make([]string, 500)
		for i := range some {
			some[i] = fmt.Sprintf(`"%s%05d"`, strings.Repeat("x", 27), 500*call+i)
		}
		d.do("forbid_send_msg", `{"GroupId":"live_1","MuteTime":4294967295,"Members_Account":[`+strings.Join(some, ",")+`]}`)
		if call != 9 && call != 19 {
			continue
		}
		for command, names := range map[string][2]string{
			"get_group_muted_account": {"MutedAccountList", "ShuttedUinList"},
			"get_group_shutted_uin":   {"ShuttedUinList", "MutedAccountList"},
		} {
			a := d.do(command, `{"GroupId":"live_1"}`)
			own, _ := a[names[0]].([]any)
			other, both := a[names[1]].([]any)
			if len(own) != 500*(call+1) || both != (call == 9) || both && len(other) != len(own) {
				t.Errorf("%s lists %d and %d of %d", command, len(own), len(other), 500*(call+1))
			}
		}
	}
}

func TestMutesAreRefused(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	mute := func(rest string) string { return `{"GroupId":"live_1",` + rest + `}` }
	d.refuses([]refusal{
		{"501 people", "forbid_send_msg", mute(`"MuteTime":60,"Members_Account":["` + strings.Join(make([]string, 501), `u","`) + `u"]`), 10005, "500"},
		{"nobody", "forbid_send_msg", mute(`"MuteTime":60,"Members_Account":[]`), 10004, "Members_Account"},
		{"no list", "forbid_send_msg", mute(`"MuteTime":60`), 10004, "Members_Account"},
		{"no time", "forbid_send_msg", mute(`"Members_Account":["u1"]`), 10004, "MuteTime"},
		{"too long a time", "forbid_send_msg", mute(`"MuteTime":4294967296,"Members_Account":["u1"]`), 10004, "MuteTime"},
		{"time as text", "forbid_send_msg", mute(`"MuteTime":"60","Members_Account":["u1"]`), 10004, "MuteTime"},
		{"a number for somebody", "forbid_send_msg", mute(`"MuteTime":60,"Members_Account":["u1",2]`), 60015, "Members_Account[1]"},
		{"no user id", "forbid_send_msg", mute(`"MuteTime":60,"Members_Account":["a b"]`), 10004, "Members_Account"},
		{"an administrator", "forbid_send_msg", mute(`"MuteTime":60,"Members_Account":["root"]`), 10007, "root"},
		{"a group that is not there", "forbid_send_msg", `{"GroupId":"nope","MuteTime":60,"Members_Account":["u1"]}`, 10010, ""},
		{"list of a group that is not there", "get_group_muted_account", `{"GroupId":"nope"}`, 10010, ""},
		{"list of no group", "get_group_shutted_uin", `{}`, 10004, "GroupId"},
	})
}
