package chat

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// serverTypes are the custom messages only the server and administrators may send, by the "type" of their Data
// (design §4): pages act on them.
var serverTypes = map[string]bool{
	"live_status": true, "status": true,
	"mute": true, "unmute": true, "mute_all": true, "kick": true, "ban": true, "unban": true, "dismissed": true,
	"notice": true, "broadcast": true, "gift_result": true,
	"draw_start": true, "draw_result": true, "draw_cancelled": true, "session_summary": true,
}

// customTypes returns every "type" some reader of a custom element's Data might see. It reads more leniently than any
// client should: invisible characters are ignored anywhere, names and values are compared without case and form,
// duplicates all count, text in text and objects in arrays are opened, and what precedes a syntax error counts.
func customTypes(data string) []string { return typesIn(data, 0) }

func typesIn(data string, depth int) (types []string) {
	if depth > 4 {
		return nil
	}
	dec := json.NewDecoder(strings.NewReader(visible(data)))
	for {
		more, ok := topLevel(dec, depth)
		types = append(types, more...)
		if !ok {
			return types
		}
	}
}

// topLevel reads one value; false at the end of the text or its sense.
func topLevel(dec *json.Decoder, depth int) ([]string, bool) {
	t, err := dec.Token()
	if err != nil {
		return nil, false
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return typesOfObject(dec)
		}
		var types []string
		for dec.More() { // an array: its members count like the whole
			more, ok := topLevel(dec, depth)
			types = append(types, more...)
			if !ok {
				return types, false
			}
		}
		_, err := dec.Token()
		return types, err == nil
	case string:
		return typesIn(t, depth+1), true
	default:
		return nil, true
	}
}

// typesOfObject reads the rest of an object whose brace has been read.
func typesOfObject(dec *json.Decoder) (types []string, ok bool) {
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return types, false
		}
		text, _ := name.(string)
		values, ok := texts(dec, fold(text) == "type")
		types = append(types, values...)
		if !ok {
			return types, false
		}
	}
	_, err := dec.Token()
	return types, err == nil
}

// texts reads one value of any depth and returns the texts in it, folded, if they are wanted.
func texts(dec *json.Decoder, wanted bool) (found []string, ok bool) {
	for depth := 0; ; {
		t, err := dec.Token()
		if err != nil {
			return found, false
		}
		switch t := t.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else {
				depth--
			}
		case string:
			if wanted {
				found = append(found, fold(t))
			}
		}
		if depth == 0 {
			return found, true
		}
	}
}

// fold makes texts equal that a reader might take for the same.
func fold(s string) string {
	if plain(s) {
		return s
	}
	s = visible(s)
	if isASCII(s) {
		return strings.TrimSpace(strings.ToLower(s))
	}
	return strings.TrimSpace(strings.ToLower(strings.ToUpper(norm.NFKC.String(s))))
}

// plain spares the usual names the work.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// visible drops control and format characters (byte order marks, zero-width ones, null) and what was no character, and
// turns every kind of space into a blank.
func visible(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Mn):
			return -1
		default:
			return r
		}
	}, s)
}
