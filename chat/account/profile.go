package account

import (
	"context"
	"hash/maphash"
	"time"
	"unicode"
	"unicode/utf8"
)

// Import makes an account for a business backend, or changes nick and avatar of the one that is there. It is idempotent.
func (s *Service) Import(ctx context.Context, user string, nick, avatar *string) (Account, error) {
	a, _, err := s.ImportProfile(ctx, user, Patch{Nick: nick, Avatar: avatar})
	return a, err
}

// ImportProfile is Import with a whole profile; what is no profile of the patch stays. It says whether the account is new.
func (s *Service) ImportProfile(ctx context.Context, user string, p Patch) (a Account, created bool, err error) {
	if err := s.checkGiven(user); err != nil {
		return Account{}, false, err
	}
	if p, err = s.imported(user, p); err != nil {
		return Account{}, false, err
	}
	a, err = s.named(user, p, func() (stored Account, err error) {
		stored, created, err = s.put(ctx, p.Apply(Account{User: user, CreatedAt: time.Now().UTC()}), p)
		return stored, err
	})
	return a, created, wrap("import", user, err)
}

// SetProfile changes the profile of an account that is there, for a business backend.
func (s *Service) SetProfile(ctx context.Context, user string, p Patch) (Account, error) {
	p, err := s.imported(user, p)
	if err != nil {
		return Account{}, err
	}
	return s.patch(ctx, user, p)
}

// SetOwnProfile changes what a user says of himself. His nick is checked as a guest's is, and may be empty only if he has
// an account to be known by.
func (s *Service) SetOwnProfile(ctx context.Context, user string, p Patch) (Account, error) {
	if p.About.AdminForbidType != nil {
		return Account{}, ErrReadOnly.at("adminForbidType", "only a backend may set it")
	}
	if p.Nick != nil && (*p.Nick != "" || IsGuest(user)) {
		clean, err := s.chosenNick(user, *p.Nick)
		if err != nil {
			return Account{}, err
		}
		p.Nick = &clean
	}
	p, err := s.checked(p)
	if err != nil {
		return Account{}, err
	}
	return s.patch(ctx, user, p)
}

func (s *Service) patch(ctx context.Context, user string, p Patch) (Account, error) {
	a, err := s.named(user, p, func() (Account, error) { return s.store.PatchAccount(ctx, user, p) })
	return a, wrap("set profile of", user, err)
}

// named stores a profile and tells of a new name, one after the other where it is the same user's.
func (s *Service) named(user string, p Patch, store func() (Account, error)) (Account, error) {
	mu := &s.naming[maphash.String(s.seed, user)%uint64(len(s.naming))]
	mu.Lock()
	defer mu.Unlock()
	a, err := store()
	if err == nil && s.renamed != nil && (p.Nick != nil || p.Avatar != nil) {
		s.renamed(a)
	}
	return a, err
}

// imported checks a profile from a business backend. Its nick is kept as it was written, but for sensitive words.
func (s *Service) imported(user string, p Patch) (Patch, error) {
	if p.Nick != nil {
		if err := checkImported(*p.Nick); err != nil {
			return p, err
		}
		if !s.names.Load().IsAdmin(user) && s.names.Load().impersonates(*p.Nick) {
			return p, because(ErrBadNick, "the nickname reads like an administrator's")
		}
		clean, err := s.worded("nick", *p.Nick)
		if err != nil {
			return p, err
		}
		if err := checkImported(clean); err != nil {
			return p, err
		}
		p.Nick = &clean
	}
	return s.checked(p)
}

// checked checks all of a profile but its nick, and dates the change.
func (s *Service) checked(p Patch) (Patch, error) {
	if p.Avatar != nil {
		if err := checkAvatar(*p.Avatar); err != nil {
			return p, err
		}
	}
	for field, text := range map[string]**string{"selfSignature": &p.About.SelfSignature, "location": &p.About.Location} {
		if *text == nil {
			continue
		}
		clean, err := s.worded(field, **text)
		if err != nil {
			return p, err
		}
		*text = &clean
	}
	now := time.Now().UTC()
	p.UpdatedAt, p.NotBefore = &now, nil
	return p, p.About.check()
}

// chosenNick is a nick that somebody gave himself, as others see it. User is empty for a guest that is being made.
func (s *Service) chosenNick(user, nick string) (string, error) {
	names := s.names.Load()
	clean := names.CleanNick
	if names.IsAdmin(user) {
		clean = tidyNick // he may be called what he is
	}
	nick, err := clean(nick)
	if err != nil {
		return "", err
	}
	worded, err := s.worded("nick", nick)
	if err != nil || worded == nick {
		return worded, err
	}
	return clean(worded)
}

// worded is a text with sensitive words replaced.
func (s *Service) worded(field, text string) (string, error) {
	if s.words == nil || text == "" {
		return text, nil
	}
	clean, blocked := s.words.Check(text)
	if blocked {
		return "", ErrBlocked.at(field, "%s", ErrBlocked.Detail)
	}
	return clean, nil
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

// List returns a page of all accounts by user id, those above after. Next goes on; empty: there are no more.
func (s *Service) List(ctx context.Context, after string, limit int) (page []Account, next string, err error) {
	page, err = s.store.AccountsAfter(ctx, after, limit+1)
	if err != nil {
		return nil, "", wrap("list", "accounts", err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].User
	}
	return page, next, nil
}

// Delete removes the account of user, with all that was said of him. UserSigs issued so far are invalid as by Revoke, also
// if the account is made anew; one issued from now on makes it so.
func (s *Service) Delete(ctx context.Context, user string) error {
	now := time.Now().UTC()
	gone, err := s.store.DeleteAccount(ctx, user, now)
	if err == nil {
		s.memories.revoke(user, now, true)
		s.tellNow(ctx, gone)
	}
	return wrap("delete", user, err)
}

// Revoke makes every UserSig issued to user so far invalid; one issued from now on logs in again (spec im-rest §4.4).
func (s *Service) Revoke(ctx context.Context, user string) error {
	now := time.Now().UTC()
	_, err := s.store.PatchAccount(ctx, user, Patch{NotBefore: &now})
	if err == nil {
		s.memories.revoke(user, now, false)
	}
	return wrap("revoke", user, err)
}
