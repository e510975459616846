package main

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"liveroom/chat"
	"liveroom/chat/file"
)

// TestAFullDiskTakesNoFiles fills a real disk: what does not fit is refused in words and leaves nothing behind.
func TestAFullDiskTakesNoFiles(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatalf("a small disk needs root, which CI has: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	p := keepFiles(t, filepath.Join(dir, "files"), chat.Config{}, file.Config{})
	address, err := p.take(t, file.Other, make([]byte, 600<<10))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.take(t, file.Other, make([]byte, 600<<10)); !errors.Is(err, file.ErrFull) {
		t.Errorf("on a full disk: %v", err)
	}
	if _, err := p.take(t, file.Other, make([]byte, 300<<10)); err != nil {
		t.Errorf("what fits after that: %v", err)
	}
	if err := p.served(t, address); err != nil || stored(t, dir) != 2 {
		t.Errorf("%v, %d files on disk", err, stored(t, dir))
	}
}
