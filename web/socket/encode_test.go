package socket

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"liveroom/chat"
)

func TestFrameHeaders(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
		payload := bytes.Repeat([]byte("x"), n)
		f := seal(append(newFrame(n), payload...))
		if f[0] != 0x81 {
			t.Fatalf("%d bytes: first byte %#x", n, f[0])
		}
		got, at := int(f[1]), 2
		switch {
		case f[1] == 126:
			got, at = int(binary.BigEndian.Uint16(f[2:])), 4
		case f[1] == 127:
			got, at = int(binary.BigEndian.Uint64(f[2:])), 10
		}
		if got != n || !bytes.Equal(f[at:], payload) {
			t.Errorf("%d bytes: header says %d, %d follow", n, got, len(f)-at)
		}
	}
	if f := controlFrame(finPong, bytes.Repeat([]byte("x"), 200)); len(f) != 127 || f[1] != 125 {
		t.Errorf("a control frame of %d bytes", len(f))
	}
	if f := closeFrame(1012, "going_away"); string(f) != "\x88\x0c\x03\xf4going_away" {
		t.Errorf("close frame %q", f)
	}
	if f := closeFrame(0, "x"); string(f) != "\x88\x00" {
		t.Errorf("close frame without code %q", f)
	}
}

func TestBatchesAreEncodedAsTheProtocolSays(t *testing.T) {
	at := time.Unix(1790000000, 999e6)
	message := func(p chat.Priority, server bool) chat.Item {
		return chat.Item{Message: &chat.Message{
			Group: "demo", Seq: 125, Time: at, From: "alice", Nick: "A \"l\"\\ice\n", Avatar: "https://h/a?b&c", Priority: p, Random: 7,
			Body: json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"<h\u00ef>"}}]`), Server: server,
		}}
	}
	event := func(kind string) chat.Item {
		return chat.Item{Event: &chat.Event{Kind: kind, Version: 9, Data: json.RawMessage(`{"members":3}`)}}
	}
	broadcast := message(chat.Normal, true)
	broadcast.Message.Broadcast = true
	degraded := message(chat.Normal, false)
	degraded.Message.Seq, degraded.Message.Degraded = 0, true
	const encoded = `{"type":"message","seq":125,"time":1790000000,"from":"alice","nick":"A \"l\"\\ice\n","avatar":"https://h/a?b&c","priority":"Normal","random":7,"body":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"<h\u00ef>"}}],"cloudCustomData":""}`
	for _, tc := range []struct {
		name      string
		batch     *chat.Batch
		class     class
		dismissed bool
		want      string
	}{
		{"a message", &chat.Batch{Group: "demo", Priority: chat.Normal, Items: []chat.Item{message(chat.Normal, false)}}, normal, false, `{"push":"batch","group":"demo","items":[` + encoded + `]}`},
		{"to all groups", &chat.Batch{Group: "demo", Priority: chat.Normal, Items: []chat.Item{broadcast}}, control, false, `{"push":"batch","group":"demo","items":[` + strings.TrimSuffix(encoded, "}") + `,"broadcast":true}]}`},
		{"without the store", &chat.Batch{Group: "demo", Priority: chat.Normal, Items: []chat.Item{degraded}}, normal, false, `{"push":"batch","group":"demo","items":[` + strings.Replace(strings.TrimSuffix(encoded, "}"), `"seq":125,`, "", 1) + `,"degraded":true}]}`},
		{"an event", &chat.Batch{Group: "a\"b", Priority: chat.High, Items: []chat.Item{event("count")}}, control, false, `{"push":"batch","group":"a\"b","items":[{"type":"event","event":"count","version":9,"data":{"members":3}}]}`},
		{"both", &chat.Batch{Group: "demo", Priority: chat.Normal, Items: []chat.Item{message(chat.Normal, false), event("notice")}}, control, false, `{"push":"batch","group":"demo","items":[` + encoded + `,{"type":"event","event":"notice","version":9,"data":{"members":3}}]}`},
		{"of the server", &chat.Batch{Group: "demo", Priority: chat.Normal, Items: []chat.Item{message(chat.Normal, true)}}, control, false, `{"push":"batch","group":"demo","items":[` + encoded + `]}`},
		{"high", &chat.Batch{Group: "g", Priority: chat.High}, high, false, `{"push":"batch","group":"g","items":[]}`},
		{"low", &chat.Batch{Group: "g", Priority: chat.Low}, low, false, `{"push":"batch","group":"g","items":[]}`},
		{"lowest", &chat.Batch{Group: "g", Priority: chat.Lowest}, low, false, `{"push":"batch","group":"g","items":[]}`},
		{"dismissed", &chat.Batch{Group: "g", Items: []chat.Item{{Event: &chat.Event{Kind: "dismissed"}}}}, control, true, `{"push":"batch","group":"g","items":[{"type":"event","event":"dismissed","version":0,"data":{}}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := delivery(encodeBatch(tc.batch))
			if d.class() != tc.class || d.last() != tc.dismissed {
				t.Errorf("class %d, last %v", d.class(), d.last())
			}
			f := d.frame()
			if got := string(f[bytes.IndexByte(f, '{'):]); got != tc.want {
				t.Errorf("\n got %s\nwant %s", got, tc.want)
			}
			if !json.Valid(f[bytes.IndexByte(f, '{'):]) {
				t.Error("not JSON")
			}
		})
	}
}

