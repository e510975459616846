// Package livetest is what every live.Store must do, as tests: all stores pass the same suite.
package livetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"liveroom/live"
	"liveroom/status"
)

// Open makes an empty store of rooms, and the store of their statuses, that are closed when the test ends.
type Open func(t *testing.T) (live.Store, status.Store)

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"a room is found by each name", foundByEachName},
		{"unique fields", uniqueFields},
		{"an update moves names", updateMovesNames},
		{"changes at the same time", changers},
		{"a deleted room comes back with its versions", comesBack},
		{"lists", list},
		{"a list by status follows it", listByStatus},
		{"a search", search},
		{"tombstones are swept", sweep},
		{"creators at the same time", creators},
		{"random histories match the memory store", matchesMemory},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

var created = time.Date(2026, 11, 21, 6, 0, 0, 5e6, time.UTC)

// full is a room of which no field is empty.
func full(id string) live.Room {
	return live.Room{
		ID: id, GroupID: "g-" + id, Stream: "s-" + id, Title: "Tee & <Kekse> 茶", Anchor: "anna", Notice: "hush",
		ScheduledAt: created.Add(time.Hour), EndAt: created.Add(2 * time.Hour), Grace: time.Minute, PauseLimit: time.Hour,
		PlayAuth: live.PlayNone, EarlyPush: live.EarlyRefuse, Delay: 30 * time.Second, DelayRoom: true, MaxViewers: 500, MaxBandwidth: 8_000_000, Screenshots: live.Screenshots{Set: true, Every: 10 * time.Second},
		Recording: live.Recording{Mode: "always", Formats: "hls,mp4", FileMax: live.Length{Set: true, Value: time.Hour}, Keep: live.Length{Set: true}},
		CreatedAt: created, UpdatedAt: created.Add(time.Second),
	}
}

func freshState(id string) status.State {
	return status.NewState(id, created, status.Settings{Grace: time.Minute, PauseLimit: time.Hour})
}

// code is an error's stable code and field.
func code(err error) string {
	if e, ok := errors.AsType[*live.Error](err); ok {
		return e.Code + " " + e.Field
	}
	return fmt.Sprint(err)
}

func mustCreate(t *testing.T, l live.Store, r live.Room) status.State {
	t.Helper()
	s, err := l.CreateRoom(t.Context(), r, freshState(r.ID))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func foundByEachName(t *testing.T, open Open) {
	l, st := open(t)
	ctx := t.Context()
	r := full("a")
	state := mustCreate(t, l, r)
	byID, err1 := l.Room(ctx, "a")
	byStream, err2 := l.RoomByStream(ctx, "s-a")
	byGroup, err3 := l.RoomByGroup(ctx, "g-a")
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]live.Room{"id": byID, "stream": byStream, "group": byGroup} {
		if d := cmp.Diff(r, got); d != "" {
			t.Errorf("by %s (-want +got):\n%s", name, d)
		}
	}
	stored, err := st.Load(ctx, "a")
	if d := cmp.Diff(state, stored); d != "" || err != nil {
		t.Errorf("state (%v):\n%s", err, d)
	}
	entries, err := st.PendingRoom(ctx, "a", 5)
	if err != nil || len(entries) != 1 || entries[0].Record.Version != 1 {
		t.Errorf("outbox of a new room: %v, %v", entries, err)
	}
	if head, err := st.EventHead(ctx); err != nil || head != 1 {
		t.Errorf("log of a new room ends at %d, %v", head, err)
	}
	for name, find := range map[string]func() (live.Room, error){
		"id":     func() (live.Room, error) { return l.Room(ctx, "s-a") },
		"stream": func() (live.Room, error) { return l.RoomByStream(ctx, "a") },
		"group":  func() (live.Room, error) { return l.RoomByGroup(ctx, "") },
	} {
		if _, err := find(); code(err) != "not_found " {
			t.Errorf("no such %s: %v", name, err)
		}
	}
}

