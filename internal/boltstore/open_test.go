package boltstore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// TestLockedNamesWhoHasIt: the second process is told at once which folder is meant and who has it; the first one's note
// goes with it.
func TestLockedNamesWhoHasIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	s, err := Open(path, discard())
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, discard())
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid(), " on ")) {
		t.Errorf("second opener: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("after the first has closed, its folder holds %v, %v", left, err)
	}
}

// TestABeginningCutShort: what a crash or a full disk left of a file's first moments stands in nobody's way.
func TestABeginningCutShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	if err := os.WriteFile(path+".new", make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, discard())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// filled makes a closed file with some hundred values in it and returns its bytes.
func filled(t *testing.T, path string) []byte {
	t.Helper()
	s, err := Open(path, discard())
	if err != nil {
		t.Fatal(err)
	}
	b := inTest(t, s)
	for i := range 20 {
		if err := s.db.Update(fill(b, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// fill writes the values of a step: others than those of the step before, under the same keys.
func fill(bucket []byte, step int) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		for i := range 200 {
			if err := put(bucket, fmt.Sprint("key", i), strings.Repeat(fmt.Sprint("step", step, " "), 10))(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestADamagedFileIsAnError: a file that has lost its end or its beginning is refused in words; reading it would end the
// process.
func TestADamagedFileIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	whole := filled(t, path)
	page := os.Getpagesize()
	noise := func(from, to int) []byte {
		out := append([]byte(nil), whole...)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := from; i < to; i++ {
			out[i] = byte(rng.Uint32())
		}
		return out
	}
	for name, content := range map[string][]byte{
		"one page":              whole[:page],
		"two pages":             whole[:2*page],
		"three pages":           whole[:3*page],
		"half of a page":        whole[:page/2],
		"half of it":            whole[:len(whole)/2/page*page],
		"no last page":          whole[:usedBytes(t, path)-page],
		"both beginnings noise": noise(0, 2*page),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "liveroom.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(path, discard())
			if err == nil {
				t.Fatal("opened", s.Close())
			}
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v", err)
			}
			if now, err := os.ReadFile(path); err != nil || string(now) != string(content) {
				t.Errorf("the damaged file was changed (%v)", err)
			}
		})
	}
}

// usedBytes is how much of a file has meaning.
func usedBytes(t *testing.T, path string) (n int) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bolt.Tx) error { n = int(tx.Size()); return nil })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTornWrites is a power cut in the middle of a commit: any part of what was to be written, in sectors of 512 bytes, has
// reached the disk. The last step that was answered is there whole, or the one under way is; the file goes on from there.
func TestTornWrites(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "liveroom.db")
	filled(t, path)
	rng := rand.New(rand.NewPCG(6, 7))
	for step := 20; step < 60; step++ {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		after := oneStep(t, path, step)
		for _, torn := range []struct {
			name    string
			content []byte
		}{{"pages", tear(rng, before, after, false)}, {"beginning", tear(rng, before, after, true)}} {
			cut := filepath.Join(dir, "torn.db")
			if err := os.WriteFile(cut, torn.content, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(cut, discard())
			if err != nil {
				t.Fatalf("step %d, torn %s: %v", step, torn.name, err)
			}
			holdsOneStep(t, s, step)
			if err := errors.Join(s.db.Update(fill([]byte("test"), 1000)), s.db.View(sound)); err != nil {
				t.Errorf("step %d, torn %s, afterwards: %v", step, torn.name, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// oneStep writes a step into a file, in one commit, and returns its bytes.
func oneStep(t *testing.T, path string, step int) []byte {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fill([]byte("test"), step)), db.Close()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// tear is a commit cut short: in its pages, whose beginning (the two meta pages) is then the old one; or in its beginning, once
// all pages were there.
func tear(rng *rand.Rand, before, after []byte, beginning bool) []byte {
	const sector = 512
	meta := 2 * os.Getpagesize()
	out := append([]byte(nil), after...)
	if !beginning {
		copy(out, before[:meta])
	}
	for at := 0; at < len(out); at += sector {
		mayTear := at >= meta != beginning
		if mayTear && rng.IntN(2) == 0 && at+sector <= len(before) {
			copy(out[at:at+sector], before[at:])
		}
	}
	if beginning && rng.IntN(2) == 0 { // the sector with the new one's checksum is noise
		for page := range 2 {
			from := page * os.Getpagesize()
			if string(after[from:from+sector]) != string(before[from:from+sector]) {
				for i := from + 16; i < from+sector; i++ {
					out[i] = byte(rng.Uint32())
				}
			}
		}
	}
	return out
}

// holdsOneStep checks that all values are of the step or of the one before.
func holdsOneStep(t *testing.T, s *Store, step int) {
	t.Helper()
	seen := map[string]int{}
	for i := range 200 {
		value := read(t, s, []byte("test"), fmt.Sprint("key", i))[0]
		word, _, _ := strings.Cut(value, " ")
		seen[word]++
	}
	if len(seen) != 1 || seen[fmt.Sprint("step", step)]+seen[fmt.Sprint("step", step-1)] != 200 {
		t.Errorf("after a cut in step %d the file holds %v", step, seen)
	}
}

// sound checks all pages.
func sound(tx *bolt.Tx) error {
	var all error
	for err := range tx.Check() {
		all = errors.Join(all, err)
	}
	return all
}
