package account_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"liveroom/chat/account"
)

// censor blocks "tea" and replaces "coffee".
type censor struct{}

func (censor) Check(text string) (string, bool) {
	return strings.ReplaceAll(text, "coffee", "***"), strings.Contains(text, "tea")
}

func TestWhatPeopleMaySayOfThemselves(t *testing.T) {
	s, err := account.New(account.Config{Signer: sample, Admins: []string{"ops"}, Words: censor{}}, account.NewMemory(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	guest, _, _, err := s.NewGuest(t.Context(), "Zoe")
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"ann", "ops"} {
		if _, err := s.Import(t.Context(), user, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	nick := func(n string) account.Patch { return account.Patch{Nick: &n} }
	about := func(p account.AboutPatch) account.Patch { return account.Patch{About: p} }
	for _, tc := range []struct {
		name, user string
		p          account.Patch
		field      string
		err        error
	}{
		{"a nick, tidied", "ann", nick("  Ａnn  Ｂ "), "nick", nil},
		{"none", "ann", nick(""), "", nil},
		{"a guest must have one", guest.User, nick(""), "nick", account.ErrBadNick},
		{"a guest may have another", guest.User, nick("Zoë"), "", nil},
		{"an administrator's", "ann", nick("0ps"), "nick", account.ErrBadNick},
		{"an administrator may", "ops", nick("The administrator"), "", nil},
		{"a blocked word", "ann", nick("teapot"), "nick", account.ErrBlocked},
		{"too long", "ann", nick(strings.Repeat("n", 61)), "nick", account.ErrTooLong},
		{"an avatar with a space", "ann", account.Patch{Avatar: ptr("a b")}, "avatar", account.ErrBadAvatar},
		{"a gender", "ann", about(account.AboutPatch{Gender: ptr("Gender_Type_Male")}), "", nil},
		{"a gender nobody has", "ann", about(account.AboutPatch{Gender: ptr("male")}), "gender", account.ErrBadProfile},
		{"whoever may befriend", "ann", about(account.AboutPatch{AllowType: ptr("Gender_Type_Male")}), "allowType", account.ErrBadProfile},
		{"what a backend sets", "ann", about(account.AboutPatch{AdminForbidType: ptr("AdminForbid_Type_None")}), "adminForbidType", account.ErrReadOnly},
		{"a long place", "ann", about(account.AboutPatch{Location: ptr("12345678901234567")}), "location", account.ErrTooLong},
		{"a line feed", "ann", about(account.AboutPatch{SelfSignature: ptr("a\nb")}), "selfSignature", account.ErrBadProfile},
		{"a signature that turns around", "ann", about(account.AboutPatch{SelfSignature: ptr("a\u202eb")}), "selfSignature", account.ErrBadProfile},
		{"a location that is not seen", "ann", about(account.AboutPatch{Location: ptr("\u200b")}), "location", account.ErrBadProfile},
		{"a blocked word in the signature", "ann", about(account.AboutPatch{SelfSignature: ptr("more tea")}), "selfSignature", account.ErrBlocked},
		{"nobody", "bob", nick("Bob"), "userId", account.ErrUnknownUser},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before, _ := s.Account(t.Context(), tc.user)
			_, err := s.SetOwnProfile(t.Context(), tc.user, tc.p)
			if !errors.Is(err, tc.err) {
				t.Fatalf("%v, want %v", err, tc.err)
			}
			after, _ := s.Account(t.Context(), tc.user)
			var refused *account.Error
			if errors.As(err, &refused) && (refused.Field != tc.field || after != before) {
				t.Errorf("refused for %s, and left %+v", refused.Field, after)
			}
			if err == nil && after.UpdatedAt.IsZero() {
				t.Error("the change has no date")
			}
		})
	}
	a, err := s.SetOwnProfile(t.Context(), "ann", account.Patch{Nick: ptr("coffee  ann"), About: account.AboutPatch{SelfSignature: ptr("coffee!")}})
	if err != nil || a.Nick != "*** ann" || a.About.SelfSignature != "***!" || a.About.Gender != "Gender_Type_Male" {
		t.Errorf("%+v, %v", a, err)
	}
	if _, _, _, err := s.NewGuest(t.Context(), "teapot"); !errors.Is(err, account.ErrBlocked) {
		t.Errorf("a guest called like a blocked word: %v", err)
	}
	if _, err := s.Import(t.Context(), "cid", ptr("teapot"), nil); !errors.Is(err, account.ErrBlocked) {
		t.Errorf("imported with a blocked word: %v", err)
	}
	if a, err := s.Import(t.Context(), "cid", ptr("coffee"), nil); err != nil || a.Nick != "***" {
		t.Errorf("imported with a word replaced: %+v, %v", a, err)
	}
}

// TestNewNamesAreToldInOrder: what was told last is what is stored.
func TestNewNamesAreToldInOrder(t *testing.T) {
	var mu sync.Mutex
	told := map[string][]string{}
	s, err := account.New(account.Config{Signer: sample, Renamed: func(a account.Account) {
		mu.Lock()
		defer mu.Unlock()
		told[a.User] = append(told[a.User], a.Nick)
	}}, account.NewMemory(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	users := []string{"ann", "bob", "cid"}
	var wg sync.WaitGroup
	for _, user := range users {
		if _, err := s.Import(t.Context(), user, ptr("x"), nil); err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			wg.Go(func() {
				change := s.SetOwnProfile
				if i%2 == 0 {
					change = s.SetProfile
				}
				if _, err := change(t.Context(), user, account.Patch{Nick: ptr(fmt.Sprint("n", i))}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if _, err := s.SetOwnProfile(t.Context(), "ann", account.Patch{About: account.AboutPatch{Level: ptr(uint32(3))}}); err != nil {
		t.Fatal(err)
	}
	for _, user := range users {
		a, err := s.Account(t.Context(), user)
		if n := len(told[user]); err != nil || n != 51 || told[user][n-1] != a.Nick {
			t.Errorf("%s is %q; told %d: %v, %v", user, a.Nick, n, told[user][max(0, n-2):], err)
		}
	}
}

func TestAllAccountsInPages(t *testing.T) {
	s := newService(t, account.NewMemory())
	want := []string{"ann", "bob", "cid", "dot", "eve"}
	for _, user := range want {
		if _, err := s.Import(t.Context(), user, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for next, pages := "", 0; pages == 0 || next != ""; pages++ {
		page, more, err := s.List(t.Context(), next, 2)
		if err != nil || pages > 2 {
			t.Fatal(pages, err)
		}
		for _, a := range page {
			got = append(got, a.User)
		}
		next = more
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if page, next, err := s.List(t.Context(), "", 5); err != nil || len(page) != 5 || next != "" {
		t.Errorf("%d, %q, %v", len(page), next, err)
	}
}

func TestNamesThatReadAlike(t *testing.T) {
	for _, tc := range []struct {
		a, b  string
		alike bool
	}{
		{"Anna", "аnnа", true}, // Cyrillic
		{"Anna", " A.n-n_a", true},
		{"anna", "ANNA", true},
		{"Modern", "Modem", true},
		{"Bill", "Bi1I", true},
		{"小明", "小 明", true},
		{"小明", "大明", false},
		{"Anna", "Hanna", false},
	} {
		if got := account.Skeleton(tc.a) == account.Skeleton(tc.b); got != tc.alike {
			t.Errorf("%q and %q: %v", tc.a, tc.b, got)
		}
	}
}
