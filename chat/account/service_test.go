package account_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
)

func newService(t *testing.T, store account.Store) *account.Service {
	t.Helper()
	s, err := account.New(account.Config{Signer: sample, Admins: []string{"ops"}}, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t *testing.T, user string) string {
	t.Helper()
	sig, err := sample.Sign(user, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func ptr[T any](v T) *T { return &v }

func TestNewNamesWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  account.Config
		want string
	}{
		{"no key", account.Config{Signer: account.Signer{AppID: 1}}, "app secret"},
		{"no application", account.Config{Signer: account.Signer{Key: "k"}}, "sdk app id"},
		{"bad administrator", account.Config{Signer: sample, Admins: []string{"a b"}}, `administrator "a b"`},
		{"guest as administrator", account.Config{Signer: sample, Admins: []string{"guest_x"}}, "guest_"},
		{"short guest lifetime", account.Config{Signer: sample, GuestLifetime: time.Second}, "guest lifetime 1s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := account.New(tc.cfg, account.NewMemory(), slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error = %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestLogin(t *testing.T) {
	s := newService(t, account.NewMemory())
	if _, err := s.Import(t.Context(), "alice", ptr("Alice"), ptr("https://h/a.png")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, user, sig string
		want            chat.Identity
		err             error
	}{
		{"imported", "alice", sign(t, "alice"), chat.Identity{User: "alice", Nick: "Alice", Avatar: "https://h/a.png"}, nil},
		{"the UserSig says who", "", sign(t, "alice"), chat.Identity{User: "alice", Nick: "Alice", Avatar: "https://h/a.png"}, nil},
		{"not known before", "bob", sign(t, "bob"), chat.Identity{User: "bob"}, nil},
		{"administrator", "administrator", sign(t, "administrator"), chat.Identity{User: "administrator", Admin: true}, nil},
		{"configured administrator", "ops", sign(t, "ops"), chat.Identity{User: "ops", Admin: true}, nil},
		{"somebody else's", "alice", sign(t, "bob"), chat.Identity{}, account.ErrOtherUser},
		{"none", "alice", "", chat.Identity{}, account.ErrEmpty},
		{"administrator in capitals", "Administrator", sign(t, "Administrator"), chat.Identity{}, account.ErrBadUser},
		{"configured administrator in capitals", "OPS", sign(t, "OPS"), chat.Identity{}, account.ErrBadUser},
		{"a guest that was never made", "guest_x", sign(t, "guest_x"), chat.Identity{}, account.ErrUnknownUser},
		{"an anonymous id", "anon_x", sign(t, "anon_x"), chat.Identity{}, account.ErrUnknownUser},
	} {
		t.Run(tc.name, func(t *testing.T) {
			began := time.Now()
			got, err := s.Login(t.Context(), tc.user, tc.sig)
			if err == nil && (got.Verified.Before(began) || got.Verified.After(time.Now()) || got.Expires.Before(began)) {
				t.Errorf("verified at %s, good until %s", got.Verified, got.Expires)
			}
			got.Verified, got.Expires = time.Time{}, time.Time{}
			if !errors.Is(err, tc.err) || got != tc.want {
				t.Fatalf("Login = %+v, %v, want %+v, %v", got, err, tc.want, tc.err)
			}
		})
	}
	if a, err := s.Account(t.Context(), "bob"); err != nil || a.Guest || time.Since(a.CreatedAt) > time.Minute {
		t.Fatalf("login made %+v, %v", a, err)
	}
}

func TestAGuestLivesSevenDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		s, err := account.New(account.Config{Signer: sample, Deleted: func(_ context.Context, gone []account.Gone) error {
			for _, g := range gone {
				told = append(told, g.User)
			}
			return nil
		}}, account.NewMemory(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		a, sig, expiresAt, err := s.NewGuest(t.Context(), " Zoë ")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(a.User, "guest_") || len(a.User) > account.MaxUserBytes || a.Nick != "Zoë" || !a.Guest {
			t.Fatalf("guest = %+v", a)
		}
		if want := time.Now().Add(7 * 24 * time.Hour); !expiresAt.Equal(want) {
			t.Fatalf("expires at %s, want %s", expiresAt, want)
		}
		who, err := s.Login(t.Context(), a.User, sig)
		if want := (chat.Identity{User: a.User, Nick: "Zoë", Guest: true, Verified: time.Now(), Expires: expiresAt.Add(time.Second)}); err != nil || who != want {
			t.Fatalf("Login = %+v, %v", who, err)
		}
		other, _, _, err := s.NewGuest(t.Context(), "Zoë")
		if err != nil || other.User == a.User {
			t.Fatalf("second guest = %+v, %v", other, err)
		}

		time.Sleep(7*24*time.Hour - time.Second)
		if n, err := s.SweepGuests(t.Context()); n != 0 || err != nil {
			t.Fatalf("swept %d living guests, %v", n, err)
		}
		time.Sleep(2 * time.Minute)
		if _, err := s.Login(t.Context(), a.User, sig); !errors.Is(err, account.ErrExpired) {
			t.Fatalf("after a week: %v", err)
		}
		if n, err := s.SweepGuests(t.Context()); n != 2 || err != nil {
			t.Fatalf("swept %d guests, %v", n, err)
		}
		want := []string{a.User, other.User}
		if slices.Sort(want); !slices.Equal(slices.Sorted(slices.Values(told)), want) {
			t.Fatalf("told that %v are deleted, want %v", told, want)
		}
		if _, err := s.Account(t.Context(), a.User); !errors.Is(err, account.ErrUnknownUser) {
			t.Fatalf("after the sweep: %v", err)
		}
	})
}

func TestAGuestMayNotBeCalledAdministrator(t *testing.T) {
	s := newService(t, account.NewMemory())
	if _, _, _, err := s.NewGuest(t.Context(), "Аdministrator"); !errors.Is(err, account.ErrBadNick) {
		t.Fatalf("error = %v", err)
	}
}

func TestRevokedSignaturesStayOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, account.NewMemory())
		old := sign(t, "alice")
		if err := s.Revoke(t.Context(), "alice"); !errors.Is(err, account.ErrUnknownUser) {
			t.Fatalf("revoke of an unknown user: %v", err)
		}
		if _, err := s.Login(t.Context(), "alice", old); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := s.Revoke(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Login(t.Context(), "alice", old); !errors.Is(err, account.ErrRevoked) {
			t.Fatalf("old UserSig: %v", err)
		}
		if _, err := s.Login(t.Context(), "alice", sign(t, "alice")); err != nil {
			t.Fatalf("new UserSig: %v", err)
		}
	})
}

