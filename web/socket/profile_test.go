package socket_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/web/socket"
)

// about is a profile in an answer.
type about struct {
	User, Nick, Avatar, Gender, SelfSignature, AllowType string
	Level, Birthday                                      uint32
	UpdatedAt                                            int64
}

func TestANewProfileIsStoredAndSpokenWith(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	alice, phone, bob := d.member("alice"), d.member("alice"), d.member("bob")
	began := time.Now().Unix()
	var set struct{ Profile about }
	alice.into(object{
		"op": "setProfile", "nick": " Ａlice ", "avatar": "https://h/a.png", "gender": "Gender_Type_Female", "selfSignature": "hello", "level": 7,
		"birthday": 20000101, "allowType": "AllowType_Type_DenyAny",
	}, &set)
	if set.Profile.UpdatedAt < began {
		t.Errorf("updated at %d", set.Profile.UpdatedAt)
	}
	set.Profile.UpdatedAt = 0
	want := about{"alice", "Alice", "https://h/a.png", "Gender_Type_Female", "hello", "AllowType_Type_DenyAny", 7, 20000101, 0}
	if set.Profile != want {
		t.Errorf("%+v", set.Profile)
	}
	phone.say("hi", 1) // the other device knows nothing of it
	if m := bob.messages(1)[0]; m.Nick != "Alice" {
		t.Errorf("spoke as %q", m.Nick)
	}
	for {
		items := bob.batch()
		if items[0].Event == "member" {
			if string(items[0].Data) != `{"user":"alice","nick":"Alice","avatar":"https://h/a.png"}` {
				t.Errorf("%s", items[0].Data)
			}
			break
		}
	}
	var got struct{ Profiles []about }
	bob.into(object{"op": "getProfiles", "users": []string{"nobody", "bob", "alice"}}, &got)
	if len(got.Profiles) != 2 || got.Profiles[0].User != "bob" || got.Profiles[1].Nick != "Alice" || got.Profiles[1].Level != 7 {
		t.Errorf("%+v", got)
	}
	// What is not named stays.
	alice.into(object{"op": "setProfile", "level": 8}, &set)
	if set.Profile.Nick != "Alice" || set.Profile.SelfSignature != "hello" || set.Profile.Level != 8 {
		t.Errorf("%+v", set.Profile)
	}
}

func TestProfilesThatAreRefused(t *testing.T) {
	d := openChat(t, socket.Config{OpsPerSecond: 1000, OpsBurst: 1000}, chat.Config{TickMin: time.Millisecond, CountEvery: time.Hour, Skeleton: account.Skeleton}, nil)
	if err := d.chat.SetProfile(t.Context(), "demo", chat.Profile{Name: "demo", Owner: "anna"}); err != nil {
		t.Fatal(err)
	}
	guest := d.guest()
	for _, o := range []object{{"op": "setProfile", "nick": "x"}, {"op": "getProfiles", "users": []string{"a"}}} {
		if a := guest.ask(o); a.Code != 10007 {
			t.Errorf("an anonymous guest: %+v", a)
		}
	}
	many := strings.Split(strings.Repeat("u ", 101), " ")
	for i, c := range []struct {
		o     object
		code  int
		field string
	}{
		{object{"op": "setProfile"}, 10004, "nick"},
		{object{"op": "setProfile", "nickname": "x"}, 10004, "nickname"},
		{object{"op": "setProfile", "nick": 7}, 10004, "nick"},
		{object{"op": "setProfile", "level": -1}, 10004, "level"},
		{object{"op": "setProfile", "nick": "Administrator"}, 40005, "nick"},
		{object{"op": "setProfile", "nick": "Аnnа"}, 40005, "nick"}, // the anchor's id, in Cyrillic
		{object{"op": "setProfile", "avatar": "a b"}, 40005, "avatar"},
		{object{"op": "setProfile", "adminForbidType": "AdminForbid_Type_None"}, 40008, "adminForbidType"},
		{object{"op": "setProfile", "gender": "f"}, 40605, "gender"},
		{object{"op": "setProfile", "location": strings.Repeat("x", 17)}, 40601, "location"},
		{object{"op": "getProfiles", "users": many}, 10005, "users"},
		{object{"op": "getProfiles", "users": "alice"}, 10004, "users"},
	} {
		one := d.member(fmt.Sprint("u", i))
		if a := one.ask(c.o); a.Code != c.code || a.Field != c.field || a.Detail == "" {
			t.Errorf("%v: %+v", c.o, a)
		}
	}
	one := d.member("hasty")
	for i := range 5 {
		one.ok(object{"op": "setProfile", "nick": fmt.Sprint("h", i)})
	}
	if a := one.ask(object{"op": "setProfile", "nick": "h"}); a.Code != 10006 || !a.Temporary {
		t.Errorf("%+v", a)
	}
}

func TestAnImportedProfileIsSpokenWithToo(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	alice, bob := d.member("alice"), d.member("bob")
	if _, err := d.accounts.Import(t.Context(), "alice", ptr("Alice"), nil); err != nil {
		t.Fatal(err)
	}
	alice.say("hi", 1)
	if m := bob.messages(1)[0]; m.Nick != "Alice" {
		t.Errorf("spoke as %q", m.Nick)
	}
}
