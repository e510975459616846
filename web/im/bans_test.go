package im_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"liveroom/chat"
)

// TestBans: who is banned leaves at once and stays out until the ban is lifted (spec im-rest §3.19).
func TestBans(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	member := d.join("live_1", "u1")
	d.do("ban_group_member", `{"GroupId":"live_1","Members_Account":["u1","not_there"],"Duration":4294967295,"Description":"spam"}`).want(t, `{}`)
	member.wait(t, "departure", func(l *listener) bool {
		return len(l.left) == 1 && l.left[0].Reason == chat.DepartBanned && l.left[0].Detail == "spam"
	})
	if _, err := d.chat.Join(t.Context(), "live_1", chat.Identity{User: "u1"}, member, nil); err == nil {
		t.Error("who is banned came back")
	}
	d.do("get_group_ban_member", `{"GroupId":"live_1"}`).
		want(t, `{"BannedAccountList":[{"Member_Account":"not_there","BannedUntil":4294967295},{"Member_Account":"u1","BannedUntil":4294967295}],"NextOffset":0}`)
	d.do("unban_group_member", `{"GroupId":"live_1","Members_Account":["u1","not_there"]}`).want(t, `{}`)
	d.do("get_group_ban_member", `{"GroupId":"live_1","Offset":0,"Limit":10}`).want(t, `{"BannedAccountList":[],"NextOffset":0}`)
	d.join("live_1", "u1")
}

// TestBansArePaged: by offset, to the end.
func TestBansArePaged(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	for i := range 13 {
		var some []string
		for j := range 20 {
			some = append(some, fmt.Sprintf(`"u%03d"`, 20*i+j))
		}
		d.do("ban_group_member", `{"GroupId":"live_1","Duration":3600,"Members_Account":[`+strings.Join(some, ",")+`]}`)
	}
	seen, pages, offset := map[string]bool{}, 0, 0
	for {
		a := d.do("get_group_ban_member", `{"GroupId":"live_1","Offset":`+strconv.Itoa(offset)+`,"Limit":100}`)
		list, _ := a["BannedAccountList"].([]any)
		for _, one := range list {
			user, _ := one.(map[string]any)["Member_Account"].(string)
			seen[user] = true
		}
		next, _ := a["NextOffset"].(float64)
		if pages++; next == 0 {
			break
		}
		offset = int(next)
	}
	if len(seen) != 260 || pages != 3 {
		t.Errorf("%d people on %d pages, want 260 on 3", len(seen), pages)
	}
	d.do("get_group_ban_member", `{"GroupId":"live_1","Offset":4294967295}`).want(t, `{"BannedAccountList":[],"NextOffset":0}`)
}

func TestBansAreRefused(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	ban := func(rest string) string { return `{"GroupId":"live_1",` + rest + `}` }
	crowd := `["` + strings.Join(make([]string, 21), `u","`) + `u"]`
	d.refuses([]refusal{
		{"21 people", "ban_group_member", ban(`"Duration":60,"Members_Account":` + crowd), 10005, "20"},
		{"unban of 21 people", "unban_group_member", ban(`"Members_Account":` + crowd), 10005, "20"},
		{"nobody", "ban_group_member", ban(`"Duration":60,"Members_Account":[]`), 10004, "Members_Account"},
		{"a number for somebody", "ban_group_member", ban(`"Duration":60,"Members_Account":[123]`), 60015, "Members_Account[0]"},
		{"no length", "ban_group_member", ban(`"Members_Account":["u1"]`), 10004, "Duration"},
		{"no time at all", "ban_group_member", ban(`"Duration":0,"Members_Account":["u1"]`), 10004, "Duration"},
		{"too long", "ban_group_member", ban(`"Duration":4294967296,"Members_Account":["u1"]`), 10004, "Duration"},
		{"many words", "ban_group_member", ban(`"Duration":60,"Members_Account":["u1"],"Description":"` + strings.Repeat("x", 1001) + `"`), 10004, "Description"},
		{"a group that is not there", "ban_group_member", `{"GroupId":"nope","Duration":60,"Members_Account":["u1"]}`, 10010, ""},
		{"unban in a group that is not there", "unban_group_member", `{"GroupId":"nope","Members_Account":["u1"]}`, 10010, ""},
		{"list of a group that is not there", "get_group_ban_member", `{"GroupId":"nope"}`, 10010, ""},
		{"a long page", "get_group_ban_member", `{"GroupId":"live_1","Limit":101}`, 10004, "Limit"},
		{"an administrator", "ban_group_member", ban(`"Duration":60,"Members_Account":["root"]`), 10007, "root"},
	})
	d.do("get_group_ban_member", `{"GroupId":"live_1"}`).want(t, `{"BannedAccountList":[],"NextOffset":0}`)
}
