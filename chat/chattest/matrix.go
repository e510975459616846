package chattest

import (
	"context"
	"testing"
	"time"

	"liveroom/chat"
)

// Kind is what somebody is in a group, as the matrix of permissions has it.
type Kind int

// Kinds of people, from those who may least.
const (
	Anonymous Kind = iota
	Guest
	Member
	Admin
	Owner
	Server // an application administrator
	kinds
)

// Person is somebody who acts in the matrix or is acted on.
type Person struct {
	Kind Kind
	User string
}

// Cast are two of each kind, but for the owner. Doors that know fewer kinds leave some out.
func Cast() []Person {
	return []Person{
		{Anonymous, "anon_1"},
		{Anonymous, "anon_2"},
		{Guest, "guest_1"},
		{Guest, "guest_2"},
		{Member, "mia"},
		{Member, "max"},
		{Admin, "adam"},
		{Admin, "ada"},
		{Owner, "olga"},
		{Server, chat.Administrator},
		{Server, "root"},
	}
}

// Acts of moderation, as each door must offer them.
const (
	ActMute   = "mute"
	ActUnmute = "unmute"
	ActKick   = "kick"
	ActBan    = "ban"
	ActUnban  = "unban"
	ActRaise  = "raise" // to administrator
	ActLower  = "lower" // to member
	ActMutes  = "mutes"
	ActBans   = "bans"
)

// outcomes of an act on somebody else, rows by who acts, columns by on whom.
const (
	y = ""              // done
	p = "no_permission" // refused
	b = "bad_parameter" // makes no sense
)

var onUser = [kinds][kinds]string{
	//           anon guest memb admin owner server
	Anonymous: {p, p, p, p, p, p},
	Guest:     {p, p, p, p, p, p},
	Member:    {p, p, p, p, p, p},
	Admin:     {y, y, y, p, p, p},
	Owner:     {y, y, y, y, p, p},
	Server:    {y, y, y, y, y, p},
}

var onRole = [kinds][kinds]string{
	Anonymous: {p, p, p, p, p, p},
	Guest:     {p, p, p, p, p, p},
	Member:    {p, p, p, p, p, p},
	Admin:     {p, p, p, p, p, p},
	Owner:     {b, b, y, y, p, p},
	Server:    {b, b, y, y, p, p},
}

// expected is the name of the refusal of an act, empty if it is done.
func expected(act string, by, on Person) string {
	switch act {
	case ActMutes, ActBans:
		return map[bool]string{true: y, false: p}[by.Kind >= Admin]
	case ActRaise, ActLower:
		if by == on && by.Kind >= Owner {
			return b
		}
		return onRole[by.Kind][on.Kind]
	default:
		if by == on && by.Kind >= Admin {
			return b
		}
		return onUser[by.Kind][on.Kind]
	}
}

// Permissions tries every act of every one of the cast on every one through a door, and compares with the table. Do acts
// in the group "matrix" and answers the name of the refusal, empty if there was none. Rooms is the chat behind the door;
// the matrix makes its group there and puts all in order again after each act.
func Permissions(t *testing.T, rooms *chat.Service, cast []Person, do func(act string, by, on Person) string) {
	t.Helper()
	ctx := t.Context()
	if err := rooms.Create(ctx, chat.Group{ID: "matrix", Room: "matrix", Owner: "olga"}); err != nil {
		t.Fatal(err)
	}
	profile := chat.Profile{Owner: "olga", Admins: []string{"adam", "ada"}}
	if err := rooms.SetProfile(ctx, "matrix", profile); err != nil {
		t.Fatal(err)
	}
	for _, act := range []string{ActMute, ActUnmute, ActKick, ActBan, ActUnban, ActRaise, ActLower, ActMutes, ActBans} {
		for _, by := range cast {
			for _, on := range cast {
				want := expected(act, by, on)
				if got := do(act, by, on); got != want {
					t.Errorf("%s of %s by %s: %q, want %q", act, on.User, by.User, got, want)
				}
				if want == y {
					restore(t, rooms, profile, on.User)
				}
			}
		}
	}
	for name, list := range map[string]func(context.Context, string, chat.Identity, string, int) ([]chat.Sanction, string, error){"mutes": rooms.Mutes, "bans": rooms.Bans} {
		if left, _, err := list(ctx, "matrix", server, "", 0); err != nil || len(left) != 0 {
			t.Errorf("%s: %v, %v; a refused act had an effect", name, left, err)
		}
	}
}

var server = chat.Identity{User: chat.Administrator, Admin: true}

// restore undoes an act on a user.
func restore(t *testing.T, rooms *chat.Service, profile chat.Profile, user string) {
	t.Helper()
	ctx := t.Context()
	if err := rooms.SetProfile(ctx, "matrix", profile); err != nil {
		t.Fatal(err)
	}
	if user == server.User || user == "root" {
		return // nobody can have done anything
	}
	if _, err := rooms.Mute(ctx, "matrix", server, user, 0, ""); err != nil {
		t.Fatal(err)
	}
	if err := rooms.Unban(ctx, "matrix", server, []string{user}); err != nil {
		t.Fatal(err)
	}
}

// Act does an act of the matrix at the chat itself.
func Act(ctx context.Context, rooms *chat.Service, by chat.Identity, act, user string) (err error) {
	switch act {
	case ActMute:
		_, err = rooms.Mute(ctx, "matrix", by, user, time.Hour, "")
	case ActUnmute:
		_, err = rooms.Mute(ctx, "matrix", by, user, 0, "")
	case ActKick:
		err = rooms.Kick(ctx, "matrix", by, []string{user}, "")
	case ActBan:
		_, err = rooms.Ban(ctx, "matrix", by, chat.Ban{Users: []string{user}, For: time.Hour})
	case ActUnban:
		err = rooms.Unban(ctx, "matrix", by, []string{user})
	case ActRaise:
		err = rooms.SetRole(ctx, "matrix", by, user, chat.RoleAdmin)
	case ActLower:
		err = rooms.SetRole(ctx, "matrix", by, user, chat.RoleMember)
	case ActMutes:
		_, _, err = rooms.Mutes(ctx, "matrix", by, "", 0)
	default: // ActBans
		_, _, err = rooms.Bans(ctx, "matrix", by, "", 0)
	}
	return err
}
