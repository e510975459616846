package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Errors of Open that say what an operator has to do.
var (
	ErrLocked  = errors.New("boltstore: the data folder is in use by another process")                                                       // nothing is waited for
	ErrDamaged = errors.New("boltstore: the database is damaged; restore the data folder from a copy, or move the file away to begin empty") // by the disk or by hands: no crash does it
)

// openFile opens or creates a file and lets prepare make what belongs in it. A file that is not there yet is made whole under
// another name first: a full disk or a crash in the middle would leave one that never opens again.
func openFile(path string, how *bolt.Options, prepare func(*bolt.Tx) error) (*bolt.DB, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := createFile(path, how, prepare); err != nil {
			return nil, fmt.Errorf("make %s: %w", path, err)
		}
	}
	db, err := openWhole(path, how)
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: %w%s", path, ErrLocked, ownerOf(path))
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := errors.Join(db.Update(prepare), syncDir(filepath.Dir(path))); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return db, nil
}

// createFile makes a file with what belongs in it.
func createFile(path string, how *bolt.Options, prepare func(*bolt.Tx) error) error {
	temp := path + ".new"
	if err := removeIfThere(temp); err != nil {
		return err
	}
	db, err := bolt.Open(temp, 0o600, how)
	if err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	if err := errors.Join(db.Update(prepare), db.Close()); err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	return errors.Join(os.Rename(temp, path), syncDir(filepath.Dir(path)))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// openWhole opens a file that holds all that it says it holds. bbolt reads the file through memory: what is missing at its
// end would otherwise end the process, now or at any later time.
func openWhole(path string, how *bolt.Options) (db *bolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil { // what bbolt has open stays so: who gets this error ends
			db, err = nil, fmt.Errorf("%w (%v)", ErrDamaged, p)
		}
	}()
	if db, err = bolt.Open(path, 0o600, how); err != nil {
		if errors.Is(err, berrors.ErrInvalid) || errors.Is(err, berrors.ErrChecksum) ||
			strings.Contains(err.Error(), "file size too small") {
			err = fmt.Errorf("%w (%w)", ErrDamaged, err)
		}
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	var whole int64
	if err := db.View(func(tx *bolt.Tx) error { whole = tx.Size(); return nil }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if info.Size() < whole {
		return nil, errors.Join(fmt.Errorf("%w (it has %d bytes of %d)", ErrDamaged, info.Size(), whole), db.Close())
	}
	return db, nil
}

// syncDir makes a file's entry in its folder as durable as its contents.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// ownerFile is where the process that has a file says who it is, so that another can name it.
func ownerFile(path string) string { return path + ".pid" }

// own notes that this process has the file. It only serves an error's text, so that it may fail.
func own(note string) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	return os.WriteFile(note, fmt.Appendf(nil, "process %d on %s\n", os.Getpid(), host), 0o600)
}

// ownerOf says which process has a file, as it noted itself.
func ownerOf(path string) string {
	note, err := os.ReadFile(ownerFile(path))
	if err != nil {
		return ""
	}
	return ": " + strings.TrimSpace(string(note[:min(len(note), 300)]))
}
