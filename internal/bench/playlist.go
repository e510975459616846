package bench

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// playlist is what a viewer needs of an HLS playlist (RFC 8216bis).
type playlist struct {
	variant  string // of a multivariant playlist: the first rendition
	target   time.Duration
	sequence int // of the first segment that is listed or skipped
	skipped  int
	blocks   bool // the server holds reloads
	skips    bool // it can leave out what is old
	ended    bool
	segments []segment
	parts    []part // of the segment that is not complete yet
}

// segment is a whole segment with the parts that are still listed.
type segment struct {
	piece
	parts []part
}

type part struct {
	piece
	independent bool
}

// piece is something to load and play.
type piece struct {
	uri      string
	init     string
	duration time.Duration
}

const (
	maxPlaylistBytes = 4 << 20
	maxListed        = 20_000 // segments and parts
)

var errNoPlaylist = errors.New("not an HLS playlist")

// parsePlaylist reads a playlist; URIs become whole addresses.
func parsePlaylist(text string, base *url.URL) (*playlist, error) {
	if !strings.HasPrefix(text, "#EXTM3U") {
		return nil, errNoPlaylist
	}
	p := &playlist{target: time.Second}
	next, init := segment{}, ""
	variant := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if len(p.segments)+len(next.parts) > maxListed {
			return nil, errors.New("the playlist is too long")
		}
		if !strings.HasPrefix(line, "#") {
			uri, err := base.Parse(line)
			if err != nil {
				return nil, err
			}
			if variant {
				p.variant = uri.String()
				return p, nil
			}
			next.uri, next.init = uri.String(), init
			p.segments, next = append(p.segments, next), segment{}
			continue
		}
		tag, value, _ := strings.Cut(line, ":")
		attr := attributes(value)
		switch tag {
		case "#EXT-X-STREAM-INF":
			variant = true
		case "#EXT-X-TARGETDURATION":
			n, _ := strconv.Atoi(value)
			p.target = time.Duration(min(max(n, 1), 3600)) * time.Second
		case "#EXT-X-MEDIA-SEQUENCE":
			p.sequence = count(value)
		case "#EXT-X-SERVER-CONTROL":
			p.blocks, p.skips = attr["CAN-BLOCK-RELOAD"] == "YES", attr["CAN-SKIP-UNTIL"] != ""
		case "#EXT-X-SKIP":
			p.skipped = count(attr["SKIPPED-SEGMENTS"])
		case "#EXTINF":
			duration, _, _ := strings.Cut(value, ",")
			next.duration = seconds(duration)
		case "#EXT-X-ENDLIST":
			p.ended = true
		case "#EXT-X-MAP", "#EXT-X-PART":
			uri, err := base.Parse(attr["URI"])
			if err != nil {
				return nil, err
			}
			if tag == "#EXT-X-MAP" {
				init = uri.String()
				continue
			}
			next.parts = append(next.parts, part{piece{uri.String(), init, seconds(attr["DURATION"])}, attr["INDEPENDENT"] == "YES"})
		}
	}
	p.parts = next.parts
	return p, nil
}

// count reads a number of segments, within what can be counted on from.
func count(text string) int {
	n, _ := strconv.Atoi(text) // the nearest, where it is out of range
	return min(max(n, 0), 1<<40)
}

// seconds reads a duration; 0 for one that can't be.
func seconds(text string) time.Duration {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v > 0 && v < 3600) {
		return 0
	}
	return time.Duration(v * float64(time.Second))
}

// attributes reads an attribute list (RFC 8216, 4.2); quotes are taken away.
func attributes(list string) map[string]string {
	found := map[string]string{}
	for list != "" {
		name, rest, ok := strings.Cut(list, "=")
		if !ok {
			break
		}
		var value string
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			value, rest, _ = strings.Cut(quoted, `"`)
			_, list, _ = strings.Cut(rest, ",")
		} else {
			value, list, _ = strings.Cut(rest, ",")
		}
		found[strings.TrimSpace(name)] = value
	}
	return found
}

// first is the number of the first segment that is listed.
func (p *playlist) first() int { return p.sequence + p.skipped }

// end is the number of the segment under way.
func (p *playlist) end() int { return p.first() + len(p.segments) }

// partsOf are the parts of a segment that is listed or under way, nil when none are listed.
func (p *playlist) partsOf(number int) []part {
	switch at := number - p.first(); {
	case at == len(p.segments):
		return p.parts
	case at >= 0 && at < len(p.segments):
		return p.segments[at].parts
	}
	return nil
}
