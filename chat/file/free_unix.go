//go:build linux || darwin

package file

import "syscall"

// freeBytes is how much room is left where a folder is, for who is not root; false: not known.
func freeBytes(dir string) (int64, bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true //nolint:gosec,unconvert // the types differ between systems
}
