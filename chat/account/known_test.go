package account_test

import (
	"log/slog"
	"testing"

	"liveroom/chat"
	"liveroom/chat/account"
)

func TestWhatAnIDTells(t *testing.T) {
	s, err := account.New(account.Config{Signer: account.Signer{AppID: 1, Key: "a key of the tests"}, Admins: []string{"root"}}, account.NewMemory(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []chat.Identity{
		{User: "bob"},
		{User: "root", Admin: true},
		{User: chat.Administrator, Admin: true},
		{User: account.GuestPrefix + "x", Guest: true},
		{User: account.AnonymousPrefix + "x", Anonymous: true},
	} {
		if got := s.Known(want.User); got != want {
			t.Errorf("%s: %+v", want.User, got)
		}
	}
}
