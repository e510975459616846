package hls

import (
	"bytes"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// bodyKey is what the bytes of a media playlist depend on, beside the list itself.
type bodyKey struct {
	app  string
	hour int64
}

// maxBodies bounds the bodies kept between two segments: one per app a stream is played under.
const maxBodies = 16

// listed returns the segments of the playlist. t.mu is held.
func (t *timeline) listed() []*segment {
	list := t.segments[max(0, len(t.segments)-t.cfg.ListSize):]
	for len(list) > 0 && list[0].number < t.base {
		list = list[1:]
	}
	return list
}

// media returns the media playlist, the same bytes for everyone; nil while there is no segment.
func (t *timeline) media(app string, now time.Time) []byte {
	key := bodyKey{app, hourOf(now)}
	t.mu.RLock()
	body := t.bodies[key]
	t.mu.RUnlock()
	if body != nil {
		return body
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bodies[key] == nil && len(t.segments) > 0 {
		if len(t.bodies) >= maxBodies {
			clear(t.bodies)
		}
		t.bodies[key] = t.render(app, key.hour)
	}
	return t.bodies[key]
}

// render writes the media playlist. t.mu is held.
func (t *timeline) render(app string, hour int64) []byte {
	list := t.listed()
	before := list[0].discontinuity
	if list[0].breaks {
		before-- // its own tag stands in the list
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n",
		t.target, list[0].number, before)
	mapped := ""
	for _, s := range list {
		root := "/" + url.PathEscape(app) + "/" + t.name + "/p/" + t.capabilityOf(s, hour) + "/"
		if s.breaks {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		if uri := root + s.init.name; uri != mapped {
			fmt.Fprintf(&b, "#EXT-X-MAP:URI=\"%s\"\n", uri)
			mapped = uri
		}
		fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n#EXTINF:%d.%03d,\n%s%s\n",
			t.began.Add(time.Duration(s.start)*time.Millisecond).UTC().Format("2006-01-02T15:04:05.000Z"),
			s.listed/1000, s.listed%1000, root, s.name)
	}
	if !t.endedAt.IsZero() {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.Bytes()
}

// capabilityOf is the capability in a segment's path: its own as long as that is accepted, so that its address stays the
// same, and a new one when a long pause has outlived it.
func (t *timeline) capabilityOf(s *segment, hour int64) string {
	if hour <= s.hour+1 {
		return s.capability
	}
	return t.signer.capability(t.name, t.session, hour)
}

// multivariant returns the playlist with the one rendition, whose media playlist is at uri; nil while there is no
// segment. Rates are measured over the segments kept.
func (t *timeline) multivariant(uri string) []byte {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if len(t.segments) == 0 {
		return nil
	}
	newest := t.segments[len(t.segments)-1].init
	var peak, size, duration, frames, pictures int64
	for _, s := range t.segments {
		if s.duration*2 >= t.target*1000 { // rests of segments say nothing about the peak (RFC 8216 §4.1)
			peak = max(peak, int64(len(s.data))*8000/s.duration)
		}
		size, duration = size+int64(len(s.data)), duration+s.duration
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
