package web_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestWhoWritesOverREST: token, anchor and administrators of the chat write; the core decides, so nobody else does.
func TestWhoWritesOverREST(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	b.do(204, "PUT", "/api/v1/rooms/demo/admins/carol", apiToken, nil)
	calls := []struct {
		name, method, path, body string
		ok                       int
	}{
		{"replace attributes", "PUT", "attributes", `{"attributes":{"a":"1"}}`, 200},
		{"set attributes", "PATCH", "attributes", `{"attributes":{"b":"2"}}`, 200},
		{"delete attributes", "DELETE", "attributes?keys=a", "", 200},
		{"set fields", "PATCH", "fields", `{"fields":{"topic":"tea"}}`, 200},
		{"replace counters", "PUT", "counters", `{"counters":{"a":1}}`, 200},
		{"set counters", "PATCH", "counters", `{"counters":{"b":2}}`, 200},
		{"add to counters", "POST", "counters", `{"counters":{"b":2}}`, 200},
		{"delete counters", "DELETE", "counters?keys=b", "", 204},
		{"send", "POST", "messages", `{"text":"x"}`, 200},
		{"set the notice", "PUT", "notice", `{"notice":"x"}`, 200},
		{"notify", "POST", "notifications", `{"content":"x"}`, 204},
		{"notify one", "POST", "notifications", `{"content":"x","users":["bob"]}`, 204},
	}
	for _, who := range []struct {
		name, auth string
		may        bool
	}{
		{"token", apiToken, true},
		{"anchor", b.userSig("alice"), true},
		{"administrator of the chat", b.userSig("carol"), true},
		{"somebody", b.userSig("bob"), false},
	} {
		b.createRoom(strings.ReplaceAll(who.name, " ", "-")) // a room of its own: attributes may be written 5 times a second
		path := "/api/v1/rooms/" + strings.ReplaceAll(who.name, " ", "-") + "/"
		b.do(204, "PUT", path+"admins/carol", apiToken, nil)
		for _, c := range calls {
			var body any
			if c.body != "" {
				body = c.body
			}
			a := b.request(c.method, path+c.path, who.auth, body)
			switch {
			case who.may && a.status != c.ok:
				t.Errorf("%s by %s: %d %s", c.name, who.name, a.status, a.raw)
			case !who.may && (a.status != 403 || a.code() != "no_permission"):
				t.Errorf("%s by %s: %d %s", c.name, who.name, a.status, a.raw)
			}
		}
	}
	if a := b.do(200, "GET", "/api/v1/rooms/somebody/counters", "", nil); a.raw != `{"counters":{},"version":0}`+"\n" {
		t.Errorf("refused, and yet: %s", a.raw)
	}
	if a := b.do(200, "GET", "/api/v1/rooms/anchor", "", nil); a.json["notice"] != "x" {
		t.Errorf("the room does not know of the notice: %s", a.raw)
	}
}

// TestNoticesOfTextAndPictures: what is meant to be that and is not is refused at each door, with the field's name; all else is kept
// as it is, also beyond this.
func TestNoticesOfTextAndPictures(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	doors := []struct{ name, method, path string }{
		{"notice", "PUT", "/api/v1/rooms/demo/notice"},
		{"group", "PATCH", "/api/v1/rooms/demo/chat"},
		{"room", "PATCH", "/api/v1/rooms/demo"},
		{"new room", "POST", "/api/v1/rooms"},
	}
	for _, tc := range []struct {
		notice string
		good   bool
	}{
		{`{"text":"Be kind","images":["https://example.com/rules.png","/files/x.png"]}`, true},
		{`{"text":"Be kind"`, false},
		{`{"text":"x","images":["javascript:alert(1)"]}`, false},
		{`{"images":[` + strings.Repeat(`"/a",`, 9) + `"/a"]}`, false},
		{`{"images":["http://example.com/rules.png"]}`, false},
		{strings.Repeat("茶", 101), false},
		{`{"other":1}`, true},
		{"<b>be</b> kind", true},
	} {
		for _, d := range doors {
			body, _ := json.Marshal(map[string]string{"notice": tc.notice})
			a := b.request(d.method, d.path, apiToken, string(body))
			switch {
			case !tc.good && (a.status/100 != 4 || a.json["field"] != "notice"):
				t.Errorf("%s by %s: %d %s", tc.notice, d.name, a.status, a.raw)
			case tc.good && a.status/100 != 2:
				t.Errorf("%s by %s: %d %s", tc.notice, d.name, a.status, a.raw)
			}
			if now := b.do(200, "GET", "/api/v1/rooms/demo/notice", "", nil); tc.good && d.method != "POST" && now.json["notice"] != tc.notice {
				t.Errorf("%s by %s: it is %s", tc.notice, d.name, now.raw)
			}
		}
	}
}

