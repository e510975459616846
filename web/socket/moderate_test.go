package socket_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/chattest"
	"liveroom/web/socket"
)

// owner dials, signs in as the owner of a group tea of his own and joins it.
func (d *door) owner() *client {
	d.t.Helper()
	d.group("tea", "olga")
	return d.enter("tea", "olga")
}

// enter dials, signs in, as a guest if user is empty, and joins a group.
func (d *door) enter(group, user string) *client {
	d.t.Helper()
	c := d.dial()
	login := object{"op": "auth"}
	if user != "" {
		login["userId"], login["userSig"] = user, d.sig(user)
	}
	c.ok(login)
	c.ok(object{"op": "join", "group": group})
	return c
}

// await reads pushes until one is of a kind, or an event of a kind.
func (c *client) await(kind string) push {
	c.t.Helper()
	for {
		p := c.push()
		if p.Push == kind {
			return p
		}
		for _, it := range p.Items {
			if it.Event == kind {
				p.Items = []item{it}
				return p
			}
		}
	}
}

// refused asks and expects a refusal.
func (c *client) refused(o object, name, field string) answer {
	c.t.Helper()
	a := c.ask(o)
	if a.Error != name || a.Field != field {
		c.t.Fatalf("%v: %+v, want %s of %q", o, a, name, field)
	}
	return a
}

// muteAll sets or lifts it; the answer is not of the usual form.
func (c *client) muteAll(on bool) {
	c.t.Helper()
	id := c.write(object{"op": "setGroup", "group": "tea", "muteAll": on})
	for o := c.raw(); o["reply"] == nil; o = c.raw() {
		if o["reply"] == float64(id) && o["code"] != 0.0 {
			c.t.Fatalf("setGroup: %v", o)
		}
	}
}

// TestAnAddressBanEmptiesTheNetwork: all of the tests' clients come from one address.
func TestAnAddressBanEmptiesTheNetwork(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	olga := d.owner()
	olga.ok(object{"op": "setRole", "group": "tea", "user": "adam", "role": "Admin"})
	adam, vera, tab, friend, guest := d.enter("tea", "adam"), d.enter("tea", "vera"), d.enter("tea", "vera"), d.enter("tea", "friend"), d.enter("tea", "")

	ban := olga.ok(object{"op": "ban", "group": "tea", "users": []string{"vera"}, "seconds": 3600, "reason": "spam", "address": true})
	if left := time.Until(time.Unix(ban.Until, 0)); left < 3590*time.Second || left > 3602*time.Second {
		t.Errorf("banned until %v", ban.Until)
	}
	for name, c := range map[string]*client{"vera": vera, "her tab": tab, "a friend": friend, "a guest": guest} {
		if p := c.await("left"); p.Group != "tea" || p.Reason != "banned" || p.By != "olga" || p.Detail != "spam" || p.Until != ban.Until {
			t.Errorf("%s was told %+v", name, p)
		}
		if a := c.refused(object{"op": "join", "group": "tea"}, "banned", ""); a.Code != 10007 || a.Until != ban.Until || a.Temporary {
			t.Errorf("%s came back: %+v", name, a)
		}
		c.refused(object{"op": "history", "group": "tea"}, "not_joined", "group")
		c.ok(object{"op": "join", "group": "demo"})
	}
	if n := d.chat.Count("tea").Members; n != 2 {
		t.Errorf("%d are left, want the owner and the administrator", n)
	}
	adam.ok(object{"op": "leave", "group": "tea"})
	adam.ok(object{"op": "join", "group": "tea"})
	if a := adam.ok(object{"op": "bans", "group": "tea"}); len(a.Bans) != 1 || a.Bans[0].User != "vera" || a.Bans[0].Addresses != 1 || a.Bans[0].Reason != "spam" || a.Bans[0].By != "olga" {
		t.Errorf("bans: %+v", a.Bans)
	}
	fresh := d.dial()
	fresh.ok(object{"op": "auth"})
	fresh.refused(object{"op": "join", "group": "tea"}, "banned", "")
	adam.ok(object{"op": "unban", "group": "tea", "users": []string{"vera"}})
	for _, c := range []*client{fresh, vera, friend} {
		c.ok(object{"op": "join", "group": "tea"})
	}
}

