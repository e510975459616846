package socket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/internal/writev"
)

// script is the wire and the line of a client that sends some frames and reads all that comes.
type script struct {
	frames [][]byte
	said   bytes.Buffer // of the writer, one at a time; read when the session is over
}

func (c *script) next() (byte, []byte, error) {
	if len(c.frames) == 0 {
		return 0, nil, errSaidGoodbye
	}
	f := c.frames[0]
	c.frames = c.frames[1:]
	return opText, f, nil
}

func (c *script) release() {}

// shape puts each text frame on a line of its own.
func (c *script) shape(frame []byte) []byte {
	if frame[0] != finText {
		return nil
	}
	return append(bytes.ReplaceAll(unseal(frame), []byte("\n"), []byte(" ")), '\n')
}

func (c *script) batch(b *chat.Batch) delivery {
	d := delivery(encodeBatch(b))
	return append(delivery{d[0]}, c.shape(d.frame())...)
}

func (c *script) Write(b []byte) (int, error)      { return c.said.Write(b) }
func (c *script) Read([]byte) (int, error)         { return 0, io.EOF }
func (c *script) Close() error                     { return nil }
func (c *script) SetReadDeadline(time.Time) error  { return nil }
func (c *script) SetWriteDeadline(time.Time) error { return nil }

// fuzzed is a running server with a chat in memory.
func fuzzed(f *testing.F) (*Server, *chat.Service, account.Signer) {
	f.Helper()
	log := slog.New(slog.DiscardHandler)
	signer := account.Signer{AppID: 1400000000, Key: "a key of the tests"}
	rooms, err := chat.New(chat.Config{TickMin: time.Microsecond}, chat.NewMemory(), log)
	if err != nil {
		f.Fatal(err)
	}
	accounts, err := account.New(account.Config{Signer: signer}, account.NewMemory(), log)
	if err != nil {
		f.Fatal(err)
	}
	srv, err := New(Config{OpsPerSecond: 1e9, OpsBurst: 1e9, FailureDelay: 1, FailuresPerMinute: 1e9}, rooms, accounts, log)
	if err != nil {
		f.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{}, 2)
	for _, run := range []func(context.Context) error{rooms.Run, srv.Run} {
		go func() {
			_ = run(ctx)
			ended <- struct{}{}
		}()
	}
	f.Cleanup(func() {
		cancel()
		<-ended
		<-ended
	})
	return srv, rooms, signer
}

// play sends frames over a new connection until it is over, and returns what came back.
func play(t *testing.T, srv *Server, frames ...[]byte) (said []map[string]any) {
	t.Helper()
	c := &script{frames: frames}
	s := &session{}
	s.start(srv, c, writev.To(c), c, netip.MustParseAddr("192.0.2.1"))
	<-srv.started
	if !srv.begin(s) {
		t.Fatal("the server has stopped")
	}
	srv.guard.admit(s.from()) // given back at the end
	srv.serve(s)
	for line := range bytes.Lines(c.said.Bytes()) {
		var o map[string]any
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&o); err != nil {
			t.Fatalf("said %q: %v", line, err)
		}
		said = append(said, o)
	}
	return said
}

