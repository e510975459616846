package blob

import (
	"fmt"
	"strings"
)

// MaxName is how many bytes a name may have.
const MaxName = 200

// CheckName answers an ErrName that says what is wrong with a name, or nil.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case len(name) > MaxName:
		return fmt.Errorf("%w: it has %d bytes, %d are allowed", ErrName, len(name), MaxName)
	}
	for element := range strings.SplitSeq(name, "/") {
		if !isElement(element) {
			return fmt.Errorf("%w: %q has the element %q, which must be letters, digits, dots, lines and hyphens, without a dot at its beginning",
				ErrName, name, element)
		}
	}
	return nil
}

// isElement says whether s may stand between the slashes of a name.
func isElement(s string) bool {
	if s == "" || s[0] == '.' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// checkNames checks several.
func checkNames(names []string) error {
	for _, name := range names {
		if err := CheckName(name); err != nil {
			return err
		}
	}
	return nil
}

// sizeOf is how many bytes there are in all.
func sizeOf(data [][]byte) (n int64) {
	for _, d := range data {
		n += int64(len(d))
	}
	return n
}
