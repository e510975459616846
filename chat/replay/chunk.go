package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"liveroom/chat"
)

// Bounds of chunks.
const (
	// maxSpan is how far behind the start of its chunk a message may be: who reads a time looks no further back.
	maxSpan       = 30 * time.Second
	maxChunkBytes = 1 << 20
	maxNodeBytes  = 40
)

// Item is a message of a recording as it is given out.
type Item struct {
	At     int64           `json:"at"` // ms: in a chunk on the session's clock, given out of the recording's play time
	Seq    uint64          `json:"seq"`
	From   string          `json:"from"`
	Nick   string          `json:"nick"`
	Avatar string          `json:"avatar"`
	Level  int             `json:"level,omitempty"`
	Body   json.RawMessage `json:"body"`
}

// before says whether an item comes before another one: by time, then by number.
func (i Item) before(o Item) bool { return i.At < o.At || i.At == o.At && i.Seq < o.Seq }

func (i Item) size() int {
	return len(i.From) + len(i.Nick) + len(i.Avatar) + len(i.Body) + 128
}

// itemOf is a message as it is kept with a recording.
func itemOf(m *chat.Message, of Recording) Item {
	return Item{
		At: max(0, (m.Time.Sub(of.Zero) - of.Late).Milliseconds()), Seq: m.Seq, From: m.From, Nick: m.Nick, Avatar: m.Avatar, Level: m.Level, Body: m.Body,
	}
}

// folder is where the chat of a recording is.
func folder(recording string) string { return "rec/" + recording + "/chat/" }

// chunkName names a chunk by the offset of its first message, ms, and who wrote it. N is never the same again on that node.
func chunkName(recording string, start int64, node, n string) string {
	return fmt.Sprintf("%s%012d-%s-%s.ndjson", folder(recording), start, node, n)
}

// chunkStart reads the offset from the name of a chunk without its folder; false: it is none.
func chunkStart(name string) (int64, bool) {
	if len(name) < 13 || name[12] != '-' || !strings.HasSuffix(name, ".ndjson") {
		return 0, false
	}
	start, err := strconv.ParseUint(name[:12], 10, 63)
	return int64(start), err == nil //nolint:gosec // 12 digits
}

// markers is the beginning of the names of those that hide a message.
const markers = "x-"

func markerName(recording string, seq uint64) string {
	return folder(recording) + markers + strconv.FormatUint(seq, 10)
}

// markedSeq reads the number from the name of a marker without its folder.
func markedSeq(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, markers)
	seq, err := strconv.ParseUint(digits, 10, 64)
	return seq, ok && err == nil
}

// nodeName is a node's name as the names of objects can have it.
func nodeName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' {
			return r
		}
		return '_'
	}, name)
	if name == "" {
		return "node"
	}
	return name[:min(len(name), maxNodeBytes)]
}

// encode writes items one a line.
func encode(items []Item) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, i := range items {
		if err := e.Encode(i); err != nil {
			return nil, fmt.Errorf("encode message %d: %w", i.Seq, err)
		}
	}
	return b.Bytes(), nil
}

// decode reads a chunk. A line that is none of ours is left out.
func decode(data []byte) (items []Item) {
	for line := range bytes.Lines(data) {
		var i Item
		if json.Unmarshal(line, &i) == nil && i.Seq > 0 && i.At >= 0 && len(i.Body) > 0 {
			items = append(items, i)
		}
	}
	return items
}
