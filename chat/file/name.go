package file

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNameBytes bounds a file's name.
const maxNameBytes = 200

// maxExtension bounds what stands behind the last point of a name.
const maxExtension = 8

// cleanName is a name as it is shown and saved under: without folders, and without characters that hide what it is or
// turn it around. One of which nothing is left gets that of its address.
func cleanName(name string, k Kind) string {
	alias := aliasOf(name, k)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError { // control, format (bidi, zero width), private use
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	if len(name) > maxNameBytes {
		end := strings.ToValidUTF8(name[max(len(name)-maxExtension-1, 0):], "")
		if i := strings.LastIndexByte(end, '.'); i >= 0 {
			end = end[i:]
		} else {
			end = ""
		}
		name = strings.ToValidUTF8(name[:maxNameBytes-len(end)], "") + end
	}
	if name == "" {
		return alias
	}
	return name
}

// aliasOf is the name in a file's address: its kind, and the end of its name if that is harmless.
func aliasOf(name string, k Kind) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	if !harmless(ext) {
		return string(k)
	}
	return string(k) + "." + ext
}

// validAlias says whether s may be of aliasOf.
func validAlias(s string) bool {
	kind, ext, dotted := strings.Cut(s, ".")
	return Kind(kind).MaxBytes() > 0 && (!dotted || harmless(ext))
}

// harmless says whether ext may stand in an address.
func harmless(ext string) bool {
	return ext != "" && len(ext) <= maxExtension && only(ext, "abcdefghijklmnopqrstuvwxyz0123456789")
}
