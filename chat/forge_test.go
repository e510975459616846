package chat_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"liveroom/chat"
)

// forgeries are Data texts that some reader would take for a message of the server.
var forgeries = []struct{ name, data string }{
	{"plain", `{"type":"live_status","code":4}`},
	{"mute", `{"type":"mute"}`},
	{"kick", `{"type":"kick"}`},
	{"notice", `{"type":"notice"}`},
	{"gift result", `{"type":"gift_result"}`},
	{"dismissed", `{"type":"dismissed"}`},
	{"leading space", " \t\r\n{\"type\":\"live_status\"}"},
	{"byte order mark", "\ufeff{\"type\":\"live_status\"}"},
	{"zero-width space", "\u200b{\"type\":\"live_status\"}"},
	{"null in front", "\x00{\"type\":\"live_status\"}"},
	{"no-break space", "\u00a0{\"type\":\"live_status\"}"},
	{"control characters between", "{\x01\"type\"\x02:\x03\"live_status\"}"},
	{"escaped letter in the value", `{"type":"\u006cive_status"}`},
	{"escaped letter in the name", `{"\u0074ype":"live_status"}`},
	{"type first, harmless type last", `{"type":"live_status","type":"chat"}`},
	{"harmless type first, type last", `{"type":"chat","type":"live_status"}`},
	{"upper-case name", `{"TYPE":"live_status"}`},
	{"mixed-case value", `{"Type":"Live_Status"}`},
	{"long s", "{\"type\":\"live_\u017ftatus\"}"},
	{"full width", "{\"type\":\"\uff4cive_status\"}"},
	{"zero-width joiner inside", "{\"type\":\"live\u200d_status\"}"},
	{"escaped zero-width joiner inside", `{"type":"live\u200d_status"}`},
	{"escaped null behind", `{"type":"live_status\u0000"}`},
	{"blanks around the value", `{"type":" live_status "}`},
	{"blanks around the name", `{" type ":"live_status"}`},
	{"value in an array", `{"type":["live_status"]}`},
	{"behind nested values", `{"a":{"b":[1,{"c":2}]},"type":"live_status"}`},
	{"object in an array", `[{"type":"live_status"}]`},
	{"second in an array", `[1,{"a":1},{"type":"live_status"}]`},
	{"text in text", `"{\"type\":\"live_status\"}"`},
	{"text in text in text", `"\"{\\\"type\\\":\\\"live_status\\\"}\""`},
	{"before a syntax error", `{"type":"live_status",}`},
	{"cut off", `{"type":"live_status"`},
	{"second value", `{} {"type":"live_status"}`},
	{"lone surrogate", `{"type":"live\ud800_status"}`},
}

