package account_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/account"
)

// keeper keeps something of users, as levels do.
type keeper struct {
	*account.Service
	store *account.Memory
	told  []string
	away  bool
}

func newKeeper(t *testing.T) *keeper {
	t.Helper()
	k := &keeper{store: account.NewMemory()}
	cfg := account.Config{Signer: sample, Deleted: func(_ context.Context, gone []account.Gone) error {
		if k.away {
			return errors.New("away")
		}
		for _, g := range gone {
			k.told = append(k.told, g.User)
		}
		return nil
	}}
	var err error
	if k.Service, err = account.New(cfg, k.store, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return k
}

// heard checks what was told since it was asked last.
func (k *keeper) heard(t *testing.T, want ...string) {
	t.Helper()
	if slices.Sort(k.told); !slices.Equal(k.told, want) {
		t.Errorf("told %v, want %v", k.told, want)
	}
	k.told = nil
}

func (k *keeper) imports(t *testing.T, users ...string) {
	t.Helper()
	for _, user := range users {
		if _, err := k.Import(t.Context(), user, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func (k *keeper) tellRest(t *testing.T) {
	t.Helper()
	if err := k.TellDeleted(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestADeletionIsToldAtOnceAndOnceMoreAndNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper(t)
		k.imports(t, "ann")
		if err := k.Delete(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		k.heard(t, "ann")
		k.tellRest(t)
		k.heard(t)
		time.Sleep(time.Minute)
		k.tellRest(t)
		k.heard(t, "ann")
		k.tellRest(t)
		k.heard(t)
	})
}

// TestADeletionThatACrashKeptSecretIsTold: the account is deleted, and the process gone before anybody knew of it.
func TestADeletionThatACrashKeptSecretIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper(t)
		var users []string
		for i := range 2500 { // more than are told at once
			users = append(users, fmt.Sprintf("u%04d", i))
		}
		k.imports(t, users...)
		for _, user := range users {
			if _, err := k.store.DeleteAccount(t.Context(), user, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		k.away = true
		if err := k.TellDeleted(t.Context()); err == nil {
			t.Error("told while nobody listened")
		}
		k.away = false
		k.tellRest(t)
		k.heard(t, users...)
	})
}

// TestAnAccountIsNotMadeAnewBeforeTheOldOneIsForgotten, be it by import or sign-in; else what it earns would go with the old one's.
func TestAnAccountIsNotMadeAnewBeforeTheOldOneIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper(t)
		k.imports(t, "ann", "bob")
		for _, user := range []string{"ann", "bob"} {
			if _, err := k.store.DeleteAccount(t.Context(), user, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		k.away = true
		if _, err := k.Import(t.Context(), "ann", nil, nil); err == nil {
			t.Error("ann is there again, and others keep what they had of her")
		}
		k.away = false
		k.imports(t, "ann")
		k.heard(t, "ann")
		time.Sleep(time.Second)
		if _, err := k.Login(t.Context(), "bob", sign(t, "bob")); err != nil {
			t.Error(err)
		}
		k.heard(t, "bob")
		time.Sleep(time.Minute)
		k.tellRest(t)
		k.heard(t) // what they earned since is theirs
	})
}

func TestSweptGuestsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper(t)
		guest, _, _, err := k.NewGuest(t.Context(), "Zoe")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * account.DefaultGuestLifetime)
		k.away = true
		if n, err := k.SweepGuests(t.Context()); err != nil || n != 1 {
			t.Errorf("swept %d, %v", n, err)
		}
		k.away = false
		time.Sleep(time.Minute)
		k.tellRest(t)
		k.heard(t, guest.User)
	})
}
