package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"liveroom/chat"
)

func TestMarkedMembersAreListedByMark(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour, MemberList: 2}, chat.NewMemory())
	create(t, s, "r")
	sessions := map[string]*session{}
	for _, user := range []string{"ann", "bob", "cid", "dan"} {
		sessions[user], _ = join(t, s, "r", user)
	}
	listed := func(mark uint32) []string {
		t.Helper()
		var page []chat.Member
		var err error
		if mark == 0 {
			page, _, err = s.Members(t.Context(), "r", admin, "", 0)
		} else {
			page, _, err = s.Marked(t.Context(), "r", admin, mark, "", 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		return names(page)
	}
	done, err := s.Mark(t.Context(), "r", named("owner"), true, []chat.MemberMarks{
		{User: "ann", Marks: []uint32{1000, 1001}}, {User: "nobody", Marks: []uint32{1000}}, {User: "cid", Marks: []uint32{1000, chat.MarkHidden}},
	})
	if err != nil || len(done) != 2 || done[0].User != "ann" || done[1].User != "cid" {
		t.Fatalf("marked %+v, %v", done, err)
	}
	for mark, want := range map[uint32][]string{
		1000: {"cid", "ann"}, // also who is hidden, and beyond Config.MemberList
		1001: {"ann"}, 1002: nil, chat.MarkHidden: {"cid"}, chat.MarkRobot: nil, 0: {"dan", "bob"},
	} {
		if got := listed(mark); !slices.Equal(got, want) {
			t.Errorf("with mark %d: %v, want %v", mark, got, want)
		}
	}
	page, next, err := s.Marked(t.Context(), "r", admin, 1000, "", 1)
	if err != nil || next == "" || !slices.Equal(names(page), []string{"cid"}) {
		t.Errorf("the first page: %v, %q, %v", names(page), next, err)
	}
	if page, next, err = s.Marked(t.Context(), "r", admin, 1000, next, 1); err != nil || next != "" || !slices.Equal(names(page), []string{"ann"}) {
		t.Errorf("the second page: %v, %q, %v", names(page), next, err)
	}
	if _, err := s.Mark(t.Context(), "r", admin, false, []chat.MemberMarks{{User: "ann", Marks: []uint32{1000}}, {User: "cid", Marks: []uint32{chat.MarkHidden}}}); err != nil {
		t.Fatal(err)
	}
	if got := [][]string{listed(1000), listed(1001), listed(0)}; fmt.Sprint(got) != "[[cid] [ann] [dan cid]]" {
		t.Errorf("without some of them: %v", got)
	}
	// Another device keeps the marks, leaving with the last ends them.
	phone := newSession("phone")
	enter(t, s, "r", named("ann"), phone)
	s.Leave("r", sessions["ann"])
	if got := listed(1001); !slices.Equal(got, []string{"ann"}) {
		t.Errorf("on her phone: %v", got)
	}
	s.Leave("r", phone)
	join(t, s, "r", "ann")
	if got := listed(1001); got != nil {
		t.Errorf("when she comes back: %v", got)
	}
}

func TestLimitsOfMarks(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	create(t, s, "r")
	for i := range 1001 {
		join(t, s, "r", fmt.Sprint("u", i))
	}
	some := func(n int, marks ...uint32) (all []chat.MemberMarks) {
		for i := range n {
			all = append(all, chat.MemberMarks{User: fmt.Sprint("u", i), Marks: marks})
		}
		return all
	}
	ten := []uint32{1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 4294967295}
	for _, tc := range []struct {
		name    string
		by      chat.Identity
		members []chat.MemberMarks
		want    error
	}{
		{"a member", named("u1"), some(1, 1000), chat.ErrPermission},
		{"robots by the owner", named("owner"), some(1, chat.MarkRobot), chat.ErrPermission},
		{"nobody", admin, nil, chat.ErrParameter},
		{"no marks", admin, some(1), chat.ErrParameter},
		{"a mark that is none", admin, some(1, 999), chat.ErrParameter},
		{"501 at once", admin, some(501, 1000), chat.ErrTooManyUsers},
		{"no user id", admin, []chat.MemberMarks{{User: "a b", Marks: ten}}, chat.ErrParameter},
		{"none of them there", admin, []chat.MemberMarks{{User: "x", Marks: ten}, {User: "y", Marks: ten}}, chat.ErrParameter},
		{"ten marks", admin, some(500, ten...), nil},
		{"an eleventh", admin, some(1, 2000), chat.ErrTooManyMarks},
		{"the special ones", admin, some(1, chat.MarkHidden, chat.MarkRobot), nil},
	} {
		if _, err := s.Mark(t.Context(), "r", tc.by, true, tc.members); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	all := some(1001, 1000)
	if _, err := s.Mark(t.Context(), "r", admin, true, all[500:1000]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Mark(t.Context(), "r", admin, true, all[1000:]); !errors.Is(err, chat.ErrTooManyMarks) {
		t.Errorf("the 1001st with a mark: %v", err)
	}
	if _, err := s.Mark(t.Context(), "r", admin, false, some(500, 1001)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Mark(t.Context(), "r", admin, true, some(1, 2000)); err != nil {
		t.Errorf("another mark, when one is gone: %v", err)
	}
}
