package file_test

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"liveroom/chat/file"
	"liveroom/chat/file/filetest"
)

func openFolder(t *testing.T, dir string) *file.Folder {
	t.Helper()
	d, err := file.OpenFolder(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestFolder(t *testing.T) {
	filetest.Blobs(t, func(t *testing.T) file.Blobs { return openFolder(t, filepath.Join(t.TempDir(), "files")) })
}

// begun starts a file in a folder and leaves it as a crash would.
func begun(t *testing.T, d *file.Folder, id string) {
	t.Helper()
	blob, err := d.Create(id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(blob, "half"); err != nil {
		t.Fatal(err)
	}
}

// names lists everything in a folder.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			all = append(all, strings.TrimPrefix(path, dir))
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s is %o", path, info.Mode().Perm())
			}
		} else if err == nil && info.Mode().Perm() != 0o700 {
			t.Errorf("folder %s is %o", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatACrashLeftIsRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	d := openFolder(t, dir)
	id, whole := file.NewID(), file.NewID()
	begun(t, d, id)
	blob, err := d.Create(whole)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(blob, "whole"); err != nil {
		t.Fatal(err)
	}
	if err := blob.Commit(); err != nil {
		t.Fatal(err)
	}
	if found := names(t, dir); len(found) != 2 {
		t.Errorf("before: %v", found)
	}
	d = openFolder(t, dir)
	if found := names(t, dir); len(found) != 1 || !strings.HasSuffix(found[0], whole) {
		t.Errorf("after: %v", found)
	}
	begun(t, d, id) // the id is free again
}

// TestStrangersFilesAreLeftAlone: what an operator put into the folder is nobody's upload.
func TestStrangersFilesAreLeftAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	d := openFolder(t, dir)
	if err := os.Mkdir(filepath.Join(dir, "ab"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README", "ab/notes.txt", "ab/" + strings.Repeat("c", 26)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Each(func(h file.Held) error { t.Errorf("found %s", h.ID); return nil }); err != nil {
		t.Fatal(err)
	}
}

// TestTheDiskIsNotFilled: the database on it needs room too.
func TestTheDiskIsNotFilled(t *testing.T) {
	d, err := file.OpenFolder(t.TempDir(), math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if _, err := d.Create(file.NewID()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("begun with less free than is to be left: %v", err)
	}
}

// TestNothingOutsideIsReached: a folder follows no link out of itself, whoever made it.
func TestNothingOutsideIsReached(t *testing.T) {
	base := t.TempDir()
	secret := filepath.Join(base, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "files")
	d := openFolder(t, dir)
	id := file.NewID()
	if err := os.Mkdir(filepath.Join(dir, id[:2]), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, id[:2], id)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(id); err == nil {
		t.Error("a link out of the folder was followed")
	}
	if _, err := d.Open("../secret"); err == nil {
		t.Error("a path out of the folder was followed")
	}
	if err := d.Remove(id); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(secret); err != nil {
		t.Errorf("the link's target was removed: %v", err)
	}
}
