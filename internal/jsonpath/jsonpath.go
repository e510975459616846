// Package jsonpath finds one value in a JSON text by a path that an operator wrote into the settings, such as
// $.data.gift.id or $.gifts[0]["gift id"]. It knows names and indices, nothing that searches. Where a path leads on from a
// string, the string is opened as JSON, for custom messages often hold JSON in JSON.
//
// The text may come from anybody: it is looked at once for each string that is opened, nothing is decoded that the path does
// not lead to, and what is no JSON holds nothing.
package jsonpath

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Bounds of a path.
const (
	maxSteps = 16
	maxBytes = 512
)

// Path leads to one value. The zero Path leads nowhere.
type Path struct {
	text  string
	steps []step
}

// step goes into an object by a name, or into an array by an index.
type step struct {
	name  string
	index int // -1: by name
}

// Parse reads a path: $ and then any of .name, ["name"] and [n], at most 16. A name behind a dot is of letters, digits, _
// and -. The empty text is the zero Path.
func Parse(text string) (Path, error) {
	p := Path{text: text}
	if text == "" {
		return p, nil
	}
	bad := func(why string) (Path, error) { return Path{}, fmt.Errorf("JSON path %q: %s", text, why) }
	rest, ok := strings.CutPrefix(text, "$")
	switch {
	case !ok:
		return bad("must begin with $")
	case len(text) > maxBytes:
		return bad(fmt.Sprintf("is longer than %d bytes", maxBytes))
	}
	for rest != "" {
		var one step
		var err error
		if one, rest, err = nextStep(rest); err != nil {
			return bad(err.Error())
		}
		if p.steps = append(p.steps, one); len(p.steps) > maxSteps {
			return bad(fmt.Sprintf("has more than %d steps", maxSteps))
		}
	}
	return p, nil
}

func nextStep(text string) (one step, rest string, err error) {
	if name, ok := strings.CutPrefix(text, "."); ok {
		n := 0
		for n < len(name) && inName(name[n]) {
			n++
		}
		if n == 0 {
			return step{}, "", fmt.Errorf("a name must follow the dot in %q", text)
		}
		return step{name[:n], -1}, name[n:], nil
	}
	inner, ok := strings.CutPrefix(text, "[")
	if !ok {
		return step{}, "", fmt.Errorf("%q is neither .name nor [n]", text)
	}
	if quoted, err := strconv.QuotedPrefix(inner); err == nil && quoted[0] == '"' {
		var name string
		if err := json.Unmarshal([]byte(quoted), &name); err != nil {
			return step{}, "", fmt.Errorf("%s is no JSON string", quoted)
		}
		rest, ok = strings.CutPrefix(inner[len(quoted):], "]")
		one = step{name, -1}
	} else {
		var digits string
		digits, rest, ok = strings.Cut(inner, "]")
		index, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			return step{}, "", fmt.Errorf("[%s] is no index", digits)
		}
		one = step{"", int(index)}
	}
	if !ok {
		return step{}, "", fmt.Errorf("a bracket is not closed in %q", text)
	}
	return one, rest, nil
}

func inName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c >= 0x80
}

// String returns the path as it was parsed.
func (p Path) String() string { return p.text }

// IsZero says whether it leads nowhere.
func (p Path) IsZero() bool { return p.text == "" }

// Find returns the value the path leads to, a part of raw unless a string was opened on the way. Of a name that occurs twice in
// an object the last counts, as for most who read JSON.
func (p Path) Find(raw json.RawMessage) (json.RawMessage, bool) {
	if p.IsZero() || !json.Valid(raw) {
		return nil, false
	}
	at := trim(raw)
	for _, s := range p.steps {
		if at[0] == '"' {
			var text string
			if json.Unmarshal(at, &text) != nil || !json.Valid([]byte(text)) {
				return nil, false
			}
			at = trim([]byte(text))
		}
		var ok bool
		if at, ok = s.into(at); !ok {
			return nil, false
		}
	}
	return at, true
}

// Text is a value as text: a string's own, or a number's digits as they are written.
func Text(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' && raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return "", false
	}
	if raw[0] != '"' {
		return string(raw), true
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err == nil
}

// Integer is a value as a whole number, be it a number or a string of its digits.
func Integer(raw json.RawMessage) (int64, bool) {
	text, ok := Text(raw)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
