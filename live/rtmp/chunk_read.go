package rtmp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

const (
	maxTimeField     = 0xffffff // a timestamp field with this value is followed by an extended one
	maxChunkStreams  = 32       // real clients use five
	firstGrowBytes   = 64 << 10 // what a declared length is believed for before anything was received
	defaultChunkSize = 128      // of both sides until SetChunkSize
	maxChunkSize     = 1<<24 - 1
)

// errProtocol is wrapped by every error that is the peer's violation of the chunk format or of this package's bounds.
var errProtocol = errors.New("protocol violation")

func protocolError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errProtocol, fmt.Sprintf(format, args...))
}

// packet is one complete RTMP message.
type packet struct {
	kind message.TypeID
	time uint32 // milliseconds, absolute
	body []byte // the payload
	buf  []byte // of audio and video: the stream.NewBuffer that holds body; nil otherwise
}

// limits bound what a chunkReader holds. They are tight until the peer was let in.
type limits struct {
	message    int // of a command or data message, in bytes
	media      int // of an audio, video or aggregate message, in bytes
	unfinished int // memory of all unfinished messages together, in bytes
}

// tight are the limits of all who do not push.
func tight() limits {
	return limits{message: commandBytes, media: commandBytes, unfinished: unfinishedBytes}
}

func (l limits) of(kind message.TypeID) int {
	switch kind {
	case message.TypeIDAudioMessage, message.TypeIDVideoMessage, message.TypeIDAggregateMessage:
		return l.media
	default:
		return l.message
	}
}

// chunkStream is the state of one chunk stream id: the header that the next one may abbreviate, and the message that is
// being put together.
type chunkStream struct {
	kind     message.TypeID
	length   int
	time     uint32 // of the present message
	field    uint32 // timestamp or delta as last written by the peer
	extended bool   // the field was written in four bytes
	open     bool   // a message is unfinished
	filled   int    // bytes of it received
	body     []byte // memory for it, not more than length
	buf      []byte // as in packet
}

// chunkReader puts messages together. It belongs to the goroutine that reads the connection.
type chunkReader struct {
	r       *bufio.Reader
	size    int // the peer's chunk size
	limits  limits
	near    [64]*chunkStream        // by id; all that real clients use
	far     map[uint32]*chunkStream // the rest
	known   int                     // chunk streams in both
	held    int                     // memory of all unfinished messages
	largest int                     // longest message received so far, the evidence for believing the next length
	bare    bool                    // the peer leaves out the extended timestamp of format 3 chunks
	onChunk func() error            // called after each chunk: a long message must not hold back an acknowledgement
	scratch [11]byte
}

func newChunkReader(r *bufio.Reader, l limits, onChunk func() error) *chunkReader {
	return &chunkReader{r: r, size: defaultChunkSize, limits: l, onChunk: onChunk}
}

// next returns the next complete message.
func (c *chunkReader) next() (packet, error) {
	for {
		cs, err := c.header()
		if err != nil {
			return packet{}, err
		}
		if err := c.payload(cs); err != nil {
			return packet{}, err
		}
		if err := c.onChunk(); err != nil {
			return packet{}, err
		}
		if cs.filled < cs.length {
			continue
		}
		p := packet{kind: cs.kind, time: cs.time, body: cs.body, buf: cs.buf}
		c.largest = max(c.largest, cs.length)
		c.drop(cs)
		return p, nil
	}
}

// setSize obeys the peer's SetChunkSize. Larger sizes than a message can have mean the same as the largest.
func (c *chunkReader) setSize(size uint32) error {
	if size == 0 || size > 1<<31-1 {
		return protocolError("chunk size %d", size)
	}
	c.size = int(min(size, maxChunkSize))
	return nil
}

// abort forgets the unfinished message of a chunk stream.
func (c *chunkReader) abort(id uint32) {
	if cs := c.stream(id); cs != nil {
		c.drop(cs)
	}
}

func (c *chunkReader) drop(cs *chunkStream) {
	c.held -= len(cs.body)
	cs.open, cs.filled, cs.body, cs.buf = false, 0, nil, nil
}

// stream returns a chunk stream, nil if nothing came on it yet.
func (c *chunkReader) stream(id uint32) *chunkStream {
	if id < uint32(len(c.near)) {
		return c.near[id]
	}
	return c.far[id]
}

// begin makes a chunk stream.
func (c *chunkReader) begin(id uint32) (*chunkStream, error) {
	if c.known >= maxChunkStreams {
		return nil, protocolError("more than %d chunk streams", maxChunkStreams)
	}
	c.known++
	cs := &chunkStream{}
	if id < uint32(len(c.near)) {
		c.near[id] = cs
		return cs, nil
	}
	if c.far == nil {
		c.far = map[uint32]*chunkStream{}
	}
	c.far[id] = cs
	return cs, nil
}

