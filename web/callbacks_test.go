package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"liveroom/web"
	"liveroom/web/callback"
	"liveroom/web/callback/delivery"
)

// receiver answers well, but for rooms named gone and away.
type receiver struct{}

func (receiver) Send(_ context.Context, e delivery.Event) delivery.Result {
	switch e.Room {
	case "gone":
		return delivery.Result{Outcome: delivery.Refused, Status: 410, Why: "answered 410 Gone", Answer: "no such room"}
	case "away":
		return delivery.Result{Outcome: delivery.Unwell, Timeout: true, Why: "timeout"}
	}
	return delivery.Result{Status: 200, Answer: `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`}
}

// newCallbacks are real receivers and queues, with one receiver of the settings; only what is sent goes nowhere.
func (b *bench) newCallbacks(log *slog.Logger) *web.Callbacks {
	b.t.Helper()
	fixed := callback.Endpoint{URL: "https://backend.example.com/status", Format: callback.FormatStatus, Key: "key-of-the-settings"}
	endpoints, err := callback.NewRegistry(b.t.Context(), callback.NewEndpointMemory(), fixed)
	must(b.t, err)
	b.queues, err = delivery.New(b.t.Context(), delivery.Config{}, delivery.NewMemory(), receiver{}, log)
	must(b.t, err)
	endpoints.Watch(func(all []callback.Endpoint) {
		habits := map[string]delivery.Habit{}
		for _, e := range all {
			habits[e.ID] = e.Habit()
		}
		b.queues.SetEndpoints(habits)
	})
	return &web.Callbacks{Endpoints: endpoints, Queues: b.queues, AppID: 1400000000}
}

// dies queues events that the receiver will never take, and waits until they are put aside.
func (b *bench) dies(endpoint string, ids ...string) {
	b.t.Helper()
	before := b.queues.Stats().Letters
	for _, id := range ids {
		b.queues.Append(delivery.Event{
			Endpoint: endpoint, Room: "gone", Class: delivery.People, ID: id, Command: callback.AfterMemberExit, Body: []byte(`{"GroupId":"gone"}`),
		})
	}
	eventually(b.t, "the events are dead letters", func() bool { return b.queues.Stats().Letters >= before+len(ids) })
}

const callbacks = "/api/v1/callbacks"

// TestReceiversAreManaged: added, shown, changed and removed; each change is in force when it is answered, and no key is
// ever shown.
func TestReceiversAreManaged(t *testing.T) {
	b := newBench(t, nil)
	a := b.do(201, "POST", callbacks, apiToken, `{"id":"backend","url":"https://backend.example.com/im?token=secret-of-url","format":"im","key":"secret-key"}`)
	if a.json["hasKey"] != true || a.json["enabled"] != true || a.json["onFailure"] != "deliver" || a.json["retry"] != "stored" || fmt.Sprint(a.json["events"]) != "[*]" {
		t.Errorf("%s", a.raw)
	}
	b.queues.Append(delivery.Event{Endpoint: "backend", Room: "a", Class: delivery.Talk, Command: callback.AfterSendMsg})
	eventually(t, "the event is delivered", func() bool { return b.queues.Stats().Tries[delivery.Delivered] == 1 })
	a = b.do(200, "PATCH", callbacks+"/backend", apiToken, `{"enabled":false,"key":"","events":["State.StateChange"],"retry":"tencent"}`)
	state, _ := a.json["state"].(map[string]any)
	if a.json["hasKey"] != false || a.json["enabled"] != false || a.json["retry"] != "tencent" || state["circuit"] != "paused" || state["delivered"] != 1.0 {
		t.Errorf("%s", a.raw)
	}
	b.queues.Append(delivery.Event{Endpoint: "backend", Room: "a", Class: delivery.Talk, Command: callback.AfterSendMsg})
	a = b.do(200, "GET", callbacks, apiToken, nil)
	list, _ := a.json["callbacks"].([]any)
	first, _ := list[0].(map[string]any)
	if len(list) != 2 || first["id"] != "settings-status" || first["fromSettings"] != true || !strings.Contains(a.raw, `"queued":{"state":0,"people":0,"talk":1}`) {
		t.Errorf("%s", a.raw)
	}
	b.do(204, "DELETE", callbacks+"/backend", apiToken, nil)
	b.do(404, "GET", callbacks+"/backend", apiToken, nil)
	if st := b.queues.Stats(); st.Queued[delivery.Talk] != 0 {
		t.Errorf("left %+v", st)
	}
	acts, _ := b.acts("")
	raw, err := json.Marshal(acts)
	must(t, err)
	for _, text := range []string{a.raw, string(raw), b.logs.String()} {
		if strings.Contains(text, "secret-key") || strings.Contains(text, "key-of-the-settings") {
			t.Errorf("a key is shown: %s", text)
		}
	}
	if strings.Contains(string(raw)+b.logs.String(), "secret-of-url") || acts[0].Action != "callback_delete" || acts[0].Target != "backend" {
		t.Errorf("%s", raw)
	}
}