// FuzzSession: whatever a client sends, as a stranger, as a guest or as the owner of a group, the server does not panic,
// says nothing but JSON, and answers each frame that has an id exactly once, with that id, or says goodbye.
func FuzzSession(f *testing.F) {
	for _, s := range []string{
		`{"id":3,"op":"auth","userId":"owner","userSig":"x","platform":"Web","instance":"i","sdk":"js/1","protocol":1}`,
		`{"id":3,"op":"join","group":"demo","epoch":"e","seq":5}`, `{"id":3,"op":"leave","group":"demo"}`, `{"id":3,"op":"ping"}`,
		`{"id":3,"op":"send","group":"demo","random":7,"priority":"High","fate":true,"cloudCustomData":"x","body":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]}`,
		`{"id":3,"op":"send","group":"demo","body":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"type\":\"live_status\"}"}}]}`,
		`{"id":3,"op":"recall","group":"demo","seq":1,"reason":"r"}`, `{"id":3,"op":"recall","group":"demo","random":7,"from":"amy"}`,
		`{"id":3,"op":"history","group":"demo","count":-1}`,
		`{"id":3,"op":"getAttributes","group":"demo","keys":[]}`, `{"id":3,"op":"setAttributes","group":"demo","attributes":{"a":"1"}}`,
		`{"id":3,"op":"replaceAttributes","group":"demo","attributes":{}}`, `{"id":3,"op":"deleteAttributes","group":"demo","keys":["a"]}`,
		`{"id":3,"op":"group","group":"demo"}`, `{"id":3,"op":"setGroup","group":"demo","slowMode":99999999999,"fields":{"a":""}}`,
		`{"id":3,"op":"mute","group":"demo","user":"guest","seconds":4294967295}`, `{"id":3,"op":"kick","group":"demo","users":["owner",""]}`,
		`{"id":3,"op":"ban","group":"demo","users":["guest"],"seconds":1,"address":true}`, `{"id":3,"op":"unban","group":"demo","users":[]}`,
		`{"id":3,"op":"mutes","group":"demo","limit":1,"next":"%"}`, `{"id":3,"op":"bans","group":"demo","limit":-1}`,
		`{"id":3,"op":"setRole","group":"demo","user":"guest","role":"Admin"}`, `{"id":3,"op":"members","group":"demo"}`,
		`{"id":3,"op":"setCounters","group":"demo","counters":{"a":1}}`, `{"id":3,"op":"sendC2C","to":"guest","body":[]}`,
		`{"id":3,"op":"createGroup","group":"new","name":"n"}`, `{"id":3,"op":"dismiss","group":"demo"}`,
		`{"id":3,"op":"getProfiles","users":["owner"]}`, `{"id":3,"op":"setProfile","nick":"n"}`, `{"id":3,"op":"count","group":"demo"}`,
		`{"id":9007199254740993}`, `{"id":3,"op":7}`, `null`, `[]`, `{"id":3,"op":"\ud800"}`, "{\"id\":3,\"op\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	srv, rooms, signer := fuzzed(f)
	sig, err := signer.Sign("owner", time.Now(), 24*time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	owner, err := json.Marshal(map[string]any{"id": 1, "op": "auth", "userId": "owner", "userSig": sig})
	if err != nil {
		f.Fatal(err)
	}
	join := []byte(`{"id":2,"op":"join","group":"demo"}`)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > maxFrameBytes {
			return // the wires see to it
		}
		// The frame before may have ended the group.
		_ = rooms.Create(t.Context(), chat.Group{ID: "demo", Room: "demo", Owner: "owner", Name: "demo", CreatedAt: time.Now()})
		for name, before := range map[string][][]byte{
			"stranger": nil, "guest": {[]byte(`{"id":1,"op":"auth"}`), join}, "owner": {owner, join},
		} {
			check(t, name, raw, len(before), play(t, srv, append(before, raw)...))
		}
		if n := srv.Stats().Panics; n != 0 {
			t.Fatal("panicked")
		}
	})
}

// check looks at what was said to a client that sent some frames and then raw.
func check(t *testing.T, who string, raw []byte, before int, said []map[string]any) {
	t.Helper()
	var replies []json.Number
	goodbyes := 0
	for _, o := range said {
		id, reply := o["reply"].(json.Number)
		switch push, _ := o["push"].(string); {
		case reply:
			replies = append(replies, id)
		case push == "close":
			goodbyes++
		case push == "":
			t.Fatalf("%s: neither reply nor push: %v", who, o)
		}
	}
	r, err := decode(raw)
	var nothing errNoRequest
	if errors.As(err, &nothing) {
		if goodbyes != 1 || len(replies) != before {
			t.Fatalf("%s: %d goodbyes, %d replies", who, goodbyes, len(replies))
		}
		return
	}
	if len(replies) != before+1 {
		t.Fatalf("%s: %d replies to %d frames: %v", who, len(replies), before+1, said)
	}
	if got, err := replies[before].Int64(); err != nil || uint64(got) != r.ID {
		t.Fatalf("%s: replied to %s, asked %d", who, replies[before], r.ID)
	}
}
