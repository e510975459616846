package web_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestChatOverREST(t *testing.T) {
	b := newBench(t, nil)
	b.do(201, "POST", "/api/v1/rooms", apiToken, `{"id":"demo","groupId":"@group-1","anchor":"alice"}`)

	set := b.do(200, "PATCH", "/api/v1/rooms/demo/attributes", apiToken, `{"attributes":{"a":"1","b":"2"}}`)
	if attributes := set.json["attributes"].(map[string]any); attributes["a"] != "1" || attributes["b"] != "2" {
		t.Errorf("PATCH attributes = %s", set.raw)
	}
	b.do(200, "PUT", "/api/v1/rooms/demo/attributes", apiToken, `{"attributes":{"c":"3"}}`)
	if a := b.do(200, "GET", "/api/v1/rooms/demo/attributes?keys=c,none", "", nil); a.raw != `{"attributes":{"c":"3"},"version":2}`+"\n" {
		t.Errorf("GET attributes = %s", a.raw)
	}
	if a := b.do(200, "GET", "/api/v1/rooms/demo/attributes", "", nil); strings.Contains(a.raw, `"a"`) {
		t.Errorf("PUT kept an attribute: %s", a.raw)
	}
	if a := b.do(200, "GET", "/api/v1/rooms/demo/fields", "", nil); !strings.HasPrefix(a.raw, `{"fields":{`) {
		t.Errorf("fields = %s", a.raw)
	}

	sent := b.do(200, "POST", "/api/v1/rooms/demo/messages", apiToken, `{"text":"hello <b>"}`)
	if sent.json["seq"] != 1.0 || sent.json["dropped"] != false || sent.json["time"].(float64) < 1e9 {
		t.Errorf("send = %s", sent.raw)
	}
	b.do(422, "POST", "/api/v1/rooms/demo/messages", apiToken, `{"from":"bob","text":"x"}`)
	b.account("bob")
	b.do(200, "POST", "/api/v1/rooms/demo/messages", apiToken,
		`{"from":"bob","priority":"High","random":7,"cloudCustomData":"x","body":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"d"}}]}`)
	var history struct {
		Messages []struct {
			Seq                             uint64
			From, Priority, CloudCustomData string
			Random                          uint32
			Body                            []struct {
				MsgType    string
				MsgContent map[string]string
			}
		}
	}
	must(t, json.Unmarshal([]byte(b.do(200, "GET", "/api/v1/rooms/demo/messages?limit=5", "", nil).raw), &history))
	if len(history.Messages) != 2 {
		t.Fatalf("history = %+v", history)
	}
	first, second := history.Messages[0], history.Messages[1]
	if first.From != "administrator" || first.Priority != "Normal" || first.Random == 0 || first.Body[0].MsgContent["Text"] != "hello <b>" {
		t.Errorf("first = %+v", first)
	}
	if second.Seq != 2 || second.From != "bob" || second.Priority != "High" || second.Random != 7 || second.CloudCustomData != "x" || second.Body[0].MsgContent["Data"] != "d" {
		t.Errorf("second = %+v", second)
	}
}

func TestChatRefusalsOverREST(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"no room", "GET", "/api/v1/rooms/none/attributes", "", 404, "not_found"},
		{"no room to speak in", "POST", "/api/v1/rooms/none/messages", `{"text":"x"}`, 404, "not_found"},
		{"long attribute", "PATCH", "/api/v1/rooms/demo/attributes", `{"attributes":{"a":"` + strings.Repeat("x", 4001) + `"}}`, 422, "attribute_value_too_long"},
		{"attribute is no text", "PATCH", "/api/v1/rooms/demo/attributes", `{"attributes":{"a":1}}`, 422, "invalid"},
		{"large message", "POST", "/api/v1/rooms/demo/messages", `{"text":"` + strings.Repeat("x", 11_999) + `","cloudCustomData":"` + strings.Repeat("y", 12_000) + `"}`, 413, "message_too_large"},
		{"text and body", "POST", "/api/v1/rooms/demo/messages", `{"text":"x","body":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"y"}}]}`, 422, "invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var body any
			if tt.body != "" {
				body = tt.body
			}
			if a := b.request(tt.method, tt.path, apiToken, body); a.status != tt.status || a.code() != tt.code {
				t.Errorf("= %d %s, want %d %s: %s", a.status, a.code(), tt.status, tt.code, a.raw)
			}
		})
	}
}

func TestNotice(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	if a := b.do(200, "PUT", "/api/v1/rooms/demo/notice", b.userSig("alice"), `{"notice":"开播了"}`); a.json["notice"] != "开播了" {
		t.Errorf("= %s", a.raw)
	}
	if a := b.do(200, "GET", "/api/v1/rooms/demo", "", nil); a.json["notice"] != "开播了" {
		t.Errorf("= %s", a.raw)
	}
	b.do(422, "PUT", "/api/v1/rooms/demo/notice", apiToken, `{"notice":"`+strings.Repeat("长", 101)+`"}`)
}