func TestReceiversThatCannotBe(t *testing.T) {
	b := newBench(t, nil)
	b.do(201, "POST", callbacks, apiToken, `{"id":"backend","url":"https://backend.example.com/im","format":"im"}`)
	for _, c := range []struct {
		status             int
		method, path, body string
		code, field        string
	}{
		{409, "POST", "", `{"id":"backend","url":"https://backend.example.com/im","format":"im"}`, "exists", "id"},
		{422, "POST", "", `{"id":"settings-x","url":"https://backend.example.com/im","format":"im"}`, "invalid", "id"},
		{422, "POST", "", `{"url":"https://user:secret@backend.example.com/","format":"im"}`, "invalid", "url"},
		{422, "POST", "", `{"url":"https://backend.example.com/","format":"xml"}`, "invalid", "format"},
		{422, "POST", "", `{"format":"im"}`, "invalid", "url"},
		{422, "POST", "", `{"url":"https://backend.example.com/","format":"css","events":["Group.CallbackAfterSendMsg"]}`, "invalid", "events"},
		{422, "PATCH", "/backend", `{"events":["status"]}`, "invalid", "events"},
		{422, "PATCH", "/backend", `{"format":"css"}`, "invalid", "format"},
		{422, "PATCH", "/backend", `{}`, "invalid", ""},
		{409, "PATCH", "/settings-status", `{"enabled":false}`, "from_settings", ""},
		{409, "DELETE", "/settings-status", ``, "from_settings", ""},
		{404, "PATCH", "/nobody", `{"enabled":false}`, "not_found", ""},
		{404, "DELETE", "/nobody", ``, "not_found", ""},
		{404, "GET", "/nobody", ``, "not_found", ""},
		{404, "POST", "/nobody/test", ``, "not_found", ""},
		{404, "GET", "/nobody/deliveries", ``, "not_found", ""},
		{404, "GET", "/nobody/dead", ``, "not_found", ""},
		{404, "POST", "/nobody/dead/replay", ``, "not_found", ""},
		{404, "DELETE", "/nobody/dead?letters=all", ``, "not_found", ""},
		{422, "DELETE", "/backend/dead", ``, "invalid", "letters"},
		{422, "DELETE", "/backend/dead?letters=", ``, "invalid", "letters"},
		{422, "DELETE", "/backend/dead?letters=1,99999999999999999999", ``, "invalid", "letters"},
		{422, "POST", "/backend/test", `{"event":"frob"}`, "invalid", "event"},
		{422, "GET", "/backend/dead?cursor=9-1", ``, "invalid", "cursor"},
		{422, "GET", "/backend/dead?cursor=0-99999999999999999999", ``, "invalid", "cursor"},
		{422, "POST", "/backend/dead/replay", `{"letters":[]}`, "invalid", "letters"},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		a := b.do(c.status, c.method, callbacks+c.path, apiToken, body)
		if field, _ := a.json["field"].(string); a.code() != c.code || field != c.field || strings.Contains(a.raw, "secret") {
			t.Errorf("%s %s %s: %s", c.method, c.path, c.body, a.raw)
		}
	}
}

