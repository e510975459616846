package pull

import (
	"errors"
	"io"
	"sync"
)

// Bounds of MPEG-TS.
const (
	packetBytes = 188
	maxUnit     = 2 << 20 // a picture, some sound, or a table, with the packets' headers
	maxPIDs     = 32
	noPID       = 0x1fff // of packets that fill up
)

// transport hands a file of MPEG-TS on, packet by packet. What reads it keeps what each of its streams has sent until the next unit of
// that begins, also over files, and with each packet goes through all of that: so units and streams are bounded here, and a unit
// ends with its file at the latest.
type transport struct {
	io.Closer
	in     io.Reader
	pids   *pids
	units  map[uint16]int // bytes of the one that has begun in this file
	packet [packetBytes]byte
	left   []byte // of packet
}

// pids are the streams of all files of a source.
type pids struct {
	mu   sync.Mutex // guards seen
	seen map[uint16]bool
}

// Read implements io.Reader.
func (t *transport) Read(p []byte) (int, error) {
	for len(t.left) == 0 {
		if _, err := io.ReadFull(t.in, t.packet[:]); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF // the file is cut off
			}
			return 0, err
		}
		wanted, err := t.check()
		if err != nil {
			return 0, err
		}
		if wanted {
			t.left = t.packet[:]
		}
	}
	n := copy(p, t.left)
	t.left = t.left[n:]
	return n, nil
}

// check says whether the packet is handed on.
func (t *transport) check() (bool, error) {
	const sync, begins, carries = 0x47, 0x40, 0x10 // of its first bytes
	if t.packet[0] != sync {
		return false, failed(CauseFormat, "a segment is not MPEG-TS, as the playlist says")
	}
	pid := uint16(t.packet[1]&0x1f)<<8 | uint16(t.packet[2])
	if pid == noPID || t.packet[3]&carries == 0 {
		return pid != noPID, nil
	}
	if !t.pids.has(pid) {
		return false, failed(CauseFormat, "a segment has more streams than it may have")
	}
	size, begun := t.units[pid]
	if t.packet[1]&begins != 0 {
		size, begun = 0, true
	}
	if !begun {
		return false, nil // the rest of what another file began
	}
	if size += packetBytes; size > maxUnit {
		return false, failed(CauseFormat, "a picture in a segment is larger than it may be")
	}
	t.units[pid] = size
	return true, nil
}

// has says whether a stream is one of those that are read.
func (s *pids) has(pid uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.seen[pid] && len(s.seen) < maxPIDs {
		if s.seen == nil {
			s.seen = map[uint16]bool{}
		}
		s.seen[pid] = true
	}
	return s.seen[pid]
}
