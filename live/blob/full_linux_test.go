package blob_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
)

// smallDisk mounts a disk of so many MiB for the test.
func smallDisk(t *testing.T, mebibytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mebibytes)); err != nil {
		t.Fatalf("a small disk needs root, which CI has: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// TestAFullDisk: what does not fit is refused as that, leaves nothing half, and others their share; when there is room again it goes on.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	for name, spare := range map[string]int64{"to the last byte": 0, "with a spare": 2 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, open := range map[string]func(dir string) blob.Store{
				"folder": func(dir string) blob.Store { return openFolder(t, blob.FolderConfig{Path: dir, Spare: spare}) },
				"spool": func(dir string) blob.Store {
					return openSpool(t, blob.SpoolConfig{Path: dir, Spare: spare}, blob.NewMemory())
				},
			} {
				disk := smallDisk(t, 8)
				fillsUp(t, kind, open(filepath.Join(disk, "recordings")), disk, spare)
			}
		})
	}
}

func fillsUp(t *testing.T, kind string, s blob.Store, disk string, spare int64) {
	t.Helper()
	part := bytes.Repeat([]byte("0123456789abcdef"), 20_000)       // 320 kB
	pieces := append(slices.Collect(slices.Chunk(part, 300)), nil) // more than the system takes at once, and nothing
	kept := 0
	var err error
	for ; err == nil && kept < 100; kept++ {
		err = s.Put(t.Context(), fmt.Sprintf("rec/1/%03d", kept), pieces...)
	}
	kept--
	if !errors.Is(err, blob.ErrFull) || kept < 15 {
		t.Fatalf("%s: after %d objects: %v", kind, kept, err)
	}
	if w, err := s.Create(t.Context(), "rec/1/large"); err == nil {
		for err == nil {
			_, err = w.Write(part)
		}
		if !errors.Is(err, blob.ErrFull) || !errors.Is(w.Commit(), blob.ErrFull) {
			t.Errorf("%s: writing on: %v", kind, err)
		}
		w.Discard()
	} else if !errors.Is(err, blob.ErrFull) {
		t.Errorf("%s: %v", kind, err)
	}
	for i, name := range blobtest.Names(t, s, "", "") {
		if got := blobtest.Get(t, s, name); !bytes.Equal(got, part) || name != fmt.Sprintf("rec/1/%03d", i) {
			t.Errorf("%s: %s has %d bytes", kind, name, len(got))
		}
	}
	var left syscall.Statfs_t
	if err := syscall.Statfs(disk, &left); err != nil || int64(left.Bavail)*left.Bsize < spare {
		t.Errorf("%s: %d bytes are left of %d, %v", kind, int64(left.Bavail)*left.Bsize, spare, err)
	}
	err = filepath.WalkDir(disk, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.Contains(path, "unfinished") {
			t.Errorf("%s: %s is left", kind, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	other := filepath.Join(disk, "other") // what others write is not ours to remove
	if err := s.Remove(t.Context(), "rec/1/000", "rec/1/001"); err != nil {
		t.Fatal(err)
	}
	blobtest.Put(t, s, "rec/1/again", part)
	if err := os.WriteFile(other, make([]byte, spare/4), 0o600); err != nil {
		t.Errorf("%s: another finds no room in the spare: %v", kind, err)
	}
}
