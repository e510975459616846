package setting

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// read makes of JSON from outside the form in which the switch's value is stored.
func (s *Switch) read(raw json.RawMessage) (json.RawMessage, error) {
	var v Values
	if err := s.set(&v, raw); err != nil {
		return nil, err
	}
	return s.write(&v), nil
}

// set gives the switch a value from JSON. On an error v stays as it is.
func (s *Switch) set(v *Values, raw json.RawMessage) error {
	one := Values{EmbedOrigins: []string{}, Admins: []string{}} // not v: JSON would be read over a list that others have
	if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) || json.Unmarshal(raw, s.field(&one)) != nil {
		must := s.Must()
		switch s.Kind {
		case Whole:
			must = "a whole number " + must
		case Real:
			must = "a number " + must
		case Length:
			must = `a length of time such as "90s", ` + must
		case OnOff, Choice, List:
		}
		return &Error{Name: s.Name, Flag: s.Flag, Must: must}
	}
	if err := s.check(&one, s.Most); err != nil {
		return err
	}
	reflect.ValueOf(s.field(v)).Elem().Set(reflect.ValueOf(s.field(&one)).Elem())
	return nil
}

// write is the switch's value as JSON.
func (s *Switch) write(v *Values) json.RawMessage {
	raw, err := json.Marshal(s.field(v))
	if err != nil {
		return nil // numbers that are not in JSON are out of every switch's bounds
	}
	return raw
}
