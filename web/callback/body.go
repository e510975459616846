package callback

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// object is a JSON object under construction: its fields stand in the order in which they were added.
type object []byte

// newObject begins an object that will have about so many bytes.
func newObject(size int) object { return append(make(object, 0, size), '{') }

func (o object) name(name string) object {
	if len(o) > 1 {
		o = append(o, ',')
	}
	return append(append(append(o, '"'), name...), '"', ':')
}

func (o object) text(name, value string) object { return appendString(o.name(name), value) }

func (o object) number(name string, value int64) object {
	return strconv.AppendInt(o.name(name), value, 10)
}

// raw adds a value that is JSON already, and stays byte for byte.
func (o object) raw(name string, value []byte) object { return append(o.name(name), value...) }

// messageBody adds a MsgBody. A message that could not be sent because of it has none.
func (o object) messageBody(body []byte) object {
	if len(body) == 0 {
		body = []byte("[]")
	}
	return o.raw("MsgBody", body)
}

// members adds an array of objects of one text field each, as Tencent lists people.
func (o object) members(name, field string, values ...string) object {
	o = append(o.name(name), '[')
	for i, value := range values {
		if i > 0 {
			o = append(o, ',')
		}
		o = append(append(append(o, `{"`...), field...), `":`...)
		o = append(appendString(o, value), '}')
	}
	return append(o, ']')
}

func (o object) close() []byte { return append(o, '}') }

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

// encode appends v without escaping what only HTML would need. Strings can always be encoded.
func encode(out []byte, v any) []byte {
	t := tail(out)
	e := json.NewEncoder(&t)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return t[:len(t)-1] // Encode ends with a new line
}

// tail is an io.Writer that appends to what is under construction.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	return len(p), nil
}