// TestEveryEventCanBeTried: a test fire sends an example of any event of the receiver's format, also while it is off.
func TestEveryEventCanBeTried(t *testing.T) {
	b := newBench(t, nil)
	for format, names := range callback.Known() {
		id := "try-" + string(format)
		b.do(201, "POST", callbacks, apiToken, fmt.Sprintf(`{"id":%q,"url":"https://backend.example.com/","format":%q,"events":[%q],"enabled":false}`, id, format, names[len(names)-1]))
		for _, name := range names {
			a := b.do(200, "POST", callbacks+"/"+id+"/test", apiToken, fmt.Sprintf(`{"event":%q}`, name))
			if a.json["event"] != name || a.json["outcome"] != "delivered" || a.json["status"] != 200.0 || !strings.Contains(a.raw, `ActionStatus`) {
				t.Errorf("%s: %s", name, a.raw)
			}
		}
		if a := b.do(200, "POST", callbacks+"/"+id+"/test", apiToken, nil); a.json["event"] != names[len(names)-1] {
			t.Errorf("%s by itself: %s", format, a.raw)
		}
		a := b.do(200, "GET", callbacks+"/"+id+"/deliveries?limit=1", apiToken, nil)
		if tries, _ := a.json["deliveries"].([]any); len(tries) != 1 || !strings.Contains(a.raw, `"event":"`+names[len(names)-1]+`"`) {
			t.Errorf("%s", a.raw)
		}
	}
}

// TestDeadLetters: they come in pages, and are sent again or deleted, some or all.
func TestDeadLetters(t *testing.T) {
	b := newBench(t, nil)
	b.do(201, "POST", callbacks, apiToken, `{"id":"backend","url":"https://backend.example.com/im","format":"im"}`)
	b.dies("backend", "1", "2", "3", "4", "5")
	path := callbacks + "/backend/dead"
	var ids []string
	var letters []any
	for cursor := ""; ; {
		a := b.do(200, "GET", path+"?limit=2&cursor="+cursor, apiToken, nil)
		page, _ := a.json["letters"].([]any)
		for _, l := range page {
			letter, _ := l.(map[string]any)
			ids = append(ids, fmt.Sprint(letter["id"]))
			letters = append(letters, letter["letter"])
			if body, _ := letter["body"].(map[string]any); body["GroupId"] != "gone" || letter["answer"] != "no such room" || letter["status"] != 410.0 {
				t.Errorf("%v", letter)
			}
		}
		if cursor, _ = a.json["nextCursor"].(string); cursor == "" {
			break
		}
	}
	if fmt.Sprint(ids) != "[1 2 3 4 5]" {
		t.Fatalf("letters of events %v", ids)
	}
	a := b.do(200, "DELETE", fmt.Sprintf("%s?letters=%v,%v", path, letters[1], letters[3]), apiToken, nil)
	if a.json["deleted"] != 2.0 {
		t.Errorf("%s", a.raw)
	}
	a = b.do(200, "POST", path+"/replay", apiToken, fmt.Sprintf(`{"letters":[%v,999]}`, letters[2]))
	if a.json["replayed"] != 1.0 {
		t.Errorf("%s", a.raw)
	}
	eventually(t, "the letter died again", func() bool { return b.queues.Stats().Letters == 3 })
	if a = b.do(200, "POST", path+"/replay", apiToken, nil); a.json["replayed"] != 3.0 {
		t.Errorf("%s", a.raw)
	}
	eventually(t, "the letters died again", func() bool { return b.queues.Stats().Letters == 3 })
	a = b.do(200, "GET", path, apiToken, nil)
	if page, _ := a.json["letters"].([]any); len(page) != 3 || !strings.Contains(a.raw, `"id":"1"`) {
		t.Errorf("%s", a.raw)
	}
	if a = b.do(200, "DELETE", path+"?letters=all", apiToken, nil); a.json["deleted"] != 3.0 {
		t.Errorf("%s", a.raw)
	}
	acts, _ := b.acts("target=backend")
	var actions []string
	for _, act := range acts {
		actions = append(actions, act.Action+" "+act.Detail["letters"])
	}
	if want := "[callback_dead_delete 3 callback_replay 3 callback_replay 1 callback_dead_delete 2 callback_create ]"; fmt.Sprint(actions) != want {
		t.Errorf("acts %v", actions)
	}
}

func TestServerWithoutCallbacks(t *testing.T) {
	b := newBench(t, func(_ *web.Config, deps *web.Deps) { deps.Callbacks = nil })
	b.do(404, "GET", callbacks, apiToken, nil)
}
