package socket_test

import (
	"encoding/json"
	"strings"
	"testing"

	"liveroom/web/socket"
)

func TestLikesOverTheSocket(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	stop := background(t, d.likes.Run)
	defer stop()
	bob, anna := d.member("bob"), d.member("anna")
	if a := bob.ok(object{"op": "like", "group": "demo", "count": 3}); a.Accepted != 3 || a.Likes != 3 {
		t.Errorf("accepted: %+v", a)
	}
	m := anna.messages(1)[0]
	if m.Priority != "Low" || m.From != "bob" || !strings.Contains(string(m.Body), `{\"type\":\"like\",\"count\":3}`) {
		t.Errorf("shown: %s of %+v", m.Body, m)
	}
	guest := d.guest()
	for what, tc := range map[string]struct {
		c    *client
		ask  object
		code int
	}{
		"anonymous":   {guest, object{"op": "like", "group": "demo", "count": 1}, 10007},
		"not joined":  {bob, object{"op": "like", "group": "elsewhere", "count": 1}, 10007},
		"without one": {bob, object{"op": "like", "group": "demo"}, 10004},
	} {
		if a := tc.c.ask(tc.ask); a.Code != tc.code || tc.code == 10004 && a.Field != "count" {
			t.Errorf("%s: %+v", what, a)
		}
	}
	for _, count := range []string{"0", "-3", "1001", "0.5", "1.5", "1e308", "1e999", "9223372036854775808", `"5"`, "null", "true", "[1]", "{}"} {
		if a := bob.ask(object{"op": "like", "group": "demo", "count": json.RawMessage(count)}); a.Code != 10004 || a.Field != "count" {
			t.Errorf("count %s: %+v", count, a)
		}
	}
	if a := bob.ok(object{"op": "like", "group": "demo", "count": 1}); a.Likes != 4 {
		t.Errorf("what was refused was counted: %+v", a)
	}
}

func TestFollowsOverTheSocket(t *testing.T) {
	d := open(t, socket.Config{Follows: paperFollows(t)}, nil)
	bob, anna := d.member("bob"), d.member("anna")
	for range 2 { // it is shown once
		if a := bob.ok(object{"op": "follow", "user": "anna", "group": "demo"}); !a.Following || a.Followers != 1 {
			t.Errorf("follow: %+v", a)
		}
	}
	bob.say("and now", 7)
	all := anna.messages(2)
	if m := all[0]; m.Priority != "Low" || m.From != "bob" || !strings.Contains(string(m.Body), `{\"type\":\"follow\",\"user\":\"anna\"}`) {
		t.Errorf("shown: %s of %+v", m.Body, m)
	}
	if m := all[1]; !strings.Contains(string(m.Body), "and now") {
		t.Errorf("shown twice: %s", m.Body)
	}
	guest := d.guest()
	if a := guest.ok(object{"op": "getFollow", "user": "anna"}); a.Following || a.Followers != 1 {
		t.Errorf("anonymous: %+v", a)
	}
	for _, op := range []string{"follow", "unfollow", "following", "followers"} {
		if a := guest.ask(object{"op": op, "user": "anna"}); a.Code != 10007 {
			t.Errorf("anonymous %s: %+v", op, a)
		}
	}
	for what, ask := range map[string]object{
		"nobody": {"op": "follow"}, "an object": {"op": "getFollow", "user": object{}},
		"too long": {"op": "follow", "user": strings.Repeat("x", 33)}, "no limit": {"op": "following", "limit": "x"}, "a number": {"op": "follow", "user": 7}, "no cursor": {"op": "followers", "next": "x"},
	} {
		if a := bob.ask(ask); a.Code != 10004 || a.Field == "" {
			t.Errorf("%s: %+v", what, a)
		}
	}
	for _, op := range []string{"following", "followers"} {
		if a := bob.ask(object{"op": op, "user": "anna"}); a.Code != 10007 || a.Field != "user" {
			t.Errorf("another's %s: %+v", op, a)
		}
		bob.ok(object{"op": op, "user": "bob"})
		d.member("administrator").ok(object{"op": op, "user": "bob"})
	}
}

func TestWhatIsNotOfferedIsSaid(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	bob := d.member("bob")
	for _, op := range []string{"follow", "unfollow", "getFollow", "following", "followers"} {
		if a := bob.ask(object{"op": op, "user": "anna"}); a.Code != 10007 || a.Error != "not_offered" {
			t.Errorf("%s: %+v", op, a)
		}
	}
}

func TestFollowsTooFast(t *testing.T) {
	d := open(t, socket.Config{Follows: paperFollows(t)}, nil)
	bob := d.member("bob")
	a := bob.ok(object{"op": "follow", "user": "anna"})
	for a.Code == 0 {
		a = bob.ask(object{"op": "unfollow", "user": "anna"})
	}
	if a.Error != "follows_too_fast" || !a.Temporary {
		t.Errorf("%+v", a)
	}
}
