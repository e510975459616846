package account

import (
	"context"
	"time"
	"unicode"
	"unicode/utf8"
)

// Import makes an account for a business backend, or changes the profile of the one that is there. It is idempotent.
func (s *Service) Import(ctx context.Context, user string, nick, avatar *string) (Account, error) {
	if err := s.checkGiven(user); err != nil {
		return Account{}, err
	}
	p := Patch{Nick: nick, Avatar: avatar}
	if err := s.checkProfile(user, p); err != nil {
		return Account{}, err
	}
	a := p.Apply(Account{User: user, CreatedAt: time.Now().UTC()})
	stored, _, err := s.store.PutAccount(ctx, a, p)
	return stored, wrap("import", user, err)
}

// SetProfile changes nickname and avatar of an account that is there.
func (s *Service) SetProfile(ctx context.Context, user string, nick, avatar *string) (Account, error) {
	p := Patch{Nick: nick, Avatar: avatar}
	if err := s.checkProfile(user, p); err != nil {
		return Account{}, err
	}
	a, err := s.store.PatchAccount(ctx, user, p)
	return a, wrap("set profile of", user, err)
}

func (s *Service) checkProfile(user string, p Patch) error {
	if p.Nick != nil {
		if err := checkImported(*p.Nick); err != nil {
			return err
		}
		if !s.names.IsAdmin(user) && s.names.impersonates(*p.Nick) {
			return because(ErrBadNick, "the nickname reads like an administrator's")
		}
	}
	if p.Avatar != nil {
		return checkAvatar(*p.Avatar)
	}
	return nil
}

// checkAvatar bounds an avatar's URL; whether it is one is the page's to decide.
func checkAvatar(url string) error {
	if len(url) > MaxAvatarBytes {
		return because(ErrBadAvatar, "the avatar's URL is longer than %d bytes", MaxAvatarBytes)
	}
	if !utf8.ValidString(url) {
		return because(ErrBadAvatar, "the avatar's URL is not valid UTF-8")
	}
	for _, r := range url {
		if unicode.IsControl(r) || r == ' ' {
			return because(ErrBadAvatar, "the avatar's URL holds a space or control character")
		}
	}
	return nil
}

// Account returns the account of user, or ErrUnknownUser.
func (s *Service) Account(ctx context.Context, user string) (Account, error) {
	a, err := s.store.Account(ctx, user)
	return a, wrap("look up", user, err)
}

// Profiles returns the accounts of those users that exist, in the order asked for.
func (s *Service) Profiles(ctx context.Context, users []string) ([]Account, error) {
	all, err := s.store.Accounts(ctx, users)
	return all, wrap("look up", "users", err)
}

// Delete removes the account of user. UserSigs made for it stay valid and would make it anew: revoke first what must not return.
func (s *Service) Delete(ctx context.Context, user string) error {
	return wrap("delete", user, s.store.DeleteAccount(ctx, user))
}

// Revoke makes every UserSig issued to user so far invalid; one issued from now on logs in again (spec im-rest §4.4).
func (s *Service) Revoke(ctx context.Context, user string) error {
	now := time.Now().UTC()
	_, err := s.store.PatchAccount(ctx, user, Patch{NotBefore: &now})
	return wrap("revoke", user, err)
}
