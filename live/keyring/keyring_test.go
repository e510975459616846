package keyring_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/address"
	"liveroom/live/keyring"
	"liveroom/live/keyring/keyringtest"
)

func TestMemory(t *testing.T) {
	keyringtest.Store(t, func(t *testing.T) keyring.Store { return &keyring.Memory{} })
}

const (
	oldPush = "push_master_key_0001"
	oldPlay = "play_master_key_0003"
)

// node is a Service and what it has put in force.
type node struct {
	*keyring.Service
	t          *testing.T
	mu         sync.Mutex
	push, play address.Keys
	used       map[string]time.Time
	kept       keyring.Ring
	replaced   uint64
}

func start(t *testing.T, store keyring.Store, change ...func(*keyring.Config)) *node {
	t.Helper()
	n := &node{t: t, used: map[string]time.Time{}}
	cfg := keyring.Config{
		Push: address.Keys{Primary: oldPush}, Play: address.Keys{Primary: oldPlay, Backup: "play_backup_key_0004"},
		NodeKey: []byte("node key of the tests"), Others: []string{"the API token"},
		Apply: func(push, play address.Keys) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.push, n.play = push, play
		},
		UsedAt: func(_ keyring.Kind, secret string) time.Time {
			n.mu.Lock()
			defer n.mu.Unlock()
			return n.used[secret]
		},
		Replaced: func(version uint64) { n.replaced = version },
		Keep:     func(r keyring.Ring) error { n.kept = r; return nil },
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if n.Service, err = keyring.New(t.Context(), cfg, store, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return n
}

// run runs the Service until the test ends.
func (n *node) run() {
	ctx, cancel := context.WithCancel(n.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = n.Run(ctx) }()
	n.t.Cleanup(func() { cancel(); <-done })
}

func (n *node) pushKeys() address.Keys {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.push
}

func (n *node) wantPush(primary, backup string) {
	n.t.Helper()
	if got := n.pushKeys(); got.Primary != primary || got.Backup != backup {
		n.t.Fatalf("in force are %q, %q; want %q, %q", got.Primary, got.Backup, primary, backup)
	}
}

func (n *node) rotate(key string) {
	n.t.Helper()
	if _, err := n.Rotate(n.t.Context(), keyring.Push, key, ""); err != nil {
		n.t.Fatal(err)
	}
}

func TestRotateAndRevoke(t *testing.T) {
	store := &keyring.Memory{}
	n := start(t, store)
	n.wantPush(oldPush, "")
	if r, _ := store.Ring(t.Context()); r.Version != 0 {
		t.Error("configured keys are kept")
	}
	n.rotate("push_key_of_spring")
	n.wantPush("push_key_of_spring", oldPush)
	n.rotate("push_key_of_spring") // again: nothing changes
	n.wantPush("push_key_of_spring", oldPush)
	n.rotate("")
	made := n.pushKeys().Primary
	n.wantPush(made, "push_key_of_spring")
	if len(made) != 32 {
		t.Errorf("the key that was made has %d characters", len(made))
	}
	n.rotate("push_key_of_spring") // and back
	n.wantPush("push_key_of_spring", made)
	if _, err := n.Revoke(t.Context(), keyring.Push, ""); err != nil {
		t.Fatal(err)
	}
	n.wantPush("push_key_of_spring", "")
	if n.Reveal(keyring.Play) != (address.Keys{Primary: oldPlay, Backup: "play_backup_key_0004"}) {
		t.Error("keys of the other kind have changed")
	}
	if n.kept.Push.Primary.Secret != "push_key_of_spring" {
		t.Error("the command line has other keys")
	}
	start(t, store).wantPush("push_key_of_spring", "") // after a restart
}

// TestCallsThatAreMadeAgain: a rotation whose answer was lost does not throw the old key away when it is tried again.
func TestCallsThatAreMadeAgain(t *testing.T) {
	n := start(t, &keyring.Memory{})
	was := n.Look(t.Context()).Push.Primary.Fingerprint
	if _, err := n.Rotate(t.Context(), keyring.Push, "", was); err != nil {
		t.Fatal(err)
	}
	made := n.pushKeys().Primary
	var refused *keyring.Error
	if _, err := n.Rotate(t.Context(), keyring.Push, "", was); !errors.As(err, &refused) || refused.Code != "keys_changed" {
		t.Errorf("again: %v", err)
	}
	n.wantPush(made, oldPush)
}

func TestKeysThatCannotBe(t *testing.T) {
	n := start(t, &keyring.Memory{})
	for _, key := range []string{"short", strings.Repeat("x", 129), "with a blank", "schlüssel-schlüssel", "the-line\nends", oldPlay, "play_backup_key_0004"} {
		var refused *keyring.Error
		if _, err := n.Rotate(t.Context(), keyring.Push, key, ""); !errors.As(err, &refused) || refused.Field != "key" {
			t.Errorf("%q: %v", key, err)
		} else if strings.Contains(err.Error(), key) {
			t.Errorf("%v shows the key", err)
		}
	}
	n = start(t, &keyring.Memory{}, func(c *keyring.Config) { c.Others = []string{"lr_api_token_0123456789"} })
	if _, err := n.Rotate(t.Context(), keyring.Play, "lr_api_token_0123456789", ""); err == nil {
		t.Error("the API token became a play key")
	}
	n.wantPush(oldPush, "")
}

// TestConfiguredKeysWin: as soon as others are configured, what was rotated goes; those who started with the same go on with it.
func TestConfiguredKeysWin(t *testing.T) {
	store := &keyring.Memory{}
	start(t, store).rotate("push_key_of_spring")
	n := start(t, store)
	n.wantPush("push_key_of_spring", oldPush)
	if n.replaced != 0 {
		t.Error("it was told that the ring went")
	}
	other := func(c *keyring.Config) { c.Push = address.Keys{Primary: "push_key_of_autumn"} }
	n = start(t, store, other)
	n.wantPush("push_key_of_autumn", "")
	if n.replaced != 2 {
		t.Errorf("told of version %d, want 2", n.replaced)
	}
	n = start(t, store, other) // and stays so
	n.wantPush("push_key_of_autumn", "")
	if n.replaced != 0 {
		t.Error("told again")
	}
	if r, _ := store.Ring(t.Context()); r.Push.Primary.Secret != "" {
		t.Error("the configured keys are kept")
	}
	n = start(t, store) // the old configuration again: not the old ring
	n.wantPush(oldPush, "")
	n.rotate("push_key_of_winter")
	n.wantPush("push_key_of_winter", oldPush)
}

// TestNodeWithOtherConfiguredKeys: it goes on with its own, and changes nothing.
func TestNodeWithOtherConfiguredKeys(t *testing.T) {
	store := &keyring.Memory{}
	a := start(t, store)
	b := start(t, store, func(c *keyring.Config) { c.Push = address.Keys{Primary: "push_key_of_autumn"} })
	b.rotate("push_key_of_winter")
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.wantPush(oldPush, "")
	var refused *keyring.Error
	if _, err := a.Rotate(t.Context(), keyring.Push, "", ""); !errors.As(err, &refused) {
		t.Errorf("it rotates: %v", err)
	}
	if r, _ := store.Ring(t.Context()); r.Push.Primary.Secret != "push_key_of_winter" {
		t.Error("it has changed the ring")
	}
}

// TestOtherNodesHearOfANewKeyBeforeItSigns: a node that rotates accepts the new key at once, and signs with it when all others have
// heard of it; one who revokes at once does not wait.
func TestOtherNodesHearOfANewKeyBeforeItSigns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &keyring.Memory{}
		settle := func(c *keyring.Config) { c.Settle = 3 * time.Second }
		a, b := start(t, store, settle), start(t, store, settle)
		a.run()
		b.run()
		a.rotate("push_key_of_spring")
		a.wantPush(oldPush, "push_key_of_spring")
		time.Sleep(2 * time.Second)
		if err := b.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.wantPush(oldPush, "push_key_of_spring")
		time.Sleep(time.Second)
		synctest.Wait()
		a.wantPush("push_key_of_spring", oldPush)
		b.wantPush(oldPush, "push_key_of_spring")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		b.wantPush("push_key_of_spring", oldPush)

		a.rotate("push_key_of_summer")
		a.wantPush("push_key_of_spring", "push_key_of_summer")
		if _, err := a.Revoke(t.Context(), keyring.Push, ""); err != nil {
			t.Fatal(err)
		}
		a.wantPush("push_key_of_summer", "")
		time.Sleep(time.Minute)
		synctest.Wait()
		a.wantPush("push_key_of_summer", "")
	})
}

