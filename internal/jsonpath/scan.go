package jsonpath

import (
	"bytes"
	"encoding/json"
)

// What follows reads JSON that is known to be valid.

// into returns the value that a step leads to.
func (s step) into(raw []byte) (found []byte, ok bool) {
	switch {
	case raw[0] == '{' && s.index < 0:
		return member(raw, s.name)
	case raw[0] == '[' && s.index >= 0:
		return element(raw, s.index)
	}
	return nil, false
}

// member returns the last value of a name in an object.
func member(raw []byte, name string) (found []byte, ok bool) {
	for rest := trim(raw[1:]); rest[0] != '}'; {
		key, after := value(rest)
		v, next := value(trim(after[1:])) // behind the colon
		if is(key, name) {
			found, ok = v, true
		}
		if rest = next; rest[0] == ',' {
			rest = trim(rest[1:])
		}
	}
	return found, ok
}

// element returns the value at an index of an array.
func element(raw []byte, index int) ([]byte, bool) {
	for rest := trim(raw[1:]); rest[0] != ']'; index-- {
		v, next := value(rest)
		if index == 0 {
			return v, true
		}
		if rest = next; rest[0] == ',' {
			rest = trim(rest[1:])
		}
	}
	return nil, false
}

// is says whether a JSON string reads as name.
func is(quoted []byte, name string) bool {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1:len(quoted)-1]) == name
	}
	var text string
	return json.Unmarshal(quoted, &text) == nil && text == name
}

// value cuts off the first value, and what blanks follow it.
func value(raw []byte) (v, rest []byte) {
	n, depth := 0, 0
	for {
		switch raw[n] {
		case '"':
			n += text(raw[n:])
		case '{', '[':
			depth++
			n++
			continue
		case '}', ']':
			depth--
			n++
		case ',', ':', ' ', '\t', '\r', '\n':
			n++ // inside of an array or object
			continue
		default:
			for n < len(raw) && !bytes.ContainsRune([]byte(",:]} \t\r\n"), rune(raw[n])) {
				n++
			}
		}
		if depth == 0 {
			return raw[:n], trim(raw[n:])
		}
	}
}

// text is how long the string is that raw begins with.
func text(raw []byte) int {
	for n := 1; ; n++ {
		switch raw[n] {
		case '\\':
			n++
		case '"':
			return n + 1
		}
	}
}

func trim(raw []byte) []byte { return bytes.TrimLeft(raw, " \t\r\n") }
