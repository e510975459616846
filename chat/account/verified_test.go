package account_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/account"
)

// TestAUserSigThatWasGoodIsLookedAtAgain: that it was good before hides nothing of what may have changed since.
func TestAUserSigThatWasGoodIsLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := account.New(account.Config{Signer: sample}, account.NewMemory(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		sig, err := sample.Sign("ann", time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, user := range []string{"ann", "", "ann", ""} {
			if who, err := s.Login(t.Context(), user, sig); err != nil || who.User != "ann" {
				t.Fatalf("%+v, %v", who, err)
			}
		}
		for _, c := range []struct {
			name, user, sig string
			want            error
		}{
			{"for another user", "bob", sig, account.ErrOtherUser},
			{"with a letter more", "ann", sig + "A", account.ErrMalformed},
		} {
			if _, err := s.Login(t.Context(), c.user, c.sig); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
		for i := range 1100 { // more than are remembered
			user := fmt.Sprint("u", i)
			other, err := sample.Sign(user, time.Now(), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if who, err := s.Login(t.Context(), user, other); err != nil || who.User != user {
				t.Fatalf("%+v, %v", who, err)
			}
		}
		time.Sleep(time.Hour)
		if _, err := s.Login(t.Context(), "ann", sig); err != nil {
			t.Errorf("in its last second: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := s.Login(t.Context(), "ann", sig); !errors.Is(err, account.ErrExpired) {
			t.Errorf("a second later: %v", err)
		}
		if sig, err = sample.Sign("ann", time.Now(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Login(t.Context(), "ann", sig); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if err := s.Revoke(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Login(t.Context(), "ann", sig); !errors.Is(err, account.ErrRevoked) {
			t.Errorf("revoked: %v", err)
		}
	})
}
