//go:build linux || darwin

package blob

import "testing"

// TestAfterAShortWrite: what the system did not take goes on where it stopped, also within a piece.
func TestAfterAShortWrite(t *testing.T) {
	for n, want := range map[int]string{0: "ab|cde|f", 1: "b|cde|f", 2: "cde|f", 4: "e|f", 5: "f", 6: ""} {
		got := ""
		for i, p := range after([][]byte{[]byte("ab"), []byte("cde"), []byte("f")}, n) {
			if i > 0 {
				got += "|"
			}
			got += string(p)
		}
		if got != want {
			t.Errorf("after %d bytes %q is left, want %q", n, got, want)
		}
	}
}
