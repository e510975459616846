package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"liveroom/chat"
	"liveroom/chat/replay"
	"liveroom/live/blob"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a blob.Store in memory that can be made to fail and to stall.
type shelf struct {
	mu      sync.Mutex
	objects map[string][]byte
	broken  error
	stalls  bool
	puts    int
	opens   int
	lists   int
}

func newShelf() *shelf { return &shelf{objects: make(map[string][]byte)} }

func (s *shelf) set(broken error, stalls bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken, s.stalls = broken, stalls
}

func (s *shelf) names(prefix string) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.objects {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *shelf) Put(ctx context.Context, name string, data ...[]byte) error {
	s.mu.Lock()
	stalls, err := s.stalls, s.broken
	s.mu.Unlock()
	if stalls {
		<-ctx.Done()
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	if strings.Contains(name, "..") || len(name) > 200 {
		return blob.ErrName
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts++
	s.objects[name] = bytes.Join(data, nil)
	return nil
}

func (s *shelf) Create(context.Context, string) (blob.Writer, error) {
	return nil, errors.New("unused")
}

type opened struct {
	*bytes.Reader
	held blob.Held
}

func (o opened) Close() error    { return nil }
func (o opened) Held() blob.Held { return o.held }

func (s *shelf) Open(_ context.Context, name string) (blob.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens++
	data, ok := s.objects[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return opened{bytes.NewReader(data), blob.Held{Name: name, Size: int64(len(data))}}, s.broken
}

func (s *shelf) Remove(_ context.Context, names ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.objects, name)
	}
	return s.broken
}

func (s *shelf) List(_ context.Context, prefix, after string, see func(blob.Held) error) error {
	s.mu.Lock()
	s.lists++
	err := s.broken
	s.mu.Unlock()
	if err != nil {
		return err
	}
	for _, name := range s.names(prefix) {
		if name > after {
			if err := see(blob.Held{Name: name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// library is which recordings there are.
type library struct {
	mu    sync.Mutex
	recs  []replay.Recording // in the order they began
	spans map[string][]replay.Span
	gone  error
}

func (l *library) change(do func(l *library)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do(l)
}

func (l *library) end(id string, at time.Time, spans ...replay.Span) {
	l.change(func(l *library) {
		for i := range l.recs {
			if l.recs[i].ID == id {
				l.recs[i].Ended = at
			}
		}
		l.spans[id] = spans
	})
}

func (l *library) Running(context.Context) (out []replay.Recording, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.recs {
		if r.Ended.IsZero() || time.Since(r.Ended) < 4*time.Second { // it is being finished
			out = append(out, r)
		}
	}
	return out, l.gone
}

func (l *library) OfGroup(_ context.Context, group string, limit int) (out []replay.Recording, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range slices.Backward(l.recs) {
		if r.Group == group && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, l.gone
}

func (l *library) Find(_ context.Context, id string) (replay.Recording, []replay.Span, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.recs {
		if r.ID == id {
			return r, l.spans[id], l.gone
		}
	}
	return replay.Recording{}, nil, replay.ErrUnknown
}

func (l *library) Finished(_ context.Context, see func(replay.Recording) error) error {
	l.mu.Lock()
	all := slices.Clone(l.recs)
	l.mu.Unlock()
	for _, r := range all {
		if !r.Ended.IsZero() {
			if err := see(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// stage is a room that is recorded, in virtual time.
type stage struct {
	t     *testing.T
	store *shelf
	lib   *library
	zero  time.Time
	seq   uint64

	mu     sync.Mutex
	banned map[string]bool
	newest []uint64
}

// newStage begins a session that is recorded as "r1" of the group "demo".
func newStage(t *testing.T) *stage {
	st := &stage{t: t, store: newShelf(), zero: time.Now(), banned: make(map[string]bool), lib: &library{spans: make(map[string][]replay.Span)}}
	st.lib.recs = []replay.Recording{{ID: "r1", Group: "demo", Zero: st.zero, Began: st.zero}}
	return st
}

func (st *stage) config() replay.Config {
	return replay.Config{
		Banned: func(_ context.Context, _ string, users []string) (map[string]bool, error) {
			st.mu.Lock()
			defer st.mu.Unlock()
			out := make(map[string]bool)
			for _, u := range users {
				out[u] = st.banned[u]
			}
			return out, nil
		},
		Newest: func(context.Context, string) ([]uint64, error) {
			st.mu.Lock()
			defer st.mu.Unlock()
			return slices.Clone(st.newest), nil
		},
	}
}

// node starts a Service. Stop ends it as a node stops, and waits.
func (st *stage) node(name string, adjust ...func(*replay.Config)) (s *replay.Service, stop func()) {
	st.t.Helper()
	cfg := st.config()
	cfg.Node = name
	for _, a := range adjust {
		a(&cfg)
	}
	s, err := replay.New(cfg, st.lib, st.store, slog.New(slog.DiscardHandler))
	if err != nil {
		st.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	st.t.Cleanup(stop)
	return s, stop
}

// say is a message that is delivered now.
func (st *stage) say(s *replay.Service, from, text string) *chat.Message {
	st.seq++
	body, err := json.Marshal([]any{map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]string{"Text": text}}})
	if err != nil {
		st.t.Fatal(err)
	}
	m := &chat.Message{Group: "demo", Seq: st.seq, Time: time.Now(), From: from, Nick: strings.ToUpper(from), Body: body}
	s.Delivered(m)
	return m
}

// read is all of a recording, in windows of a length.
func (st *stage) read(s *replay.Service, id string, length int64) (items []replay.Item) {
	st.t.Helper()
	_, spans, err := st.lib.Find(st.t.Context(), id)
	if err != nil {
		st.t.Fatal(err)
	}
	var total int64
	for _, sp := range spans {
		total += sp.Duration
	}
	for from := int64(0); from <= total; from += length {
		for after := (*replay.Place)(nil); ; {
			some, next, err := s.Messages(st.t.Context(), id, from, from+length, after, 7)
			if err != nil {
				st.t.Fatal(err)
			}
			if items = append(items, some...); next == nil {
				break
			}
			after = next
		}
	}
	return items
}

func texts(items []replay.Item) (out []string) {
	for _, i := range items {
		var body []struct{ MsgContent struct{ Text string } }
		if err := json.Unmarshal(i.Body, &body); err != nil || len(body) != 1 {
			out = append(out, fmt.Sprintf("%s: %v", i.Body, err))
			continue
		}
		out = append(out, body[0].MsgContent.Text)
	}
	return out
}

func (st *stage) wants(s *replay.Service, id string, want ...string) {
	st.t.Helper()
	if got := texts(st.read(s, id, 60_000)); !slices.Equal(got, want) {
		st.t.Errorf("replayed %q, want %q", got, want)
	}
}

// spend lets time pass and what it set off end.
func spend(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
