package signin

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"
)

// Config says how long sessions last. Zero fields but Key take their defaults.
type Config struct {
	Key   []byte        // of all nodes; what was made with another is good for nothing. At least 16 bytes
	Idle  time.Duration // after which a session ends in which nothing is done; 12 h
	Life  time.Duration // after which it ends in any case; 7 days
	Slide time.Duration // how often its end is moved, at most; 5 min
}

const minKeyBytes = 16

func (c Config) withDefaults() Config {
	c.Idle = cmp.Or(c.Idle, 12*time.Hour)
	c.Life = cmp.Or(c.Life, 7*24*time.Hour)
	c.Slide = cmp.Or(c.Slide, 5*time.Minute)
	return c
}

// Validate names the field that can't be.
func (c Config) Validate() error {
	switch {
	case len(c.Key) < minKeyBytes:
		return fmt.Errorf("signin: Key has %d bytes, must have at least %d", len(c.Key), minKeyBytes)
	case c.Idle < 0 || c.Life < 0 || c.Slide < 0:
		return fmt.Errorf("signin: Idle %s, Life %s and Slide %s must not be negative", c.Idle, c.Life, c.Slide)
	}
	return nil
}

// Service signs in and out.
type Service struct {
	cfg   Config
	store Store
	keys  struct{ session, csrf, link []byte }
}

// New returns a Service. Nothing has to be run.
func New(cfg Config, store Store) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg.withDefaults(), store: store}
	for _, k := range []struct {
		key  *[]byte
		what string
	}{{&s.keys.session, "liveroom session"}, {&s.keys.csrf, "liveroom csrf"}, {&s.keys.link, "liveroom link"}} {
		var err error
		if *k.key, err = hkdf.Key(sha256.New, cfg.Key, nil, k.what, sha256.Size); err != nil {
			return nil, fmt.Errorf("signin: derive a key: %w", err)
		}
	}
	return s, nil
}

// secretBytes are those of a session's secret.
const secretBytes = 32

// Open begins a session, and returns the secret for the browser.
func (s *Service) Open(ctx context.Context, name string) (one Session, secret string, err error) {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	secret = codeText.EncodeToString(b)
	now := time.Now().UTC().Truncate(time.Millisecond)
	one = Session{ID: s.id(b), Name: name, MadeAt: now}
	one.Until = s.until(one, now)
	if err := s.store.AddSession(ctx, one); err != nil {
		return Session{}, "", fmt.Errorf("begin a session: %w", err)
	}
	return one, secret, nil
}

// Session returns the session of a secret, or ErrNoSession, and has it last for longer: something is done in it.
func (s *Service) Session(ctx context.Context, secret string) (Session, error) {
	b, ok := secretOf(secret)
	if !ok {
		return Session{}, ErrNoSession
	}
	one, err := s.find(ctx, s.id(b))
	if err != nil {
		return Session{}, err
	}
	until := s.until(one, time.Now().UTC().Truncate(time.Millisecond))
	if until.Sub(one.Until) < s.cfg.Slide {
		return one, nil
	}
	err = s.store.ExtendSession(ctx, one.ID, until)
	if errors.Is(err, ErrNoSession) { // it was ended meanwhile
		return Session{}, ErrNoSession
	}
	if err == nil {
		one.Until = until
	} // else it was there: that it lasts longer is the next request's business
	return one, nil
}

// Alive says whether a session is there that was found before, and has it last no longer.
func (s *Service) Alive(ctx context.Context, id string) (bool, error) {
	_, err := s.find(ctx, id)
	if errors.Is(err, ErrNoSession) {
		return false, nil
	}
	return err == nil, err
}

func (s *Service) find(ctx context.Context, id string) (Session, error) {
	one, err := s.store.Session(ctx, id)
	if err != nil && !errors.Is(err, ErrNoSession) {
		return Session{}, fmt.Errorf("find a session: %w", err)
	}
	if now := time.Now(); err != nil || !now.Before(one.Until) || !now.Before(s.dies(one)) {
		return Session{}, ErrNoSession
	}
	return one, nil
}

// dies is when a session ends in any case.
func (s *Service) dies(one Session) time.Time { return one.MadeAt.Add(s.cfg.Life) }

// until is when a session ends in which something is done now.
func (s *Service) until(one Session, now time.Time) time.Time {
	if idle := now.Add(s.cfg.Idle); idle.Before(s.dies(one)) {
		return idle
	}
	return s.dies(one)
}

// Life is the longest that a session lasts.
func (s *Service) Life() time.Duration { return s.cfg.Life }

// Close ends a session.
func (s *Service) Close(ctx context.Context, id string) error {
	if err := s.store.RemoveSession(ctx, id); err != nil && !errors.Is(err, ErrNoSession) {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// CloseAll ends all sessions and makes links void that administrators were sent. It returns how many sessions there were.
func (s *Service) CloseAll(ctx context.Context) (int, error) {
	n, err := s.store.RemoveSessions(ctx, time.Now().UTC().Truncate(time.Microsecond))
	if err != nil {
		return 0, fmt.Errorf("end all sessions: %w", err)
	}
	return n, nil
}

// Use takes a link that was read: nil for the first who does.
func (s *Service) Use(ctx context.Context, l Link) error {
	if err := s.store.UseLink(ctx, l); err != nil {
		return fmt.Errorf("use a link: %w", err)
	}
	return nil
}

// sweepAfter is how long what is over is kept: a node whose clock is slow must not take a link that another forgot already.
const sweepAfter = time.Hour

// Sweep removes what is over.
func (s *Service) Sweep(ctx context.Context) error {
	for {
		n, err := s.store.Sweep(ctx, time.Now().Add(-sweepAfter))
		if err != nil || n < MaxSwept {
			return err
		}
	}
}

// CSRF is the token that requests of the session of a secret show, which pages elsewhere can't know; empty: it is no secret.
func (s *Service) CSRF(secret string) string {
	b, ok := secretOf(secret)
	if !ok {
		return ""
	}
	return codeText.EncodeToString(mac(s.keys.csrf, b))
}

// Genuine says whether a token is that of the session of a secret.
func (s *Service) Genuine(secret, token string) bool {
	want := s.CSRF(secret)
	return want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(token)) == 1
}

func (s *Service) id(secret []byte) string {
	return codeText.EncodeToString(mac(s.keys.session, secret))
}

func secretOf(text string) ([]byte, bool) {
	if len(text) != codeText.EncodedLen(secretBytes) {
		return nil, false
	}
	return decode(text)
}