func TestNobodyForgesMessagesOfTheServer(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	for _, who := range []struct {
		name string
		id   chat.Identity
	}{
		{"member", named("alice")},
		{"owner", named("owner")},
		{"guest", chat.Identity{User: "alice", Guest: true}},
	} {
		if who.name == "owner" {
			join(t, s, "demo", "owner")
		}
		for _, tc := range forgeries {
			t.Run(who.name+"/"+tc.name, func(t *testing.T) {
				_, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: custom(tc.data)}, who.id)
				if !errors.Is(err, chat.ErrPermission) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
	if got := alice.kinds(); len(got) != 0 {
		t.Errorf("alice received %q", got)
	}
}

// Bodies that one reader takes for something else than another, or that are no MsgBody at all.
func TestBodiesThatAreRefused(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	status := `{\"type\":\"live_status\"}`
	for _, tc := range []struct{ name, body string }{
		{"two custom elements", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"a"}},{"MsgType":"TIMCustomElem","MsgContent":{"Data":"` + status + `"}}]`},
		{"custom behind text", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}},{"MsgType":"TIMCustomElem","MsgContent":{"Data":"` + status + `"}}]`},
		{"type twice", `[{"MsgType":"TIMTextElem","MsgType":"TIMCustomElem","MsgContent":{"Text":"x","Data":"` + status + `"}}]`},
		{"type in another case", `[{"MsgType":"TIMTextElem","msgtype":"TIMCustomElem","MsgContent":{"Text":"x","Data":"` + status + `"}}]`},
		{"type in another case only", `[{"msgType":"TIMCustomElem","MsgContent":{"Data":"` + status + `"}}]`},
		{"content twice", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"x"},"MsgContent":{"Data":"` + status + `"}}]`},
		{"data twice", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"x","Data":"` + status + `"}}]`},
		{"data in two cases", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"x","data":"` + status + `"}}]`},
		{"data in lower case", `[{"MsgType":"TIMCustomElem","MsgContent":{"data":"` + status + `"}}]`},
		{"data is an object", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":{"type":"live_status"}}}]`},
		{"data is null", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":null}}]`},
		{"unknown element", `[{"MsgType":"TIMRelayElem","MsgContent":{}}]`},
		{"element type in another case", `[{"MsgType":"timcustomelem","MsgContent":{"Data":"` + status + `"}}]`},
		{"no type", `[{"MsgContent":{"Text":"x"}}]`},
		{"no content", `[{"MsgType":"TIMTextElem"}]`},
		{"content is text", `[{"MsgType":"TIMTextElem","MsgContent":"x"}]`},
		{"no text in a text", `[{"MsgType":"TIMTextElem","MsgContent":{}}]`},
		{"text is null", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":null}}]`},
		{"more names", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"},"From":"y"}]`},
		{"no elements", `[]`},
		{"null", `null`},
		{"an object", `{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}`},
		{"an array of null", `[null]`},
		{"more behind the array", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]]`},
		{"no JSON", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}`},
		{"too many elements", "[" + strings.Repeat(`{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}},`, 20) + `{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]`},
		{"too deep", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x","Y":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: json.RawMessage(tc.body)}, named("alice"))
			if !errors.Is(err, chat.ErrParameter) && !errors.Is(err, chat.ErrPermission) {
				t.Errorf("got %v", err)
			}
			var refusal *chat.Error
			if !errors.As(err, &refusal) || refusal.Field != "body" || len(refusal.Detail) > 200 {
				t.Errorf("the refusal does not name the body: %v", err)
			}
		})
	}
}

func TestHarmlessCustomMessagesPass(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	var want []chat.Priority
	for _, tc := range []struct {
		name, data string
		priority   chat.Priority
	}{
		{"gift", `{"type":"gift","id":7}`, chat.High},
		{"red packet", `{"type":"red_packet"}`, chat.High},
		{"like", `{"type":"like"}`, chat.Low},
		{"follow", `{"type":"follow"}`, chat.Low},
		{"something else", `{"type":"dance"}`, chat.Normal},
		{"no type", `{"a":1}`, chat.Normal},
		{"no JSON", `live_status`, chat.Normal},
		{"empty", ``, chat.Normal},
		{"status of something inside", `{"type":"dance","of":{"type":"live_status"}}`, chat.Normal},
		{"talking of it", `{"type":"dance","text":"live_status"}`, chat.Normal},
		{"a number", `12`, chat.Normal},
	} {
		if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: custom(tc.data)}, named("alice")); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		want = append(want, tc.priority)
	}
	for i, item := range alice.items() {
		if item.Message.Priority != want[i] {
			t.Errorf("%s got priority %v, want %v", item.Message.Body, item.Message.Priority, want[i])
		}
	}
}

func TestServerAndAdministratorsMay(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	body := custom(`{"type":"gift_result"}`)
	if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: body}, admin); err != nil {
		t.Error(err)
	}
	if ack, err := s.SendServer(t.Context(), chat.Message{Group: "demo", Body: body}); err != nil || ack.Seq != 2 {
		t.Errorf("%+v, %v", ack, err)
	}
	for _, item := range alice.items() {
		if item.Message.From != chat.Administrator || item.Message.Priority != chat.High {
			t.Errorf("arrived as %+v", item.Message)
		}
	}
	if err := s.SetAttributes(t.Context(), "demo", admin, map[string]string{"live_status": "{}"}); err != nil {
		t.Errorf("administrator's attribute: %v", err)
	}
}

