package draw_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/draw"
)

var backend = chat.Identity{User: chat.Administrator, Admin: true}

// rooms is a chat with one group, tea, as a draw sees it.
type rooms struct {
	mu    sync.Mutex
	log   []*chat.Message
	seq   uint64
	floor uint64 // of the newest message that is gone
	gone  bool   // the group is
	robot string // nobody else is one
	fence uint64
	told  []draw.Out
	fail  func(what string) error // nil: nothing fails
}

func (r *rooms) failing(what string) error {
	if r.fail == nil {
		return nil
	}
	return r.fail(what)
}

func (r *rooms) Look(_ context.Context, group string) (string, uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if group != "tea" || r.gone {
		return "", 0, chat.ErrNoGroup
	}
	return "anna", r.seq, r.failing("look")
}

func (r *rooms) Log(_ context.Context, group string, after uint64, limit int) ([]*chat.Message, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if group != "tea" || r.gone {
		return nil, false, chat.ErrNoGroup
	}
	var page []*chat.Message
	for _, m := range r.log {
		if m.Seq > after && m.Seq > r.floor && len(page) < limit {
			page = append(page, m)
		}
	}
	return page, after >= r.floor && after <= r.seq, r.failing("log")
}

func (r *rooms) Robots(_ context.Context, group string, users []string) (map[string]bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if group != "tea" || r.gone {
		return nil, chat.ErrNoGroup
	}
	return map[string]bool{r.robot: slices.Contains(users, r.robot)}, r.failing("robots")
}

func (r *rooms) Append(_ context.Context, group string, o draw.Out) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if group != "tea" || r.gone {
		return chat.ErrNoGroup
	}
	err := r.failing("append")
	if errors.Is(err, errBefore) {
		return err
	}
	if o.Number > r.fence {
		r.fence = o.Number
		r.told = append(r.told, o)
	}
	return err
}

// say delivers a message.
func (r *rooms) say(user, text string) *chat.Message {
	return r.deliver(user, []any{map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]string{"Text": text}}})
}

func (r *rooms) custom(user, data string) *chat.Message {
	return r.deliver(user, []any{map[string]any{"MsgType": "TIMCustomElem", "MsgContent": map[string]string{"Data": data}}})
}

func (r *rooms) deliver(user string, body any) *chat.Message {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	m := &chat.Message{Group: "tea", Seq: r.seq, Time: time.Now(), From: user, Nick: strings.ToUpper(user), Body: raw}
	r.log = append(r.log, m)
	return m
}

func (r *rooms) kinds() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, o := range r.told {
		all = append(all, fmt.Sprintf("%s:%s", o.Kind, o.Draw))
	}
	return strings.Join(all, " ")
}

// run runs a service until the test ends.
func run(t *testing.T, s *draw.Service) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
}

func terms(id string) draw.Terms {
	return draw.Terms{ID: id, Title: "Tonight", Trigger: draw.Trigger{Keyword: "Hello"}, Window: time.Minute, Winners: 2}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func begin(t *testing.T, s *draw.Service, x draw.Terms) draw.Draw {
	t.Helper()
	d, err := s.Start(t.Context(), "tea", backend, x)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func show(t *testing.T, s *draw.Service, id string) draw.Draw {
	t.Helper()
	d, err := s.Draw(t.Context(), "tea", id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// users are those of a draw's entries, in their order.
func users(t *testing.T, s draw.Store, id string) string {
	t.Helper()
	all, err := s.Entries(t.Context(), "tea", id, 0, draw.MaxEntries)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.User)
	}
	return strings.Join(names, " ")
}

// export is a draw's export, as it is read from a file.
func export(t *testing.T, s *draw.Service, id string) draw.Export {
	t.Helper()
	d, entries, err := s.Export(t.Context(), "tea", id)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := draw.WriteExport(&file, d, entries); err != nil {
		t.Fatal(err)
	}
	x, err := draw.ParseExport(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return x
}
