package chat_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"liveroom/chat"
)

// badWords blocks "bad" and replaces "meh", whatever their case.
type badWords struct{}

func (badWords) Check(text string) (string, bool) {
	if strings.Contains(strings.ToLower(text), "bad") {
		return "", true
	}
	return strings.ReplaceAll(text, "meh", "***"), false
}

// wordy is a room whose words are checked, with alice in it.
func wordy(t *testing.T, cfg chat.Config) *chat.Service {
	t.Helper()
	cfg.Words = badWords{}
	s := start(t, cfg, chat.NewMemory())
	create(t, s, "g")
	join(t, s, "g", "alice")
	return s
}

func TestWordsAreReplacedAndTheRestStays(t *testing.T) {
	const elements = ` [ {"MsgContent":{"Text" : %1},"MsgType":"TIMTextElem"}, ` +
		`{"MsgType":"TIMCustomElem","MsgContent":{"Data":"meh bad"}},{"MsgType":"TIMFileElem","MsgContent":{"FileName":%2,"UUID":"meh","FileSize":1e3}},` +
		`{"MsgType":"TIMLocationElem","MsgContent":{"Desc":%3,"Latitude":1.50}} ] `
	body := func(a, b, c string) string {
		return strings.NewReplacer("%1", a, "%2", b, "%3", c).Replace(elements)
	}
	s := wordy(t, chat.Config{})
	sent := body(`"a \u006deh <b>"`, `"meh.txt"`, `"by\tthe meh"`)
	want := body(`"a *** <b>"`, `"***.txt"`, `"by\tthe ***"`)
	m := chat.Message{Group: "g", Random: 7, Body: json.RawMessage(sent), CloudCustomData: "meh bad"}
	for _, what := range []string{"first", "repeated"} {
		ack, err := s.Send(t.Context(), m, named("alice"))
		if err != nil || ack.Body != want {
			t.Fatalf("%s: %s, %v\nwant %s", what, ack.Body, err, want)
		}
	}
	history, err := s.History(t.Context(), "g", 5)
	if err != nil || len(history) != 1 || string(history[0].Body) != want || history[0].CloudCustomData != "meh bad" {
		t.Fatalf("stored %v, %v", history, err)
	}
	m.Random, m.Body = 8, json.RawMessage(body(`"fine"`, `"f"`, `"d"`))
	if ack, err := s.Send(t.Context(), m, named("alice")); err != nil || ack.Body != "" {
		t.Fatalf("clean text: %s, %v", ack.Body, err)
	}
}

func TestWordsBlock(t *testing.T) {
	textsOf := func(texts ...string) string {
		var all []string
		for _, t := range texts {
			all = append(all, `{"MsgType":"TIMTextElem","MsgContent":{"Text":"`+t+`"}}`)
		}
		return "[" + strings.Join(all, `,{"MsgType":"TIMFaceElem","MsgContent":{"Index":1}},`) + "]"
	}
	s := wordy(t, chat.Config{})
	for _, tc := range []struct{ name, body, field string }{
		{"plain", textsOf("so bad"), "body[0].MsgContent.Text"},
		{"escaped", textsOf(`so \u0062\u0061d`), "body[0].MsgContent.Text"},
		{"second text", textsOf("fine", "bad"), "body[2].MsgContent.Text"},
		{"over two elements", textsOf("so b", "ad"), "body"},
		{"a word to be replaced over two elements", textsOf("m", "eh"), "body"},
		{"file name", `[{"MsgType":"TIMFileElem","MsgContent":{"FileName":"BAD.txt"}}]`, "body[0].MsgContent.FileName"},
		{"odd case of the name", `[{"MsgType":"TIMLocationElem","MsgContent":{"DESC":"bad place"}}]`, "body[0].MsgContent.DESC"},
	} {
		m := chat.Message{Group: "g", Random: 9, Body: json.RawMessage(tc.body)}
		for range 2 { // the reservation of one that was refused does not stand
			_, err := s.Send(t.Context(), m, named("alice"))
			var refused *chat.Error
			if !errors.As(err, &refused) || !errors.Is(err, chat.ErrBlocked) || refused.Field != tc.field {
				t.Errorf("%s: %v, want field %s", tc.name, err, tc.field)
			}
		}
	}
	fine := chat.Message{Group: "g", Random: 9, Body: json.RawMessage(textsOf("fine"))}
	if _, err := s.Send(t.Context(), fine, named("alice")); err != nil {
		t.Error(err)
	}
}

func TestWhoseWordsAreChecked(t *testing.T) {
	bad := chat.Message{Group: "g", Body: json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"bad"}}]`)}
	for _, tc := range []struct {
		name   string
		strict bool
		want   error
	}{{"not the administrators'", false, nil}, {"if the setting says so, theirs too", true, chat.ErrBlocked}} {
		t.Run(tc.name, func(t *testing.T) {
			s := wordy(t, chat.Config{WordsForAdmins: tc.strict})
			if _, err := s.Send(t.Context(), bad, admin); !errors.Is(err, tc.want) {
				t.Errorf("administrator: %v, want %v", err, tc.want)
			}
			if _, err := s.SendServer(t.Context(), bad); err != nil {
				t.Errorf("server: %v", err)
			}
		})
	}
}

func TestNoticeIsChecked(t *testing.T) {
	s := wordy(t, chat.Config{})
	owner := chat.Identity{User: "owner"}
	if err := s.SetNotice(t.Context(), "g", owner, "a bad one"); !errors.Is(err, chat.ErrBlocked) {
		t.Errorf("blocked: %v", err)
	}
	if err := s.SetNotice(t.Context(), "g", owner, "meh"); err != nil {
		t.Fatal(err)
	}
	if g, err := s.Group(t.Context(), "g"); err != nil || g.Notice != "***" {
		t.Errorf("notice %q, %v", g.Notice, err)
	}
}