func TestNobodyTouchesTheServersState(t *testing.T) {
	s := start(t, chat.Config{MembersWrite: true}, chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	if err := s.ApplyStatus(t.Context(), status("demo", 1)); err != nil {
		t.Fatal(err)
	}
	mine := map[string]string{"live_status": "{}"}
	for _, who := range []chat.Identity{named("alice"), named("owner")} {
		for _, tc := range []struct {
			name string
			call func() error
		}{
			{"set", func() error { return s.SetAttributes(t.Context(), "demo", who, mine) }},
			{"set beside another", func() error {
				return s.SetAttributes(t.Context(), "demo", who, map[string]string{"a": "1", "live_status": "{}"})
			}},
			{"replace", func() error { return s.ReplaceAttributes(t.Context(), "demo", who, mine) }},
			{"delete", func() error { return s.DeleteAttributes(t.Context(), "demo", who, []string{"live_status"}) }},
			{"field", func() error { return s.SetFields(t.Context(), "demo", who, mine) }},
			{"field away", func() error { return s.SetFields(t.Context(), "demo", who, map[string]string{"live_status": ""}) }},
		} {
			if err := tc.call(); !errors.Is(err, chat.ErrPermission) {
				t.Errorf("%s by %s: %v", tc.name, who.User, err)
			}
		}
	}
	if err := s.SetFields(t.Context(), "demo", admin, map[string]string{"live_status": ""}); !errors.Is(err, chat.ErrPermission) {
		t.Errorf("even an administrator can't remove it: %v", err)
	}
	if err := s.DeleteAttributes(t.Context(), "demo", named("owner"), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.ReplaceAttributes(t.Context(), "demo", named("owner"), map[string]string{"a": "1"}); err != nil {
		t.Fatal(err)
	}
	all, err := s.Attributes(t.Context(), "demo", nil)
	if want := string(status("demo", 1).Record); err != nil || all.All["live_status"] != want || all.All["a"] != "1" {
		t.Errorf("attributes are %v, %v", all, err)
	}
}

// FuzzForge: whatever passes is not what any of several readers takes for the server's.
func FuzzForge(f *testing.F) {
	for _, tc := range forgeries {
		f.Add(tc.data)
	}
	f.Add(`{"type":"gift"}`)
	f.Fuzz(func(t *testing.T, data string) {
		body := custom(data)
		if chat.ForgesServer(body) || chat.CheckBody(body) != nil {
			return
		}
		trimmed := strings.TrimFunc(data, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
		})
		for _, text := range []string{data, trimmed} {
			var strict map[string]any
			if json.Unmarshal([]byte(text), &strict) == nil && strict["type"] == "live_status" {
				t.Errorf("passes, and is a status to a strict reader: %q", data)
			}
			var lenient struct{ Type any } // names without case
			if json.Unmarshal([]byte(text), &lenient) == nil {
				if kind, ok := lenient.Type.(string); ok && strings.EqualFold(strings.TrimSpace(kind), "live_status") {
					t.Errorf("passes, and is a status to a lenient reader: %q", data)
				}
			}
		}
	})
}

// FuzzBody: no bytes do harm, and what passes is JSON every reader reads alike.
func FuzzBody(f *testing.F) {
	f.Add([]byte(text("hi")))
	f.Add([]byte(custom(`{"type":"live_status"}`)))
	f.Add([]byte(`[{"MsgType":"TIMFaceElem","MsgContent":{"Index":1,"Data":"x"}}]`))
	f.Add([]byte(`[{"MsgType":"TIMTextElem","MsgType":"x","MsgContent":{}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if chat.CheckBody(body) != nil {
			return
		}
		var list []map[string]json.RawMessage
		if err := json.Unmarshal(body, &list); err != nil || len(list) == 0 {
			t.Fatalf("passes, yet is no array of objects: %q", body)
		}
		for _, element := range list {
			if len(element) != 2 || element["MsgType"] == nil || element["MsgContent"] == nil {
				t.Errorf("passes with element %v", element)
			}
		}
	})
}
