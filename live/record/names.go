package record

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
)

// Bounds of what a segment's name says, so that it means something and fits.
const (
	mostGeneration = 999_999_999
	mostStart      = 999_999_999_999 // ms: 31 years
	mostDuration   = 3_600_000       // ms
)

var (
	segmentPattern = regexp.MustCompile(`^([0-9]{6,9})-([0-9]{12})-([1-9][0-9]{0,6})-([0-9a-f]{16})(-b)?\.m4s$`)
	initPattern    = regexp.MustCompile(`^[0-9a-f]{16}\.mp4$`)
	idPattern      = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{26}$`)
)

// indexFile is the name of a finished recording's index.
const indexFile = "index.json"

// prefixAll is what the names of all objects of recordings begin with.
const prefixAll = "rec/"

// Prefix is what those of one begin with.
func Prefix(id string) string { return prefixAll + id + "/" }

// ValidID says whether id is one that a recording may have.
func ValidID(id string) bool { return idPattern.MatchString(id) }

// InitName is the file name of an init segment: it says what is in it, so it is the same on all nodes and in all generations.
func InitName(init []byte) string {
	sum := sha256.Sum256(init)
	return hex.EncodeToString(sum[:8]) + ".mp4"
}

// SegmentName is the file name that says all of a segment but its size:
// {generation}-{start in ms}-{duration in ms}-{init segment}[-b].m4s, numbers padded so that names sort as segments do.
func SegmentName(s Segment) string {
	breaks := ""
	if s.Breaks {
		breaks = "-b"
	}
	return fmt.Sprintf("%06d-%012d-%d-%s%s.m4s", s.Generation, s.Start, s.Duration, s.Init[:len(s.Init)-len(".mp4")], breaks)
}

// ParseSegmentName reads what SegmentName wrote; ok is false for everything else.
func ParseSegmentName(file string) (s Segment, ok bool) {
	m := segmentPattern.FindStringSubmatch(file)
	if m == nil {
		return s, false
	}
	s = Segment{Init: m[4] + ".mp4", Breaks: m[5] != "", File: file}
	s.Generation, _ = strconv.ParseUint(m[1], 10, 64) // all are short enough
	s.Start, _ = strconv.ParseInt(m[2], 10, 64)
	s.Duration, _ = strconv.ParseInt(m[3], 10, 64)
	return s, s.Duration <= mostDuration && SegmentName(s) == file
}
