package flv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"liveroom/live/stream"
)

// FileHeaderBytes is the size of what Header returns: the file header and the first previous tag size.
const FileHeaderBytes = 9 + stream.TrailerBytes

// Header returns the beginning of an FLV file. Where it is not known yet what will come, both are set.
func Header(audio, video bool) []byte {
	h := []byte{'F', 'L', 'V', 1, 0, 0, 0, 0, 9, 0, 0, 0, 0}
	if audio {
		h[4] |= 4
	}
	if video {
		h[4] |= 1
	}
	return h
}

// empty returns a script tag without content, which players skip, at that time in ms.
func empty(ms int64) []byte {
	b := stream.NewBuffer(0)
	stream.PutHeader(b, stream.Script, uint32(ms), 0)
	return b
}

// Errors of Reader.
var (
	// ErrFormat says that the bytes are not FLV.
	ErrFormat = errors.New("flv: malformed")
	// ErrTooLarge says that a tag is larger than the reader's limit.
	ErrTooLarge = errors.New("flv: tag too large")
)

// Reader reads tags from an FLV file or response.
type Reader struct {
	r          io.Reader
	limit      int
	head       [stream.HeaderBytes]byte
	audio, vid bool
}

// NewReader reads the file header. A tag's payload may have up to maxTagBytes, 0 for stream.MaxPayloadBytes.
func NewReader(r io.Reader, maxTagBytes int) (*Reader, error) {
	if maxTagBytes <= 0 {
		maxTagBytes = stream.MaxPayloadBytes
	}
	fr := &Reader{r: r, limit: maxTagBytes}
	var h [9]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, fmt.Errorf("read flv header: %w", err)
	}
	if string(h[:4]) != "FLV\x01" {
		return nil, fmt.Errorf("%w: no FLV signature", ErrFormat)
	}
	fr.audio, fr.vid = h[4]&4 != 0, h[4]&1 != 0
	size := binary.BigEndian.Uint32(h[5:])
	if size < 9 || size > 1024 {
		return nil, fmt.Errorf("%w: header of %d bytes", ErrFormat, size)
	}
	if _, err := io.CopyN(io.Discard, r, int64(size)-9+stream.TrailerBytes); err != nil {
		return nil, fmt.Errorf("read flv header: %w", unexpected(err))
	}
	return fr, nil
}

// Flags are what the header says the file has.
func (r *Reader) Flags() (audio, video bool) { return r.audio, r.vid }

// Next returns the next tag: its kind, its timestamp in ms and its payload in a buffer as stream.NewBuffer makes it,
// ready for Publisher.Write. It is io.EOF after the last tag and io.ErrUnexpectedEOF inside one. Tags of kinds that
// stream does not know are skipped.
func (r *Reader) Next() (stream.Kind, uint32, []byte, error) {
	for {
		if _, err := io.ReadFull(r.r, r.head[:]); err != nil {
			return 0, 0, nil, err
		}
		h := r.head[:]
		size := int(h[1])<<16 | int(h[2])<<8 | int(h[3])
		if size > r.limit {
			return 0, 0, nil, fmt.Errorf("%w: %d bytes, limit %d", ErrTooLarge, size, r.limit)
		}
		if h[0]&0x20 != 0 {
			return 0, 0, nil, fmt.Errorf("%w: encrypted tag", ErrFormat)
		}
		buf := stream.NewBuffer(size)
		if _, err := io.ReadFull(r.r, buf[stream.HeaderBytes:]); err != nil {
			return 0, 0, nil, unexpected(err)
		}
		copy(buf, h)
		switch kind := stream.Kind(h[0] & 0x1f); kind {
		case stream.Audio, stream.Video, stream.Script:
			ts := uint32(h[7])<<24 | uint32(h[4])<<16 | uint32(h[5])<<8 | uint32(h[6])
			return kind, ts, buf, nil
		default:
		}
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
