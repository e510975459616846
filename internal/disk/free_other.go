//go:build !linux && !darwin

package disk

import (
	"errors"
	"syscall"
)

// Free is not known here: a full disk shows when it is written to.
func Free(string) (int64, bool) { return 0, false }

// Full says whether an error is that there is no room left on the disk.
func Full(err error) bool { return errors.Is(err, syscall.ENOSPC) }
