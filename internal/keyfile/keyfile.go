// Package keyfile keeps the keyring in a data folder: in keys.yaml, readable by its owner alone, for the server and the command line,
// and in keys-used.yaml when each key was used. Files are replaced in one step and on disk before a call returns: after a crash there
// is the old one or the new one. A data folder has one server; the command line only reads.
package keyfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"liveroom/address"
	"liveroom/live/keyring"
)

// Store is the files of a data folder. It is a keyring.Store, and keeps a copy where another is.
type Store struct {
	folder string
	mu     sync.Mutex // one change at a time
}

var _ keyring.Store = (*Store)(nil)

// Open returns the keyring of a data folder, which there need not be yet.
func Open(data string) *Store { return &Store{folder: data} }

func (s *Store) path() string { return filepath.Join(s.folder, "keys.yaml") }

func (s *Store) usesPath() string { return filepath.Join(s.folder, "keys-used.yaml") }

// ring is a keyring.Ring in the file.
type ring struct {
	Version uint64 `yaml:"version"`
	From    string `yaml:"from"`
	Push    pair   `yaml:"push,omitempty"`
	Play    pair   `yaml:"play,omitempty"`
}

type pair struct {
	Primary key `yaml:"primary,omitempty"`
	Backup  key `yaml:"backup,omitempty"`
}

type key struct {
	Key   string `yaml:"key,omitempty"`
	Since string `yaml:"since,omitempty"` // RFC 3339
}

func ringOf(r keyring.Ring) ring {
	one := func(k keyring.Key) key { return key{Key: k.Secret, Since: written(k.Since)} }
	two := func(p keyring.Pair) pair { return pair{Primary: one(p.Primary), Backup: one(p.Backup)} }
	return ring{Version: r.Version, From: r.From, Push: two(r.Push), Play: two(r.Play)}
}

func (r ring) ring() keyring.Ring {
	one := func(k key) keyring.Key { return keyring.Key{Secret: k.Key, Since: read(k.Since)} }
	two := func(p pair) keyring.Pair { return keyring.Pair{Primary: one(p.Primary), Backup: one(p.Backup)} }
	return keyring.Ring{Version: r.Version, From: r.From, Push: two(r.Push), Play: two(r.Play)}
}

func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// read is a time that was written; what is none is not known.
func read(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Ring implements keyring.Store.
func (s *Store) Ring(context.Context) (keyring.Ring, error) {
	var r ring
	err := load(s.path(), &r)
	return r.ring(), err
}

// Put implements keyring.Store.
func (s *Store) Put(ctx context.Context, was uint64, next keyring.Ring) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, err := s.Ring(ctx)
	if err != nil {
		return err
	}
	if now.Version != was {
		return keyring.ErrChanged
	}
	return s.write(next)
}

// Keep is Put, whatever is there, of what is kept elsewhere. Of version 0 the file goes.
func (s *Store) Keep(r keyring.Ring) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Version > 0 {
		return s.write(r)
	}
	if err := os.Remove(s.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s *Store) write(r keyring.Ring) error {
	return save(s.path(), "# The keys of push and play addresses since they were rotated. The server writes this file: rotate them over its API.\n", ringOf(r))
}

// Uses implements keyring.Store.
func (s *Store) Uses(context.Context) (map[string]time.Time, error) {
	var texts map[string]string
	if err := load(s.usesPath(), &texts); err != nil {
		return nil, err
	}
	uses := make(map[string]time.Time, len(texts))
	for of, text := range texts {
		if at := read(text); !at.IsZero() {
			uses[of] = at
		}
	}
	return uses, nil
}

// Use implements keyring.Store.
func (s *Store) Use(ctx context.Context, uses map[string]time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, err := s.Uses(ctx)
	if err != nil {
		kept = nil // it is only for show: a broken file is written anew
	}
	texts := map[string]string{}
	for of, at := range keyring.Latest(kept, uses) {
		texts[of] = written(at)
	}
	return save(s.usesPath(), "# When the keys of push and play addresses were used last, by fingerprint.\n", texts)
}

// Keys are the keys in force of a data folder, where these are configured.
func Keys(data string, push, play address.Keys) (address.Keys, address.Keys, error) {
	r, err := Open(data).Ring(context.Background())
	if err != nil {
		return push, play, err
	}
	push, play = r.Of(push, play)
	return push, play, nil
}

// maxBytes bounds what is read of a file.
const maxBytes = 64 << 10

// load reads a file; one that is not there leaves value as it is.
func load(path string, value any) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(raw) > maxBytes || yaml.UnmarshalWithOptions(raw, value, yaml.Strict()) != nil {
		// Not the library's own message: it quotes lines of the file.
		return fmt.Errorf("%s holds what liveroom does not write, or is not YAML", path)
	}
	return nil
}

// save replaces a file in one step, so that a crash leaves the old one or the new one.
func save(path, header string, value any) error {
	raw, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(folder, "keys-*.tmp") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if _, err := tmp.WriteString(header + string(raw)); err != nil {
		_ = tmp.Close()
		return err
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder has the new name on disk too.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