// TestStoreThatForgot: one that has lost a ring, or has an older one, is given the one that a node knows, or has kept.
func TestStoreThatForgot(t *testing.T) {
	store := &keyring.Memory{}
	n := start(t, store)
	n.rotate("push_key_of_spring")
	older, _ := store.Ring(t.Context())
	n.rotate("push_key_of_summer")
	*store = keyring.Memory{}
	if err := n.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.wantPush("push_key_of_summer", "push_key_of_spring")
	newest, _ := store.Ring(t.Context())
	if newest.Version != 2 || newest.Push.Primary.Secret != "push_key_of_summer" {
		t.Errorf("the store has version %d", newest.Version)
	}

	behind := &keyring.Memory{}
	if err := behind.Put(t.Context(), 0, older); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*keyring.Memory{behind, {}} {
		n := start(t, s, func(c *keyring.Config) { c.Kept = newest })
		n.wantPush("push_key_of_summer", "push_key_of_spring")
		if r, _ := s.Ring(t.Context()); r != newest {
			t.Errorf("the store has version %d", r.Version)
		}
	}
	other := start(t, &keyring.Memory{}, func(c *keyring.Config) {
		c.Kept, c.Push = newest, address.Keys{Primary: "push_key_of_autumn"}
	})
	other.wantPush("push_key_of_autumn", "")
}

