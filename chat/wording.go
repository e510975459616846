package chat

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"liveroom/chat/notice"
)

// wordFields are the members of an element's content that people read, in the form of fold. Custom elements and
// CloudCustomData are for programs and not looked at: what a page shows of them the page answers for.
var wordFields = map[string]string{"TIMTextElem": "text", "TIMFileElem": "filename", "TIMLocationElem": "desc"}

// exempt says whether who's texts are not checked for sensitive words.
func (s *Service) exempt(who Identity) bool { return who.Admin && !s.tuned().WordsForAdmins }

// cleanText returns a text of a group (name, notice, introduction) with sensitive words replaced, or refuses it and names
// the field. It must be asked before limits of length, which hold for what is stored. What a backend sets is checked too,
// since it passes on what people wrote; what the server itself sets, through no door, was checked where it came in.
func (s *Service) cleanText(by Identity, field, text string) (string, error) {
	if s.cfg.Words == nil || text == "" || by.Admin && by.Platform == "" {
		return text, nil
	}
	clean, blocked := "", false
	if field == "notice" {
		clean, blocked = notice.Clean(text, s.cfg.Words.Check)
	} else {
		clean, blocked = s.cfg.Words.Check(text)
	}
	if blocked {
		return "", blockedText(field)
	}
	return clean, nil
}

// cleanPatch is p with the texts of a group checked.
func (s *Service) cleanPatch(by Identity, p GroupPatch) (GroupPatch, error) {
	for _, t := range []struct {
		field string
		value **string
	}{{"name", &p.Name}, {"notice", &p.Notice}, {"introduction", &p.Settings.Introduction}} {
		if *t.value == nil {
			continue
		}
		clean, err := s.cleanText(by, t.field, **t.value)
		if err != nil {
			return p, err
		}
		*t.value = &clean
	}
	return p, nil
}

func blockedText(field string) error { return ErrBlocked.with(field, "%s", ErrBlocked.Detail) }

// reword applies the sensitive words to a message. All but the words replaced stays byte for byte.
func (s *Service) reword(p *sending) error {
	if s.cfg.Words == nil || p.exempt {
		return nil
	}
	texts, err := textsOf(p.Message.Body)
	if err != nil {
		return err
	}
	changed := false
	for i := range texts {
		t := &texts[i]
		clean, blocked := s.cfg.Words.Check(t.value)
		if blocked {
			return blockedText(t.field())
		}
		if clean != t.value {
			t.value, t.changed, changed = clean, true, true
		}
	}
	if s.scattered(texts) {
		return ErrBlocked.with("body", "its texts together hold words that are not allowed here")
	}
	if !changed {
		return nil
	}
	body := replaceTexts(p.Message.Body, texts)
	if n := len(body) + len(p.Message.CloudCustomData); n > s.cfg.MessageBytes {
		return ErrTooLarge.with("body", "with words replaced, body and cloudCustomData have %d bytes, at most %d are allowed", n, s.cfg.MessageBytes)
	}
	p.Message.Body, p.clean = body, string(body)
	return nil
}

// scattered says whether words stand over several text elements: nobody splits one by accident, so that also a word that
// would be replaced blocks the message.
func (s *Service) scattered(texts []bodyText) bool {
	var b strings.Builder
	n := 0
	for _, t := range texts {
		if t.kind == "TIMTextElem" {
			b.WriteString(t.value)
			n++
		}
	}
	if n < 2 {
		return false
	}
	clean, blocked := s.cfg.Words.Check(b.String())
	return blocked || clean != b.String()
}

// bodyText is one text in a MsgBody and where its JSON stands.
type bodyText struct {
	element     int
	kind, name  string // of the element, and of the text in it as it was sent
	value       string
	from, until int // of the JSON string
	changed     bool
}

func (t bodyText) field() string { return "body[" + strconv.Itoa(t.element) + "].MsgContent." + t.name }

// textsOf finds the texts of a MsgBody that CheckBody accepts.
func textsOf(body json.RawMessage) ([]bodyText, error) {
	var found []bodyText
	err := eachValue(body, 0, func(element int, _ string, from, until int) error {
		var kind string
		var contentFrom, contentUntil int
		err := eachValue(body[from:until], from, func(_ int, name string, from, until int) error {
			if name == "MsgType" {
				return json.Unmarshal(body[from:until], &kind)
			}
			contentFrom, contentUntil = from, until
			return nil
		})
		wanted, ok := wordFields[kind]
		if err != nil || !ok {
			return err
		}
		return eachValue(body[contentFrom:contentUntil], contentFrom, func(_ int, name string, from, until int) error {
			if fold(name) != wanted || body[from] != '"' {
				return nil
			}
			t := bodyText{element: element, kind: kind, name: clip(name), from: from, until: until}
			found = append(found, t)
			return json.Unmarshal(body[from:until], &found[len(found)-1].value)
		})
	})
	if err != nil {
		return nil, ErrParameter.with("body", "MsgBody is not JSON")
	}
	return found, nil
}

// eachValue calls see for each value of a JSON array or object, with its number or name and its place, counted from base.
func eachValue(raw []byte, base int, see func(i int, name string, from, until int) error) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	open, err := dec.Token()
	if err != nil {
		return err
	}
	for i := 0; dec.More(); i++ {
		name := ""
		if open == json.Delim('{') {
			t, err := dec.Token()
			if err != nil {
				return err
			}
			name, _ = t.(string)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		until := base + int(dec.InputOffset())
		if err := see(i, name, until-len(value), until); err != nil {
			return err
		}
	}
	return nil
}

// replaceTexts puts the changed texts into the body.
func replaceTexts(body json.RawMessage, texts []bodyText) json.RawMessage {
	out := make([]byte, 0, len(body)+64)
	done := 0
	for _, t := range texts {
		if !t.changed {
			continue
		}
		out = append(out, body[done:t.from]...)
		out = append(out, quoted(t.value)...)
		done = t.until
	}
	return append(out, body[done:]...)
}

// quoted is a text as JSON, with <, > and & as they are.
func quoted(text string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		panic(err) // of a string
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