func TestAFrameIsBuiltOnceForAllSockets(t *testing.T) {
	b := &chat.Batch{Group: "g", Items: []chat.Item{{Event: &chat.Event{Kind: "count"}}}}
	var dropped [classes]uint64
	var frames [][]byte
	for range 3 {
		q := newQueue(10, 100, "g")
		q.deliver("g", b.Frame(webSocketForm, encodeBatch), &dropped)
		bufs, _ := q.take(nil)
		frames = append(frames, bufs[0])
	}
	if &frames[0][0] != &frames[1][0] || &frames[1][0] != &frames[2][0] {
		t.Fatal("the bytes are not shared")
	}
}

func TestDecodeTellsWhatCanBeAnswered(t *testing.T) {
	for _, tc := range []struct {
		name, frame string
		field       string // of a refusal; "" is no refusal
		hopeless    bool
	}{
		{"whole", `{"id":1,"op":"ping"}`, "", false},
		{"unknown field", `{"id":1,"op":"ping","x":{}}`, "", false},
		{"largest id", `{"id":9007199254740991,"op":"ping"}`, "", false},
		{"wrong type", `{"id":1,"op":"join","group":5}`, "group", false},
		{"wrong type before the id", `{"group":5,"id":1,"op":"join"}`, "group", false},
		{"wrong type inside", `{"id":1,"op":"setAttributes","attributes":{"a":null,"b":1}}`, "attributes", false},
		{"id too large", `{"id":9007199254740992,"op":"ping"}`, "", true},
		{"no id", `{"op":"ping"}`, "", true},
		{"id zero", `{"id":0,"op":"ping"}`, "", true},
		{"id negative", `{"id":-1,"op":"ping"}`, "", true},
		{"id with a fraction", `{"id":1.5,"op":"ping"}`, "", true},
		{"id as text", `{"id":"1","op":"ping"}`, "", true},
		{"empty", ``, "", true},
		{"null", `null`, "", true},
		{"list", `[1]`, "", true},
		{"text", `"id"`, "", true},
		{"cut", `{"id":1,"op":"pi`, "", true},
		{"two objects", `{"id":1,"op":"ping"}{"id":2}`, "", true},
		{"not UTF-8", "{\"id\":1,\"op\":\"\xff\"}", "", true},
		{"deep", `{"id":1,"body":` + strings.Repeat("[", 15000), "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := decode([]byte(tc.frame))
			var hopeless errNoRequest
			var refused *chat.Error
			if errors.As(err, &hopeless) != tc.hopeless {
				t.Fatalf("error = %v", err)
			}
			if errors.As(err, &refused) != (tc.field != "") || refused != nil && (refused.Code != 10004 || !strings.HasPrefix(refused.Field, tc.field)) {
				t.Fatalf("error = %v", err)
			}
		})
	}
}

// FuzzDecode: no frame of a client crashes or yields a request without an id, and every refusal is a JSON object.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"id":1,"op":"auth","userId":"a","userSig":"b","platform":"Web"}`, `{"id":1,"op":"join","group":"g","epoch":"e","seq":5}`,
		`{"id":2,"op":"send","group":"g","random":4294967296,"priority":"High","body":[{"MsgType":"TIMTextElem"}]}`,
		`{"id":3,"attributes":{"a":1},"keys":[null]}`, `null`, `[]`, `{"id":1e3}`, "{\"id\":1,\"op\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := decode(raw)
		var refused *chat.Error
		switch {
		case err == nil, errors.As(err, &refused):
			if r.ID == 0 || r.ID > maxID {
				t.Fatalf("id %d", r.ID)
			}
		default:
			push, _ := badFrame.frames(err.Error(), 1)
			if !json.Valid(push[bytes.IndexByte(push, '{'):]) {
				t.Fatalf("goodbye %q", push)
			}
		}
		if refused != nil {
			if b := refusal(r.ID, refused); !json.Valid(b[bytes.IndexByte(b, '{'):]) {
				t.Fatalf("refusal %q", b)
			}
		}
	})
}

// FuzzEvent: whatever JSON a frame holds is one event of one field, which says the same.
func FuzzEvent(f *testing.F) {
	for _, s := range []string{`{}`, "{\r\n\"a\":\n\n[1,\t\"\\n\"]\r}", `"data: x"`, "\n\n1", strings.Repeat("[\n", 200) + strings.Repeat("]", 200), `"` + strings.Repeat("x", 70_000) + `"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var want bytes.Buffer
		if json.Compact(&want, payload) != nil {
			return
		}
		line, ok := bytes.CutPrefix(event(nil, seal(append(newFrame(0), payload...))), []byte("data: "))
		data, rest, _ := bytes.Cut(line, []byte("\n"))
		if !ok || string(rest) != "\n" || bytes.IndexByte(data, '\r') >= 0 {
			t.Fatalf("event %q", line)
		}
		var got bytes.Buffer
		if err := json.Compact(&got, data); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Fatalf("%q became %q, %v", payload, data, err)
		}
	})
}

// FuzzAppendString: what is written reads back as it was.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", `"\`, "\x00\n", "\u2028<é😀", "\x7f", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		b := appendString(nil, s)
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if utf8.ValidString(s) && back != s {
			t.Fatalf("%q came back as %q", s, back)
		}
	})
}
