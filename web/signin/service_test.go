package signin_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/web/signin"
)

const testKey = "key-of-the-tests-0123456789"

// counting is a memory store that counts how often sessions were moved, and can fail.
type counting struct {
	*signin.Memory
	moved atomic.Int64
	fail  error // of ExtendSession
}

func (c *counting) ExtendSession(ctx context.Context, id string, until time.Time) error {
	c.moved.Add(1)
	if c.fail != nil {
		return c.fail
	}
	return c.Memory.ExtendSession(ctx, id, until)
}

func service(t *testing.T, key string, store signin.Store) *signin.Service {
	t.Helper()
	s, err := signin.New(signin.Config{Key: []byte(key)}, store)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, s *signin.Service) (signin.Session, string) {
	t.Helper()
	one, secret, err := s.Open(t.Context(), "Ming")
	if err != nil {
		t.Fatal(err)
	}
	return one, secret
}

func TestSessionEndsWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{Memory: signin.NewMemory()}
		s := service(t, testKey, store)
		one, secret := open(t, s)
		if want := time.Now().Add(12 * time.Hour); !one.Until.Equal(want) {
			t.Errorf("until %v, want %v", one.Until, want)
		}
		for range 12*60*2 - 1 { // each half minute for just less than 12 h
			time.Sleep(30 * time.Second)
			if _, err := s.Session(t.Context(), secret); err != nil {
				t.Fatal(err)
			}
		}
		if n := store.moved.Load(); n != 143 {
			t.Errorf("its end was moved %d times in 12 h", n)
		}
		time.Sleep(12*time.Hour - 10*time.Minute)
		got, err := s.Session(t.Context(), secret)
		if err != nil || !got.Until.Equal(time.Now().Add(12*time.Hour)) || got.Name != "Ming" || got.ID != one.ID {
			t.Errorf("%+v, %v", got, err)
		}
		time.Sleep(12*time.Hour - time.Nanosecond)
		if alive, err := s.Alive(t.Context(), one.ID); !alive || err != nil {
			t.Errorf("alive %v, %v", alive, err)
		}
		time.Sleep(time.Nanosecond)
		if got, err := s.Session(t.Context(), secret); !errors.Is(err, signin.ErrNoSession) || got != (signin.Session{}) {
			t.Errorf("12 h later: %+v, %v", got, err)
		}
		if alive, err := s.Alive(t.Context(), one.ID); alive || err != nil {
			t.Errorf("alive %v, %v", alive, err)
		}
	})
}

func TestSessionEndsAfterAWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := signin.NewMemory()
		s := service(t, testKey, store)
		one, secret := open(t, s)
		dies := time.Now().Add(7 * 24 * time.Hour)
		for time.Now().Before(dies) {
			got, err := s.Session(t.Context(), secret)
			if err != nil || got.Until.After(dies) {
				t.Fatalf("%v before: %+v, %v", time.Until(dies), got, err)
			}
			time.Sleep(time.Hour)
		}
		if _, err := s.Session(t.Context(), secret); !errors.Is(err, signin.ErrNoSession) {
			t.Errorf("a week later: %v", err)
		}
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Session(t.Context(), one.ID); err != nil {
			t.Errorf("swept at once: %v", err)
		}
		time.Sleep(time.Hour)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Session(t.Context(), one.ID); !errors.Is(err, signin.ErrNoSession) {
			t.Errorf("not swept: %v", err)
		}
	})
}

