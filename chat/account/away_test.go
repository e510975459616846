package account_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/account"
)

// awayStore is a store that does not answer while it is told so.
type awayStore struct {
	*account.Memory
	err error
}

func (s *awayStore) Account(ctx context.Context, user string) (account.Account, error) {
	if s.err != nil {
		return account.Account{}, s.err
	}
	return s.Memory.Account(ctx, user)
}

func (s *awayStore) DeleteAccount(ctx context.Context, user string, notBefore time.Time) (account.Gone, error) {
	if s.err != nil {
		return account.Gone{}, s.err
	}
	return s.Memory.DeleteAccount(ctx, user, notBefore)
}

// late is a store whose answer about an account comes after what happens meanwhile.
type late struct {
	*awayStore
	meanwhile func()
}

func (s *late) Account(ctx context.Context, user string) (account.Account, error) {
	a, err := s.awayStore.Account(ctx, user)
	if happens := s.meanwhile; happens != nil {
		s.meanwhile = nil
		happens()
	}
	return a, err
}

// TestRevokedDuringASignIn: what a sign-in read before a revocation does not make it forgotten.
func TestRevokedDuringASignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, store := t.Context(), &late{awayStore: &awayStore{Memory: account.NewMemory()}}
		s := newService(t, store)
		sig := sign(t, "olga")
		if _, err := s.Login(ctx, "olga", sig); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		store.meanwhile = func() {
			if err := s.Revoke(ctx, "olga"); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Login(ctx, "olga", sig); err != nil { // it came first
			t.Fatal(err)
		}
		store.err = account.ErrAway
		if _, err := s.Login(ctx, "olga", sig); !errors.Is(err, account.ErrRevoked) {
			t.Errorf("while the store is away: %v, want revoked", err)
		}
	})
}

// TestSignInWhileTheStoreIsAway: a good UserSig is enough if nothing is known against its user here.
func TestSignInWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, store := t.Context(), &awayStore{Memory: account.NewMemory()}
		s := newService(t, store)
		if _, err := s.Import(ctx, "seen", ptr("Seen"), nil); err != nil {
			t.Fatal(err)
		}
		sigs := map[string]string{}
		for _, user := range []string{"seen", "revoked", "unseen", "deleted", "deletedUnseen", "stranger", "ops", "administrator", "OPS", "guest_x", "anon_x"} {
			sigs[user] = sign(t, user)
		}
		for _, user := range []string{"seen", "revoked", "deleted", "ops"} {
			if _, err := s.Login(ctx, user, sigs[user]); err != nil {
				t.Fatal(err)
			}
		}
		for _, user := range []string{"unseen", "deletedUnseen"} {
			if _, err := s.Import(ctx, user, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second)
		for _, err := range []error{s.Revoke(ctx, "revoked"), s.Revoke(ctx, "unseen"), s.Delete(ctx, "deleted"), s.Delete(ctx, "deletedUnseen")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		store.err = fmt.Errorf("no route: %w", account.ErrAway)
		if err := s.Delete(ctx, "seen"); !errors.Is(err, account.ErrAway) {
			t.Errorf("deleted: %v", err)
		}
		for user, want := range map[string]error{
			"seen": nil, "stranger": nil, "guest_x": nil, "ops": nil,
			"revoked": account.ErrRevoked, "unseen": account.ErrRevoked, "deleted": account.ErrRevoked, "deletedUnseen": account.ErrRevoked,
			"administrator": account.ErrAway, "OPS": account.ErrBadUser, "anon_x": account.ErrUnknownUser,
		} {
			who, err := s.Login(ctx, user, sigs[user])
			if !errors.Is(err, want) || err == nil && (who.User != user || who.Guest != (user == "guest_x") || who.Admin != (user == "ops")) {
				t.Errorf("%s: %+v, %v; want %v", user, who, err, want)
			}
		}
		if who, err := s.Login(ctx, "seen", sigs["seen"]); err != nil || who.Nick != "Seen" {
			t.Errorf("%+v, %v", who, err)
		}
		if _, err := s.Login(ctx, "deleted", sign(t, "deleted")); err != nil {
			t.Errorf("a new UserSig of one who was deleted: %v", err)
		}
		if _, err := store.Memory.Account(ctx, "stranger"); !errors.Is(err, account.ErrUnknownUser) {
			t.Errorf("an account was made: %v", err)
		}
		store.err = errors.New("damaged")
		if _, err := s.Login(ctx, "seen", sigs["seen"]); !errors.Is(err, store.err) {
			t.Errorf("a store that is not away: %v", err)
		}
	})
}
