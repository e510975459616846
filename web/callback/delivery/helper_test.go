package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"liveroom/web/callback/delivery"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver is a Sender that answers as told and remembers what it was sent.
type receiver struct {
	mu       sync.Mutex
	answer   func(e delivery.Event) delivery.Result // nil: delivered
	takes    time.Duration
	tries    []try
	underWay map[delivery.Key]int
	peak     int // most tries at the same time
	doubled  bool
}

type try struct {
	delivery.Event
	at      time.Time
	outcome delivery.Outcome
}

func (r *receiver) Send(ctx context.Context, e delivery.Event) delivery.Result {
	key := delivery.Key{Endpoint: e.Endpoint, Room: e.Room, Class: e.Class}
	r.mu.Lock()
	if r.underWay == nil {
		r.underWay = map[delivery.Key]int{}
	}
	r.underWay[key]++
	r.doubled = r.doubled || r.underWay[key] > 1
	all := 0
	for _, n := range r.underWay {
		all += n
	}
	r.peak = max(r.peak, all)
	answer, takes := r.answer, r.takes
	r.mu.Unlock()
	if takes > 0 { // a timer's channel that is ready at once crashes the race detector in a bubble (golang/go#78156)
		select {
		case <-time.After(takes):
		case <-ctx.Done():
		}
	}
	var res delivery.Result
	if answer != nil {
		res = answer(e)
	}
	if ctx.Err() != nil {
		res = delivery.Result{Outcome: delivery.Unwell, Timeout: true}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.underWay[key]--
	r.tries = append(r.tries, try{e, time.Now(), res.Outcome})
	return res
}

func (r *receiver) set(takes time.Duration, answer func(delivery.Event) delivery.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.takes, r.answer = takes, answer
}

// got are the ids of what was delivered of a room and class, in order.
func (r *receiver) got(room string, class delivery.Class) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for _, t := range r.tries {
		if t.Room == room && t.Class == class && t.outcome == delivery.Delivered {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// all are the tries so far.
func (r *receiver) all() []try {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.tries)
}

func (r *receiver) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries = nil
}

func (r *receiver) times(id string) (at []time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.tries {
		if t.ID == id {
			at = append(at, t.at)
		}
	}
	return at
}

var (
	down = func(delivery.Event) delivery.Result {
		return delivery.Result{Outcome: delivery.Unwell, Timeout: true, Why: "timeout"}
	}
	garbage = func(delivery.Event) delivery.Result {
		return delivery.Result{Outcome: delivery.Failed, Status: 200, Why: "no JSON", Answer: "<html>"}
	}
	refusing = func(delivery.Event) delivery.Result {
		return delivery.Result{Outcome: delivery.Refused, Status: 404, Why: "404", Answer: strings.Repeat("ü", 2000)}
	}
)

// only answers one event, by its id, in one way, and the others well.
func only(id string, answer func(delivery.Event) delivery.Result) func(delivery.Event) delivery.Result {
	return func(e delivery.Event) delivery.Result {
		if e.ID == id {
			return answer(e)
		}
		return delivery.Result{Status: 200}
	}
}

// service is a running Service. stop ends Run, start begins another with what the store has.
type service struct {
	*delivery.Service
	t      *testing.T
	cfg    delivery.Config
	store  delivery.Store
	to     *receiver
	habits map[string]delivery.Habit
	said   *bytes.Buffer
	cancel context.CancelFunc
	ended  chan error
}

func serve(t *testing.T, cfg delivery.Config, store delivery.Store, to *receiver, habits map[string]delivery.Habit) *service {
	t.Helper()
	if habits == nil {
		habits = map[string]delivery.Habit{"e": {}}
	}
	s := &service{t: t, cfg: cfg, store: store, to: to, habits: habits}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *service) start() {
	s.t.Helper()
	s.said = &bytes.Buffer{}
	var err error
	if s.Service, err = delivery.New(s.t.Context(), s.cfg, s.store, s.to, slog.New(slog.NewTextHandler(s.said, nil))); err != nil {
		s.t.Fatal(err)
	}
	s.SetEndpoints(s.habits)
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.ended = cancel, make(chan error, 1)
	go func() { s.ended <- s.Run(ctx) }()
}

func (s *service) stop() {
	s.t.Helper()
	if s.cancel == nil {
		return
	}
	s.cancel()
	s.cancel = nil
	if err := <-s.ended; !errors.Is(err, context.Canceled) {
		s.t.Errorf("Run returned %v", err)
	}
}

func (s *service) figures() delivery.Figures {
	s.t.Helper()
	all, err := s.AllFigures(s.t.Context())
	f, known := all["e"]
	if err != nil || !known {
		s.t.Fatal(all, err)
	}
	return f
}

func (s *service) dead() []delivery.DeadLetter {
	s.t.Helper()
	all, err := s.Dead(context.Background(), "e", delivery.Place{}, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func event(class delivery.Class, room, id string) delivery.Event {
	return delivery.Event{Endpoint: "e", Room: room, Class: class, ID: id, Command: "Test", Body: []byte(`{"id":"` + id + `"}`)}
}

// ids are a, b … as append gave them: prefix and number.
func ids(prefix string, from, to int) (all []string) {
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprint(prefix, i))
	}
	return all
}

// say appends events with ids prefix and number.
func (s *service) say(class delivery.Class, room, prefix string, from, to int) {
	for _, id := range ids(prefix, from, to) {
		s.Append(event(class, room, id))
	}
}

func (s *service) delivered(room string, class delivery.Class, want []string) {
	s.t.Helper()
	if got := s.to.got(room, class); !slices.Equal(got, want) {
		s.t.Errorf("%s of %s: delivered %s\nwant %s", class, room, shortened(got), shortened(want))
	}
}

func shortened(all []string) string {
	if len(all) > 12 {
		return fmt.Sprintf("%v … %v (%d)", all[:6], all[len(all)-6:], len(all))
	}
	return fmt.Sprint(all)
}

// failingStore refuses writes, or reads, as told.
type failingStore struct {
	delivery.Store
	mu      sync.Mutex
	err     error
	takes   time.Duration
	commits int
	wrote   int
}

func (f *failingStore) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *failingStore) Commit(ctx context.Context, c delivery.Change) error {
	f.mu.Lock()
	err, takes := f.err, f.takes
	f.commits++
	for _, q := range c.Queues {
		f.wrote += len(q.Append)
	}
	f.mu.Unlock()
	time.Sleep(takes)
	if err != nil {
		return err
	}
	return f.Store.Commit(ctx, c)
}

func (f *failingStore) figures() (commits, wrote int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.commits, f.wrote
}