func uniqueFields(t *testing.T, open Open) {
	l, st := open(t)
	mustCreate(t, l, full("a"))
	mustCreate(t, l, full("b"))
	for _, c := range []struct {
		name string
		room live.Room
		want string
	}{
		{"id", live.Room{ID: "a", GroupID: "x", Stream: "x"}, "exists id"},
		{"group", live.Room{ID: "c", GroupID: "g-a", Stream: "x"}, "exists groupId"},
		{"stream", live.Room{ID: "c", GroupID: "x", Stream: "s-b"}, "exists stream"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := l.CreateRoom(t.Context(), c.room, freshState(c.room.ID)); code(err) != c.want {
				t.Errorf("create: %v", err)
			}
			if c.name == "id" {
				return
			}
			_, err := l.UpdateRoom(t.Context(), "a", func(r *live.Room) error {
				r.GroupID, r.Stream = "g-a", "s-b"
				if c.name == "group" {
					r.GroupID, r.Stream = "g-b", "s-a"
				}
				return nil
			})
			if want := "exists " + map[string]string{"group": "groupId", "stream": "stream"}[c.name]; code(err) != want {
				t.Errorf("update: %v", err)
			}
		})
	}
	if _, err := st.Load(t.Context(), "c"); !errors.Is(err, status.ErrUnknownRoom) {
		t.Errorf("a refused room has a status: %v", err)
	}
	if got, err := l.RoomByStream(t.Context(), "s-b"); err != nil || got.ID != "b" {
		t.Errorf("stream of b: %+v, %v", got, err)
	}
}

func updateMovesNames(t *testing.T, open Open) {
	l, _ := open(t)
	ctx := t.Context()
	mustCreate(t, l, full("a"))
	got, err := l.UpdateRoom(ctx, "a", func(r *live.Room) error {
		r.ID, r.Stream, r.GroupID, r.Title = "other", "new", "newer", "T"
		return nil
	})
	if err != nil || got.ID != "a" || got.Title != "T" {
		t.Fatalf("update: %+v, %v", got, err)
	}
	if r, err := l.RoomByStream(ctx, "new"); err != nil || r != got {
		t.Errorf("by the new stream: %+v, %v", r, err)
	}
	if r, err := l.RoomByGroup(ctx, "newer"); err != nil || r != got {
		t.Errorf("by the new group: %+v, %v", r, err)
	}
	_, err1 := l.RoomByStream(ctx, "s-a")
	_, err2 := l.RoomByGroup(ctx, "g-a")
	if code(err1) != "not_found " || code(err2) != "not_found " {
		t.Errorf("by the old names: %v, %v", err1, err2)
	}
	own := errors.New("own")
	if _, err := l.UpdateRoom(ctx, "a", func(r *live.Room) error { r.Title = "X"; return own }); !errors.Is(err, own) {
		t.Errorf("failed change: %v", err)
	}
	if r, _ := l.Room(ctx, "a"); r != got {
		t.Errorf("a failed change was stored: %+v", r)
	}
	if _, err := l.UpdateRoom(ctx, "none", func(*live.Room) error { return nil }); code(err) != "not_found " {
		t.Errorf("update of no room: %v", err)
	}
}

func comesBack(t *testing.T, open Open) {
	l, st := open(t)
	ctx := t.Context()
	first := mustCreate(t, l, full("a"))
	m := status.NewMachine(st, status.Config{})
	if _, err := m.ClaimPush(ctx, "a", "n"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Do(ctx, "a", status.Event{Kind: status.Delete}); err != nil {
		t.Fatal(err)
	}
	at := created.Add(time.Hour)
	if err := l.DeleteRoom(ctx, "a", at); err != nil {
		t.Fatal(err)
	}
	if err := l.DeleteRoom(ctx, "a", at); code(err) != "not_found " {
		t.Errorf("deleting twice: %v", err)
	}
	tomb, err := st.Load(ctx, "a")
	if err != nil || !tomb.Deleted || !tomb.DeletedAt.Equal(at) || tomb.Record.Version != 3 {
		t.Errorf("tombstone %+v, %v", tomb, err)
	}
	if _, err := l.RoomByStream(ctx, "s-a"); code(err) != "not_found " {
		t.Errorf("the stream of a deleted room: %v", err)
	}
	again := mustCreate(t, l, full("a"))
	if again.Record.Epoch != first.Record.Epoch || again.Record.Version != 4 || again.Generation != 1 || again.Deleted {
		t.Errorf("created again: %+v", again)
	}
	if c, err := m.ClaimPush(ctx, "a", "n"); err != nil || c.Generation != 2 {
		t.Errorf("claim: %+v, %v", c, err)
	}
}

func list(t *testing.T, open Open) {
	l, st := open(t)
	ctx := t.Context()
	if page, next, err := l.Rooms(ctx, live.ListQuery{}); err != nil || len(page) != 0 || next != "" {
		t.Errorf("no rooms: %v, %q, %v", page, next, err)
	}
	m := status.NewMachine(st, status.Config{})
	for i := range 60 {
		id := fmt.Sprintf("r%02d", i)
		mustCreate(t, l, full(id))
		if i%3 == 0 {
			if _, err := m.ClaimPush(ctx, id, "n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name  string
		query live.ListQuery
		pages []int
	}{
		{"default", live.ListQuery{}, []int{50, 10}},
		{"even pages", live.ListQuery{Limit: 30}, []int{30, 30}},
		{"one page", live.ListQuery{Limit: 60}, []int{60}},
		{"live", live.ListQuery{Status: status.Live, Limit: 15}, []int{15, 5}},
		{"live, even", live.ListQuery{Status: status.Live, Limit: 10}, []int{10, 10}},
		{"ended", live.ListQuery{Status: status.Ended}, []int{0}},
		{"after the last", live.ListQuery{After: "r59"}, []int{0}},
		{"after none of them", live.ListQuery{After: "r55x", Limit: 9}, []int{4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sizes []int
			seen := ""
			for q := c.query; ; {
				page, next, err := l.Rooms(ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				sizes = append(sizes, len(page))
				for _, x := range page {
					if x.Room.ID <= seen || x.Record.Room != x.Room.ID || q.Status != 0 && x.Record.Code != q.Status {
						t.Errorf("after %s: %+v", seen, x)
					}
					seen = x.Room.ID
				}
				if next == "" {
					break
				}
				q.After = next
			}
			if !slices.Equal(sizes, c.pages) {
				t.Errorf("pages of %v, want %v", sizes, c.pages)
			}
		})
	}
}

func sweep(t *testing.T, open Open) {
	l, st := open(t)
	ctx := t.Context()
	remove := func(id string, at time.Time) {
		t.Helper()
		mustCreate(t, l, full(id))
		if err := errors.Join(st.Ack(ctx, id, 1), l.DeleteRoom(ctx, id, at)); err != nil {
			t.Fatal(err)
		}
	}
	remove("old", created)
	remove("new", created.Add(2*time.Hour))
	remove("again", created)
	mustCreate(t, l, full("again"))
	mustCreate(t, l, full("undelivered"))
	if err := l.DeleteRoom(ctx, "undelivered", created); err != nil {
		t.Fatal(err)
	}
	mustCreate(t, l, full("alive"))
	for _, want := range []int{1, 0} {
		if n, err := l.SweepTombstones(ctx, created.Add(time.Hour)); err != nil || n != want {
			t.Errorf("swept %d, %v; want %d", n, err, want)
		}
	}
	for id, there := range map[string]bool{"old": false, "new": true, "again": true, "undelivered": true, "alive": true} {
		if _, err := st.Load(ctx, id); (err == nil) != there {
			t.Errorf("state of %s: %v", id, err)
		}
	}
	if err := st.Ack(ctx, "undelivered", 1); err != nil {
		t.Fatal(err)
	}
	if n, err := l.SweepTombstones(ctx, created.Add(time.Hour)); err != nil || n != 1 {
		t.Errorf("swept %d once all was delivered, %v", n, err)
	}
}

func creators(t *testing.T, open Open) {
	l, st := open(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			r := full(fmt.Sprintf("r%d", i%4))
			r.Stream = "the-one"
			_, err := l.CreateRoom(t.Context(), r, freshState(r.ID))
			if err == nil {
				won.Add(1)
			} else if c := code(err); c != "exists id" && c != "exists stream" {
				t.Errorf("create: %v", err)
			}
		})
	}
	wg.Wait()
	if head, err := st.EventHead(t.Context()); won.Load() != 1 || head != 1 || err != nil {
		t.Errorf("%d rooms were created, %d records, %v", won.Load(), head, err)
	}
}

// matchesMemory lets random operations happen here and in live.Memory and compares the answers.
func matchesMemory(t *testing.T, open Open) {
	l, _ := open(t)
	twin := live.NewMemory(status.NewMemory())
	n := 0
	code := func(err error) string { // of several fields taken either may name any
		word, _, _ := strings.Cut(code(err), " ")
		return word
	}
	rapid.Check(t, func(rt *rapid.T) {
		n++ // rooms of this run only
		ids := rapid.Map(rapid.SampledFrom([]string{"a", "b", "c", "a-", "ab"}), func(s string) string { return fmt.Sprintf("%04d%s", n, s) })
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			var got, want []any
			id, other := ids.Draw(rt, "id"), ids.Draw(rt, "other")
			switch rapid.IntRange(0, 4).Draw(rt, "op") {
			case 0, 1:
				r, s := full(id), freshState(id)
				r.Stream, r.GroupID = other, ids.Draw(rt, "group")
				a, err := l.CreateRoom(t.Context(), r, s)
				b, terr := twin.CreateRoom(t.Context(), r, s)
				got, want = []any{a, code(err)}, []any{b, code(terr)}
			case 2:
				change := func(r *live.Room) error { r.Stream = other; return nil }
				a, err := l.UpdateRoom(t.Context(), id, change)
				b, terr := twin.UpdateRoom(t.Context(), id, change)
				got, want = []any{a, code(err)}, []any{b, code(terr)}
			case 3:
				err, terr := l.DeleteRoom(t.Context(), id, created), twin.DeleteRoom(t.Context(), id, created)
				got, want = []any{code(err)}, []any{code(terr)}
			case 4:
				a, err := l.RoomByStream(t.Context(), id)
				b, terr := twin.RoomByStream(t.Context(), id)
				c, err2 := l.RoomByGroup(t.Context(), other)
				d, terr2 := twin.RoomByGroup(t.Context(), other)
				got, want = []any{a, code(err), c, code(err2)}, []any{b, code(terr), d, code(terr2)}
			}
			if d := cmp.Diff(want, got); d != "" {
				rt.Fatalf("(-memory +store):\n%s", d)
			}
		}
		q := live.ListQuery{Limit: rapid.IntRange(1, 4).Draw(rt, "limit"), After: ids.Draw(rt, "after")}
		a, next, err := l.Rooms(t.Context(), q)
		b, tnext, terr := twin.Rooms(t.Context(), q)
		if d := cmp.Diff([]any{b, tnext, code(terr)}, []any{a, next, code(err)}); d != "" {
			rt.Fatalf("list (-memory +store):\n%s", d)
		}
	})
}

// changers lets writers change one room at the same time: none undoes what another did.
func changers(t *testing.T, open Open) {
	const writers, rounds = 4, 5
	l, _ := open(t)
	r := full("a")
	r.MaxViewers = 0
	mustCreate(t, l, r)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range rounds {
				if _, err := l.UpdateRoom(t.Context(), "a", func(r *live.Room) error { r.MaxViewers++; return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got, err := l.Room(t.Context(), "a"); err != nil || got.MaxViewers != writers*rounds {
		t.Errorf("%d changes, want %d (%v)", got.MaxViewers, writers*rounds, err)
	}
}

func listByStatus(t *testing.T, open Open) {
	l, st := open(t)
	mustCreate(t, l, full("a"))
	m := status.NewMachine(st, status.Config{})
	want := func(code status.Code) {
		t.Helper()
		for c := status.Waiting; c <= status.Playback; c++ {
			page, _, err := l.Rooms(t.Context(), live.ListQuery{Status: c})
			if err != nil || len(page) != map[bool]int{true: 1}[c == code] {
				t.Errorf("%v while %v: %v, %v", c, code, page, err)
			}
		}
	}
	want(status.Waiting)
	for _, e := range []struct {
		kind status.EventKind
		code status.Code
	}{{status.PushStarted, status.Live}, {status.Pause, status.Paused}, {status.End, status.Ended}, {status.PlaybackStart, status.Playback}, {status.Delete, status.Ended}} {
		if _, err := m.Do(t.Context(), "a", status.Event{Kind: e.kind, URL: "u"}); err != nil {
			t.Fatal(err)
		}
		want(e.code)
	}
	if err := l.DeleteRoom(t.Context(), "a", created); err != nil {
		t.Fatal(err)
	}
	want(0)
}
