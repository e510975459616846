//go:build linux || darwin

package disk

import (
	"errors"
	"syscall"
)

// Free is how many bytes are left where a folder is, for who is not root; false: not known.
func Free(dir string) (int64, bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true //nolint:gosec,unconvert // the types differ between systems
}

// Full says whether an error is that there is no room left on the disk, or for this user.
func Full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
