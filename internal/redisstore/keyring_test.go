package redisstore

import (
	"errors"
	"testing"

	"liveroom/internal/redistest"
	"liveroom/live/keyring"
	"liveroom/live/keyring/keyringtest"
)

func sealer(t *testing.T, nodeKey string) *keyring.Sealer {
	t.Helper()
	s, err := keyring.NewSealer([]byte(nodeKey))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeyring(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		keyringtest.Store(t, func(t *testing.T) keyring.Store {
			return patient(t, open(t)).Keyring(sealer(t, "node key of the tests"))
		})
	})
}

// TestKeysInRedisAreSealed: who reads Redis reads no key, and who changes what is there is found out.
func TestKeysInRedisAreSealed(t *testing.T) {
	s := open(t, redistest.Shared(t).URL())
	w := s.Keyring(sealer(t, "node key of the tests"))
	if err := w.Put(t.Context(), 0, keyringtest.Sample(1)); err != nil {
		t.Fatal(err)
	}
	first, err := s.rdb.HGet(t.Context(), w.ring, "ring").Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Put(t.Context(), 1, keyringtest.Sample(2)); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, w *Keyring) {
		t.Helper()
		if _, err := w.Ring(t.Context()); !errors.Is(err, keyring.ErrSealed) {
			t.Errorf("%s: read with %v", what, err)
		}
		if err := w.Put(t.Context(), 2, keyringtest.Sample(3)); !errors.Is(err, keyring.ErrSealed) {
			t.Errorf("%s: overwritten with %v", what, err)
		}
	}
	refused("another node key", s.Keyring(sealer(t, "the node key of others")))
	for _, c := range []struct{ what, value string }{{"an older ring", first}, {"nonsense", "AAAA"}, {"nothing", ""}} {
		if err := s.rdb.HSet(t.Context(), w.ring, "ring", c.value).Err(); err != nil {
			t.Fatal(err)
		}
		refused(c.what, w)
	}
	if err := s.rdb.HDel(t.Context(), w.ring, "ring").Err(); err != nil {
		t.Fatal(err)
	}
	refused("a version alone", w)
}
