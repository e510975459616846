package im

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"unicode/utf8"

	"liveroom/chat"
)

// maxDepth is how deep a request may nest.
const maxDepth = 64

// Account is a field that names an account. A number in its place is refused by a code of its own (spec im-rest §1.5).
type Account string

// codeNoString is for an account field that is no string.
const codeNoString = 60015

// shape is how a request is read: which fields it has, by their exact names. What else is sent is ignored.
//
// A field's name is that of its json tag, or its own. Its type says what may stand there: a string, an Account, an integer
// within its type's range, an array, an object, or json.RawMessage for anything. A pointer tells absent from empty; null
// is as good as absent; of a name that is there twice the last counts. The tag im may say need, for a field that must be
// there and not empty, and code=N, the number of the refusal where it isn't the service's.
type shape struct {
	byName map[string]*field
	fields []*field
}

type field struct {
	name  string
	index []int
	need  bool
	code  int    // 0: the service's
	inner *shape // of an object, or of an array's objects
	array bool
}

// mismatch is a value that can't be what it should be.
type mismatch struct {
	path, what string
	code       int
}

func (m *mismatch) Error() string { return m.path + " " + m.what }

// shapeOf is the shape of a struct. It panics where the struct has what no request has.
func shapeOf[T any]() *shape { return newShape(reflect.TypeFor[T]()) }

func newShape(t reflect.Type) *shape {
	s := &shape{byName: map[string]*field{}}
	for _, of := range reflect.VisibleFields(t) {
		if of.Anonymous || !of.IsExported() {
			continue
		}
		f := &field{name: of.Name, index: of.Index}
		if name := of.Tag.Get("json"); name != "" {
			f.name = name
		}
		f.read(of.Tag.Get("im"))
		f.look(of.Type)
		s.byName[f.name], s.fields = f, append(s.fields, f)
	}
	return s
}

// read reads the tag im.
func (f *field) read(tag string) {
	if tag == "" {
		return
	}
	if tag == "need" {
		f.need = true
		return
	}
	if n, err := fmt.Sscanf(tag, "need,code=%d", &f.code); n == 1 && err == nil {
		f.need = true
		return
	}
	if n, err := fmt.Sscanf(tag, "code=%d", &f.code); n != 1 || err != nil {
		panic("im: tag " + tag)
	}
}

// look notes what is inside a field.
func (f *field) look(t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == rawMessage {
		return
	}
	if t.Kind() == reflect.Slice {
		f.array, t = true, t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		f.inner = newShape(t)
	case reflect.String, reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
	default:
		panic("im: a request has no " + t.String())
	}
}

var (
	rawMessage  = reflect.TypeFor[json.RawMessage]()
	accountType = reflect.TypeFor[Account]()
)

// decode reads a body, which must be an object, into a pointer to the struct of the shape.
func (s *shape) decode(of *service, body []byte, into any) error {
	switch {
	case chat.Nesting(body) > maxDepth:
		return refuse(of.badJSON, "the body nests deeper than %d levels", maxDepth)
	case !utf8.Valid(body):
		return refuse(of.badJSON, "the body is not UTF-8")
	case !json.Valid(body):
		return refuse(of.badJSON, "the body is not JSON")
	}
	body = bytes.TrimLeft(body, " \t\r\n")
	if body[0] != '{' {
		return refuse(of.badJSON, "the body must be a JSON object")
	}
	m := s.object(reflect.ValueOf(into).Elem(), body)
	if m == nil {
		return nil
	}
	code := m.code
	if code == 0 {
		code = of.parameter
	}
	return &Error{Code: code, Info: m.Error()}
}

// missing is the refusal of a request without a field.
func missing(of *service, name string) *Error { return refuse(of.parameter, "%s is missing", name) }

// object fills v from a JSON object.
func (s *shape) object(v reflect.Value, data []byte) *mismatch {
	var wrong *mismatch
	chat.EachField(data, func(key, value []byte) bool {
		f := s.byName[string(key)]
		if f == nil {
			f = s.escaped(key)
		}
		if f != nil {
			at := v.FieldByIndex(f.index)
			at.SetZero()
			wrong = f.fill(at, value).within(f.name)
		}
		return wrong == nil
	})
	if wrong != nil {
		return wrong
	}
	for _, f := range s.fields {
		if f.need && empty(v.FieldByIndex(f.index)) {
			return &mismatch{f.name, "is missing", f.code}
		}
	}
	return nil
}

// escaped finds the field of a name that somebody wrote with escapes.
func (s *shape) escaped(key []byte) *field {
	if plain(key) {
		return nil
	}
	var name string
	if json.Unmarshal(append(append([]byte{'"'}, key...), '"'), &name) != nil {
		return nil
	}
	return s.byName[name]
}

// empty says whether a needed field has nothing in it. A number that must be there is a pointer.
func empty(v reflect.Value) bool {
	if v.Kind() == reflect.Slice {
		return v.Len() == 0
	}
	return v.IsZero()
}

// within adds to the path of a mismatch where it is.
func (m *mismatch) within(name string) *mismatch {
	switch {
	case m == nil:
	case m.path == "":
		m.path = name
	case m.path[0] == '[':
		m.path = name + m.path
	default:
		m.path = name + "." + m.path
	}
	return m
}

// fill sets v from a value. Null leaves it.
func (f *field) fill(v reflect.Value, data []byte) *mismatch {
	if string(data) == "null" {
		return nil
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Type() == rawMessage:
		v.SetBytes(append([]byte(nil), data...))
		return nil
	case f.array:
		return f.elements(v, data)
	}
	return f.one(v, data)
}

func (f *field) elements(v reflect.Value, data []byte) *mismatch {
	if data[0] != '[' {
		return &mismatch{"", "must be an Array", f.code}
	}
	var wrong *mismatch
	v.Set(reflect.MakeSlice(v.Type(), 0, 4))
	chat.EachElement(data, func(n int, value []byte) bool {
		v.Grow(1)
		v.SetLen(n + 1)
		if wrong = f.one(v.Index(n), value); wrong != nil {
			wrong = wrong.within("[" + strconv.Itoa(n) + "]")
		}
		return wrong == nil
	})
	return wrong
}

// one sets a value that is no array.
func (f *field) one(v reflect.Value, data []byte) *mismatch {
	switch v.Kind() {
	case reflect.Struct:
		if data[0] != '{' {
			return &mismatch{"", "must be an Object", f.code}
		}
		return f.inner.object(v, data)
	case reflect.String:
		return f.text(v, data)
	case reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(string(data), 10, v.Type().Bits())
		if err != nil {
			return &mismatch{"", "must be an Integer from 0 to " + strconv.FormatUint(1<<v.Type().Bits()-1, 10), f.code}
		}
		v.SetUint(n)
	default:
		n, err := strconv.ParseInt(string(data), 10, 64)
		if err != nil {
			return &mismatch{"", "must be an Integer of 64 bits", f.code}
		}
		v.SetInt(n)
	}
	return nil
}

func (f *field) text(v reflect.Value, data []byte) *mismatch {
	if data[0] != '"' {
		code := f.code
		if v.Type() == accountType {
			code = codeNoString
		}
		return &mismatch{"", "must be a String", code}
	}
	if inside := data[1 : len(data)-1]; plain(inside) {
		v.SetString(string(inside))
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil { // it was valid before
		return &mismatch{"", "must be a String", f.code}
	}
	v.SetString(text)
	return nil
}

// plain says whether a quoted string is what it stands for: nothing in it is escaped.
func plain(quoted []byte) bool { return bytes.IndexByte(quoted, '\\') < 0 }