// TestADeletedAccountComesBackOnlyWithANewUserSig: whether its backend has made it anew or not.
func TestADeletedAccountComesBackOnlyWithANewUserSig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newService(t, account.NewMemory()), t.Context()
		old := sign(t, "alice")
		if _, err := s.Import(ctx, "alice", ptr("Alice"), nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := s.Delete(ctx, "alice"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Login(ctx, "alice", old); !errors.Is(err, account.ErrRevoked) {
			t.Errorf("old UserSig: %v", err)
		}
		if a, err := s.Account(ctx, "alice"); !errors.Is(err, account.ErrUnknownUser) {
			t.Errorf("the old UserSig made %+v, %v", a, err)
		}
		if _, err := s.Import(ctx, "alice", nil, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Login(ctx, "alice", old); !errors.Is(err, account.ErrRevoked) {
			t.Errorf("old UserSig after another import: %v", err)
		}
		if who, err := s.Login(ctx, "alice", sign(t, "alice")); err != nil || who.Nick != "" {
			t.Errorf("new UserSig: %+v, %v", who, err)
		}
		time.Sleep(time.Second)
		if err := s.Delete(ctx, "alice"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if who, err := s.Login(ctx, "alice", sign(t, "alice")); err != nil || who.User != "alice" {
			t.Errorf("new UserSig without import: %+v, %v", who, err)
		}
	})
}

func TestImport(t *testing.T) {
	s := newService(t, account.NewMemory())
	ctx := t.Context()
	for _, tc := range []struct {
		name, user   string
		nick, avatar *string
		err          error
	}{
		{"bare", "u1", nil, nil, nil},
		{"full", "u2", ptr("小明"), ptr("https://h/x.png"), nil},
		{"long, but Tencent takes it", "u3", ptr(strings.Repeat("n", 500)), nil, nil},
		{"emptied", "u3", ptr(""), nil, nil},
		{"501 bytes", "u4", ptr(strings.Repeat("n", 501)), nil, account.ErrTooLong},
		{"override character", "u4", ptr("a\u202eb"), nil, account.ErrBadNick},
		{"not UTF-8", "u4", ptr("\xff"), nil, account.ErrBadNick},
		{"called administrator", "u4", ptr("Administrator"), nil, account.ErrBadNick},
		{"an administrator may be", "ops", ptr("Administrator"), nil, nil},
		{"even he not unprintably", "ops", ptr("a\x00"), nil, account.ErrBadNick},
		{"long avatar", "u4", nil, ptr(strings.Repeat("a", 501)), account.ErrBadAvatar},
		{"avatar with line feed", "u4", nil, ptr("https://h/\n"), account.ErrBadAvatar},
		{"avatar not UTF-8", "u4", nil, ptr("\xff"), account.ErrBadAvatar},
		{"guest prefix", "guest_mine", nil, nil, account.ErrUnknownUser},
		{"bad id", "a b", nil, nil, account.ErrBadUser},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, err := s.Import(ctx, tc.user, tc.nick, tc.avatar)
			if !errors.Is(err, tc.err) {
				t.Fatalf("error = %v, want %v", err, tc.err)
			}
			if err == nil && (tc.nick != nil && a.Nick != *tc.nick || tc.avatar != nil && a.Avatar != *tc.avatar) {
				t.Fatalf("stored %+v", a)
			}
		})
	}
	if _, err := s.Account(ctx, "u4"); !errors.Is(err, account.ErrUnknownUser) {
		t.Errorf("a refused import left %v", err)
	}
}

