package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Bounds of one message's elements and of how deep they nest; Tencent names no numbers.
const (
	maxElements = 20
	maxNesting  = 32
)

// customElem is the element whose Data programs act on.
const customElem = "TIMCustomElem"

// elements are the known ones (spec im-rest §3.12).
var elements = map[string]bool{
	"TIMTextElem": true, customElem: true, "TIMFaceElem": true, "TIMLocationElem": true,
	"TIMImageElem": true, "TIMSoundElem": true, "TIMVideoFileElem": true, "TIMFileElem": true,
}

// linking are the elements whose fields lead to files.
var linking = map[string]bool{"TIMImageElem": true, "TIMSoundElem": true, "TIMVideoFileElem": true, "TIMFileElem": true}

// CheckBody says what is wrong with a MsgBody, if anything: it must be an array of known elements, at most one of them
// custom, without names that two readers could read differently. The text itself is never changed.
func CheckBody(body json.RawMessage) error {
	_, err := inspect(body)
	return err
}

// content is what sending needs to know of a MsgBody.
type content struct {
	types []string // the "type" values a reader of the custom element might see, normalised
}

func inspect(body json.RawMessage) (content, error) {
	var c content
	bad := func(detail string, args ...any) (content, error) {
		return content{}, ErrParameter.with("body", detail, args...)
	}
	if !utf8.Valid(body) {
		return bad("MsgBody must be UTF-8")
	}
	if Nesting(body) > maxNesting {
		return bad("MsgBody may be nested at most %d levels deep", maxNesting)
	}
	list, err := arrayOf(body)
	switch {
	case err != nil:
		return bad("MsgBody must be a JSON array of elements")
	case len(list) == 0:
		return bad("MsgBody must hold at least one element")
	case len(list) > maxElements:
		return bad("MsgBody may hold at most %d elements", maxElements)
	}
	custom := 0
	for i, raw := range list {
		kind, content, err := element(raw)
		if err != nil {
			return bad("element %d: %v", i, err)
		}
		if kind != customElem {
			continue
		}
		if custom++; custom > 1 {
			return bad("MsgBody may hold at most one %s", customElem)
		}
		if data, ok := content["data"]; ok {
			c.types = customTypes(data)
		}
	}
	return c, nil
}

// element reads one {MsgType, MsgContent}.
func element(raw json.RawMessage) (kind string, content map[string]string, err error) {
	fields, err := objectOf(raw)
	if err != nil {
		return "", nil, err
	}
	for name := range fields {
		if name != "MsgType" && name != "MsgContent" {
			return "", nil, errors.New("only MsgType and MsgContent are allowed")
		}
	}
	if json.Unmarshal(fields["MsgType"], &kind) != nil || !elements[kind] {
		return "", nil, errors.New("MsgType must be a known element type")
	}
	parts, err := objectOf(fields["MsgContent"])
	if err != nil {
		return "", nil, errors.New("MsgContent: " + err.Error())
	}
	content = make(map[string]string, len(parts))
	for name, part := range parts {
		var text string
		if part[0] == '"' && json.Unmarshal(part, &text) == nil {
			content[fold(name)] = text
		}
	}
	if linking[kind] {
		if err := checkLinks(parts); err != nil {
			return "", nil, err
		}
	}
	if _, ok := content["text"]; kind == "TIMTextElem" && !ok {
		return "", nil, errors.New("MsgContent.Text must be a string")
	}
	if _, ok := parts["Data"]; kind == customElem && ok {
		if _, text := content["data"]; !text {
			return "", nil, errors.New("MsgContent.Data must be a string")
		}
	}
	return kind, content, nil
}

// arrayOf splits a JSON array into its raw elements.
func arrayOf(raw json.RawMessage) ([]json.RawMessage, error) {
	if trimmed := bytes.TrimLeft(raw, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '[' {
		return nil, errors.New("not an array")
	}
	var list []json.RawMessage
	err := json.Unmarshal(raw, &list)
	return list, err
}

// objectOf splits an object of valid JSON into its raw values. A name that comes twice, in whatever case, is an error: one
// reader would take the first and another the last.
func objectOf(raw json.RawMessage) (fields map[string]json.RawMessage, err error) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil, errors.New("must be an object")
	}
	fields = make(map[string]json.RawMessage)
	seen := make(map[string]bool)
	EachField(raw, func(key, value []byte) bool {
		name := nameOf(key)
		folded := fold(name)
		if seen[folded] {
			err = errors.New("a name comes twice")
			return false
		}
		seen[folded], fields[name] = true, value
		return true
	})
	return fields, err
}

// nameOf is the name of a field as EachField has it.
func nameOf(key []byte) string {
	name := string(key)
	if bytes.IndexByte(key, '\\') < 0 && utf8.Valid(key) {
		return name
	}
	_ = json.Unmarshal([]byte(`"`+name+`"`), &name) // it is valid
	return name
}

// Nesting is how deep brackets nest outside of strings.
func Nesting(raw []byte) (deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
			deepest = max(deepest, depth)
		case c == ']' || c == '}':
			depth--
		}
	}
	return deepest
}
