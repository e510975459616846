// Package filetest holds what every file.Store and file.Blobs must do. The real ones and those of memory pass the same
// suites.
package filetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"liveroom/chat/file"
)

var born = time.Date(2026, 11, 21, 6, 0, 0, 123e6, time.UTC)

// picture is a record of group g, made so long after born.
func picture(g string, after time.Duration) file.Info {
	return file.Info{
		ID: file.NewID(), Group: g, User: "alice", Kind: file.Image, Name: "照片 1.png", Type: "image/png", Size: 1000, Node: "n1",
		CreatedAt: born.Add(after),
	}
}

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) file.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s file.Store)
	}{
		{"an empty store has nothing", empty},
		{"a record is added once and found whole", addFind},
		{"a withdrawn record stays, and counts no more", withdraw},
		{"of some who withdraw a file at once one is told", race},
		{"the oldest come first, and no more than asked", old},
		{"files go by group", groups},
		{"what a message shows is known until it is deleted", shown},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func add(t *testing.T, s file.Store, files ...file.Info) {
	t.Helper()
	for _, f := range files {
		if err := s.AddFile(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(files ...file.Info) (ids []string) {
	for _, f := range files {
		ids = append(ids, f.ID)
	}
	return ids
}

func usage(t *testing.T, s file.Store, files int, size int64) {
	t.Helper()
	if n, b, err := s.FilesUsage(t.Context()); n != files || b != size || err != nil {
		t.Errorf("usage: %d files, %d bytes, %v; want %d, %d", n, b, err, files, size)
	}
}

func empty(t *testing.T, s file.Store) {
	id, ctx := file.NewID(), t.Context()
	if _, err := s.File(ctx, id); !errors.Is(err, file.ErrUnknown) {
		t.Errorf("File: %v", err)
	}
	if gone, err := s.WithdrawFiles(ctx, []string{id}); len(gone) > 0 || err != nil {
		t.Errorf("WithdrawFiles: %v, %v", gone, err)
	}
	if err := s.DeleteFiles(ctx, []string{id}); err != nil {
		t.Errorf("DeleteFiles: %v", err)
	}
	if all, err := s.OldFiles(ctx, born, 10); len(all) > 0 || err != nil {
		t.Errorf("OldFiles: %v, %v", all, err)
	}
	if all, err := s.GroupFiles(ctx, "g", born, 10); len(all) > 0 || err != nil {
		t.Errorf("GroupFiles: %v, %v", all, err)
	}
	if all, err := s.FileGroups(ctx); len(all) > 0 || err != nil {
		t.Errorf("FileGroups: %v, %v", all, err)
	}
	if err := s.ShowFiles(ctx, "g", 1, file.Shown{From: "a", IDs: []string{id}}); err != nil {
		t.Errorf("ShowFiles: %v", err)
	}
	if got, err := s.FilesShown(ctx, "g", 1); len(got.IDs) > 0 || err != nil {
		t.Errorf("FilesShown: %v, %v", got, err)
	}
	usage(t, s, 0, 0)
	since, err := s.FilesSince(ctx)
	if again, err2 := s.FilesSince(ctx); err != nil || err2 != nil || !again.Equal(since) || since.After(time.Now().Add(time.Minute)) {
		t.Errorf("FilesSince: %v, %v, then %v, %v", since, err, again, err2)
	}
}

func addFind(t *testing.T, s file.Store) {
	a, b := picture("g", 0), picture("", time.Second)
	add(t, s, a, b)
	for _, want := range []file.Info{a, b} {
		if got, err := s.File(t.Context(), want.ID); err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	twice := a
	twice.User = "mallory"
	if err := s.AddFile(t.Context(), twice); !errors.Is(err, file.ErrTaken) {
		t.Errorf("added twice: %v", err)
	}
	if got, _ := s.File(t.Context(), a.ID); got != a {
		t.Errorf("the second replaced the first: %+v", got)
	}
	usage(t, s, 2, 2000)
}

func withdraw(t *testing.T, s file.Store) {
	a, b, c := picture("g", 0), picture("g", time.Second), picture("g", 2*time.Second)
	add(t, s, a, b, c)
	gone, err := s.WithdrawFiles(t.Context(), []string{a.ID, file.NewID(), b.ID, a.ID})
	if err != nil || !slices.Equal(ids(gone...), []string{a.ID, b.ID}) || !gone[0].Withdrawn {
		t.Fatalf("%+v, %v", gone, err)
	}
	if gone, err := s.WithdrawFiles(t.Context(), []string{a.ID, c.ID}); err != nil || !slices.Equal(ids(gone...), []string{c.ID}) {
		t.Errorf("again: %+v, %v", gone, err)
	}
	a.Withdrawn = true
	if got, err := s.File(t.Context(), a.ID); err != nil || got != a {
		t.Errorf("%+v, %v", got, err)
	}
	if err := s.AddFile(t.Context(), a); !errors.Is(err, file.ErrTaken) {
		t.Errorf("added again: %v", err)
	}
	usage(t, s, 0, 0)
}

// race: who withdraws removes the bytes, and says so; that must be one.
func race(t *testing.T, s file.Store) {
	f := picture("g", 0)
	add(t, s, f)
	const rivals = 8
	ctx := context.WithoutCancel(t.Context())
	told := make(chan int, rivals)
	for range rivals {
		go func() {
			gone, err := s.WithdrawFiles(ctx, []string{f.ID})
			if err != nil {
				t.Error(err)
			}
			told <- len(gone)
		}()
	}
	n := 0
	for range rivals {
		n += <-told
	}
	if n != 1 {
		t.Errorf("%d of %d were told", n, rivals)
	}
	usage(t, s, 0, 0)
}

func old(t *testing.T, s file.Store) {
	var all []file.Info
	for i := range 5 {
		all = append(all, picture([]string{"g", ""}[i%2], time.Duration(i)*time.Hour))
	}
	add(t, s, all[3], all[0], all[4], all[1], all[2])
	if got, err := s.OldFiles(t.Context(), all[3].CreatedAt, 10); err != nil || !slices.Equal(got, all[:3]) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := s.OldFiles(t.Context(), all[3].CreatedAt, 2); err != nil || !slices.Equal(got, all[:2]) {
		t.Errorf("two: %v, %v", got, err)
	}
	if err := s.DeleteFiles(t.Context(), ids(all[0], all[2])); err != nil {
		t.Fatal(err)
	}
	if got, err := s.OldFiles(t.Context(), born.Add(24*time.Hour), 10); err != nil || !slices.Equal(ids(got...), ids(all[1], all[3], all[4])) {
		t.Errorf("after a deletion: %v, %v", got, err)
	}
	if _, err := s.File(t.Context(), all[0].ID); !errors.Is(err, file.ErrUnknown) {
		t.Errorf("deleted: %v", err)
	}
	usage(t, s, 3, 3000)
}

func groups(t *testing.T, s file.Store) {
	a, b, c, d := picture("g", 0), picture("g", time.Hour), picture("g1", 0), picture("", 0)
	add(t, s, a, b, c, d)
	all, err := s.FileGroups(t.Context())
	if slices.Sort(all); err != nil || !slices.Equal(all, []string{"g", "g1"}) {
		t.Errorf("groups %v, %v", all, err)
	}
	if got, err := s.GroupFiles(t.Context(), "g", born.Add(time.Minute), 10); err != nil || !slices.Equal(ids(got...), ids(a)) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := s.GroupFiles(t.Context(), "g", born.Add(2*time.Hour), 1); err != nil || len(got) != 1 {
		t.Errorf("one: %v, %v", got, err)
	}
	if err := s.DeleteFiles(t.Context(), ids(a, b)); err != nil {
		t.Fatal(err)
	}
	if all, err := s.FileGroups(t.Context()); err != nil || !slices.Equal(all, []string{"g1"}) {
		t.Errorf("after a deletion: %v, %v", all, err)
	}
}

func shown(t *testing.T, s file.Store) {
	ctx := t.Context()
	a, b, other := picture("g", 0), picture("g", 0), picture("h", 0)
	add(t, s, a, b, other)
	for seq := uint64(1); seq <= 2; seq++ {
		if err := s.ShowFiles(ctx, "g", seq, file.Shown{From: "alice", IDs: []string{a.ID, other.ID, b.ID, file.NewID()}}); err != nil {
			t.Fatal(err)
		}
	}
	is := func(what, group string, seq uint64, want ...string) {
		t.Helper()
		got, err := s.FilesShown(ctx, group, seq)
		if err != nil || !slices.Equal(got.IDs, want) || (len(want) > 0) != (got.From == "alice") {
			t.Errorf("%s: message %d of %s shows %+v, %v; want %v", what, seq, group, got, err, want)
		}
	}
	is("noted", "g", 1, a.ID, b.ID)
	is("noted", "g", 2, a.ID, b.ID)
	is("noted", "h", 1)
	if err := s.DeleteFiles(ctx, []string{a.ID}); err != nil {
		t.Fatal(err)
	}
	is("one deleted", "g", 1, b.ID)
	if err := s.DeleteFiles(ctx, []string{b.ID}); err != nil {
		t.Fatal(err)
	}
	is("both deleted", "g", 1)
	is("both deleted", "g", 2)
}

// Shared is what a file.Shared must do as well.
func Shared(t *testing.T, s file.Shared) {
	a, b, c := file.NewID(), file.NewID(), file.NewID()
	is := func(id string, want bool) {
		t.Helper()
		if early, err := s.ShownEarly(t.Context(), id); err != nil || early != want {
			t.Errorf("shown early: %v, %v; want %v", early, err, want)
		}
	}
	is(a, false)
	for range 2 {
		if err := s.ShowEarly(t.Context(), []string{a, b}, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	is(a, true)
	is(b, true)
	is(c, false)
}
