package account

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/chat"
)

// DefaultGuestLifetime is how long a named guest's UserSig is valid.
const DefaultGuestLifetime = 7 * 24 * time.Hour

// sweepLimit is how many guests one store operation removes, so that none blocks for long.
const sweepLimit = 1000

// Config of a Service.
type Config struct {
	Signer        Signer
	Admins        []string      // application administrators besides chat.Administrator
	GuestLifetime time.Duration // of a named guest's UserSig; default 7 days
	Words         chat.Filter   // looks at nicknames and what else people write of themselves; nil: all is allowed

	// Renamed is told of each account whose nick or avatar was set, in the order in which it happened to that account. It
	// must not call the Service. Nil: nobody wants to know.
	Renamed func(a Account)

	// Deleted is told of accounts that were deleted, or guests whose time was over, for what others keep of them: that goes, if
	// it is from before. It is told at least twice of each, whatever crashes between, and again where it fails; no account is
	// made of the same name before it was told. Nil: nobody wants to know.
	Deleted func(ctx context.Context, gone []Gone) error
}

// Service is the accounts of one application.
type Service struct {
	signer        Signer
	names         atomic.Pointer[Names]
	guestLifetime time.Duration
	words         chat.Filter
	renamed       func(Account)
	deleted       func(context.Context, []Gone) error
	store         Store
	log           *slog.Logger

	verified verified
	memories memories

	seed   maphash.Seed
	naming [64]sync.Mutex // by user: held while a profile is stored and told of
}

// New checks cfg and returns a Service over store.
func New(cfg Config, store Store, log *slog.Logger) (*Service, error) {
	if err := cfg.Signer.Validate(); err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	for _, a := range cfg.Admins {
		if err := CheckAdmin(a); err != nil {
			return nil, fmt.Errorf("accounts: administrator %q: %w", a, err)
		}
	}
	if cfg.GuestLifetime == 0 {
		cfg.GuestLifetime = DefaultGuestLifetime
	}
	if cfg.GuestLifetime < time.Minute {
		return nil, fmt.Errorf("accounts: guest lifetime %s: must be at least 1m", cfg.GuestLifetime)
	}
	if cfg.Deleted == nil {
		cfg.Deleted = func(context.Context, []Gone) error { return nil }
	}
	s := &Service{
		signer:        cfg.Signer,
		guestLifetime: cfg.GuestLifetime,
		words:         cfg.Words,
		renamed:       cfg.Renamed,
		deleted:       cfg.Deleted,
		seed:          maphash.MakeSeed(),
		store:         store,
		log:           log,
	}
	names := NewNames(cfg.Admins...)
	s.names.Store(&names)
	return s, nil
}

// Signer returns the application's signer.
func (s *Service) Signer() Signer { return s.signer }

// IsAdmin says whether user is an application administrator.
func (s *Service) IsAdmin(user string) bool { return s.names.Load().IsAdmin(user) }

// SetAdmins changes who are application administrators besides chat.Administrator, each of whom CheckAdmin must let pass, and
// returns who became one and who is none any more. It holds for who logs in from now on: sessions that are there are for
// chat.Service.Recheck.
func (s *Service) SetAdmins(admins []string) (changed []string) {
	names := NewNames(admins...)
	was := s.names.Swap(&names)
	for user := range was.admins {
		if !names.admins[user] {
			changed = append(changed, user)
		}
	}
	for user := range names.admins {
		if !was.admins[user] {
			changed = append(changed, user)
		}
	}
	return changed
}

// Login checks a UserSig and returns who stands behind it. An empty user takes the UserSig's word for it. A user who was
// not known becomes an account, as at Tencent; a guest is made by NewGuest only. While the store is away (ErrAway) who has a
// good UserSig is let in if nothing is known against him here; no account is made then.
func (s *Service) Login(ctx context.Context, user, userSig string) (chat.Identity, error) {
	now := time.Now()
	claims, err := s.verified.verify(s.signer, user, userSig, now)
	if err != nil {
		return chat.Identity{}, err
	}
	a, err := s.known(ctx, claims, now)
	if err == nil {
		s.memories.note(a)
	} else if errors.Is(err, ErrAway) {
		var unknown error
		if a, unknown = s.remembered(claims.User, now); !errors.Is(unknown, ErrAway) {
			err = unknown
		}
	}
	if err == nil {
		err = claims.issuedSince(a.NotBefore)
	}
	if err != nil {
		return chat.Identity{}, err
	}
	return chat.Identity{
		User: a.User, Nick: a.Nick, Avatar: a.Avatar, Guest: a.Guest, Admin: s.names.Load().IsAdmin(a.User),
		Verified: now, Expires: claims.ExpiresAt.Add(time.Second), // ExpiresAt is the last good second
	}, nil
}

