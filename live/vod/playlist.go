package vod

import (
	"bytes"
	"compress/gzip"
	lru "container/list"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"liveroom/live/pass"
)

// mark stands in a playlist where a session's own query goes.
const mark = "\x00"

// dateLayout is that of EXT-X-PROGRAM-DATE-TIME.
const dateLayout = "2006-01-02T15:04:05.000Z"

// term is how long the paths of files in a playlist hold: until a time, and as long as the play key that signs them is accepted.
type term struct {
	until time.Time
	under pass.Under
}

// media renders a media playlist, but for what is each session's own.
func (s *Server) media(l *list, streamName string, holds term) []byte {
	b := make([]byte, 0, 256+len(l.pieces)*160)
	b = append(b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:"...)
	b = strconv.AppendInt(b, s.target(l), 10)
	b = append(b, "\n#EXT-X-MEDIA-SEQUENCE:"...)
	b = strconv.AppendUint(b, l.sequence, 10)
	if l.discontinuity > 0 {
		b = append(b, "\n#EXT-X-DISCONTINUITY-SEQUENCE:"...)
		b = strconv.AppendUint(b, l.discontinuity, 10)
	}
	b = append(b, '\n')
	if l.whole && !l.sliding {
		b = append(b, "#EXT-X-PLAYLIST-TYPE:VOD\n"...)
	}
	b = append(b, "#EXT-X-INDEPENDENT-SEGMENTS\n"...)
	if l.startAt > 0 {
		b = fmt.Appendf(b, "#EXT-X-START:TIME-OFFSET=%.3f,PRECISE=YES\n", l.startAt.Seconds())
	}
	var of granted
	var init, root string
	for _, p := range l.pieces {
		if p.breaks {
			b = append(b, "#EXT-X-DISCONTINUITY\n"...)
		}
		if g := l.grants(p); g != of {
			of, init = g, ""
			root = "../../f/" + s.filePass(g, streamName, holds) + "/" + g.recording + "/"
		}
		if p.Init != init {
			init = p.Init
			b = append(append(append(b, "#EXT-X-MAP:URI=\""...), root...), init...)
			b = append(b, mark+"\"\n"...)
		}
		b = append(b, "#EXT-X-PROGRAM-DATE-TIME:"...)
		b = p.zero.Add(time.Duration(p.Start)*time.Millisecond).UTC().AppendFormat(b, dateLayout)
		b = append(b, "\n#EXTINF:"...)
		b = strconv.AppendInt(b, p.Duration/1000, 10)
		b = append(b, '.', byte('0'+p.Duration%1000/100), byte('0'+p.Duration%100/10), byte('0'+p.Duration%10))
		b = append(append(append(b, ",\n"...), root...), p.File...)
		b = append(b, mark+"\n"...)
	}
	if l.whole {
		b = append(b, "#EXT-X-ENDLIST\n"...)
	}
	return b
}

// passStep is how much older than a segment of a time shift its pass opens at the most, ms: those of many viewers are the same.
const passStep = 600_000

// granted is what a pass opens: files of a recording, of a time shift no segment that begins before from, ms on the session's clock.
type granted struct {
	recording string
	from      int64
}

// grants is what the pass of a piece opens. It does not depend on what else is listed: the path of a segment never changes.
func (l *list) grants(p piece) granted {
	g := granted{recording: p.recording}
	if l.shift {
		g.from = p.Start - p.Start%passStep
	}
	return g
}

// filePass is the pass to that for a term. From when on it holds stands behind it and is signed.
func (s *Server) filePass(g granted, streamName string, holds term) string {
	if g.from == 0 {
		return s.signer.Until(holds.under, holds.until, "file", streamName, g.recording)
	}
	from := strconv.FormatInt(g.from, 10)
	return s.signer.Until(holds.under, holds.until, "file", streamName, g.recording, from) + "." + from
}

// checkFile says whether a pass opens a file of a recording.
func (s *Server) checkFile(token, streamName, recording, file string, now time.Time) error {
	token, since, bounded := strings.Cut(token, ".")
	of := []string{"file", streamName, recording}
	if bounded {
		of = append(of, since)
	}
	if _, err := s.signer.CheckUntil(token, now, of...); err != nil || !bounded {
		return err
	}
	segment := segmentPattern.FindStringSubmatch(file)
	if segment == nil {
		return nil // an init segment shows nothing
	}
	from, err := strconv.ParseInt(since, 10, 64)
	start, bad := strconv.ParseInt(segment[1], 10, 64)
	if err != nil || bad != nil || start < from {
		return pass.ErrForged
	}
	return nil
}

// target is the target duration of a playlist, in seconds. Of one that slides it never changes, but where a segment is longer than
// any should be.
func (s *Server) target(l *list) int64 {
	most := int64(1)
	if l.sliding {
		most = int64(s.cfg.Segment / time.Second)
	}
	for _, p := range l.pieces {
		most = max(most, (p.Duration+500)/1000)
	}
	return most
}

// multivariant renders the playlist that names a media playlist.
func multivariant(l *list, uri string) []byte {
	var peak, bytesAll, ms int64
	for _, p := range l.pieces {
		peak = max(peak, p.Bytes*8000/max(p.Duration, 1))
		bytesAll, ms = bytesAll+p.Bytes, ms+p.Duration
	}
	var codecs []string
	width, height := 0, 0
	for _, r := range l.recordings {
		for _, c := range []string{r.Video, r.Audio} {
			if c != "" && !slices.Contains(codecs, c) {
				codecs = append(codecs, c)
			}
		}
		if r.Width*r.Height > width*height {
			width, height = r.Width, r.Height
		}
	}
	b := fmt.Appendf(nil, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d",
		max(peak, 1), max(bytesAll*8000/max(ms, 1), 1))
	if len(codecs) > 0 {
		b = fmt.Appendf(b, ",CODECS=%q", strings.Join(codecs, ","))
	}
	if width > 0 && height > 0 {
		b = fmt.Appendf(b, ",RESOLUTION=%dx%d", width, height)
	}
	return append(append(append(b, '\n'), uri...), '\n')
}

// bodies keeps playlists of what does not change any more, those used last.
type bodies struct {
	mu    sync.Mutex // guards what follows
	limit int
	size  int
	order *lru.List // of *kept, the one used last in front
	all   map[string]*lru.Element
}

type kept struct {
	key  string
	body []byte
}

func newBodies(limit int) *bodies {
	return &bodies{limit: limit, order: lru.New(), all: make(map[string]*lru.Element)}
}

func (c *bodies) get(key string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.all[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*kept).body
}

func (c *bodies) put(key string, body []byte) {
	if len(body) > c.limit/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all[key] != nil {
		return
	}
	c.all[key] = c.order.PushFront(&kept{key, body})
	for c.size += len(body); c.size > c.limit; {
		e := c.order.Back()
		old := c.order.Remove(e).(*kept)
		delete(c.all, old.key)
		c.size -= len(old.body)
	}
}

// compressors are lent: one is hundreds of kilobytes.
var compressors = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// leastZipped is the size of a playlist, in bytes, from which on it is worth compressing.
const leastZipped = 4 << 10

// writeMedia answers a media playlist with a session's query in it, compressed where it is long and the player can take it: the
// names in it are alike.
func writeMedia(w http.ResponseWriter, r *http.Request, body []byte, query string) {
	w.Header().Add("Vary", "Accept-Encoding")
	body = bytes.ReplaceAll(body, []byte(mark), []byte(query))
	if len(body) >= leastZipped && r.Method != http.MethodHead && takesGzip(r.Header.Get("Accept-Encoding")) {
		var out bytes.Buffer
		out.Grow(len(body) / 4)
		z, _ := compressors.Get().(*gzip.Writer)
		z.Reset(&out)
		_, _ = z.Write(body) // a buffer takes all
		_ = z.Close()
		compressors.Put(z)
		body = out.Bytes()
		w.Header().Set("Content-Encoding", "gzip")
	}
	writePlaylist(w, r, body)
}

func writePlaylist(w http.ResponseWriter, r *http.Request, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/vnd.apple.mpegurl")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	setDeadline(w, int64(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone
	}
}

// takesGzip reads an Accept-Encoding header. Who refuses gzip by q=0 gets the plain text, as does who has no such header.
func takesGzip(accept string) bool {
	for one := range strings.SplitSeq(accept, ",") {
		coding, quality, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			weight, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(quality), "q="), 64)
			return quality == "" || err == nil && weight > 0
		}
	}
	return false
}
