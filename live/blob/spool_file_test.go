package blob

import (
	"strings"
	"testing"
)

// FuzzSpoolFile: what waits has a file of which its name and place can be read, and nothing else is taken for one.
func FuzzSpoolFile(f *testing.F) {
	f.Add(uint64(1), "rec/01ARZ/000001-000000000000-2000-0123456789abcdef-b.m4s", "0000000000000001-rec+a")
	f.Add(uint64(1<<63), strings.Repeat("n", MaxName), "1-a")
	f.Add(uint64(0), "a", "000000000000000G-a")
	f.Fuzz(func(t *testing.T, seq uint64, name, file string) {
		if CheckName(name) == nil {
			w, ok := parseFile((&waiting{seq: seq, name: name}).file())
			if !ok || w.seq != seq || w.name != name || len(w.file()) > 255 {
				t.Errorf("%d %q: %+v, %v", seq, name, w, ok)
			}
		}
		if w, ok := parseFile(file); ok && (w.file() != file || CheckName(w.name) != nil || strings.ContainsAny(file, "/\\")) {
			t.Errorf("%q is taken for %+v", file, w)
		}
	})
}
