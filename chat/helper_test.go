package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"liveroom/chat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// session records what it is handed.
type session struct {
	id string

	mu      sync.Mutex
	batches []*chat.Batch
	arrived chan struct{} // a token for each batch
	closed  chat.Closing
	left    []chat.Departure
	letters []string // from user to user: to whom, and what
}

func newSession(id string) *session {
	return &session{id: id, arrived: make(chan struct{}, 10_000)}
}

func (s *session) ID() string { return s.id }

func (s *session) Deliver(b *chat.Batch) {
	s.mu.Lock()
	s.batches = append(s.batches, b)
	s.mu.Unlock()
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// await waits for a batch, or until the room is quiet.
func (s *session) await(quiet <-chan struct{}) {
	select {
	case <-s.arrived:
	case <-quiet:
	}
}

func (s *session) Direct(to string, m *chat.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, to+": "+textOf(m))
}

func (s *session) Left(_ string, why chat.Departure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = append(s.left, why)
}

func (s *session) Close(why chat.Closing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = why
}

func (s *session) all() []*chat.Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*chat.Batch(nil), s.batches...)
}

func (s *session) items() (items []chat.Item) {
	for _, b := range s.all() {
		items = append(items, b.Items...)
	}
	return items
}

// seqs returns the sequence numbers of the messages received.
func (s *session) seqs() (seqs []uint64) {
	for _, item := range s.items() {
		if item.Message != nil {
			seqs = append(seqs, item.Message.Seq)
		}
	}
	return seqs
}

// kinds names what was received, in order: texts of messages and kinds of events, but for counts.
func (s *session) kinds() (kinds []string) {
	for _, item := range s.items() {
		switch {
		case item.Message != nil:
			kinds = append(kinds, textOf(item.Message))
		case item.Event.Kind != "count":
			kinds = append(kinds, item.Event.Kind)
		}
	}
	return kinds
}

func (s *session) events(kind string) (events []*chat.Event) {
	for _, item := range s.items() {
		if item.Event != nil && item.Event.Kind == kind {
			events = append(events, item.Event)
		}
	}
	return events
}

func text(s string) json.RawMessage {
	t, _ := json.Marshal(s)
	return json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":` + string(t) + `}}]`)
}

func custom(data string) json.RawMessage {
	t, _ := json.Marshal(data)
	return json.RawMessage(`[{"MsgType":"TIMCustomElem","MsgContent":{"Data":` + string(t) + `,"Desc":"","Ext":"","Sound":""}}]`)
}

func textOf(m *chat.Message) string {
	var body []struct{ MsgContent struct{ Text, Data string } }
	if err := json.Unmarshal(m.Body, &body); err != nil || len(body) == 0 {
		return fmt.Sprintf("?%s", m.Body)
	}
	if body[0].MsgContent.Data != "" {
		return body[0].MsgContent.Data
	}
	return body[0].MsgContent.Text
}

// start runs a service until the test ends.
func start(t testing.TB, cfg chat.Config, store chat.Store) *chat.Service {
	t.Helper()
	s, stop := startStop(t, cfg, store)
	t.Cleanup(stop)
	return s
}

// startStop is start for tests that stop it themselves.
func startStop(t testing.TB, cfg chat.Config, store chat.Store) (*chat.Service, func()) {
	t.Helper()
	s, err := chat.New(cfg, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return s, sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
}

func create(t testing.TB, s *chat.Service, id string, admins ...string) {
	t.Helper()
	if err := s.Create(t.Context(), chat.Group{ID: id, Room: id, Owner: "owner", Name: "A room", Admins: admins}); err != nil {
		t.Fatal(err)
	}
}

func join(t testing.TB, s *chat.Service, group, user string) (*session, chat.Joined) {
	t.Helper()
	sess := newSession(user + "-" + group)
	j, err := s.Join(t.Context(), group, named(user), sess, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sess, j
}

// enter lets a session into a group.
func enter(t testing.TB, s *chat.Service, group string, who chat.Identity, sess chat.Session) {
	t.Helper()
	if _, err := s.Join(t.Context(), group, who, sess, nil); err != nil {
		t.Fatalf("%s to %s: %v", sess.ID(), group, err)
	}
}

func send(t testing.TB, s *chat.Service, group, user, words string) chat.Ack {
	t.Helper()
	ack, err := s.Send(t.Context(), chat.Message{Group: group, Body: text(words)}, named(user))
	if err != nil {
		t.Errorf("send %q: %v", words, err)
	}
	return ack
}

func named(user string) chat.Identity { return chat.Identity{User: user, Nick: "Nick " + user} }

var admin = chat.Identity{User: chat.Administrator, Admin: true}

func status(group string, version uint64) chat.StatusChange {
	return chat.StatusChange{
		Group: group, Epoch: "01J", Version: version,
		Record: fmt.Appendf(nil, `{"room":%q,"epoch":"01J","version":%d,"code":2,"name":"live"}`, group, version),
		Field:  fmt.Appendf(nil, `{"code":2,"name":"live","version":%d}`, version),
	}
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