func TestProfiles(t *testing.T) {
	s := newService(t, account.NewMemory())
	ctx := t.Context()
	if _, err := s.SetProfile(ctx, "u1", account.Patch{Nick: ptr("One")}); !errors.Is(err, account.ErrUnknownUser) {
		t.Fatalf("profile of nobody: %v", err)
	}
	first, err := s.Import(ctx, "u1", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetProfile(ctx, "u1", account.Patch{Nick: ptr("a\u202eb")}); !errors.Is(err, account.ErrBadNick) {
		t.Fatalf("bad nick: %v", err)
	}
	if _, err := s.SetProfile(ctx, "u1", account.Patch{Nick: ptr("One")}); err != nil {
		t.Fatal(err)
	}
	if again, err := s.Import(ctx, "u1", nil, ptr("https://h/1.png")); err != nil || again.Nick != "One" || again.CreatedAt != first.CreatedAt {
		t.Fatalf("import is not idempotent: %+v, %v", again, err)
	}
	all, err := s.Profiles(ctx, []string{"u2", "u1"})
	if err != nil || len(all) != 1 || all[0].Nick != "One" || all[0].Avatar != "https://h/1.png" {
		t.Fatalf("profiles = %+v, %v", all, err)
	}
	if err := s.Delete(ctx, "u1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(ctx, "u1"); !errors.Is(err, account.ErrUnknownUser) {
		t.Fatalf("deleted twice: %v", err)
	}
}

// brokenStore fails each operation.
type brokenStore struct{ account.Store }

var errDisk = errors.New("disk on fire")

func (brokenStore) Account(context.Context, string) (account.Account, error) {
	return account.Account{}, errDisk
}

func (brokenStore) PutAccount(context.Context, account.Account, account.Patch) (account.Account, bool, error) {
	return account.Account{}, false, errDisk
}

func (brokenStore) DeleteGuests(context.Context, time.Time, int) ([]account.Gone, error) {
	return nil, errDisk
}

func TestABrokenStoreIsNoRefusal(t *testing.T) {
	s := newService(t, brokenStore{})
	_, _, _, guestErr := s.NewGuest(t.Context(), "Zoe")
	_, loginErr := s.Login(t.Context(), "alice", sign(t, "alice"))
	_, sweepErr := s.SweepGuests(t.Context())
	for what, err := range map[string]error{"guest": guestErr, "login": loginErr, "sweep": sweepErr} {
		var refusal *account.Error
		if !errors.Is(err, errDisk) || errors.As(err, &refusal) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestAdminsChange: who is named an administrator is one from then on, and whoever is not any more is none; nobody takes the
// name of one meanwhile.
func TestAdminsChange(t *testing.T) {
	s, err := account.New(account.Config{Signer: sample, Admins: []string{"ops", "root"}}, account.NewMemory(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	changed := s.SetAdmins([]string{"root", "desk"})
	slices.Sort(changed)
	if !slices.Equal(changed, []string{"desk", "ops"}) || len(s.SetAdmins([]string{"desk", "root"})) != 0 {
		t.Errorf("changed are %v", changed)
	}
	for user, want := range map[string]bool{"ops": false, "root": true, "desk": true, "administrator": true} {
		who, err := s.Login(t.Context(), user, sign(t, user))
		if err != nil || who.Admin != want || s.IsAdmin(user) != want || s.Known(user).Admin != want {
			t.Errorf("%s: %+v, %v", user, who, err)
		}
	}
	if _, err := s.Login(t.Context(), "DESK", sign(t, "DESK")); !errors.Is(err, account.ErrBadUser) {
		t.Errorf("like an administrator but for case: %v", err)
	}
	if _, err := s.Login(t.Context(), "OPS", sign(t, "OPS")); err != nil {
		t.Errorf("like one who is none any more: %v", err)
	}
}