// TestAMutedMemberIsToldWhenHeMaySpeak: by the event, by the refusal, and when he joins.
func TestAMutedMemberIsToldWhenHeMaySpeak(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	olga := d.owner()
	vera := d.enter("tea", "vera")
	until := olga.ok(object{"op": "mute", "group": "tea", "user": "vera", "seconds": 600}).Until
	if e := vera.await("mute").Items[0]; !strings.Contains(string(e.Data), `"user":"vera"`) {
		t.Errorf("event %s", e.Data)
	}
	say := object{"op": "send", "group": "tea", "random": 7, "body": text("hi")}
	if a := vera.refused(say, "muted", ""); a.Code != 10017 || a.Until != until {
		t.Errorf("refused with %+v, want until %d", a, until)
	}
	phone := d.dial()
	phone.ok(object{"op": "auth", "userId": "vera", "userSig": d.sig("vera"), "platform": "Android"})
	if a := phone.ok(object{"op": "join", "group": "tea"}); a.Mute.Until != until || a.Mute.All {
		t.Errorf("another device is told %+v", a.Mute)
	}
	olga.muteAll(true)
	wim := d.dial()
	wim.ok(object{"op": "auth", "userId": "wim", "userSig": d.sig("wim")})
	if a := wim.ok(object{"op": "join", "group": "tea"}); !a.Mute.All || a.Mute.Until != 0 {
		t.Errorf("who comes is told %+v", a.Mute)
	}
	wim.refused(say, "muted_all", "")
	olga.ok(object{"op": "mute", "group": "tea", "user": "vera", "seconds": 0})
	if a := vera.refused(say, "muted_all", ""); a.Until != 0 {
		t.Errorf("muted_all until %d", a.Until)
	}
	olga.ok(object{"op": "send", "group": "tea", "random": 1, "body": text("quiet, please")})
	olga.muteAll(false)
	vera.ok(say)
}

func TestActsThatCannotBe(t *testing.T) {
	d := open(t, socket.Config{OpsBurst: 1000}, nil)
	olga := d.owner()
	many := make([]string, 101)
	for i := range many {
		many[i] = "u" + strings.Repeat("x", i%20)
	}
	for _, tc := range []struct {
		name, error, field string
		o                  object
	}{
		{"no length", "bad_parameter", "seconds", object{"op": "mute", "user": "bob"}},
		{"negative", "bad_parameter", "seconds", object{"op": "mute", "user": "bob", "seconds": -1}},
		{"longer than forever", "bad_parameter", "seconds", object{"op": "mute", "user": "bob", "seconds": 4294967296}},
		{"overflowing", "bad_parameter", "seconds", object{"op": "ban", "users": []string{"bob"}, "seconds": 9223372036854775807}},
		{"a text", "bad_parameter", "seconds", object{"op": "mute", "user": "bob", "seconds": "60"}},
		{"half a second", "bad_parameter", "seconds", object{"op": "mute", "user": "bob", "seconds": 0.5}},
		{"a ban of no length", "bad_parameter", "seconds", object{"op": "ban", "users": []string{"bob"}, "seconds": 0}},
		{"nobody", "bad_parameter", "user", object{"op": "mute", "user": "", "seconds": 1}},
		{"no user id", "bad_parameter", "user", object{"op": "mute", "user": "a b", "seconds": 1}},
		{"a long user id", "bad_parameter", "users", object{"op": "kick", "users": []string{strings.Repeat("x", 33)}}},
		{"no users", "bad_parameter", "users", object{"op": "kick"}},
		{"too many users", "too_many_users", "users", object{"op": "unban", "users": many}},
		{"users is a text", "bad_parameter", "users", object{"op": "kick", "users": "bob"}},
		{"a long reason", "bad_parameter", "reason", object{"op": "kick", "users": []string{"bob"}, "reason": strings.Repeat("x", 1001)}},
		{"oneself", "bad_parameter", "user", object{"op": "ban", "users": []string{"bob", "olga"}, "seconds": 1}},
		{"another role", "bad_parameter", "role", object{"op": "setRole", "user": "bob", "role": "Owner"}},
		{"a long page", "bad_parameter", "limit", object{"op": "mutes", "limit": 501}},
		{"a negative page", "bad_parameter", "limit", object{"op": "bans", "limit": -1}},
		{"no group", "no_such_group", "", object{"op": "kick", "users": []string{"bob"}, "group": "nowhere"}},
	} {
		if tc.o["group"] == nil {
			tc.o["group"] = "tea"
		}
		t.Run(tc.name, func(t *testing.T) { olga.refused(tc.o, tc.error, tc.field) })
	}
	if a := olga.ok(object{"op": "bans", "group": "tea"}); len(a.Bans) != 0 {
		t.Errorf("a refused act had an effect: %+v", a.Bans)
	}
	stranger := d.dial()
	stranger.refused(object{"op": "kick", "group": "tea", "users": []string{"olga"}}, "not_authenticated", "")
	stranger.ok(object{"op": "auth"})
	for _, op := range []string{"mute", "kick", "ban", "unban", "setRole", "mutes", "bans"} {
		stranger.refused(object{"op": op, "group": "tea", "user": "bob", "users": []string{"bob"}, "seconds": 60, "role": "Admin"}, "no_permission", "")
	}
}