// issuedSince refuses what was issued before a time. UserSigs count in whole seconds: one made in the second of the
// revocation is new enough.
func (c Claims) issuedSince(notBefore time.Time) error {
	if c.IssuedAt.Unix() < notBefore.Unix() {
		return ErrRevoked
	}
	return nil
}

// known returns the account of a user whose UserSig was good, made now if need be. A UserSig from before an account was
// deleted does not make it anew.
func (s *Service) known(ctx context.Context, claims Claims, now time.Time) (Account, error) {
	user := claims.User
	a, err := s.store.Account(ctx, user)
	if err == nil || !errors.Is(err, ErrUnknownUser) {
		return a, wrap("log in", user, err)
	}
	if err := s.checkGiven(user); err != nil {
		return Account{}, err
	}
	notBefore, err := s.store.NotBefore(ctx, user) // after the account: who is deleted in between left it
	if err == nil {
		err = claims.issuedSince(notBefore)
	}
	if err != nil {
		return Account{}, wrap("log in", user, err)
	}
	a, _, err = s.put(ctx, Account{User: user, CreatedAt: now.UTC()}, Patch{})
	return a, wrap("log in", user, err)
}

// checkGiven says whether a user id may come from outside.
func (s *Service) checkGiven(user string) error {
	if err := CheckUser(user); err != nil {
		return err
	}
	if isReserved(user) {
		return because(ErrUnknownUser, "there is no such guest (any more); the prefixes %s and %s belong to the server", GuestPrefix, AnonymousPrefix)
	}
	if s.names.Load().looksLikeAdmin(user) {
		return because(ErrBadUser, "the user id differs from an administrator's only by case")
	}
	return nil
}

// NewGuest makes a named guest and the UserSig to log in with, valid until expiresAt. Who calls it limits the rate.
func (s *Service) NewGuest(ctx context.Context, nick string) (a Account, userSig string, expiresAt time.Time, err error) {
	clean, err := s.chosenNick("", nick)
	if err != nil {
		return Account{}, "", time.Time{}, err
	}
	now := time.Now().UTC()
	guest := Account{User: newGuestID(), Nick: clean, Guest: true, CreatedAt: now}
	if userSig, err = s.signer.Sign(guest.User, now, s.guestLifetime); err != nil {
		return Account{}, "", time.Time{}, err
	}
	if a, _, err = s.store.PutAccount(ctx, guest, Patch{}); err != nil {
		return Account{}, "", time.Time{}, fmt.Errorf("create guest: %w", err)
	}
	return a, userSig, now.Truncate(time.Second).Add(s.guestLifetime), nil
}

// newGuestID fills the 32 bytes of a user id: the prefix and 128 random bits.
func newGuestID() string {
	var b [16]byte
	// crypto/rand.Read never fails: it ends the program instead.
	_, _ = rand.Read(b[:])
	return GuestPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// SweepGuests removes guests whose UserSig has expired, and returns how many. It is run now and then.
func (s *Service) SweepGuests(ctx context.Context) (int, error) {
	before, total := time.Now().Add(-s.guestLifetime-time.Minute), 0
	for {
		guests, err := s.store.DeleteGuests(ctx, before, sweepLimit)
		if err != nil {
			return total, fmt.Errorf("sweep guests: %w", err)
		}
		if len(guests) > 0 {
			s.tellNow(ctx, guests...)
		}
		if total += len(guests); len(guests) < sweepLimit {
			if total > 0 {
				s.log.Info("expired guests removed", "guests", total)
			}
			return total, nil
		}
	}
}

// wrap adds what was done for whom to an error of the store; refusals stay as they are.
func wrap(verb, user string, err error) error {
	var refusal *Error
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("%s %s: %w", verb, user, err)
}
