package keyfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"liveroom/address"
	"liveroom/internal/keyfile"
	"liveroom/live/keyring"
	"liveroom/live/keyring/keyringtest"
)

func TestStore(t *testing.T) {
	keyringtest.Store(t, func(t *testing.T) keyring.Store { return keyfile.Open(filepath.Join(t.TempDir(), "data")) })
}

// TestFilesAreTheirOwnersAlone: nobody else may read them, and nothing is left of how they were written.
func TestFilesAreTheirOwnersAlone(t *testing.T) {
	data := t.TempDir()
	s := keyfile.Open(data)
	for version := range uint64(3) {
		if err := s.Put(t.Context(), version, keyringtest.Sample(version+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Use(t.Context(), map[string]time.Time{"a": time.Now()}); err != nil {
		t.Fatal(err)
	}
	found, err := os.ReadDir(data)
	if err != nil || len(found) != 2 {
		t.Fatalf("%v, %v; want two files", found, err)
	}
	for _, f := range found {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

// TestCrashWhileAKeyIsRotated: what a crash left half written beside the file is nothing, and the ring before it is whole.
func TestCrashWhileAKeyIsRotated(t *testing.T) {
	data := t.TempDir()
	if err := keyfile.Open(data).Put(t.Context(), 0, keyringtest.Sample(1)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(data, "keys.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 37 {
		if err := os.WriteFile(filepath.Join(data, "keys-1.tmp"), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := keyfile.Open(data).Ring(t.Context()); err != nil || r != keyringtest.Sample(1) {
			t.Fatalf("with %d bytes beside it: version %d, %v", n, r.Version, err)
		}
	}
}

func TestBrokenFileSaysNothingOfKeys(t *testing.T) {
	data := t.TempDir()
	for _, text := range []string{"push: {primary: {key: opensesame", "keys: opensesame", strings.Repeat("# opensesame\n", 1<<13)} {
		if err := os.WriteFile(filepath.Join(data, "keys.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := keyfile.Open(data).Ring(t.Context())
		if err == nil || strings.Contains(err.Error(), "opensesame") || !strings.Contains(err.Error(), "keys.yaml") {
			t.Errorf("%.20q: %v", text, err)
		}
		if err := keyfile.Open(data).Put(t.Context(), 0, keyringtest.Sample(1)); err == nil {
			t.Errorf("%.20q was overwritten", text)
		}
	}
}

func TestKeysOfAFolder(t *testing.T) {
	data := t.TempDir()
	push, play := address.Keys{Primary: "configured push"}, address.Keys{Primary: "configured play"}
	is := func(wantPush, wantPlay address.Keys) {
		t.Helper()
		if a, b, err := keyfile.Keys(data, push, play); err != nil || a != wantPush || b != wantPlay {
			t.Errorf("other keys, %v", err)
		}
	}
	is(push, play)
	r := keyringtest.Sample(1)
	r.From, r.Play = keyring.Mark(push, play), keyring.Pair{}
	if err := keyfile.Open(data).Keep(r); err != nil {
		t.Fatal(err)
	}
	is(address.Keys{Primary: r.Push.Primary.Secret, Backup: r.Push.Backup.Secret}, play)
	push.Backup = "configured since"
	is(push, play)
	if err := keyfile.Open(data).Keep(keyring.Ring{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(data, "keys.yaml")); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}
