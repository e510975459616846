package socket

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"liveroom/chat"
)

// eventDismissed tells that the group is no more: sessions are out of it after this event.
const eventDismissed = "dismissed"

// A delivery is a batch as Batch.Frame caches it: one byte that tells a queue how to treat it, then the frame itself. It
// is read at each socket, so that no socket has to look at the items.
type delivery []byte

// flagLast says that nothing of the group follows: it was dismissed, or the session is out of it.
const flagLast = 0x80

func (d delivery) class() class  { return class(d[0] &^ flagLast) }
func (d delivery) last() bool    { return d[0]&flagLast != 0 }
func (d delivery) frame() []byte { return d[1:] }

// encodeBatch builds the delivery of a batch.
func encodeBatch(b *chat.Batch) []byte {
	out := newFrame(64 + 384*len(b.Items))
	out = append(out, `{"push":"batch","group":`...)
	out = appendString(out, b.Group)
	out = append(out, `,"items":[`...)
	first := byte(classOf(b.Priority))
	for i, item := range b.Items {
		if i > 0 {
			out = append(out, ',')
		}
		if item.Event != nil {
			if !item.Event.Lossy {
				first = byte(control) | first&flagLast
			}
			if item.Event.Kind == eventDismissed {
				first |= flagLast
			}
			out = appendEvent(out, item.Event)
			continue
		}
		if item.Message.Server {
			first = byte(control) | first&flagLast
		}
		out = appendMessage(out, item.Message)
	}
	frame := seal(append(out, "]}"...))
	return append([]byte{first}, frame...)
}

// classOf says how important a batch without items of the server is.
func classOf(p chat.Priority) class {
	switch p {
	case chat.High:
		return high
	case chat.Normal:
		return normal
	case chat.Low, chat.Lowest:
		return low
	}
	return normal // no priority is Normal on the wire
}

// appendMessage appends a message; its body stays byte for byte as it was sent.
func appendMessage(out []byte, m *chat.Message) []byte {
	out = append(out, `{"type":"message",`...)
	if !m.Degraded {
		out = append(out, `"seq":`...)
		out = strconv.AppendUint(out, m.Seq, 10)
		out = append(out, ',')
	}
	out = append(out, `"time":`...)
	out = strconv.AppendInt(out, m.Time.Unix(), 10)
	out = append(out, `,"from":`...)
	out = appendString(out, m.From)
	out = append(out, `,"nick":`...)
	out = appendString(out, m.Nick)
	out = append(out, `,"avatar":`...)
	out = appendString(out, m.Avatar)
	out = append(out, `,"priority":`...)
	out = appendString(out, m.Priority.String())
	out = append(out, `,"random":`...)
	out = strconv.AppendUint(out, uint64(m.Random), 10)
	out = append(out, `,"body":`...)
	out = appendRaw(out, m.Body, "[]")
	out = append(out, `,"cloudCustomData":`...)
	out = appendString(out, m.CloudCustomData)
	if m.Level > 0 {
		out = append(out, `,"level":`...)
		out = strconv.AppendInt(out, int64(m.Level), 10)
	}
	if m.Badge != "" {
		out = append(out, `,"badge":`...)
		out = appendString(out, m.Badge)
	}
	if m.Broadcast {
		out = append(out, `,"broadcast":true`...)
	}
	if m.Degraded {
		out = append(out, `,"degraded":true`...)
	}
	if m.Withdrawn != "" {
		out = append(out, `,"withdrawn":`...)
		out = appendString(out, string(m.Withdrawn))
	}
	return append(out, '}')
}

func appendMessages(out []byte, all []*chat.Message) []byte {
	out = append(out, '[')
	for i, m := range all {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendMessage(out, m)
	}
	return append(out, ']')
}

func appendEvent(out []byte, e *chat.Event) []byte {
	out = append(out, `{"type":"event","event":`...)
	out = appendString(out, e.Kind)
	out = append(out, `,"version":`...)
	out = strconv.AppendUint(out, e.Version, 10)
	out = append(out, `,"data":`...)
	out = appendRaw(out, e.Data, "{}")
	return append(out, '}')
}

func appendRaw(out []byte, raw json.RawMessage, empty string) []byte {
	if len(raw) == 0 {
		return append(out, empty...)
	}
	return append(out, raw...)
}

// appendString appends s as a JSON string. Most are plain ASCII, for which nothing need be asked of encoding/json.
func appendString(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return encode(out, s)
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}

// appendJSON appends v. What most answers are made of needs no encoder.
func appendJSON(out []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(out, v)
	case bool:
		return strconv.AppendBool(out, v)
	case int:
		return strconv.AppendInt(out, int64(v), 10)
	case int64:
		return strconv.AppendInt(out, v, 10)
	case uint64:
		return strconv.AppendUint(out, v, 10)
	}
	return encode(out, v)
}

// encode appends v without escaping what only HTML would need. Values that cannot be encoded do not occur: they are
// strings, numbers, structs and maps of these.
func encode(out []byte, v any) []byte {
	t := tail(out)
	e := json.NewEncoder(&t)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return append(out, "null"...)
	}
	return t[:len(t)-1] // Encode ends with a new line
}

// tail is an io.Writer that appends to a frame under construction.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	return len(p), nil
}
