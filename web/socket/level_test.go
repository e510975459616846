package socket_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"liveroom/chat/level"
	"liveroom/status"
	"liveroom/web/socket"
)

// ranks are levels of a test; they may be away.
type ranks struct {
	cards map[string]level.Card
	away  atomic.Bool
}

func (r *ranks) Card(_ context.Context, user string) (level.Card, error) {
	c := r.cards[user]
	c.User = user
	if r.away.Load() {
		return c, errors.Join(errors.New("redis"), status.ErrUnavailable)
	}
	return c, nil
}

func (r *ranks) Standings(_ context.Context, users []string) map[string]level.Standing {
	all := map[string]level.Standing{}
	for _, user := range users {
		all[user] = r.cards[user].Standing
	}
	return all
}

// rank is the answer to getLevel.
type rank struct {
	Code                    int
	Error, Field            string
	User, Badge, Membership string
	Level                   int
	Score, Next             int64
}

func TestLevelsAreAnswered(t *testing.T) {
	of := &ranks{cards: map[string]level.Card{
		"bob": {Score: 120, Next: 300, Standing: level.Standing{Level: 2, Badge: "gold"}, Member: level.Member{Tier: "vip"}},
	}}
	d := open(t, socket.Config{Levels: of}, nil)
	bob, guest := d.member("bob"), d.guest()
	want := rank{User: "bob", Badge: "gold", Membership: "vip", Level: 2, Score: 120, Next: 300}
	for _, ask := range []struct {
		by *client
		o  object
	}{{bob, object{"op": "getLevel"}}, {guest, object{"op": "getLevel", "user": "bob"}}} {
		var got rank
		if ask.by.into(ask.o, &got); got != want {
			t.Errorf("%v: %+v, want %+v", ask.o, got, want)
		}
	}
	for _, bad := range []any{"", "a b", 7} {
		if a := bob.ask(object{"op": "getLevel", "user": bad}); a.Code != 10004 || a.Field != "user" {
			t.Errorf("of %v: %+v", bad, a)
		}
	}
	var list struct {
		Members []struct {
			User, Badge string
			Level       int
		}
	}
	if bob.into(object{"op": "members", "group": "demo"}, &list); len(list.Members) != 1 || list.Members[0].Level != 2 || list.Members[0].Badge != "gold" {
		t.Errorf("members %+v", list)
	}
	of.away.Store(true)
	if a := bob.ask(object{"op": "getLevel"}); a.Code != 10002 || a.Error != "store_unavailable" {
		t.Errorf("while the store is away: %+v", a)
	}
}

func TestAServerWithoutLevels(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	if a := d.member("bob").ask(object{"op": "getLevel"}); a.Error != "not_offered" {
		t.Errorf("%+v", a)
	}
}
