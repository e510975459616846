package record_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/status"
)

// errDead is what a process gets that was killed.
var errDead = errors.New("the process is dead")

// process is a node that may be killed at any step it does.
type process struct {
	record.Store
	svc   *record.Service
	dead  atomic.Bool
	steps atomic.Int64 // until it is killed; negative: never
	stop  func()
}

// step is done by all that changes something: false, when the process is dead.
func (p *process) step() bool {
	if p.steps.Load() >= 0 && p.steps.Add(-1) < 0 {
		p.dead.Store(true)
	}
	return !p.dead.Load()
}

// Begin implements record.Store.
func (p *process) Begin(ctx context.Context, r record.Recording) (record.Recording, bool, error) {
	if !p.step() {
		return record.Recording{}, false, errDead
	}
	return p.Store.Begin(ctx, r)
}

// Change implements record.Store.
func (p *process) Change(ctx context.Context, id string, f func(*record.Recording) error) (record.Recording, error) {
	if !p.step() {
		return record.Recording{}, errDead
	}
	return p.Store.Change(ctx, id, f)
}

// disk is the objects as a process sees them.
type disk struct {
	*recordtest.Blobs
	p *process
}

// Put implements blob.Store.
func (p disk) Put(ctx context.Context, name string, data ...[]byte) error {
	if !p.p.step() {
		return errDead
	}
	if err := p.Blobs.Put(ctx, name, data...); err != nil {
		return err
	}
	if !p.p.step() { // it is stored, and nobody knows
		return errDead
	}
	return nil
}

// show is a session that is pushed and recorded while everything goes wrong.
type show struct {
	room       *recordtest.Room
	store      *record.Memory
	blobs      *recordtest.Blobs
	now        *process
	all        []*process
	session    string
	began      time.Time
	generation uint64
	last       int64            // ms: where the newest piece ends
	pushed     map[int64]uint64 // generation by start of each piece, pieceLength long
	fault      error
	full       bool // something may be left out for want of room
	crashes    int
}

const (
	pieceLength = 2000
	segment     = 6 * time.Second
)

