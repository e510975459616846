package hls

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// mediaList is a media playlist as its text says it, read strictly by RFC 8216bis (draft-pantos-hls-rfc8216bis).
type mediaList struct {
	version       int
	target        time.Duration
	sequence      uint64 // of the first segment, those skipped included
	discontinuity uint64
	partTarget    time.Duration // 0: no parts
	blocks        bool          // CAN-BLOCK-RELOAD
	skipUntil     time.Duration // CAN-SKIP-UNTIL, 0: none
	holdBack      time.Duration
	partHoldBack  time.Duration
	skipped       uint64
	segments      []*listedSegment // those that are not skipped
	open          listedSegment    // what is known of the segment that is not listed yet; its parts and what stands before them
	hint          string
	ended         bool
	kind          string        // EXT-X-PLAYLIST-TYPE
	startAt       time.Duration // EXT-X-START
}

type listedSegment struct {
	uri           string
	duration      time.Duration
	breaks        bool
	gap           bool // its bytes are gone
	discontinuity uint64
	mapURI        string // in force, wherever its tag stands; empty in the skipped part
	date          time.Time
	parts         []listedPart
}

type listedPart struct {
	uri         string
	duration    time.Duration
	independent bool
}

// next is the number of the segment that is not listed yet.
func (l *mediaList) next() uint64 {
	return l.sequence + l.skipped + uint64(len(l.segments))
}

// length is the playing time of all that is listed.
func (l *mediaList) length() (sum time.Duration) {
	for _, s := range l.segments {
		sum += s.duration
	}
	for _, p := range l.open.parts {
		sum += p.duration
	}
	return sum
}

// reader reads one playlist; what breaks a rule is noted and reading goes on.
type reader struct {
	list     mediaList
	problems []string
	seen     map[string]bool
	mapURI   string
	needs    int // version the tags need
	needsFor string
	inf      time.Duration
	hasInf   bool
}

func (r *reader) fault(rule, format string, args ...any) {
	r.problems = append(r.problems, rule+": "+fmt.Sprintf(format, args...))
}

// readList reads a media playlist and returns it with every problem of its form.
func readList(body string) (*mediaList, []string) {
	r := &reader{seen: map[string]bool{}}
	lines := strings.Split(body, "\n")
	if lines[0] != "#EXTM3U" {
		r.fault("EXTM3U", "first line is %q", lines[0])
	}
	if lines[len(lines)-1] != "" {
		r.fault("form", "the last line does not end")
	}
	for _, line := range lines[1:] {
		switch {
		case line == "":
		case strings.TrimSpace(line) != line || strings.Contains(line, "\r"):
			r.fault("form", "white space around %q", line)
		case strings.HasPrefix(line, "#EXT"):
			name, value, _ := strings.Cut(line[1:], ":")
			r.tag(name, value)
		case strings.HasPrefix(line, "#"):
		default:
			r.uri(line)
		}
	}
	if last := lines[max(0, len(lines)-2)]; r.list.partTarget > 0 && !strings.HasPrefix(last, "#") {
		r.fault("hls.js", "takes a last segment that nothing follows for the unfinished one")
	}
	r.finish()
	return &r.list, r.problems
}

func (r *reader) finish() {
	if !r.seen["EXT-X-TARGETDURATION"] {
		r.fault("TARGETDURATION", "is missing")
	}
	if r.hasInf {
		r.fault("EXTINF", "without its segment")
	}
	if r.list.version < r.needs {
		r.fault("VERSION", "is %d, %s needs %d", r.list.version, r.needsFor, r.needs)
	}
	r.list.open.mapURI = r.mapURI
	discontinuity := r.list.discontinuity
	for _, s := range r.list.segments {
		if s.breaks {
			discontinuity++
		}
		s.discontinuity = discontinuity
	}
	if r.list.open.breaks {
		discontinuity++
	}
	r.list.open.discontinuity = discontinuity
}

func (r *reader) need(version int, what string) {
	if version > r.needs {
		r.needs, r.needsFor = version, what
	}
}

// once are the tags that stand at most once in a playlist.
var once = map[string]bool{
	"EXT-X-VERSION": true, "EXT-X-TARGETDURATION": true, "EXT-X-MEDIA-SEQUENCE": true, "EXT-X-DISCONTINUITY-SEQUENCE": true,
	"EXT-X-ENDLIST": true, "EXT-X-SERVER-CONTROL": true, "EXT-X-PART-INF": true, "EXT-X-SKIP": true, "EXT-X-INDEPENDENT-SEGMENTS": true,
	"EXT-X-PRELOAD-HINT": true,
}