// TestEndedMeanwhile: a request that was under way when its session was ended does not bring it back, and a store that
// can't move the end of one that it found does not end it.
func TestEndedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{Memory: signin.NewMemory()}
		s := service(t, testKey, store)
		one, secret := open(t, s)
		time.Sleep(time.Hour)
		store.fail = signin.ErrNoSession
		if _, err := s.Session(t.Context(), secret); !errors.Is(err, signin.ErrNoSession) {
			t.Errorf("ended meanwhile: %v", err)
		}
		store.fail = errors.New("away")
		if got, err := s.Session(t.Context(), secret); err != nil || !got.Until.Equal(one.Until) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestSecrets(t *testing.T) {
	store := signin.NewMemory()
	s, other := service(t, testKey, store), service(t, "another-key-0123456789", store)
	one, secret := open(t, s)
	two, second := open(t, s)
	if secret == second || one.ID == two.ID || s.CSRF(secret) == s.CSRF(second) || s.CSRF(secret) == secret || one.ID == secret {
		t.Error("what should differ is the same")
	}
	if _, err := other.Session(t.Context(), secret); !errors.Is(err, signin.ErrNoSession) {
		t.Errorf("with another key: %v", err)
	}
	if !s.Genuine(secret, s.CSRF(secret)) {
		t.Error("its own token is none")
	}
	for name, token := range map[string]string{
		"none": "", "of another": s.CSRF(second), "of another key": other.CSRF(secret), "cut": s.CSRF(secret)[1:], "longer": s.CSRF(secret) + "A",
	} {
		if s.Genuine(secret, token) {
			t.Errorf("%s is taken", name)
		}
	}
	last := "A"
	if strings.HasSuffix(secret, last) {
		last = "E"
	}
	for name, bad := range map[string]string{
		"nothing": "", "short": secret[1:], "long": secret + "A", "no base64": strings.Repeat("!", len(secret)),
		"the id": one.ID, "changed": secret[:len(secret)-1] + last, "padded": secret[:len(secret)-1] + "=",
	} {
		if _, err := s.Session(t.Context(), bad); !errors.Is(err, signin.ErrNoSession) {
			t.Errorf("%s: %v", name, err)
		}
		if len(bad) != len(secret) && s.Genuine(bad, s.CSRF(bad)) {
			t.Errorf("%s has a token", name)
		}
	}
	if _, err := s.Session(t.Context(), secret); err != nil {
		t.Error(err)
	}
	if err := errors.Join(s.Close(t.Context(), one.ID), s.Close(t.Context(), one.ID)); err != nil {
		t.Error(err)
	}
	if _, err := s.Session(t.Context(), secret); !errors.Is(err, signin.ErrNoSession) {
		t.Errorf("closed: %v", err)
	}
	if n, err := s.CloseAll(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestLinkExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service(t, testKey, signin.NewMemory())
		made, code, err := s.NewLink(signin.ForAnchor, "tea", 15*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(15*time.Minute - time.Nanosecond)
		if got, err := s.ReadLink(code); err != nil || got != made || got.Room != "tea" || got.For != signin.ForAnchor {
			t.Errorf("%+v, %v; made %+v", got, err, made)
		}
		time.Sleep(time.Nanosecond)
		if _, err := s.ReadLink(code); !errors.Is(err, signin.ErrExpired) {
			t.Errorf("%v", err)
		}
	})
}

// TestUsedLinkIsNotForgottenEarly: by a node whose clock is ahead of another's.
func TestUsedLinkIsNotForgottenEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service(t, testKey, signin.NewMemory())
		l, _, err := s.NewLink(signin.ForAdmin, "", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Use(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + time.Hour - time.Second)
		if err := errors.Join(s.Sweep(t.Context())); err != nil {
			t.Fatal(err)
		}
		if err := s.Use(t.Context(), l); !errors.Is(err, signin.ErrUsed) {
			t.Errorf("%v", err)
		}
	})
}

func TestLinksOfTwoNodes(t *testing.T) {
	store := signin.NewMemory()
	a, b := service(t, testKey, store), service(t, testKey, store)
	_, code, err := a.NewLink(signin.ForAdmin, "", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var won atomic.Int64
	var wg sync.WaitGroup
	for _, s := range []*signin.Service{a, b, a, b} {
		wg.Go(func() {
			l, err := s.ReadLink(code)
			if err == nil {
				err = s.Use(t.Context(), l)
			}
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, signin.ErrUsed):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d got in", won.Load())
	}
}

// TestForgedLinks: whatever is changed of a code, it is none any more.
func TestForgedLinks(t *testing.T) {
	s := service(t, testKey, signin.NewMemory())
	_, code, err := s.NewLink(signin.ForAnchor, "tea", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	var forged []string
	for i := range raw {
		b := append([]byte(nil), raw...)
		b[i] ^= 1
		forged = append(forged, base64.RawURLEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(raw[:i]), base64.RawURLEncoding.EncodeToString(raw[i:]))
	}
	forged = append(forged[:2], forged[3:]...) // raw[0:] is the code
	forged = append(forged, "", "=", code+"=", code+"\n", " "+code, code+code, strings.Repeat("A", 1<<16), "€")
	for _, bad := range forged {
		if l, err := s.ReadLink(bad); !errors.Is(err, signin.ErrBadLink) || l != (signin.Link{}) {
			t.Errorf("%q: %+v, %v", bad, l, err)
		}
	}
	if _, err := service(t, "another-key-0123456789", signin.NewMemory()).ReadLink(code); !errors.Is(err, signin.ErrBadLink) {
		t.Errorf("with another key: %v", err)
	}
}

func TestLinksThatCantBe(t *testing.T) {
	s := service(t, testKey, signin.NewMemory())
	for _, c := range []struct {
		purpose signin.Purpose
		room    string
		ttl     time.Duration
	}{
		{signin.ForAdmin, "", 0},
		{signin.ForAdmin, "", -time.Hour},
		{signin.ForAdmin, "", 24*time.Hour + 1},
		{signin.ForAdmin, "tea", time.Hour},
		{signin.ForAnchor, "", time.Hour},
		{signin.ForAnchor, strings.Repeat("x", 65), time.Hour},
		{0, "", time.Hour},
		{3, "", time.Hour},
		{3, "tea", time.Hour},
	} {
		if _, code, err := s.NewLink(c.purpose, c.room, c.ttl); err == nil || code != "" {
			t.Errorf("%+v: made", c)
		}
	}
	for _, cfg := range []signin.Config{{}, {Key: []byte("short")}, {Key: []byte(testKey), Idle: -1}} {
		if _, err := signin.New(cfg, signin.NewMemory()); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}