func (s *show) start() {
	p := &process{Store: s.store}
	p.steps.Store(-1)
	cfg := record.Config{
		Rule: s.room.Rule, RoomRule: s.room.Rule, Session: s.room.Session, NewID: status.NewULID, Segment: segment,
	}
	var err error
	if p.svc, err = record.New(cfg, p, disk{s.blobs, p}, slog.New(slog.DiscardHandler)); err != nil {
		fail("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.svc.Run(ctx) }()
	p.stop = func() { cancel(); <-done }
	synctest.Wait()
	s.now, s.all = p, append(s.all, p)
}

// push gives the recorder a piece as its time comes.
func (s *show) push(breaks bool) {
	s.last = max(s.last, time.Since(s.began).Milliseconds())
	at := s.last
	s.last += pieceLength
	s.pushed[at] = s.generation
	time.Sleep(time.Until(s.began.Add(time.Duration(s.last) * time.Millisecond)))
	if s.now.dead.Load() {
		return
	}
	s.now.svc.Take(record.Piece{
		Stream: "demo", Session: s.session, Zero: s.began, Generation: s.generation, Start: at, Duration: pieceLength, Breaks: breaks,
		Init: []byte("init"), Parts: [][]byte{fmt.Appendf(nil, "%03d %010d;", s.generation, at)}, Video: "avc1", Width: 4, Height: 3,
	})
	synctest.Wait()
}

func (s *show) kill() {
	s.now.dead.Store(true)
	s.now.stop()
	s.crashes++
	if s.fault != nil {
		s.full = true // what waited for the store goes with the process
	}
}

// restart is what operators do: a process that died is started again, and pushes come back.
func (s *show) restart() {
	s.kill()
	s.start()
	s.generation++
}

// end ends the session and waits until its recording is finished.
func (s *show) end() record.Recording {
	s.blobs.Fault(nil)
	if s.now.dead.Load() {
		s.restart()
	}
	time.Sleep(time.Minute) // what waits is stored
	s.room.Set(record.Rule{Mode: record.Always}, "")
	s.now.svc.Over(s.session)
	for range 60 {
		time.Sleep(2 * time.Second)
		if err := s.now.svc.Sweep(context.Background()); err != nil {
			fail("%v", err)
		}
	}
	for _, p := range s.all {
		p.stop()
	}
	page, _, err := s.store.List(context.Background(), record.Query{})
	if err != nil || len(page) > 1 {
		fail("%d recordings of a session: %+v, %v", len(page), page, err)
	}
	if len(page) == 0 {
		return record.Recording{}
	}
	return page[0]
}

// check holds the recording against what was pushed.
func (s *show) check(r record.Recording) {
	if r.ID == "" {
		if lost := time.Duration(len(s.pushed)) * pieceLength * time.Millisecond; lost > s.bound() && !s.full {
			fail("%s were pushed, nothing is recorded", lost)
		}
		return
	}
	if r.State != record.Done && r.State != record.Failed {
		fail("it is %+v", r)
	}
	l, err := record.New(record.Config{Rule: s.room.Rule, RoomRule: s.room.Rule, Session: s.room.Session, NewID: status.NewULID}, s.store, s.blobs, slog.New(slog.DiscardHandler))
	if err != nil {
		fail("%v", err)
	}
	x, err := l.Index(context.Background(), r.ID)
	if err != nil || !x.Ended {
		fail("%+v, %v", x, err)
	}
	names := 0
	for _, name := range s.blobs.Names(record.Prefix(r.ID)) {
		if _, ok := record.ParseSegmentName(strings.TrimPrefix(name, record.Prefix(r.ID))); ok {
			names++
		}
	}
	if names != len(x.Segments) || len(x.Segments) != r.Segments || x.Duration() != r.Duration {
		fail("%d segments are stored, the index has %d: %+v", names, len(x.Segments), r)
	}
	var before record.Segment
	for i, seg := range x.Segments {
		if i > 0 && (seg.Start < before.End() || seg.Generation < before.Generation) {
			fail("%s after %s", seg.File, before.File)
		}
		// A push before may be stored after the begin of the next, by a node that had it still.
		marked := strings.HasSuffix(seg.File, "-b.m4s") || seg.Breaks && seg.Generation != before.Generation
		if i > 0 && seg.Start > before.End() && !marked {
			fail("a gap that is not marked: %s after %s", seg.File, before.File)
		}
		s.read(l, r.ID, seg)
		before = seg
	}
	lost := time.Duration(int64(len(s.pushed))*pieceLength-x.Duration()) * time.Millisecond
	if lost < 0 || lost > s.bound() && !s.full {
		fail("%s of %d pieces are lost in %d crashes", lost, len(s.pushed), s.crashes)
	}
}

// bound is what may be lost: a stored segment of each crash, and what was pushed while the process was down.
func (s *show) bound() time.Duration {
	return time.Duration(s.crashes) * (segment + pieceLength*time.Millisecond)
}

// read compares a segment with the pieces it is made of.
func (s *show) read(l *record.Service, id string, seg record.Segment) {
	o, err := l.Open(context.Background(), id, seg.File)
	if err != nil {
		fail("%v", err)
	}
	raw, err := io.ReadAll(o)
	if err != nil {
		fail("%v", err)
	}
	var want strings.Builder
	for at := seg.Start; at < seg.End(); at += pieceLength {
		generation, ok := s.pushed[at]
		if !ok || generation != seg.Generation {
			fail("%s has %d ms, which were not pushed", seg.File, at)
		}
		fmt.Fprintf(&want, "%03d %010d;", generation, at)
	}
	if string(raw) != want.String() {
		fail("%s is %q, want %q", seg.File, raw, want.String())
	}
	if o, err = l.Open(context.Background(), id, seg.Init); err != nil {
		fail("%v", err)
	}
	if raw, err = io.ReadAll(o); err != nil || string(raw) != "init" {
		fail("init %q, %v", raw, err)
	}
}

// fail ends a show.
func fail(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }

type failure string

// move is a step of a show: something, so many times or for so many seconds.
type move struct {
	What string
	N    int
}

func drawMove(t *rapid.T) move {
	what := rapid.SampledFrom([]string{"push", "push", "push", "pause", "reconnect", "kill", "kill at", "move", "away", "full", "mend", "stop"}).Draw(t, "what")
	return move{what, rapid.IntRange(1, 20).Draw(t, "n")}
}

// play is a whole show; the error says what was not as it must be.
func play(moves []move) (err error) {
	s := &show{room: &recordtest.Room{}, store: record.NewMemory(), blobs: recordtest.NewBlobs(), pushed: map[int64]uint64{}, generation: 1}
	defer func() {
		switch f := recover().(type) {
		case nil:
		case failure:
			err = errors.New(string(f))
		default:
			panic(f)
		}
		for _, p := range s.all {
			p.stop()
		}
	}()
	s.began = time.Now()
	s.session = status.NewULID(s.began)
	s.room.Set(record.Rule{Mode: record.Always}, s.session)
	s.start()
	for _, m := range moves {
		s.do(m)
		fault := s.fault
		s.blobs.Fault(func(op, _ string) error {
			if op == "put" {
				return fault
			}
			return nil
		})
	}
	s.check(s.end())
	return nil
}

func (s *show) do(m move) {
	switch m.What {
	case "push":
		for range m.N {
			s.push(false)
		}
	case "pause":
		time.Sleep(time.Duration(m.N) * 2 * time.Second)
		s.push(true)
	case "reconnect":
		time.Sleep(time.Duration(m.N) * time.Second)
		s.generation++
		s.push(true)
	case "kill":
		s.restart()
	case "kill at":
		s.now.steps.Store(int64(m.N) % 8)
		for i := 0; i < 8 && !s.now.dead.Load(); i++ {
			s.push(false)
		}
		s.restart()
	case "move":
		s.start()
		s.generation++
	case "stop": // in good order
		s.now.stop()
		if s.fault != nil {
			s.full = true // what could not be stored until then goes with the process
		}
		s.start()
		s.generation++
	case "away":
		s.fault = blob.ErrUnavailable
	case "full":
		s.fault, s.full = blob.ErrFull, true
	case "mend":
		s.fault = nil
		s.blobs.Fault(nil)
		time.Sleep(6 * time.Second) // until it is tried again
	}
}

// TestRecorderInChaos records a session while pushes reconnect and pause, processes are killed at every step they do, the store
// is full or away, and the push moves between nodes.
func TestRecorderInChaos(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		moves := rapid.SliceOfN(rapid.Custom(drawMove), 1, 40).Draw(rt, "moves")
		synctest.Test(t, func(*testing.T) {
			if err := play(moves); err != nil {
				rt.Errorf("%v", err)
			}
		})
	})
}

