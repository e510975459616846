package im_test

import (
	"regexp"
	"strings"
	"testing"

	"liveroom/status"
)

// TestCreateGroup makes a live room that waits for its push, and the group beside it (spec im-rest §3.1).
func TestCreateGroup(t *testing.T) {
	d := newDoor(t, nil)
	d.people("host", "other")
	d.do("create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"live_1","Owner_Account":"host","Introduction":"i","Notification":"n","FaceUrl":"https://x/p.png",
		"MaxMemberCount":100,"ApplyJoinOption":"FreeAccess","AppDefinedData":[{"Key":"a","Value":"1"}]}`).
		want(t, `{"GroupId":"live_1","Type":"AVChatRoom","HugeGroupFlag":1}`)
	room, err := d.rooms.Room(t.Context(), "live_1")
	if err != nil || room.Room.GroupID != "live_1" || room.Room.Anchor != "host" || room.Record.Code != status.Waiting {
		t.Fatalf("%+v, %v", room, err)
	}
	a := d.info(`{"GroupIdList":["live_1"]}`)
	got := strings.Join([]string{a.field("Name"), a.field("Introduction"), a.field("Notification"), a.field("FaceUrl"), a.field("Owner_Account"), a.field("AppDefinedData")}, " ")
	if got != `"r" "i" "n" "https://x/p.png" "host" [{"Key":"a","Value":"1"}]` {
		t.Error(got)
	}
	d.refuses([]refusal{
		{"again, of the same owner", "create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"live_1","Owner_Account":"host"}`, 10025, "GroupId"},
		{"again, of another", "create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"live_1","Owner_Account":"other"}`, 10021, "GroupId"},
		{"again, of nobody", "create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"live_1"}`, 10021, "GroupId"},
	})
}

// TestCreateGroupMakesUpIDs of the shape of Tencent's, and takes any printable one that is given (spec im-rest §8.2 point 24).
func TestCreateGroupMakesUpIDs(t *testing.T) {
	d := newDoor(t, nil)
	made, _ := d.do("create_group", `{"Type":"AVChatRoom","Name":"r"}`)["GroupId"].(string)
	if !regexp.MustCompile(`^@TGS#a[A-Z0-9]+$`).MatchString(made) {
		t.Fatalf("made up %q", made)
	}
	for _, id := range []string{made, `a b/%?&#"`, strings.Repeat("x", 48)} {
		quoted := strings.ReplaceAll(id, `"`, `\"`)
		if id != made {
			d.do("create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"`+quoted+`"}`)
		}
		room, err := d.rooms.RoomByGroup(t.Context(), id)
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		if a := d.info(`{"GroupIdList":["` + quoted + `"]}`); a["Owner_Account"] != "" || a["GroupId"] != id {
			t.Errorf("%q: %v", id, a)
		}
		d.do("destroy_group", `{"GroupId":"`+quoted+`"}`)
		if _, err := d.rooms.Room(t.Context(), room.ID); err == nil {
			t.Errorf("%q: the live room is there still", id)
		}
	}
}

func TestCreateGroupIsRefused(t *testing.T) {
	d := newDoor(t, nil)
	with := func(rest string) string { return `{"Type":"AVChatRoom","Name":"r","GroupId":"live_1",` + rest + `}` }
	d.refuses([]refusal{
		{"no type", "create_group", `{"Name":"r"}`, 10004, "Type"},
		{"another type", "create_group", `{"Type":"Public","Name":"r"}`, 10004, "AVChatRoom"},
		{"no name", "create_group", `{"Type":"AVChatRoom"}`, 10004, "Name"},
		{"a number", "create_group", `{"Type":"AVChatRoom","Name":7}`, 10004, "Name"},
		{"a long name", "create_group", `{"Type":"AVChatRoom","Name":"` + strings.Repeat("é", 61) + `"}`, 10004, "Name"},
		{"members", "create_group", with(`"MemberList":[{"Member_Account":"u1"}]`), 10007, "MemberList"},
		{"an owner who is not there", "create_group", with(`"Owner_Account":"nobody"`), 10019, "Owner_Account"},
		{"a number for the owner", "create_group", with(`"Owner_Account":1`), 60015, "Owner_Account"},
		{"a long introduction", "create_group", with(`"Introduction":"` + strings.Repeat("x", 241) + `"`), 10004, "Introduction"},
		{"a long notice", "create_group", with(`"Notification":"` + strings.Repeat("x", 301) + `"`), 10004, "Notification"},
		{"a long avatar", "create_group", with(`"FaceUrl":"` + strings.Repeat("x", 101) + `"`), 10004, "FaceUrl"},
		{"a bad field", "create_group", with(`"AppDefinedData":[{"Key":"a b","Value":"1"}]`), 10004, "AppDefinedData"},
		{"an empty id", "create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":""}`, 10015, "GroupId"},
		{"an id like those made up", "create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"@TGS#aABCDEFGH"}`, 10015, "GroupId"},
		{"a long id", "create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"` + strings.Repeat("x", 49) + `"}`, 10015, "GroupId"},
		{"an id that is not ASCII", "create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"é"}`, 10015, "GroupId"},
	})
	if _, err := d.rooms.Room(t.Context(), "live_1"); err == nil {
		t.Error("what was refused was made all the same")
	}
}

// TestDestroyGroup sends everybody out and forgets the room (spec im-rest §3.2).
func TestDestroyGroup(t *testing.T) {
	d := newDoor(t, nil)
	d.do("create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"live_1"}`)
	member := d.join("live_1", "u1")
	d.do("destroy_group", `{"GroupId":"live_1"}`).want(t, `{}`)
	member.event(t, "dismissed")
	d.refuses([]refusal{
		{"again", "destroy_group", `{"GroupId":"live_1"}`, 10010, ""},
		{"no group", "destroy_group", `{}`, 10004, "GroupId"},
		{"its count", "get_online_member_num", `{"GroupId":"live_1"}`, 10010, ""},
	})
	d.do("create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"live_1"}`)
}
