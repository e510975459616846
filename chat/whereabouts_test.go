package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"liveroom/chat"
)

func TestOnWhichPlatformsUsersAre(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	phone := signIn(t, s, on("vera", "iOS", "1"))
	signIn(t, s, on("vera", "Web", "2"))
	signIn(t, s, on("vera", "Web", "3"))
	signIn(t, s, on("otto", "Android", "1"))
	got, err := s.OnlinePlatforms(t.Context(), []string{"otto", "nobody", "vera"})
	if err != nil || len(got) != 2 || !slices.Equal(got["vera"], []string{"iOS", "Web"}) || !slices.Equal(got["otto"], []string{"Android"}) {
		t.Errorf("online are %v", got)
	}
	s.SignOut("vera", phone, chat.SignOutClosed)
	if got, err := s.OnlinePlatforms(t.Context(), []string{"vera"}); err != nil || !slices.Equal(got["vera"], []string{"Web"}) {
		t.Errorf("without the phone %v", got)
	}
}

func TestWhichGroupsAUserIsIn(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour, OneRoom: chat.OneRoomNever}, chat.NewMemory())
	for _, group := range []string{"tea", "cake", "pie"} {
		create(t, s, group)
	}
	sess, _ := join(t, s, "tea", "owner")
	join(t, s, "cake", "owner")
	enter(t, s, "cake", named("owner"), newSession("phone"))
	join(t, s, "pie", "vera")
	joined := func(user string) []chat.Membership {
		t.Helper()
		all, err := s.JoinedGroups(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	all := joined("owner")
	if len(all) != 2 || all[0].Group != "cake" || all[1].Group != "tea" || all[0].Role != chat.RoleOwner || time.Since(all[0].JoinedAt) > time.Minute {
		t.Fatalf("the owner is in %+v", all)
	}
	s.Leave("tea", sess)
	if err := s.Dismiss(t.Context(), "pie"); err != nil {
		t.Fatal(err)
	}
	if one, none := joined("owner"), append(joined("vera"), joined("nobody")...); len(one) != 1 || one[0].Group != "cake" || len(none) != 0 {
		t.Errorf("the owner is in %+v, others in %+v", one, none)
	}
}

func TestWhoOfSomeIsThere(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour, MemberList: 2}, chat.NewMemory())
	create(t, s, "r")
	for i := range 5 {
		join(t, s, "r", fmt.Sprint("u", i))
	}
	there, err := s.Present(t.Context(), "r", []string{"u4", "bob", "u0", "u4"})
	if err != nil || !slices.Equal(there, []string{"u4", "u0"}) {
		t.Errorf("there are %v, %v", there, err)
	}
	if _, err := s.Present(t.Context(), "gone", []string{"u4"}); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("in a group that is not: %v", err)
	}
}
