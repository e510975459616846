package hls

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"
)

// transport is segment for MPEG-TS.
func (m *mediaCheck) transport(n uint64, s *listedSegment, data []byte) {
	const packet = 188
	if len(data) == 0 || len(data)%packet != 0 || data[0] != 0x47 || data[1]&0x1f != 0 || data[2] != 0 {
		m.fault("media", "%s does not begin with the program association table", describe(n, s.uri))
		return
	}
	r := &mpegts.Reader{R: bytes.NewReader(data)}
	if err := r.Initialize(); err != nil {
		m.fault("media", "%s: %v", describe(n, s.uri), err)
		return
	}
	r.OnDecodeError(func(err error) { m.fault("media", "%s: %v", describe(n, s.uri), err) })
	pictures := 0
	for _, t := range r.Tracks() {
		switch c := t.Codec.(type) {
		case *codecs.H264:
			r.OnDataH264(t, func(_, dts int64, units [][]byte) error {
				if pictures == 0 && !h264.IsRandomAccess(units) {
					m.fault("media", "%s does not begin with a keyframe", describe(n, s.uri))
				}
				pictures++
				m.stamped(n, s, 1, dts, pictureTolerance, units[len(units)-1])
				return nil
			})
		case *codecs.MPEG4Audio:
			r.OnDataMPEG4Audio(t, func(pts int64, units [][]byte) error {
				for i, u := range units {
					m.sounds++
					m.stamped(n, s, 2, pts+int64(i)*1024*90000/int64(c.SampleRate), soundTolerance, u)
				}
				return nil
			})
		}
	}
	err := r.Read()
	for err == nil {
		err = r.Read()
	}
	if !errors.Is(err, io.EOF) {
		m.fault("media", "%s: %v", describe(n, s.uri), err)
	}
	m.pictures += pictures
	if want := int(s.duration / max(m.frame, 1)); m.frame > 0 && !m.holes && (pictures < want-1 || pictures > want+1) {
		m.fault("EXTINF", "%s holds %d pictures of %v, listed are %v", describe(n, s.uri), pictures, m.frame, s.duration)
	}
}

// stamped compares a frame's time in 90 kHz with the moment it carries. Both have one distance all through the session,
// in 33 bits.
func (m *mediaCheck) stamped(n uint64, s *listedSegment, id int, at, slack int64, payload []byte) {
	t := m.tracks[id]
	if t == nil {
		t = &trackCheck{stamp: -1}
		m.tracks[id] = t
	}
	stamp := stampOf(payload)
	if m.shift == 0 {
		m.shift = at - stamp*90
	}
	d := (at - stamp*90 - m.shift) << 31 >> 31 // the lowest 33 bits, with their sign
	if d > slack*90 || d < -slack*90 {
		m.fault("time", "%s: track %d has the frame of %d ms %v off", describe(n, s.uri), id, stamp, time.Duration(d)*time.Second/90000)
	}
	if stamp <= t.stamp {
		m.fault("order", "%s: track %d has %d ms after %d ms", describe(n, s.uri), id, stamp, t.stamp)
	}
	t.stamp = stamp
}