// TestListsComeInPages, in the order of the users.
func TestListsComeInPages(t *testing.T) {
	d := open(t, socket.Config{OpsBurst: 1000}, nil)
	olga := d.owner()
	users := []string{"ann", "bob", "cem", "dan", "eve"}
	for _, u := range users {
		olga.ok(object{"op": "mute", "group": "tea", "user": u, "seconds": 60})
	}
	var got []string
	next := ""
	for page := 0; page == 0 || next != ""; page++ {
		a := olga.ok(object{"op": "mutes", "group": "tea", "limit": 2, "next": next})
		for _, m := range a.Mutes {
			got = append(got, m.User)
		}
		next = a.Next
	}
	if strings.Join(got, " ") != strings.Join(users, " ") {
		t.Errorf("pages hold %v", got)
	}
}

// TestWhoMayDoWhatToWhom is the table of permissions through this door.
func TestWhoMayDoWhatToWhom(t *testing.T) {
	var accounts *account.Service
	who := func(user string) chat.Identity { return accounts.Known(user) }
	d := openChat(t, socket.Config{OpsPerSecond: 1e6, OpsBurst: 1e6}, chat.Config{TickMin: time.Millisecond, CountEvery: time.Hour, Who: who}, nil)
	accounts = d.accounts
	d.group("matrix", "olga")
	clients := map[string]*client{}
	var cast []chattest.Person
	for _, p := range chattest.Cast() {
		if p.User == "root" {
			continue // no administrator here
		}
		c := d.dial()
		login := object{"op": "auth"}
		switch p.Kind {
		case chattest.Anonymous:
		case chattest.Guest:
			guest, sig, _, err := d.accounts.NewGuest(t.Context(), p.User)
			if err != nil {
				t.Fatal(err)
			}
			p.User, login["userSig"] = guest.User, sig
		default:
			login["userSig"] = d.sig(p.User)
		}
		c.ok(login)
		clients[p.User] = c
		cast = append(cast, p)
	}
	ops := map[string]object{
		chattest.ActMute: {"op": "mute", "seconds": 60}, chattest.ActUnmute: {"op": "mute", "seconds": 0},
		chattest.ActKick: {"op": "kick"}, chattest.ActBan: {"op": "ban", "seconds": 60}, chattest.ActUnban: {"op": "unban"},
		chattest.ActRaise: {"op": "setRole", "role": "Admin"}, chattest.ActLower: {"op": "setRole", "role": "Member"},
		chattest.ActMutes: {"op": "mutes"}, chattest.ActBans: {"op": "bans"},
	}
	chattest.Permissions(t, d.chat, cast, func(act string, by, on chattest.Person) string {
		o := object{"group": "matrix", "user": on.User, "users": []string{on.User}}
		maps.Copy(o, ops[act])
		return clients[by.User].ask(o).Error
	})
}
