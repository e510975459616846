package account_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/account"
)

// TestCheckSigSaysWhatLoginDoes tries UserSigs of all kinds on both.
func TestCheckSigSaysWhatLoginDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, account.NewMemory())
		old := sign(t, "gone")
		if _, err := s.Import(t.Context(), "gone", nil, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if err := errors.Join(s.Delete(t.Context(), "gone")); err != nil {
			t.Fatal(err)
		}
		expired, err := sample.Sign("alice", time.Now().Add(-time.Hour), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		elsewhere, _ := account.Signer{AppID: sample.AppID, Key: "another key"}.Sign("alice", time.Now(), time.Hour)
		for _, c := range []struct{ name, user, sig, code string }{
			{"good", "", sign(t, "alice"), ""},
			{"for whom it is", "alice", sign(t, "alice"), ""},
			{"for another", "bob", sign(t, "alice"), "usersig_other_user"},
			{"expired", "", expired, "usersig_expired"},
			{"another key", "", elsewhere, "usersig_forged"},
			{"of a deleted account", "", old, "usersig_revoked"},
			{"of a guest who never was", "", sign(t, "guest_x"), "no_such_account"},
			{"empty", "", "", "usersig_empty"},
			{"none", "", "hello", "usersig_malformed"},
		} {
			r, err := s.CheckSig(t.Context(), c.user, c.sig)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			got := ""
			if r.Refused != nil {
				got = r.Refused.Name
			}
			if got != c.code || len(r.Sentences) == 0 || strings.Contains(strings.Join(r.Sentences, " "), "accepted") != (c.code == "") {
				t.Errorf("%s: %q, want %q: %q", c.name, got, c.code, r.Sentences)
			}
			_, err = s.Login(t.Context(), c.user, c.sig)
			if refused := (*account.Error)(nil); errors.As(err, &refused) && refused.Name != got || (err == nil) != (got == "") {
				t.Errorf("%s: Login answers %v, CheckSig %q", c.name, err, got)
			}
		}
		if r, _ := s.CheckSig(t.Context(), "", expired); r.User != "alice" || r.AppID != sample.AppID || r.ExpiresAt.Sub(r.IssuedAt) != time.Minute {
			t.Errorf("of an expired one: %+v", r)
		}
	})
}

func TestMakeSig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, account.NewMemory())
		sig, expires, err := s.MakeSig("carol", time.Minute)
		if err != nil || !expires.Equal(time.Now().Add(time.Minute)) {
			t.Fatalf("until %v, %v", expires, err)
		}
		if _, err := s.Account(t.Context(), "carol"); !errors.Is(err, account.ErrUnknownUser) {
			t.Errorf("an account was made: %v", err)
		}
		time.Sleep(time.Until(expires))
		if _, err := s.Login(t.Context(), "carol", sig); err != nil {
			t.Errorf("in its last second: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := s.Login(t.Context(), "carol", sig); !errors.Is(err, account.ErrExpired) {
			t.Errorf("after it: %v", err)
		}
		for _, user := range []string{"", "a b", "guest_x", "OPS"} {
			if _, _, err := s.MakeSig(user, time.Minute); err == nil {
				t.Errorf("made for %q", user)
			}
		}
	})
}