// crashing is a Store whose answers are lost.
type crashing struct {
	keyring.Store
	stores bool
}

var errCrash = errors.New("crash")

func (c *crashing) Put(ctx context.Context, was uint64, next keyring.Ring) error {
	if c.stores {
		if err := c.Store.Put(ctx, was, next); err != nil {
			return err
		}
	}
	return errCrash
}

// TestCrashInTheMiddleOfARotation: before the ring was stored nothing has happened; after it the next start has the new key, and
// accepts the old one too. Nobody is ever without.
func TestCrashInTheMiddleOfARotation(t *testing.T) {
	for _, stored := range []bool{false, true} {
		t.Run(fmt.Sprint("stored ", stored), func(t *testing.T) {
			memory := &keyring.Memory{}
			store := &crashing{memory, stored}
			n := start(t, store)
			if _, err := n.Rotate(t.Context(), keyring.Push, "push_key_of_spring", ""); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			n.wantPush(oldPush, "")
			again := start(t, memory)
			if !stored {
				again.wantPush(oldPush, "")
				return
			}
			again.wantPush("push_key_of_spring", oldPush)
			if again.kept.Push.Primary.Secret != "push_key_of_spring" {
				t.Error("the command line was not given what the crash kept from it")
			}
			if err := n.Reload(t.Context()); err != nil { // it was no crash, but a lost answer
				t.Fatal(err)
			}
			n.wantPush("push_key_of_spring", oldPush)
		})
	}
}

// TestUses: each node notes each minute when it used keys, and shows what others have noted.
func TestUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &keyring.Memory{}
		a, b := start(t, store), start(t, store)
		a.run()
		at := time.Now().Truncate(time.Second).Add(-time.Minute)
		if v := b.Look(t.Context()); !v.Push.Primary.UsedAt.IsZero() || v.Push.Backup != nil || v.Play.Backup == nil {
			t.Errorf("%+v", v)
		}
		a.mu.Lock()
		a.used[oldPush] = at
		a.mu.Unlock()
		if got := a.Look(t.Context()).Push.Primary.UsedAt; !got.Equal(at) {
			t.Errorf("here it was used at %v, want %v", got, at)
		}
		time.Sleep(keyring.UsesEvery)
		synctest.Wait()
		if got := b.Look(t.Context()).Push.Primary.UsedAt; !got.Equal(at) {
			t.Errorf("elsewhere it was used at %v, want %v", got, at)
		}
	})
}

func TestFingerprintsSayNothing(t *testing.T) {
	a := start(t, &keyring.Memory{})
	b := start(t, &keyring.Memory{}, func(c *keyring.Config) { c.NodeKey = []byte("another node key") })
	one, other := a.Look(t.Context()).Push.Primary.Fingerprint, b.Look(t.Context()).Push.Primary.Fingerprint
	if one == other || len(one) != 12 {
		t.Errorf("%q and %q", one, other)
	}
	r := keyringtest.Sample(1)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, r); strings.Contains(text, "push key") || strings.Contains(text, "1e3") {
			t.Errorf("%s shows keys: %s", verb, text)
		}
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("ring", "key", r.Push.Primary, "pair", r.Push)
	if strings.Contains(log.String(), "push key") {
		t.Errorf("a log shows keys: %s", log.String())
	}
}

func TestSealedRings(t *testing.T) {
	s, err := keyring.NewSealer([]byte("node key of the tests"))
	if err != nil {
		t.Fatal(err)
	}
	want := keyringtest.Sample(7)
	sealed, err := s.Seal(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Open(sealed); err != nil || got != want {
		t.Fatalf("version %d, %v", got.Version, err)
	}
	if again, _ := s.Seal(want); again == sealed {
		t.Error("it is sealed the same twice")
	}
	if strings.Contains(sealed, "push") {
		t.Error("it can be read")
	}
	other, err := keyring.NewSealer([]byte("another node key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(sealed); !errors.Is(err, keyring.ErrSealed) {
		t.Errorf("with another node key: %v", err)
	}
	for i := range len(sealed) {
		tampered := []byte(sealed)
		tampered[i] ^= 1
		if _, err := s.Open(string(tampered)); !errors.Is(err, keyring.ErrSealed) {
			t.Fatalf("with character %d changed: %v", i, err)
		}
	}
	for _, text := range []string{"", "AAAA", sealed[:len(sealed)-4], sealed + "AAAA"} {
		if _, err := s.Open(text); !errors.Is(err, keyring.ErrSealed) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}
