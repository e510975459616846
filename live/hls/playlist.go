package hls

import (
	"bytes"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// partLine begins the line of a part.
const partLine = "#EXT-X-PART:DURATION="

// nothingMore ends a list whose last segment is finished and that has nothing to wait for.
const nothingMore = "# nothing more for now\n"

// bodyKey is what the bytes of a media playlist depend on, beside the list itself.
type bodyKey struct {
	app string
	period
	delta bool
	own   bool // without what another node made
}

// maxBodies bounds the bodies kept between two changes: two per app a stream is played under, four after a move.
const maxBodies = 16

// What a list offers and says, in target durations (RFC 8216bis §4.4.3.8, §4.4.4.9), and in part targets.
const (
	holdBackTargets     = 3
	skipUntilTargets    = 6
	partsTargets        = 3
	partHoldBackTargets = 3
)

// listed returns the finished segments of the playlist. t.mu is held.
func (t *timeline) listed() []*segment {
	list := t.segments[max(0, len(t.segments)-t.cfg.ListSize):]
	for len(list) > 0 && list[0].number < t.base {
		list = list[1:]
	}
	return list
}

// media returns the media playlist, the same bytes for everyone; nil while there is no segment.
func (t *timeline) media(app string, now time.Time) []byte {
	return t.playlist(app, now, false, false).text()
}

// playlist is media. A delta leaves out old segments where that is possible; own leaves out what another node made, which only
// players need that had it before.
func (t *timeline) playlist(app string, now time.Time, delta, own bool) *body {
	t.asked.Store(now.UnixMilli())
	key := bodyKey{app, t.signer.period(now), delta, own}
	t.mu.RLock()
	b := t.bodies[key]
	t.mu.RUnlock()
	if b != nil {
		return b
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bodies[key] == nil && len(t.segments) > 0 {
		if len(t.bodies) >= maxBodies {
			clear(t.bodies)
		}
		t.bodies[key] = &body{plain: t.render(key)}
	}
	return t.bodies[key]
}

// render writes the media playlist. t.mu is held.
func (t *timeline) render(key bodyKey) []byte {
	r := renderer{t: t, key: key, base: "/" + url.PathEscape(key.app) + "/" + t.name + "/p/"}
	r.b = make([]byte, 0, 4<<10)
	list := t.listed()
	if mine := slices.IndexFunc(list, func(s *segment) bool { return !s.elsewhere }); key.own && mine > 0 {
		list = list[mine:]
	}
	before := list[0].discontinuity
	if list[0].breaks {
		before-- // its own tag stands in the list
	}
	// How far each segment's end is from the end of the list, in ms.
	away := int64(0)
	if t.open != nil {
		for _, ms := range t.open.shown {
			away += ms
		}
	}
	for _, s := range list {
		away += s.listed
	}
	r.head(list[0].number, before)
	skips, skipped := key.delta && t.partTarget > 0 && !t.broken(list), 0
	for _, s := range list {
		away -= s.listed
		if skips && away >= skipUntilTargets*t.target*1000 {
			skipped++
			r.mapped = r.root(s) + s.init.name // who asks for a delta knows it
			continue
		}
		if skipped > 0 {
			r.print("#EXT-X-SKIP:SKIPPED-SEGMENTS=", strconv.Itoa(skipped), "\n")
			skipped = 0
		}
		r.segment(s, away < partsTargets*t.target*1000)
		if s.gap {
			r.print("#EXT-X-GAP\n")
		}
		r.print("#EXTINF:", seconds(s.listed), ",\n", r.root(s), s.file(t.cfg.Container), "\n")
	}
	if t.open != nil {
		r.segment(t.open, true)
	}
	h, hinted := t.hint(key.hour)
	if hinted {
		r.print("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"", r.base, h.capability, "/", h.name(), "\"\n")
	}
	switch {
	case !t.endedAt.IsZero():
		r.print("#EXT-X-ENDLIST\n")
	case t.partTarget > 0 && t.open == nil && !hinted:
		// Where nothing follows the last segment, hls.js (1.7.4) takes it for the unfinished one as well, and gives up at
		// the discontinuity of the next push.
		r.print(nothingMore)
	}
	return r.b
}

// broken says whether a list has a discontinuity. Such a list is given whole: a player that merges a delta update counts
// discontinuities from what it had, and hls.js 1.7 miscounts that of an unfinished segment, which it gives up on. t.mu is held.
func (t *timeline) broken(list []*segment) bool {
	return t.open != nil && t.open.breaks || slices.ContainsFunc(list, func(s *segment) bool { return s.breaks })
}

// renderer writes one media playlist.
type renderer struct {
	t      *timeline
	key    bodyKey
	b      []byte
	base   string // of paths, up to the capability
	mapped string // init segment in force
}

func (r *renderer) print(all ...string) {
	for _, s := range all {
		r.b = append(r.b, s...)
	}
}

// root is the path of a segment's files.
func (r *renderer) root(s *segment) string { return r.base + r.t.capabilityOf(s, r.key.hour) + "/" }

// head writes what goes before the segments.
func (r *renderer) head(number, discontinuity uint64) {
	t := r.t
	version := "7" // EXT-X-MAP in lists that are not of keyframes only needs 6, what is common in fMP4 lists 7
	switch {
	case t.partTarget > 0:
		version = "9" // EXT-X-SKIP
	case t.cfg.Container == MPEGTS:
		version = "3" // fractions of seconds
	}
	r.print("#EXTM3U\n#EXT-X-VERSION:", version, "\n#EXT-X-TARGETDURATION:", strconv.FormatInt(t.target, 10), "\n")
	if t.partTarget > 0 {
		r.print("#EXT-X-SERVER-CONTROL:")
		if t.awaited() {
			r.print("CAN-BLOCK-RELOAD=YES,")
		}
		r.print("CAN-SKIP-UNTIL=", seconds(skipUntilTargets*t.target*1000), ",HOLD-BACK=", seconds(holdBackTargets*t.target*1000),
			",PART-HOLD-BACK=", seconds(partHoldBackTargets*t.partTarget), "\n#EXT-X-PART-INF:PART-TARGET=", seconds(t.partTarget), "\n")
	}
	r.print("#EXT-X-MEDIA-SEQUENCE:", strconv.FormatUint(number, 10),
		"\n#EXT-X-DISCONTINUITY-SEQUENCE:", strconv.FormatUint(discontinuity, 10), "\n")
}

// segment writes the tags of a segment, up to EXTINF.
func (r *renderer) segment(s *segment, parts bool) {
	root := r.root(s)
	if s.breaks {
		r.print("#EXT-X-DISCONTINUITY\n")
	}
	if uri := root + s.init.name; s.init.name != "" && uri != r.mapped {
		r.print("#EXT-X-MAP:URI=\"", uri, "\"\n")
		r.mapped = uri
	}
	r.print("#EXT-X-PROGRAM-DATE-TIME:", r.t.began.Add(time.Duration(s.start)*time.Millisecond).UTC().Format("2006-01-02T15:04:05.000Z"), "\n")
	if !parts || r.t.partTarget == 0 {
		return
	}
	for i, p := range s.parts {
		r.print(partLine, seconds(s.shown[i]), ",URI=\"", root, s.partFile(i), "\"")
		if p.independent {
			r.print(",INDEPENDENT=YES")
		}
		if s.gap {
			r.print(",GAP=YES")
		}
		r.print("\n")
	}
}

// seconds writes ms as seconds.
func seconds(ms int64) string {
	b := strconv.AppendInt(make([]byte, 0, 12), ms/1000, 10)
	return string(append(b, '.', byte('0'+ms/100%10), byte('0'+ms/10%10), byte('0'+ms%10)))
}

// capabilityOf is the capability in a segment's path: its own as long as that is accepted, so that its address stays the
// same, and a new one when a long pause has outlived it, or its play key was revoked.
func (t *timeline) capabilityOf(s *segment, hour int64) string {
	if t.signer.opens(s.path, hour) {
		return s.path.token
	}
	return t.signer.capability(t.name, t.session, hour).token
}

// multivariant returns the playlist with the one rendition, whose media playlist is at uri; nil while there is no
// segment. Rates are measured over the segments kept.
func (t *timeline) multivariant(uri string) []byte {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if len(t.segments) == 0 || !t.begunHere() {
		return nil
	}
	newest := t.segments[len(t.segments)-1].init
	var peak, size, duration, frames, pictures int64
	for _, s := range t.segments {
		if s.elsewhere {
			continue
		}
		if s.duration*2 >= t.target*1000 { // rests of segments say nothing about the peak (RFC 8216 §4.1)
			peak = max(peak, int64(s.bytes)*8000/s.duration)
		}
		size, duration = size+int64(s.bytes), duration+s.duration
		if s.init == newest && s.frames > 0 {
			frames, pictures = frames+int64(s.frames), pictures+s.duration
		}
	}
	var codecs []string
	if newest.video != nil {
		codecs = append(codecs, newest.video.name)
	}
	if newest.audio != nil {
		codecs = append(codecs, newest.audio.name)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=\"%s\"",
		max(peak, size*8000/duration), size*8000/duration, strings.Join(codecs, ","))
	if v := newest.video; v != nil {
		fmt.Fprintf(&b, ",RESOLUTION=%dx%d", v.width, v.height)
		if pictures > 0 {
			b.WriteString(",FRAME-RATE=" + frameRate(frames, pictures))
		}
	}
	b.WriteString("\n" + uri + "\n")
	return b.Bytes()
}

// frameRate is frames in ms, as the usual rate it is nearest to when a millisecond clock can't tell the difference.
func frameRate(frames, ms int64) string {
	r := float64(frames) * 1000 / float64(ms)
	for _, usual := range []float64{24000. / 1001, 24, 25, 30000. / 1001, 30, 50, 60000. / 1001, 60} {
		if math.Abs(r-usual) < usual/2500 {
			r = usual
			break
		}
	}
	return strconv.FormatFloat(r, 'f', 3, 64)
}