// header reads a basic and a message header and opens the message unless the chunk continues one.
func (c *chunkReader) header() (*chunkStream, error) {
	format, id, err := c.basicHeader()
	if err != nil {
		return nil, err
	}
	cs := c.stream(id)
	if cs == nil {
		// Some clients begin a chunk stream with a format 1 header, which lacks only the message stream id.
		if format > 1 {
			return nil, protocolError("chunk stream begins with format %d", format)
		}
		if cs, err = c.begin(id); err != nil {
			return nil, err
		}
	}
	if cs.open && format != 3 {
		return nil, protocolError("format %d inside a message", format)
	}
	if format == 3 {
		err = c.repeatedTime(cs)
	} else {
		err = c.messageHeader(cs, format)
	}
	if err != nil || cs.open {
		return cs, err
	}
	if format == 0 {
		cs.time = cs.field
	} else {
		cs.time += cs.field // also after format 0, whose timestamp then counts as the delta (section 5.3.1.2.4)
	}
	if limit := c.limits.of(cs.kind); cs.length > limit {
		return nil, protocolError("message of type %d has %d bytes, %d are allowed", cs.kind, cs.length, limit)
	}
	cs.open = true
	return cs, nil
}

func (c *chunkReader) basicHeader() (format byte, id uint32, err error) {
	first, err := c.r.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	format, id = first>>6, uint32(first&0x3f)
	if id > 1 {
		return format, id, nil
	}
	more := c.scratch[:id+1]
	if _, err := io.ReadFull(c.r, more); err != nil {
		return 0, 0, err
	}
	if id == 0 {
		return format, 64 + uint32(more[0]), nil
	}
	return format, 64 + uint32(more[0]) + uint32(more[1])<<8, nil
}

// messageHeader reads a header of format 0, 1 or 2.
func (c *chunkReader) messageHeader(cs *chunkStream, format byte) error {
	b := c.scratch[:[3]int{11, 7, 3}[format]]
	if _, err := io.ReadFull(c.r, b); err != nil {
		return err
	}
	cs.field = uint24(b)
	if format < 2 {
		cs.length, cs.kind = int(uint24(b[3:])), message.TypeID(b[6])
	}
	cs.extended = cs.field == maxTimeField
	if !cs.extended {
		return nil
	}
	b = c.scratch[:4]
	if _, err := io.ReadFull(c.r, b); err != nil {
		return err
	}
	cs.field = binary.BigEndian.Uint32(b)
	return nil
}

// repeatedTime skips the extended timestamp of a format 3 chunk. The specification wants it there, some encoders leave
// it out, and nothing tells which, so the bytes are compared with what it would have to be. From an encoder seen to leave
// it out, four bytes are not waited for where the message has fewer left.
func (c *chunkReader) repeatedTime(cs *chunkStream) error {
	if !cs.extended || cs.open && c.bare && cs.length-cs.filled < 4 {
		return nil
	}
	b, err := c.r.Peek(4)
	if err != nil {
		return nil // fewer bytes may still be the end of a message; reading them reports the error
	}
	if v := binary.BigEndian.Uint32(b); v == cs.field || cs.open && v == cs.time {
		_, err = c.r.Discard(4)
		return err
	}
	c.bare = c.bare || cs.open
	return nil
}

// payload reads the present chunk's part of the message.
func (c *chunkReader) payload(cs *chunkStream) error {
	left := min(c.size, cs.length-cs.filled)
	for left > 0 {
		if err := c.grow(cs); err != nil {
			return err
		}
		n := min(left, len(cs.body)-cs.filled)
		if _, err := io.ReadFull(c.r, cs.body[cs.filled:cs.filled+n]); err != nil {
			return err
		}
		cs.filled += n
		left -= n
	}
	return nil
}

// grow makes room for more of a message. A length is believed up to twice the longest message this peer has really
// sent, so that frames are read into their final memory at once and a mere claim costs at most firstGrowBytes.
func (c *chunkReader) grow(cs *chunkStream) error {
	if cs.filled < len(cs.body) {
		return nil
	}
	size := min(cs.length, max(firstGrowBytes, 2*c.largest, 2*cs.filled))
	if c.held+size-len(cs.body) > c.limits.unfinished {
		return protocolError("unfinished messages of more than %d bytes", c.limits.unfinished)
	}
	c.held += size - len(cs.body)
	var body []byte
	if size == cs.length && (cs.kind == message.TypeIDAudioMessage || cs.kind == message.TypeIDVideoMessage) {
		cs.buf = stream.NewBuffer(size)
		body = cs.buf[stream.HeaderBytes:][:size]
	} else {
		body = make([]byte, size)
	}
	copy(body, cs.body[:cs.filled])
	cs.body = body
	return nil
}

func uint24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }
