package boltstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/live"
	"liveroom/status"
)

// statusCrashFile tells a re-executed test binary that it is the child of TestStatusSurvivesKill, and which file to write.
const statusCrashFile = "LIVEROOM_TEST_STATUS_CRASH_FILE"

var crashRooms = []string{"a", "b", "c"}

// crasher is the process that gets killed. Whatever it says, it was told by the store.
type crasher struct {
	s      *Store
	states *Status
	rooms  *Live
	m      *status.Machine
}

// statusCrashChild changes rooms from several goroutines until it is killed.
func statusCrashChild(path string) {
	s, err := Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	states := s.Status(1 << 20)
	c := &crasher{s, states, s.Live(states), status.NewMachine(states, status.Config{})}
	c.m.Watch(func(st status.State) { // after the commit: this is an answer
		fmt.Printf("state %s %d %d %d\n", st.Record.Room, st.Revision, st.Record.Version, st.Generation)
	})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() { c.run(rand.New(rand.NewPCG(uint64(os.Getpid()), uint64(i))), i) })
	}
	wg.Wait()
}

func (c *crasher) run(rng *rand.Rand, worker int) {
	ctx := context.Background()
	for {
		room := crashRooms[rng.IntN(len(crashRooms))]
		var err error
		switch {
		case worker == 0:
			err = c.recreate(ctx, room, rng.IntN(10) == 0)
		case worker == 1:
			err = c.deliver(ctx, room)
		default:
			kind := []status.EventKind{status.PushStarted, status.PushStarted, status.Drop, status.Pause, status.Resume, status.End, status.Reopen}[rng.IntN(7)]
			_, err = c.m.Do(ctx, room, status.Event{Kind: kind, Node: "n"})
		}
		if _, refused := errors.AsType[*status.Refused](err); err != nil && !refused && !errors.Is(err, status.ErrUnknownRoom) {
			fmt.Println("failed", err)
			os.Exit(1)
		}
	}
}

// recreate makes sure that the room exists, and deletes it first if that is wished.
func (c *crasher) recreate(ctx context.Context, room string, del bool) error {
	var le *live.Error
	if del {
		if _, err := c.m.Do(ctx, room, status.Event{Kind: status.Delete}); err != nil && !errors.Is(err, status.ErrUnknownRoom) {
			return err
		}
	}
	if s, err := c.states.Load(ctx, room); err == nil && s.Deleted {
		if err := c.rooms.DeleteRoom(ctx, room, time.Now()); err != nil && !errors.As(err, &le) {
			return err
		}
	}
	fresh := status.NewState(room, time.Now(), status.Settings{Grace: time.Minute, PauseLimit: time.Hour})
	st, err := c.rooms.CreateRoom(ctx, live.Room{ID: room, GroupID: room, Stream: room}, fresh)
	if err == nil {
		c.m.Committed(st)
	} else if errors.As(err, &le) {
		err = nil
	}
	return err
}

// deliver acknowledges the oldest record of the room, as a synchroniser does.
func (c *crasher) deliver(ctx context.Context, room string) error {
	entries, err := c.states.PendingRoom(ctx, room, 1)
	if err != nil || len(entries) == 0 {
		return err
	}
	v := entries[0].Record.Version
	fmt.Printf("ack %s %d\n", room, v)
	if err := c.states.Ack(ctx, room, v); err != nil {
		return err
	}
	fmt.Printf("acked %s %d\n", room, v)
	return nil
}

// told is what the children were told over all their lives.
type told struct {
	revision, version, generation map[string]uint64
	ack, acked                    map[string]bool // "room version": begun, answered
	answers                       int
}

// note takes in one line of a child. A line may be cut off by the kill only if it is the last; it is complete otherwise.
func (a *told) note(t *testing.T, line string) {
	t.Helper()
	var room string
	var r, v, g uint64
	switch word, rest, _ := strings.Cut(line, " "); word {
	case "state":
		if _, err := fmt.Sscan(rest, &room, &r, &v, &g); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		a.revision[room] = max(a.revision[room], r)
		a.version[room] = max(a.version[room], v)
		a.generation[room] = max(a.generation[room], g)
		a.answers++
	case "ack":
		a.ack[rest] = true
	case "acked":
		a.acked[rest] = true
	default:
		t.Fatalf("the child says %q", line)
	}
}

// live runs a child and kills it after it has said a number of lines.
func (a *told) live(t *testing.T, path string, lines int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), statusCrashFile+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(out)
	for n := 0; ; n++ {
		if n == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		line, err := in.ReadString('\n')
		if err != nil {
			break // the end, or half a line: nobody has read that answer
		}
		a.note(t, strings.TrimSpace(line))
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended by itself: %v", err)
	}
}

func TestStatusSurvivesKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	rng := rand.New(rand.NewPCG(2026, 11))
	a := &told{
		revision: map[string]uint64{}, version: map[string]uint64{}, generation: map[string]uint64{},
		ack: map[string]bool{}, acked: map[string]bool{},
	}
	for range 10 {
		a.live(t, path, 1+rng.IntN(150))
		s, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		a.check(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if a.answers < 100 {
		t.Errorf("only %d answers in all: that is no test", a.answers)
	}
}

// check compares what is stored with what was answered.
func (a *told) check(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	states := s.Status(1 << 20)
	next := map[string]uint64{}
	events, err := states.Events(ctx, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		next[e.Record.Room]++
		if e.Seq != uint64(i+1) || e.Record.Version != next[e.Record.Room] {
			t.Fatalf("log entry %d: seq %d, %s version %d, want %d", i, e.Seq, e.Record.Room, e.Record.Version, next[e.Record.Room])
		}
	}
	for _, room := range crashRooms {
		st, err := states.Load(ctx, room)
		if errors.Is(err, status.ErrUnknownRoom) && a.revision[room] == 0 {
			continue
		}
		if err != nil {
			t.Fatalf("load %s: %v", room, err)
		}
		if st.Revision < a.revision[room] || st.Record.Version < a.version[room] || st.Generation < a.generation[room] {
			t.Errorf("%s: stored revision %d, version %d, generation %d; answered %d, %d, %d", room,
				st.Revision, st.Record.Version, st.Generation, a.revision[room], a.version[room], a.generation[room])
		}
		if next[room] != st.Record.Version {
			t.Errorf("%s: the log ends with version %d, the state has %d", room, next[room], st.Record.Version)
		}
		a.checkOutbox(t, states, st)
	}
}

// checkOutbox checks that each version is in the outbox unless its acknowledgement began, and never after it was answered.
func (a *told) checkOutbox(t *testing.T, states *Status, st status.State) {
	t.Helper()
	room := st.Record.Room
	entries, err := states.PendingRoom(t.Context(), room, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	pending := map[uint64]bool{}
	for _, e := range entries {
		pending[e.Record.Version] = true
	}
	for v := uint64(1); v <= st.Record.Version; v++ {
		key := fmt.Sprintf("%s %d", room, v)
		if !pending[v] && !a.ack[key] {
			t.Errorf("%s version %d was lost from the outbox", room, v)
		}
		if pending[v] && a.acked[key] {
			t.Errorf("%s version %d is back in the outbox", room, v)
		}
	}
}