// TestEndOfAWindow: a time shift keeps its window, and goes with its session.
func TestEndOfAWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := recordtest.New(t, record.Config{Segment: segment})
		l.Room.Set(record.Rule{Mode: record.Off, Shift: time.Minute}, "S")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = l.Run(ctx) }()
		synctest.Wait()
		for i := range int64(100) {
			time.Sleep(pieceLength * time.Millisecond)
			l.Take(record.Piece{Stream: "demo", Session: "S", Generation: 1, Start: i * pieceLength, Duration: pieceLength, Init: []byte("init"), Parts: [][]byte{{1}}})
		}
		synctest.Wait()
		r, err := l.Current(t.Context(), "demo")
		if err != nil || r.Kind != record.Shift {
			t.Fatalf("%+v, %v", r, err)
		}
		time.Sleep(2 * time.Second)
		x, err := l.Index(t.Context(), r.ID)
		if err != nil || len(x.Segments) == 0 {
			t.Fatalf("%+v, %v", x, err)
		}
		if n := x.Duration(); n < 60_000 || n > 90_000 || len(x.Gaps()) != 0 {
			t.Errorf("%d ms are kept of a window of a minute: %+v", n, x.Gaps())
		}
		if page, _, err := l.List(t.Context(), record.Query{Kind: record.Full}); err != nil || len(page) != 0 {
			t.Errorf("a room that is off is recorded: %+v, %v", page, err)
		}
		l.Room.Set(record.Rule{Shift: time.Minute}, "")
		l.Over("S")
		for range 30 {
			time.Sleep(2 * time.Second)
			if err := l.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if names := l.Blobs.Names(""); len(names) != 0 {
			t.Errorf("of a time shift whose session is over there are still %d objects", len(names))
		}
		if _, err := l.Recording(t.Context(), r.ID); !errors.Is(err, record.ErrUnknown) {
			t.Errorf("it is still known: %v", err)
		}
		cancel()
		<-done
	})
}
