package boltstore

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"liveroom/chat/account"
	"liveroom/chat/account/accounttest"
	"liveroom/status"
)

func TestAccounts(t *testing.T) {
	accounttest.Store(t, func(t *testing.T) account.Store { return openTest(t).Accounts() })
}

func TestAccountsSurviveAReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	open := func() *Store {
		t.Helper()
		s, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	born := time.Date(2026, 11, 21, 6, 0, 0, 1, time.UTC)
	guest := account.Account{User: "guest_1", Nick: "Zoë", Guest: true, CreatedAt: born}
	member := account.Account{User: "alice", Nick: "Alice", Avatar: "https://h/a.png", CreatedAt: born, NotBefore: born.Add(time.Second)}
	s := open()
	for _, a := range []account.Account{guest, member, {User: "bob", CreatedAt: born}} {
		if _, created, err := s.Accounts().PutAccount(t.Context(), a, account.Patch{}); err != nil || !created {
			t.Fatal(created, err)
		}
	}
	gone, err := s.Accounts().DeleteAccount(t.Context(), "bob", born.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	t.Cleanup(func() { _ = s.Close() })
	for _, want := range []account.Account{guest, member} {
		if got, err := s.Accounts().Account(t.Context(), want.User); err != nil || got != want {
			t.Errorf("reopened: %+v, %v, want %+v", got, err, want)
		}
	}
	if at, err := s.Accounts().NotBefore(t.Context(), "bob"); err != nil || !at.Equal(born.Add(time.Minute)) {
		t.Errorf("reopened: bob's UserSigs are refused from before %v, %v", at, err)
	}
	if all, err := s.Accounts().Untold(t.Context(), time.Now().Add(time.Hour), 10); err != nil || len(all) != 1 || all[0].User != "bob" || !all[0].At.Equal(gone.At) {
		t.Errorf("reopened: others may not know of %v, %v, want %v", all, err, gone)
	}
	if some, err := s.Accounts().DeleteGuests(t.Context(), born.Add(time.Hour), 10); len(some) != 1 || err != nil {
		t.Errorf("swept %v, %v", some, err)
	}
	if _, err := s.Accounts().Account(t.Context(), "alice"); err != nil {
		t.Errorf("the sweep took a member: %v", err)
	}
}

func TestAClosedFileIsNoRefusal(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "liveroom.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, put := s.Accounts().PutAccount(t.Context(), account.Account{User: "u"}, account.Patch{})
	_, look := s.Accounts().Account(t.Context(), "u")
	for what, err := range map[string]error{"put": put, "look up": look} {
		var refusal *account.Error
		if !errors.Is(err, status.ErrUnavailable) || errors.As(err, &refusal) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
