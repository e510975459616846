// Package accounttest holds what every account.Store must do. Memory, bbolt and Redis pass the same suite.
package accounttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat/account"
)

var born = time.Date(2026, 11, 21, 6, 0, 0, 123e6, time.UTC)

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) account.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s account.Store)
	}{
		{"unknown users are unknown", unknown},
		{"put creates once, then patches", putTwice},
		{"a patch changes only what it names", patch},
		{"not-before only moves forward", notBefore},
		{"many at once, in the order asked for", many},
		{"pages in the order of ids", pages},
		{"all of a profile is kept", profile},
		{"deleted is gone", deleted},
		{"deleted revokes", deletedRevokes},
		{"others know of a deletion before there is another account", untold},
		{"only old guests are swept, and no more than asked", sweep},
		{"of two creators one creates", race},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func unknown(t *testing.T, s account.Store) {
	ctx, nick := t.Context(), "N"
	if _, err := s.Account(ctx, "nobody"); !errors.Is(err, account.ErrUnknownUser) {
		t.Errorf("Account: %v", err)
	}
	if _, err := s.PatchAccount(ctx, "nobody", account.Patch{Nick: &nick}); !errors.Is(err, account.ErrUnknownUser) {
		t.Errorf("PatchAccount: %v", err)
	}
	if at, err := s.NotBefore(ctx, "nobody"); err != nil || !at.IsZero() {
		t.Errorf("NotBefore: %v, %v", at, err)
	}
	if _, err := s.DeleteAccount(ctx, "nobody", born); !errors.Is(err, account.ErrUnknownUser) {
		t.Errorf("DeleteAccount: %v", err)
	}
	if all, err := s.Accounts(ctx, []string{"nobody"}); err != nil || len(all) != 0 {
		t.Errorf("Accounts: %v, %v", all, err)
	}
}

func putTwice(t *testing.T, s account.Store) {
	ctx, nick := t.Context(), "Alice B."
	first := account.Account{User: "alice", Nick: "Alice", Avatar: "https://h/a.png", CreatedAt: born}
	stored, created, err := s.PutAccount(ctx, first, account.Patch{Nick: &nick})
	if err != nil || !created || stored != first {
		t.Fatalf("first put = %+v, %v, %v", stored, created, err)
	}
	second := account.Account{User: "alice", Nick: "ignored", Guest: true, CreatedAt: born.Add(time.Hour)}
	want := first
	want.Nick = nick
	stored, created, err = s.PutAccount(ctx, second, account.Patch{Nick: &nick})
	if err != nil || created || stored != want {
		t.Fatalf("second put = %+v, %v, %v", stored, created, err)
	}
	is(t, s, want)
}

func patch(t *testing.T, s account.Store) {
	ctx, avatar, empty := t.Context(), "https://h/b.png", ""
	a := put(t, s, account.Account{User: "bob", Nick: "Bob", CreatedAt: born})
	a.Avatar = avatar
	if got, err := s.PatchAccount(ctx, "bob", account.Patch{Avatar: &avatar}); err != nil || got != a {
		t.Fatalf("patched = %+v, %v", got, err)
	}
	a.Nick = ""
	if got, err := s.PatchAccount(ctx, "bob", account.Patch{Nick: &empty}); err != nil || got != a {
		t.Fatalf("emptied = %+v, %v", got, err)
	}
	is(t, s, a)
}

func notBefore(t *testing.T, s account.Store) {
	a := put(t, s, account.Account{User: "carol", CreatedAt: born})
	later, earlier := born.Add(time.Hour), born.Add(time.Minute)
	a.NotBefore = later
	for _, moment := range []time.Time{later, earlier} {
		if got, err := s.PatchAccount(t.Context(), "carol", account.Patch{NotBefore: &moment}); err != nil || got != a {
			t.Fatalf("patched = %+v, %v", got, err)
		}
	}
	is(t, s, a)
}

func many(t *testing.T, s account.Store) {
	var want []account.Account
	for _, u := range []string{"zoe", "amy", "~kim"} {
		want = append(want, put(t, s, account.Account{User: u, CreatedAt: born}))
	}
	got, err := s.Accounts(t.Context(), []string{"zoe", "nobody", "amy", "~kim"})
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("Accounts = %+v, %v", got, err)
	}
}

func pages(t *testing.T, s account.Store) {
	if all, err := s.AccountsAfter(t.Context(), "", 10); err != nil || len(all) != 0 {
		t.Fatalf("of none: %v, %v", all, err)
	}
	for _, u := range []string{"b", "a", "~z", "a.b", "B"} {
		put(t, s, account.Account{User: u, CreatedAt: born})
	}
	for _, tc := range []struct {
		after string
		limit int
		want  []string
	}{
		{"", 2, []string{"B", "a"}},
		{"a", 2, []string{"a.b", "b"}},
		{"b", 2, []string{"~z"}},
		{"aa", 9, []string{"b", "~z"}}, // nobody's id
		{"~z", 9, nil},
	} {
		page, err := s.AccountsAfter(t.Context(), tc.after, tc.limit)
		var got []string
		for _, a := range page {
			got = append(got, a.User)
		}
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%d after %q: %v, %v", tc.limit, tc.after, got, err)
		}
	}
}

