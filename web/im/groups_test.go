package im_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// group makes a group with an owner; accounts of the owner and of some users exist then.
func (d *door) group(id string) {
	d.t.Helper()
	d.people("host", "u1", "u2", "u3")
	if err := d.chat.Create(d.t.Context(), chat.Group{ID: id, Room: id, Owner: "host", Name: "r", CreatedAt: time.Unix(1700000000, 0)}); err != nil {
		d.t.Fatal(err)
	}
}

// people imports accounts.
func (d *door) people(users ...string) {
	d.t.Helper()
	for _, user := range users {
		d.must("im_open_login_svc/account_import", fmt.Sprintf(`{"UserID":%q,"Nick":%q,"FaceUrl":"https://x/%s.png"}`, user, "Nick of "+user, user))
	}
}

// do does a command of the group service that must succeed.
func (d *door) do(command, body string) answer {
	d.t.Helper()
	return d.must("group_open_http_svc/"+command, body)
}

// raw is an answer as it came.
func (d *door) raw(command, body string) string {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), http.MethodPost, "/v4/"+command+"?"+d.query(), strings.NewReader(body))
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Body.String()
}

// field is a field of an answer as JSON.
func (a answer) field(name string) string {
	raw, _ := json.Marshal(a[name])
	return string(raw)
}

// want checks the fields of an answer that are not the envelope's.
func (a answer) want(t *testing.T, fields string) {
	t.Helper()
	var want map[string]any
	if err := json.Unmarshal([]byte(fields), &want); err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for name, value := range a {
		if name != "ActionStatus" && name != "ErrorCode" && name != "ErrorInfo" {
			got[name] = value
		}
	}
	if !reflect.DeepEqual(got, want) {
		raw, _ := json.Marshal(got)
		t.Errorf("answered %s\nwant     %s", raw, fields)
	}
}

// refusal is a call that must not succeed.
type refusal struct {
	name, command, body string
	code                int
	words               string // that the answer holds
}

// refuses makes calls of the group service that must not succeed.
func (d *door) refuses(all []refusal) {
	d.t.Helper()
	for _, r := range all {
		a := d.call("group_open_http_svc/"+r.command, r.body)
		if info := a.field("ErrorInfo"); a.code() != r.code || !strings.Contains(info, r.words) {
			d.t.Errorf("%s: %s %.200s: %d %s, want %d with %q", r.name, r.command, r.body, a.code(), info, r.code, r.words)
		}
	}
}

// listener is a session that remembers what it got.
type listener struct {
	id   string
	mu   sync.Mutex
	got  []chat.Item
	left []chat.Departure
	news chan struct{} // an item or a departure came
}

// join puts a user into a group.
func (d *door) join(group, user string) *listener {
	d.t.Helper()
	l := &listener{id: user + "@" + group, news: make(chan struct{}, 1000)}
	if _, err := d.chat.Join(d.t.Context(), group, chat.Identity{User: user, Nick: "Nick of " + user, ManyRooms: true}, l, nil); err != nil {
		d.t.Fatal(err)
	}
	return l
}

func (l *listener) ID() string { return l.id }

func (l *listener) Deliver(b *chat.Batch) {
	l.mu.Lock()
	l.got = append(l.got, b.Items...)
	l.mu.Unlock()
	l.news <- struct{}{}
}

func (l *listener) Left(_ string, why chat.Departure) {
	l.mu.Lock()
	l.left = append(l.left, why)
	l.mu.Unlock()
	l.news <- struct{}{}
}

func (l *listener) Direct(string, *chat.Message) {}

func (l *listener) Close(chat.Closing) {}

// wait waits until the listener satisfies done.
func (l *listener) wait(t *testing.T, what string, done func(*listener) bool) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		l.mu.Lock()
		ok := done(l)
		l.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-l.news:
		case <-limit:
			t.Fatalf("no %s came", what)
		}
	}
}

// messages counts the messages that came.
func (l *listener) messages() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range l.got {
		if i.Message != nil {
			n++
		}
	}
	return n
}

// event waits for an event of a kind and returns what it tells.
func (l *listener) event(t *testing.T, kind string) string {
	t.Helper()
	var data string
	l.wait(t, kind, func(l *listener) bool {
		for _, i := range l.got {
			if i.Event != nil && i.Event.Kind == kind {
				data = string(i.Event.Data)
				return true
			}
		}
		return false
	})
	return data
}
