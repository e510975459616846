package snapshot

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// prefix is where all pictures are.
const prefix = "shot/"

// Shot is one size of a picture that is kept.
type Shot struct {
	At            time.Time // to the ms; unique within its room for each picture
	Width, Height int
	Bytes         int64
}

// File is its name within its room.
func (s Shot) File() string {
	return fmt.Sprintf("%014d-%dx%d.jpg", s.At.UnixMilli(), s.Width, s.Height)
}

// of is where a room's pictures are.
func of(room string) string { return prefix + room + "/" }

var filePattern = regexp.MustCompile(`^([0-9]{14})-([1-9][0-9]{0,4})x([1-9][0-9]{0,4})\.jpg$`)

// ParseFile reads a name that File made; Bytes stays 0.
func ParseFile(name string) (Shot, bool) {
	m := filePattern.FindStringSubmatch(name)
	if m == nil {
		return Shot{}, false
	}
	at, _ := strconv.ParseInt(m[1], 10, 64) // digits, and few
	w, _ := strconv.Atoi(m[2])
	h, _ := strconv.Atoi(m[3])
	return Shot{At: time.UnixMilli(at).UTC(), Width: w, Height: h}, true
}

// parseName reads the name of an object.
func parseName(name string) (room string, s Shot, ok bool) {
	rest, ours := strings.CutPrefix(name, prefix)
	room, file, found := strings.Cut(rest, "/")
	s, ok = ParseFile(file)
	return room, s, ours && found && room != "" && ok
}

// newestFirst sorts pictures by time, the newest first, and sizes of one by width, the largest first.
func newestFirst(shots []Shot) {
	slices.SortFunc(shots, func(a, b Shot) int { return cmp.Or(b.At.Compare(a.At), b.Width-a.Width, b.Height-a.Height) })
}

// outlived are the shots beyond the newest keep pictures. Shots are sorted.
func outlived(shots []Shot, keep int) []Shot {
	pictures := 0
	for i, s := range shots {
		if i == 0 || !s.At.Equal(shots[i-1].At) {
			pictures++
		}
		if pictures > keep {
			return shots[i:]
		}
	}
	return nil
}

// fitting is the size of the newest picture that a width asks for: the smallest that is as wide, else the largest; 0 asks for
// the largest. Shots are sorted and not empty.
func fitting(shots []Shot, width int) Shot {
	best := shots[0]
	for _, s := range shots {
		if !s.At.Equal(best.At) || width == 0 || s.Width < width {
			break
		}
		best = s
	}
	return best
}