func (r *reader) tag(name, value string) {
	if once[name] && r.seen[name] {
		r.fault("form", "%s stands twice", name)
	}
	l, begun := &r.list, len(r.list.segments) > 0 || r.list.skipped > 0 || len(r.list.open.parts) > 0
	r.seen[name] = true
	switch name {
	case "EXT-X-VERSION":
		l.version = int(r.number(name, value))
	case "EXT-X-TARGETDURATION":
		l.target = time.Duration(r.number(name, value)) * time.Second
	case "EXT-X-MEDIA-SEQUENCE":
		l.sequence = r.number(name, value)
		if begun {
			r.fault("MEDIA-SEQUENCE", "comes after the first segment")
		}
	case "EXT-X-DISCONTINUITY-SEQUENCE":
		l.discontinuity = r.number(name, value)
		if begun || l.open.breaks {
			r.fault("DISCONTINUITY-SEQUENCE", "comes after the first segment or EXT-X-DISCONTINUITY")
		}
	case "EXT-X-SERVER-CONTROL":
		r.control(r.attributes(name, value))
	case "EXT-X-PART-INF":
		l.partTarget = r.seconds(name, r.attributes(name, value)["PART-TARGET"])
	case "EXT-X-MAP":
		r.need(6, name)
		if r.mapURI = r.attributes(name, value)["URI"]; r.mapURI == "" {
			r.fault("MAP", "has no URI")
		}
		if len(l.open.parts) > 0 {
			r.fault("MAP", "stands between the parts of a segment")
		}
	case "EXT-X-DISCONTINUITY":
		l.open.breaks = true
		if len(l.open.parts) > 0 {
			r.fault("DISCONTINUITY", "stands between the parts of a segment")
		}
	case "EXT-X-PROGRAM-DATE-TIME":
		var err error
		if l.open.date, err = time.Parse("2006-01-02T15:04:05.999Z07:00", value); err != nil {
			r.fault("PROGRAM-DATE-TIME", "%q", value)
		}
	case "EXTINF":
		text, _, comma := strings.Cut(value, ",")
		if !comma {
			r.fault("EXTINF", "%q has no comma", value)
		}
		if strings.Contains(text, ".") {
			r.need(3, "a fraction in EXTINF")
		}
		r.inf, r.hasInf = r.seconds(name, text), true
	case "EXT-X-PART":
		r.part(r.attributes(name, value))
	case "EXT-X-PRELOAD-HINT":
		a := r.attributes(name, value)
		if a["TYPE"] != "PART" && a["TYPE"] != "MAP" || a["URI"] == "" {
			r.fault("PRELOAD-HINT", "%q", value)
		}
		if a["TYPE"] == "PART" {
			l.hint = a["URI"]
		}
	case "EXT-X-SKIP":
		r.need(9, name)
		l.skipped = r.number(name, r.attributes(name, value)["SKIPPED-SEGMENTS"])
		if begun {
			r.fault("SKIP", "comes after the first segment")
		}
	case "EXT-X-ENDLIST":
		l.ended = true
	case "EXT-X-GAP":
		l.open.gap = true
	case "EXT-X-INDEPENDENT-SEGMENTS":
	case "EXT-X-PLAYLIST-TYPE":
		l.kind = value
	case "EXT-X-START":
		l.startAt = r.seconds(name, r.attributes(name, value)["TIME-OFFSET"])
	default:
		r.fault("form", "unexpected tag %s", name)
	}
}

func (r *reader) control(a map[string]string) {
	l := &r.list
	l.blocks = a["CAN-BLOCK-RELOAD"] == "YES"
	for name, to := range map[string]*time.Duration{
		"CAN-SKIP-UNTIL": &l.skipUntil, "HOLD-BACK": &l.holdBack, "PART-HOLD-BACK": &l.partHoldBack,
	} {
		if v, ok := a[name]; ok {
			*to = r.seconds(name, v)
		}
	}
}

func (r *reader) part(a map[string]string) {
	if a["URI"] == "" {
		r.fault("PART", "has no URI")
	}
	if v, ok := a["INDEPENDENT"]; ok && v != "YES" {
		r.fault("PART", "INDEPENDENT=%s", v)
	}
	r.list.open.parts = append(r.list.open.parts, listedPart{
		uri: a["URI"], duration: r.seconds("PART", a["DURATION"]), independent: a["INDEPENDENT"] == "YES",
	})
}

// uri ends a segment.
func (r *reader) uri(line string) {
	if !r.hasInf {
		r.fault("EXTINF", "is missing before %s", line)
	}
	s := r.list.open
	s.uri, s.duration, s.mapURI = line, r.inf, r.mapURI
	r.list.segments = append(r.list.segments, &s)
	r.list.open, r.hasInf, r.inf = listedSegment{}, false, 0
}

func (r *reader) number(name, text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		r.fault(strings.TrimPrefix(name, "EXT-X-"), "%q is no decimal integer", text)
	}
	return n
}

func (r *reader) seconds(name, text string) time.Duration {
	d, err := time.ParseDuration(text + "s")
	if err != nil || strings.Trim(text, "0123456789.") != "" || strings.HasPrefix(text, ".") || strings.HasSuffix(text, ".") {
		r.fault(strings.TrimPrefix(name, "EXT-X-"), "%q is no number of seconds", text)
	}
	return d
}

// attributes reads an attribute list (§4.2): NAME=value or NAME="value", with commas between.
func (r *reader) attributes(name, text string) map[string]string {
	out := map[string]string{}
	for text != "" {
		key, value, rest, ok := cutAttribute(text)
		if !ok {
			r.fault("form", "attributes of %s: %q", name, text)
			break
		}
		if _, twice := out[key]; twice {
			r.fault("form", "%s of %s stands twice", key, name)
		}
		out[key], text = value, rest
	}
	return out
}

func cutAttribute(text string) (key, value, rest string, ok bool) {
	key, rest, ok = strings.Cut(text, "=")
	if !ok || key == "" || strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return "", "", "", false
	}
	if quoted, found := strings.CutPrefix(rest, `"`); found {
		value, rest, ok = strings.Cut(quoted, `"`)
		if rest == "" {
			return key, value, "", ok
		}
		rest, found = strings.CutPrefix(rest, ",")
		return key, value, rest, ok && found && rest != ""
	}
	value, rest, more := strings.Cut(rest, ",")
	return key, value, rest, value != "" && !strings.ContainsAny(value, "\"; \t") && more == (rest != "")
}
