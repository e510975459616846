//go:build !linux && !darwin

package blob

import "os"

// gather writes pieces, one after the other.
func gather(f *os.File, pieces [][]byte) error {
	for _, p := range pieces {
		if _, err := f.Write(p); err != nil {
			return err
		}
	}
	return nil
}