func profile(t *testing.T, s account.Store) {
	first := put(t, s, account.Account{User: "fay", CreatedAt: born, About: account.About{Level: 3, Location: "Sendai"}})
	words, numbers := []string{"Gender_Type_Female", "Hello", "Kyoto", "AllowType_Type_DenyAny", "AdminForbid_Type_SendOut"}, []uint32{20000101, 1, 2, 3, 1<<32 - 1}
	at := born.Add(time.Hour)
	all := account.AboutPatch{
		Gender: &words[0], SelfSignature: &words[1], Location: &words[2], AllowType: &words[3], AdminForbidType: &words[4],
		Birthday: &numbers[0], Language: &numbers[1], MessageSettings: &numbers[2], Level: &numbers[3], Role: &numbers[4],
	}
	want := first
	want.UpdatedAt = at
	want.About = account.About{
		Gender: words[0], SelfSignature: words[1], Location: words[2], AllowType: words[3], AdminForbidType: words[4],
		Birthday: numbers[0], Language: numbers[1], MessageSettings: numbers[2], Level: numbers[3], Role: numbers[4],
	}
	if got, err := s.PatchAccount(t.Context(), "fay", account.Patch{About: all, UpdatedAt: &at}); err != nil || got != want {
		t.Fatalf("patched = %+v, %v", got, err)
	}
	none, zero := "", uint32(0)
	want.About.Location, want.About.Role = none, zero
	if got, err := s.PatchAccount(t.Context(), "fay", account.Patch{About: account.AboutPatch{Location: &none, Role: &zero}}); err != nil || got != want {
		t.Fatalf("emptied = %+v, %v", got, err)
	}
	is(t, s, want)
}

func deleted(t *testing.T, s account.Store) {
	put(t, s, account.Account{User: "dave", CreatedAt: born})
	remove(t, s, "dave", born.Add(time.Hour))
	if _, err := s.Account(t.Context(), "dave"); !errors.Is(err, account.ErrUnknownUser) {
		t.Fatalf("after deletion: %v", err)
	}
	if _, created, err := s.PutAccount(t.Context(), account.Account{User: "dave", CreatedAt: born}, account.Patch{}); err != nil || !created {
		t.Fatalf("again: %v, %v", created, err)
	}
}

// deletedRevokes: which UserSigs were void outlives an account, and is its successor's. Guests leave nothing.
func deletedRevokes(t *testing.T, s account.Store) {
	ctx, first, last := t.Context(), born.Add(time.Hour), born.Add(2*time.Hour)
	gone := func(user string, want time.Time) {
		t.Helper()
		if at, err := s.NotBefore(ctx, user); err != nil || !at.Equal(want) {
			t.Fatalf("%s left %v, %v", user, at, err)
		}
	}
	put(t, s, account.Account{User: "dave", CreatedAt: born, NotBefore: last})
	gone("dave", time.Time{})
	remove(t, s, "dave", first)
	gone("dave", last) // it was later already
	again := account.Account{User: "dave", CreatedAt: last}
	stored, created, err := s.PutAccount(ctx, again, account.Patch{})
	if again.NotBefore = last; err != nil || !created || stored != again {
		t.Fatalf("again: %+v, %v, %v", stored, created, err)
	}
	is(t, s, again)
	gone("dave", time.Time{}) // the account has it now
	remove(t, s, "dave", last.Add(time.Hour))
	gone("dave", last.Add(time.Hour))
	guest := put(t, s, account.Account{User: "guest_x", Guest: true, CreatedAt: born})
	remove(t, s, guest.User, last)
	gone(guest.User, time.Time{})
}

