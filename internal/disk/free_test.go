package disk_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"liveroom/internal/disk"
)

func TestFree(t *testing.T) {
	free, known := disk.Free(t.TempDir())
	if runtime.GOOS == "linux" && (!known || free <= 0) {
		t.Errorf("%d bytes free, known: %v", free, known)
	}
	if _, known := disk.Free(filepath.Join(t.TempDir(), "none")); known {
		t.Error("a folder that is not there has free bytes")
	}
}

func TestFull(t *testing.T) {
	for err, want := range map[error]bool{nil: false, syscall.EIO: false, syscall.ENOSPC: true, fmt.Errorf("write: %w", syscall.ENOSPC): true} {
		if got := disk.Full(err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}
