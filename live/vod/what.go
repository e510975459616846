package vod

import (
	"regexp"
	"strconv"
	"strings"
)

// what is played in a session. It stands in the session's path, and is signed with it:
//
//	p{programme}                      what a room plays back
//	r{recording}                      one recording
//	w{recording}~{from}~{to}          a time of it, ms on the session's clock
//	d{recording}~{delay}              from that many seconds ago on, again and again
type what struct {
	kind     byte
	id       string
	from, to int64 // ms on the session's clock, of a window; of a delay from is ms

	room string // of a time shift, where it is known: it is in no path
}

const (
	aProgramme = 'p'
	aRecording = 'r'
	aWindow    = 'w'
	aDelay     = 'd'
)

var (
	idPattern      = regexp.MustCompile(`^[0-9A-Za-z]{1,40}$`)
	segmentPattern = regexp.MustCompile(`^[0-9]{1,20}-([0-9]{1,20})-[0-9]{1,10}-[0-9a-f]{16}(-b)?\.m4s$`)
	initPattern    = regexp.MustCompile(`^[0-9a-f]{16}\.mp4$`)
	madePattern    = regexp.MustCompile(`^([0-9A-Za-z]{1,40})(?:-((?:[0-9A-Za-z]{1,40}-)?[1-9][0-9]{0,3}))?\.(m3u8|mp4|flv)$`)
)

func (w what) String() string {
	s := string(w.kind) + w.id
	switch w.kind {
	case aWindow:
		s += "~" + strconv.FormatInt(w.from, 10) + "~" + strconv.FormatInt(w.to, 10)
	case aDelay:
		s += "~" + strconv.FormatInt(w.from/1000, 10)
	}
	return s
}

// parseWhat reads what String wrote, and nothing else.
func parseWhat(s string) (w what, ok bool) {
	if s == "" {
		return w, false
	}
	w.kind = s[0]
	parts := strings.Split(s[1:], "~")
	w.id = parts[0]
	numbers := make([]int64, len(parts)-1)
	for i := range numbers {
		n, err := strconv.ParseInt(parts[i+1], 10, 64)
		if err != nil || n < 0 || n > 1<<50 {
			return w, false
		}
		numbers[i] = n
	}
	switch {
	case (w.kind == aProgramme || w.kind == aRecording) && len(numbers) == 0:
	case w.kind == aWindow && len(numbers) == 2:
		w.from, w.to = numbers[0], numbers[1]
	case w.kind == aDelay && len(numbers) == 1:
		w.from = numbers[0] * 1000
	default:
		return w, false
	}
	return w, idPattern.MatchString(w.id) && w.String() == s
}

// isFile says whether a file name is one of a segment or an init segment: nothing else of a recording is served.
func isFile(name string) bool {
	return segmentPattern.MatchString(name) || initPattern.MatchString(name)
}