// untold: a deletion is noted with it, and no account is made of that name until it is said that others know.
func untold(t *testing.T, s account.Store) {
	ctx := t.Context()
	noted := func(want ...account.Gone) {
		t.Helper()
		all, err := s.Untold(ctx, time.Now().Add(time.Hour), 100)
		slices.SortFunc(all, func(a, b account.Gone) int { return strings.Compare(a.User, b.User) })
		if err != nil || !slices.EqualFunc(all, want, same) {
			t.Fatalf("untold: %v, %v, want %v", all, err, want)
		}
	}
	noted()
	before := time.Now()
	put(t, s, account.Account{User: "dave", CreatedAt: born})
	put(t, s, account.Account{User: "guest_x", Guest: true, CreatedAt: born})
	put(t, s, account.Account{User: "guest_y", Guest: true, CreatedAt: born.Add(-time.Hour)})
	dave, err := s.DeleteAccount(ctx, "dave", born)
	if err != nil || dave.User != "dave" || dave.At.Sub(before).Abs() > 20*time.Second {
		t.Fatalf("deleted: %v, %v", dave, err)
	}
	guest, err := s.DeleteAccount(ctx, "guest_x", born)
	if err != nil {
		t.Fatal(err)
	}
	swept, err := s.DeleteGuests(ctx, born, 10)
	if err != nil || len(swept) != 1 || swept[0].User != "guest_y" {
		t.Fatalf("swept: %v, %v", swept, err)
	}
	noted(dave, guest, swept[0])
	if some, err := s.Untold(ctx, time.Now().Add(time.Hour), 2); err != nil || len(some) != 2 {
		t.Errorf("two of them: %v, %v", some, err)
	}
	if old, err := s.Untold(ctx, before.Add(-time.Hour), 10); err != nil || len(old) != 0 {
		t.Errorf("from before: %v, %v", old, err)
	}
	_, _, err = s.PutAccount(ctx, account.Account{User: "dave", CreatedAt: born}, account.Patch{})
	if is, ok := errors.AsType[*account.UntoldError](err); !ok || !same(is.Gone, dave) {
		t.Fatalf("made before others know: %v", err)
	}
	told(t, s, guest, account.Gone{User: "dave", At: dave.At.Add(-time.Second)}, account.Gone{User: "nobody", At: dave.At}) // another deletion
	noted(dave, swept[0])
	told(t, s, dave)
	put(t, s, account.Account{User: "dave", CreatedAt: born})
	again, err := s.DeleteAccount(ctx, "dave", born)
	if err != nil || !again.At.After(dave.At) {
		t.Fatalf("again: %v, %v", again, err)
	}
	told(t, s, dave) // late: of the first one
	noted(again, swept[0])
}

func same(a, b account.Gone) bool { return a.User == b.User && a.At.Equal(b.At) }

// remove deletes an account, of which others hear.
func remove(t *testing.T, s account.Store, user string, notBefore time.Time) {
	t.Helper()
	gone, err := s.DeleteAccount(t.Context(), user, notBefore)
	if err != nil {
		t.Fatal(err)
	}
	told(t, s, gone)
}

func told(t *testing.T, s account.Store, gone ...account.Gone) {
	t.Helper()
	if err := s.Told(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
}

func sweep(t *testing.T, s account.Store) {
	ctx := t.Context()
	for i := range 5 {
		put(t, s, account.Account{User: fmt.Sprint("guest_old", i), Guest: true, CreatedAt: born.Add(time.Duration(-1-i) * time.Second)})
	}
	young := put(t, s, account.Account{User: "guest_young", Guest: true, CreatedAt: born})
	member := put(t, s, account.Account{User: "member", CreatedAt: born.Add(-time.Hour)})
	var swept []string
	for _, want := range []int{2, 2, 1, 0} {
		some, err := s.DeleteGuests(ctx, born, 2)
		if err != nil || len(some) != want {
			t.Fatalf("swept %v, %v, want %d", some, err, want)
		}
		for _, g := range some {
			swept = append(swept, g.User)
		}
	}
	slices.Sort(swept)
	if want := []string{"guest_old0", "guest_old1", "guest_old2", "guest_old3", "guest_old4"}; !slices.Equal(swept, want) {
		t.Errorf("swept %v, want %v", swept, want)
	}
	is(t, s, young)
	is(t, s, member)
	if all, err := s.Accounts(ctx, []string{"guest_old0", "guest_old4"}); err != nil || len(all) != 0 {
		t.Fatalf("still there: %v, %v", all, err)
	}
	// A guest deleted by hand leaves nothing for the sweep to stumble over.
	remove(t, s, young.User, born)
	if some, err := s.DeleteGuests(ctx, born.Add(time.Hour), 10); err != nil || len(some) != 0 {
		t.Fatalf("swept %v, %v", some, err)
	}
}

func race(t *testing.T, s account.Store) {
	const creators = 8
	ctx := context.WithoutCancel(t.Context())
	var wg sync.WaitGroup
	made := make(chan bool, creators)
	for i := range creators {
		wg.Go(func() {
			nick := fmt.Sprint("nick", i)
			_, created, err := s.PutAccount(ctx, account.Account{User: "erin", CreatedAt: born}, account.Patch{Nick: &nick})
			if err != nil {
				t.Error(err)
			}
			made <- created
		})
	}
	wg.Wait()
	close(made)
	n := 0
	for created := range made {
		if created {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d of %d created the account", n, creators)
	}
}

func put(t *testing.T, s account.Store, a account.Account) account.Account {
	t.Helper()
	stored, created, err := s.PutAccount(t.Context(), a, account.Patch{})
	if err != nil || !created {
		t.Fatalf("put %s: %v, %v", a.User, created, err)
	}
	return stored
}

func is(t *testing.T, s account.Store, want account.Account) {
	t.Helper()
	got, err := s.Account(t.Context(), want.User)
	if err != nil || got != want {
		t.Fatalf("stored = %+v, %v, want %+v", got, err, want)
	}
}
