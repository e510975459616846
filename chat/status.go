package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"unicode/utf8"
)

// maxRecord bounds a status record. It is more than an attribute may have, since a record that were refused would stop
// the synchroniser for good.
const maxRecord = 16 << 10

// ApplyStatus makes a status change known in the group, once however often it is called: in one step of the store it
// sets attribute and custom field live_status and logs the status message; then members get message, attributes and
// fields in this order, at once. A change that is not newer than the applied one does nothing and succeeds.
func (s *Service) ApplyStatus(ctx context.Context, c StatusChange) error {
	m, err := statusMessage(c)
	if err != nil {
		return err
	}
	permit := func(*room) error { return nil }
	return s.change(ctx, c.Group, permit, func(ctx context.Context) (outcome, error) {
		done, err := s.store.ApplyStatus(ctx, c, m, s.tuned().keep())
		if err != nil || !done.Fresh {
			return outcome{}, s.storeError(err, "apply status")
		}
		s.fate(m.Priority, delivered)
		return outcome{
			items:  []Item{{Message: done.Message}, attributesEvent(done.Attributes), fieldsEvent(done.Fields)},
			update: func(r *room) { r.attributes, r.fields = done.Attributes, done.Fields },
		}, nil
	})
}

// statusMessage builds the High custom message from administrator whose Data is the record with its type in front.
func statusMessage(c StatusChange) (*Message, error) {
	record := bytes.TrimSpace(c.Record)
	switch {
	case c.Epoch == "" || c.Version == 0:
		return nil, ErrParameter.with("version", "a status change needs epoch and version")
	case len(record) < 2 || record[0] != '{' || !json.Valid(record) || !utf8.Valid(record) || len(record) > maxRecord:
		return nil, ErrParameter.with("record", "must be a JSON object of at most %d bytes", maxRecord)
	case len(c.Field) == 0 || len(c.Field) > maxFieldValue || !utf8.Valid(c.Field):
		return nil, ErrParameter.with("field", "must be 1 to %d bytes of UTF-8", maxFieldValue)
	}
	data := append([]byte(`{"type":"live_status"`), ',')
	if rest := bytes.TrimSpace(record[1:]); len(rest) == 1 {
		data = append(data[:len(data)-1], '}')
	} else {
		data = append(data, rest...)
	}
	return &Message{
		Group: c.Group, From: Administrator, Priority: High, Server: true,
		Body: customBody(string(data)),
	}, nil
}

// customBody is a MsgBody of one custom element, with all four names as Tencent's servers send them.
func customBody(data string) json.RawMessage {
	type content struct{ Data, Desc, Ext, Sound string }
	type element struct {
		MsgType    string
		MsgContent content
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode([]element{{customElem, content{Data: data}}}); err != nil {
		panic(err) // of strings only
	}
	return bytes.TrimSpace(b.Bytes())
}
