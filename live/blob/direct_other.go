//go:build !linux

package blob

import "os"

// direct writes pieces, one after the other.
func (*ground) direct(f *os.File, pieces [][]byte) error { return cached(f, pieces) }
