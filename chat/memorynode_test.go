package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

// diary is a follower that writes down what it is told.
type diary struct {
	mu     sync.Mutex
	took   []chat.Entry
	missed int
}

func (d *diary) Took(e chat.Entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.took = append(d.took, e)
}

func (d *diary) Missed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.missed++
}

func (d *diary) positions() (all []uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.took {
		all = append(all, e.Pos)
	}
	return all
}

func follow(t *testing.T, n *chat.MemoryNode) *diary {
	t.Helper()
	d := &diary{}
	stop, err := n.Follow(t.Context(), "g", d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return d
}

// What one node does all are told, under the id that it gave the operation; and what changed nothing is no entry.
func TestMemoryNodesTellEachOther(t *testing.T) {
	m := chat.NewMemory()
	a, b := m.Node(), m.Node()
	chattest.Create(t, a, "g")
	here, there := follow(t, a), follow(t, b)
	ctx, op := chat.WithOperation(t.Context())
	if _, err := a.PutNotice(chat.WithNote(ctx, json.RawMessage(`{"x":1}`)), "g", "hush"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second time it is answered again, and does not happen
		if _, err := a.PutNotice(ctx, "g", "hush"); err != nil {
			t.Fatal(err)
		}
	}
	patch := chat.SettingsPatch{}
	for _, do := range []func() error{
		func() error { _, err := b.PutNotice(t.Context(), "g", "hush"); return err },
		func() error { _, err := b.PutSettings(t.Context(), "g", patch); return err },
		func() error { return b.Tell(t.Context(), "g", json.RawMessage(`"hello"`)) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []*diary{here, there} {
		if !slices.Equal(d.positions(), []uint64{1, 2}) || d.took[0].Op != op || d.took[0].Notice.Notice != "hush" || string(d.took[0].Note) != `{"x":1}` {
			t.Errorf("told %+v", d.took)
		}
	}
	if state := chattest.Load(t, b, "g"); state.Pos != 2 {
		t.Errorf("the newest entry is %d, want 2", state.Pos)
	}
}

// A node that is away misses entries and is told so when it is back; it finds them while they are kept.
func TestMemoryNodeComesBack(t *testing.T) {
	m := chat.NewMemory()
	a, b := m.Node(), m.Node()
	epoch := chattest.Create(t, a, "g").Epoch
	d := follow(t, b)
	gone := errors.New("gone")
	b.Fail(gone)
	if _, err := b.LoadGroup(t.Context(), "g"); !errors.Is(err, gone) {
		t.Errorf("away, it answers %v", err)
	}
	for range 3 {
		chattest.Say(t, a, "g", 1)
	}
	b.Fail(nil)
	if len(d.took) != 0 || d.missed != 1 {
		t.Errorf("away, it was told %d entries, and %d times that it missed some", len(d.took), d.missed)
	}
	found, whole, err := b.Entries(t.Context(), "g", epoch, 1, 10)
	if err != nil || !whole || len(found) != 2 || found[0].Pos != 2 || found[0].Messages[0].Seq != 2 {
		t.Errorf("found %+v, whole %t, %v", found, whole, err)
	}
	for name, after := range map[string]uint64{"too old": 0, "of the future": 9} {
		m.KeepEntries(2)
		chattest.Say(t, a, "g", 1)
		if _, whole, err := b.Entries(t.Context(), "g", epoch, after, 10); err != nil || whole {
			t.Errorf("%s: whole %t, %v", name, whole, err)
		}
	}
	if _, whole, err := b.Entries(t.Context(), "g", "other", 2, 10); err != nil || whole {
		t.Errorf("of another epoch: whole %t, %v", whole, err)
	}
	if err := a.DeleteGroup(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Entries(t.Context(), "g", epoch, 2, 10); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("of a group that is gone: %v", err)
	}
}

// Answers and entries get lost, and entries take their time.
func TestMemoryNodeLoses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := chat.NewMemory()
		a, b := m.Node(), m.Node()
		chattest.Create(t, a, "g")
		d := follow(t, b)
		a.LoseReplies(1)
		ctx, _ := chat.WithOperation(context.Background())
		if err := a.Tell(ctx, "g", json.RawMessage(`1`)); err == nil {
			t.Error("the answer came")
		}
		if err := a.Tell(ctx, "g", json.RawMessage(`1`)); err != nil {
			t.Errorf("the second time: %v", err)
		}
		b.LoseEntries(1)
		b.Delay(time.Second)
		chattest.Say(t, a, "g", 1)
		chattest.Say(t, a, "g", 1)
		if got := d.positions(); !slices.Equal(got, []uint64{1}) {
			t.Errorf("told %v at once", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := d.positions(); !slices.Equal(got, []uint64{1, 3}) {
			t.Errorf("told %v", got)
		}
	})
}

func TestVersionedSettingsTravel(t *testing.T) {
	v := chat.VersionedSettings{Settings: chat.Settings{Introduction: "x", SlowMode: 5 * time.Second, Uploads: chat.UploadsNone}, Version: 7}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var got chat.VersionedSettings
	if err := json.Unmarshal(raw, &got); err != nil || got != v {
		t.Errorf("%s became %+v, %v", raw, got, err)
	}
}
