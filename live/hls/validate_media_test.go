package hls

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
)

// mediaCheck reads what a playlist names, in order, and holds it to the playlist and to the moments the frames carry.
type mediaCheck struct {
	holes    bool // frames may be missing
	frame    time.Duration
	inits    map[string]*fmp4.Init
	header   []byte // of the segment before
	newest   []byte
	tracks   map[int]*trackCheck
	shift    int64     // of MPEG-TS' timestamps against the session's clock, in 90 kHz; 0: not known yet
	zero     time.Time // of the session's clock by PROGRAM-DATE-TIME
	pictures int
	sounds   int
	problems []string
}

// trackCheck is where a track stands.
type trackCheck struct {
	end   int64 // in its timescale; -1 after a discontinuity
	stamp int64 // ms of the last frame
}

// What a frame's decode time may differ, in ms, from the moment it carries: pictures by the rounding of clocks. Sound
// keeps its own pace and is moved only where it has drifted by maxAudioDrift.
const (
	pictureTolerance = 2
	soundTolerance   = maxAudioDrift + 2
)

func (m *mediaCheck) fault(rule, format string, args ...any) {
	m.problems = append(m.problems, rule+": "+fmt.Sprintf(format, args...))
}

// init takes an init segment.
func (m *mediaCheck) init(uri string, data []byte) {
	var f fmp4.Init
	if err := f.Unmarshal(bytes.NewReader(data)); err != nil {
		m.fault("init", "%s: %v", uri, err)
	}
	m.inits[uri], m.newest = &f, data
}

// segment takes a finished segment and its parts, as far as they were listed.
func (m *mediaCheck) segment(n uint64, s *listedSegment, data []byte, parts [][]byte) {
	if strings.HasSuffix(s.uri, ".ts") {
		m.transport(n, s, data)
		return
	}
	init := m.inits[s.mapURI]
	if init == nil {
		m.fault("init", "%s has none", describe(n, s.uri))
		return
	}
	if !bytes.Equal(m.header, m.newest) && m.header != nil && !s.breaks {
		m.fault("init", "changes at %s without a discontinuity", describe(n, s.uri))
	}
	m.header = m.newest
	if s.breaks {
		for _, t := range m.tracks {
			t.end = -1
		}
	}
	read := m.parse(n, s, data)
	if len(parts) > 0 {
		joined := bytes.Join(parts, nil)
		if !bytes.Equal(joined, data) {
			m.fault("parts", "%s is not the sum of its parts", describe(n, s.uri))
		}
		if len(read) != len(parts) {
			m.fault("parts", "%s holds %d fragments in %d parts", describe(n, s.uri), len(read), len(parts))
			return
		}
	}
	var video, length int64
	for i, p := range read {
		for _, track := range p.Tracks {
			scale, pictures := trackOf(init, track.ID)
			if scale == 0 {
				m.fault("init", "%s: track %d is not in the init segment", describe(n, s.uri), track.ID)
				return
			}
			if i == 0 && pictures {
				m.date(n, s, int64(track.BaseTime))
			}
			if len(parts) > 0 && pictures {
				m.independent(n, s.parts[i], track)
			}
			sum := m.track(n, s, track, scale, pictures)
			if pictures {
				video += sum
			}
			length = max(length, video*1000/videoScale)
		}
	}
	if d := length - s.duration.Milliseconds(); video > 0 && (d > 1 || d < -1) {
		m.fault("EXTINF", "%s lasts %d ms, listed are %v", describe(n, s.uri), length, s.duration)
	}
}

func (m *mediaCheck) parse(n uint64, s *listedSegment, data []byte) fmp4.Parts {
	var read fmp4.Parts
	if err := read.Unmarshal(data); err != nil || len(read) == 0 {
		m.fault("media", "%s: %v, %d fragments", describe(n, s.uri), err, len(read))
	}
	return read
}

func trackOf(init *fmp4.Init, id int) (scale int64, pictures bool) {
	for _, t := range init.Tracks {
		if t.ID == id {
			return int64(t.TimeScale), t.Codec.IsVideo()
		}
	}
	return 0, false
}

// date compares PROGRAM-DATE-TIME with the decode time of the first picture: the session's clock has one zero.
func (m *mediaCheck) date(n uint64, s *listedSegment, base int64) {
	zero := s.date.Add(-time.Duration(base) * time.Second / videoScale)
	if m.zero.IsZero() {
		m.zero = zero
	}
	if d := zero.Sub(m.zero); d.Abs() > 2*time.Millisecond {
		m.fault("PROGRAM-DATE-TIME", "%s is %v off the session's clock", describe(n, s.uri), d)
	}
}

// independent compares what is said of a part with its pictures: whether it contains one to begin with (§4.4.4.9).
func (m *mediaCheck) independent(n uint64, p listedPart, track *fmp4.PartTrack) {
	key := slices.ContainsFunc(track.Samples, func(s *fmp4.Sample) bool { return !s.IsNonSyncSample })
	if len(track.Samples) > 0 && key != p.independent {
		m.fault("INDEPENDENT", "%d: part %s says %t, has a keyframe: %t", n, p.uri, p.independent, key)
	}
}

// track follows one track through a fragment and returns its length.
func (m *mediaCheck) track(n uint64, s *listedSegment, p *fmp4.PartTrack, scale int64, pictures bool) (sum int64) {
	t := m.tracks[p.ID]
	if t == nil {
		t = &trackCheck{end: -1, stamp: -1}
		m.tracks[p.ID] = t
	}
	at := int64(p.BaseTime)
	if gap := at - t.end; t.end >= 0 && (gap < 0 || gap > 0 && !m.holes) {
		m.fault("tfdt", "%s: track %d begins %d of %d after the end", describe(n, s.uri), p.ID, gap, scale)
	}
	slack := int64(soundTolerance)
	if pictures {
		slack = pictureTolerance
		m.pictures += len(p.Samples)
	} else {
		m.sounds += len(p.Samples)
	}
	for _, f := range p.Samples {
		stamp := stampOf(f.Payload)
		if d := at*1000/scale - stamp; d > slack || d < -slack {
			m.fault("time", "%s: track %d has the frame of %d ms at %d ms", describe(n, s.uri), p.ID, stamp, at*1000/scale)
		}
		if stamp <= t.stamp {
			m.fault("order", "%s: track %d has %d ms after %d ms", describe(n, s.uri), p.ID, stamp, t.stamp)
		}
		if length := time.Duration(f.Duration) * time.Second / time.Duration(scale); pictures && !m.holes && (length > m.frame*3/2 || length < m.frame/2) {
			m.fault("duration", "%s: the frame of %d ms lasts %v", describe(n, s.uri), stamp, length)
		}
		t.stamp, at, sum = stamp, at+int64(f.Duration), sum+int64(f.Duration)
	}
	t.end = at
	return sum
}

// stampOf is the moment a frame of a source carries.
func stampOf(payload []byte) int64 {
	ms, err := strconv.ParseInt(string(payload[max(0, len(payload)-16):]), 10, 64)
	if err != nil {
		return -1
	}
	return ms
}

func describe(n uint64, uri string) string { return fmt.Sprintf("segment %d (%s)", n, uri) }