func TestAttributeVersionsOverREST(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	const path = "/api/v1/rooms/demo/attributes"
	first := b.do(200, "PUT", path, apiToken, `{"attributes":{"a":"1"}}`)
	tag := first.header.Get("ETag")
	if tag == "" || first.json["version"] == nil {
		t.Fatalf("no version: %v %s", first.header, first.raw)
	}
	if a := b.do(200, "GET", path, "", nil); a.header.Get("ETag") != tag {
		t.Errorf("ETag %s, then %s", tag, a.header.Get("ETag"))
	}
	second := b.do(200, "PATCH", path, apiToken, `{"attributes":{"a":"2"}}`, "If-Match", tag)
	for _, known := range []string{tag, `W/` + tag, `"999"`, `"0"`, "nonsense"} {
		for method, body := range map[string]any{"PUT": `{"attributes":{}}`, "PATCH": `{"attributes":{"a":"3"}}`, "DELETE": nil} {
			if a := b.request(method, path, apiToken, body, "If-Match", known); a.status != 412 || a.code() != "attributes_changed" || a.field() != "If-Match" {
				t.Errorf("%s if %s: %d %s", method, known, a.status, a.raw)
			}
		}
	}
	if a := b.do(200, "GET", path, "", nil); !strings.Contains(a.raw, `"a":"2"`) {
		t.Errorf("a refused write was done: %s", a.raw)
	}
	for _, known := range []string{second.header.Get("ETag"), "*"} {
		b.do(200, "PATCH", path, apiToken, `{"attributes":{"b":"`+strings.Trim(known, `"`)+`"}}`, "If-Match", known)
	}
	b.do(404, "DELETE", path+"?keys=a,never", apiToken, nil)
}

func TestCountersOverREST(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	const path = "/api/v1/rooms/demo/counters"
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"exact beyond 2^53 in both forms", "PUT", "", `{"counters":{"a":9007199254740993,"b":"-9223372036854775808"}}`, 200, `{"counters":{"a":"9007199254740993","b":"-9223372036854775808"},"version":1}`},
		{"add", "POST", "", `{"counters":{"a":-2,"c":1}}`, 200, `{"counters":{"a":9007199254740991,"c":1},"version":2}`},
		{"some", "GET", "?keys=c,none", "", 200, `{"counters":{"c":1},"version":2}`},
		{"overflow", "POST", "", `{"counters":{"c":1,"b":-1}}`, 422, "bad_parameter"},
		{"fraction", "PATCH", "", `{"counters":{"c":1.5}}`, 422, "invalid"},
		{"word", "PATCH", "", `{"counters":{"c":"many"}}`, 422, "invalid"},
		{"beyond 64 bits", "PATCH", "", `{"counters":{"c":"9223372036854775808"}}`, 422, "invalid"},
		{"beyond 64 bits as a number", "PATCH", "", `{"counters":{"c":9223372036854775808}}`, 422, "invalid"},
		{"nothing", "PATCH", "", `{"counters":{}}`, 422, "bad_parameter"},
		{"long key", "PATCH", "", `{"counters":{"` + strings.Repeat("k", 129) + `":1}}`, 422, "bad_parameter"},
		{"none left", "PUT", "", `{"counters":{}}`, 200, `{"counters":{},"version":3}`},
		{"delete all of none", "DELETE", "", "", 204, ""},
		{"no room", "GET", "x", "", 404, "not_found"},
	} {
		var body any
		if tc.body != "" {
			body = tc.body
		}
		at := path + tc.path
		if tc.path == "x" {
			at = "/api/v1/rooms/none/counters"
		}
		a := b.request(tc.method, at, apiToken, body)
		if got := strings.TrimSuffix(a.raw, "\n"); a.status != tc.status || tc.status == 200 && got != tc.want || tc.status >= 400 && a.code() != tc.want {
			t.Errorf("%s: %d %s, want %d %s", tc.name, a.status, a.raw, tc.status, tc.want)
		}
	}
}

func TestSendInOnesOwnName(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	b.account("bob")
	const path = "/api/v1/rooms/demo/messages"
	b.do(200, "POST", path, b.userSig("alice"), `{"text":"mine"}`)
	b.do(200, "POST", path, b.userSig("alice"), `{"text":"mine too","from":"alice"}`)
	for _, from := range []string{"bob", "administrator"} {
		if a := b.request("POST", path, b.userSig("alice"), `{"text":"not mine","from":"`+from+`"}`); a.status != 403 || a.field() != "from" {
			t.Errorf("in the name of %s: %d %s", from, a.status, a.raw)
		}
	}
	b.do(200, "POST", path, apiToken, `{"text":"his","from":"bob"}`)
	a := b.do(200, "GET", path+"?limit=20", "", nil)
	if n := strings.Count(a.raw, `"from":"alice"`); n != 2 || strings.Count(a.raw, `"from":"bob"`) != 1 || strings.Contains(a.raw, "not mine") {
		t.Errorf("messages = %s", a.raw)
	}
	if a := b.do(200, "GET", path+"?limit=1", "", nil); !strings.Contains(a.raw, "his") || strings.Contains(a.raw, "mine") {
		t.Errorf("the newest = %s", a.raw)
	}
	b.do(200, "GET", path+"?limit=1000", "", nil)
	b.do(422, "GET", path+"?limit=1001", "", nil)
}
