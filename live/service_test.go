package live_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/address"
	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

const (
	pushKey = "push_master_key_0001"
	playKey = "play_master_key_0003"
)

// fixture is a live service over memory stores.
type fixture struct {
	*live.Service
	t       *testing.T
	states  *status.Memory
	machine *status.Machine
	hub     *stream.Hub
	groups  *fakeGroups
}

// fakeGroups stands for the chat, which lives in another package.
type fakeGroups struct {
	mu        sync.Mutex
	ensured   map[string]live.Room
	dismissed []string
	fail      error
}

func (g *fakeGroups) Ensure(_ context.Context, r live.Room) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fail != nil {
		return g.fail
	}
	g.ensured[r.GroupID] = r
	return nil
}

func (g *fakeGroups) Dismiss(_ context.Context, group string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fail != nil {
		return g.fail
	}
	g.dismissed = append(g.dismissed, group)
	return nil
}

func (g *fakeGroups) Online(string) int { return 7 }

type flushed struct{}

func (flushed) Flush(context.Context, string) error { return nil }

func newFixture(t *testing.T, change ...func(*live.Config)) *fixture {
	t.Helper()
	cfg := live.Config{
		Node: "n1", AutoRoom: true,
		Addresses: address.Base{PublicURL: "http://h", PublicRTMPURL: "rtmp://h", App: "live"},
		PushKeys:  address.Keys{Primary: pushKey}, PlayKeys: address.Keys{Primary: playKey},
	}
	for _, c := range change {
		c(&cfg)
	}
	f := &fixture{t: t, states: status.NewMemory(), hub: stream.NewHub(stream.Config{}), groups: &fakeGroups{ensured: map[string]live.Room{}}}
	f.machine = status.NewMachine(f.states, status.Config{})
	var err error
	f.Service, err = live.New(cfg, live.NewMemory(f.states), f.machine, f.hub, f.groups, flushed{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) create(d live.Draft) live.Listed {
	f.t.Helper()
	l, err := f.Create(f.t.Context(), d)
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

// signed is a request for a stream with a valid signature of the given key.
func signed(key, name string) stream.Request {
	secret, at := address.Sign(key, name, time.Now().Add(time.Hour))
	q := url.Values{"txSecret": {secret}, "txTime": {at}}
	return stream.Request{Protocol: stream.RTMP, App: "live", Name: name, Query: []string{q.Encode()}, Remote: "192.0.2.1:5"}
}

func (f *fixture) push(name string) *live.Push {
	f.t.Helper()
	p, err := f.Publish(f.t.Context(), signed(pushKey, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

func (f *fixture) record(room string) status.Record {
	f.t.Helper()
	l, err := f.Room(f.t.Context(), room)
	if err != nil {
		f.t.Fatal(err)
	}
	return l.Record
}

func (f *fixture) want(room string, code status.Code, reason status.Reason) status.Record {
	f.t.Helper()
	r := f.record(room)
	if r.Code != code || r.Reason != reason {
		f.t.Fatalf("room %s is %s (%s), want %s (%s)", room, r.Code, r.Reason, code, reason)
	}
	return r
}

func wantRefusal(t *testing.T, err error, code string) {
	t.Helper()
	var why *stream.Refusal
	if !errors.As(err, &why) || why.Code != code {
		t.Fatalf("got %v, want refusal %s", err, code)
	}
	if strings.Contains(why.Detail, "txSecret=") {
		t.Fatalf("the refusal tells a secret: %s", why.Detail)
	}
}

func ended(t *testing.T, p *live.Push, want error) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		t.Fatal("the push goes on")
	}
	if !errors.Is(p.Err(), want) {
		t.Fatalf("the push ended with %v, want %v", p.Err(), want)
	}
}

func TestCreateFillsDefaultsAndRefusesDuplicates(t *testing.T) {
	f := newFixture(t)
	l := f.create(live.Draft{ID: "r1"})
	if l.Room.GroupID != "r1" || l.Room.Stream != "r1" || l.Room.Title != "r1" || l.Room.Grace != time.Minute ||
		l.Room.PauseLimit != 30*time.Minute || l.Room.PlayAuth != live.PlaySigned {
		t.Fatalf("defaults: %+v", l.Room)
	}
	if l.Record.Code != status.Waiting || l.Record.Version != 1 || l.Record.Reason != status.ReasonCreated {
		t.Fatalf("record: %+v", l.Record)
	}
	if _, ok := f.groups.ensured["r1"]; !ok {
		t.Fatal("no group was made")
	}
	for _, tt := range []struct {
		name, field string
		draft       live.Draft
	}{
		{"id", "id", live.Draft{ID: "r1"}},
		{"group", "groupId", live.Draft{ID: "r2", GroupID: "r1"}},
		{"stream", "stream", live.Draft{ID: "r2", Stream: "r1"}},
	} {
		t.Run("duplicate "+tt.name, func(t *testing.T) {
			_, err := f.Create(t.Context(), tt.draft)
			var e *live.Error
			if !errors.As(err, &e) || e.Code != "exists" || e.Field != tt.field {
				t.Fatalf("got %v, want exists in %s", err, tt.field)
			}
		})
	}
	generated := f.create(live.Draft{Title: "x"})
	if len(generated.Room.ID) != 16 {
		t.Fatalf("generated id %q", generated.Room.ID)
	}
}

// TestGroupIDsAreMadeUpOnlyWhereAskedFor: nobody can take one of that shape, and a room with one can be changed.
func TestGroupIDsAreMadeUpOnlyWhereAskedFor(t *testing.T) {
	f := newFixture(t)
	made := f.create(live.Draft{ID: "a", MakeGroupID: true}).Room
	if !regexp.MustCompile(`^@TGS#a[A-Z0-9]+$`).MatchString(made.GroupID) || len(made.GroupID) > 48 {
		t.Fatalf("made up %q", made.GroupID)
	}
	title := "later"
	if l, err := f.Update(t.Context(), "a", live.Patch{Title: &title}); err != nil || l.Room.GroupID != made.GroupID {
		t.Errorf("changed: %v, %q", err, l.Room.GroupID)
	}
	if r := f.create(live.Draft{ID: "b", GroupID: "g", MakeGroupID: true}).Room; r.GroupID != "g" {
		t.Errorf("the id given is not taken: %q", r.GroupID)
	}
	_, err := f.Create(t.Context(), live.Draft{ID: "c", GroupID: "@TGS#aAAAAAAAAAAAAAAAA"})
	var refused *live.Error
	if !errors.As(err, &refused) || refused.Field != "groupId" {
		t.Errorf("somebody chose an id that looks made up: %v", err)
	}
}

func TestCreateNamesTheFieldAtFault(t *testing.T) {
	f := newFixture(t)
	long := strings.Repeat("x", 400)
	for _, tt := range []struct {
		field string
		draft live.Draft
	}{
		{"id", live.Draft{ID: "a/b"}},
		{"groupId", live.Draft{ID: "a", GroupID: "@TGS#a"}},
		{"groupId", live.Draft{ID: "a", GroupID: "é"}},
		{"stream", live.Draft{ID: "a", Stream: "x.flv"}},
		{"stream", live.Draft{ID: "a", Stream: "a b"}},
		{"title", live.Draft{ID: "a", Title: long}},
		{"notice", live.Draft{ID: "a", Notice: long}},
		{"anchor", live.Draft{ID: "a", Anchor: "a b"}},
		{"grace", live.Draft{ID: "a", Grace: time.Millisecond}},
		{"pauseLimit", live.Draft{ID: "a", PauseLimit: 1000 * time.Hour}},
		{"playAuth", live.Draft{ID: "a", PlayAuth: "x"}},
		{"earlyPush", live.Draft{ID: "a", EarlyPush: "x"}},
		{"maxViewers", live.Draft{ID: "a", MaxViewers: -1}},
		{"maxViewers", live.Draft{ID: "a", MaxViewers: live.MostViewers + 1}},
		{"maxBandwidth", live.Draft{ID: "a", MaxBandwidth: -1}},
		{"maxBandwidth", live.Draft{ID: "a", MaxBandwidth: live.MostBandwidth + 1}},
		{"screenshots.every", live.Draft{ID: "a", Screenshots: live.Screenshots{Set: true, Every: time.Second}}},
		{"screenshots.every", live.Draft{ID: "a", Screenshots: live.Screenshots{Set: true, Every: live.MaxScreenshots + 1}}},
		{"screenshots.every", live.Draft{ID: "a", Screenshots: live.Screenshots{Every: time.Minute}}},
		{"recording.mode", live.Draft{ID: "a", Recording: live.Recording{Mode: "sometimes"}}},
		{"recording.formats", live.Draft{ID: "a", Recording: live.Recording{Formats: "hls,avi"}}},
		{"recording.formats", live.Draft{ID: "a", Recording: live.Recording{Formats: "mp4,mp4"}}},
		{"recording.fileMax", live.Draft{ID: "a", Recording: live.Recording{FileMax: live.Length{Set: true, Value: time.Second}}}},
		{"recording.keep", live.Draft{ID: "a", Recording: live.Recording{Keep: live.Length{Set: true, Value: -time.Hour}}}},
		{"recording.timeShift", live.Draft{ID: "a", Recording: live.Recording{TimeShift: live.Length{Set: true, Value: 25 * time.Hour}}}},
		{"endAt", live.Draft{ID: "a", EndAt: time.Now().Add(-time.Hour)}},
		{"endAt", live.Draft{ID: "a", EndAt: time.Now().Add(time.Hour), ScheduledAt: time.Now().Add(2 * time.Hour)}},
	} {
		t.Run(tt.field, func(t *testing.T) {
			_, err := f.Create(t.Context(), tt.draft)
			var e *live.Error
			if !errors.As(err, &e) || e.Code != "invalid" || e.Field != tt.field {
				t.Fatalf("got %v, want invalid %s", err, tt.field)
			}
		})
	}
}

func TestPushMakesTheRoomLiveAndItsEndInterruptsIt(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1"})
	p := f.push("r1")
	first := f.want("r1", status.Live, status.ReasonPushStarted)
	if !first.StreamActive || first.Session == "" {
		t.Fatalf("record: %+v", first)
	}
	p.Close(stream.StopLost)
	lost := f.want("r1", status.Paused, status.ReasonPushLost)
	if lost.GraceUntil == nil || lost.StreamActive {
		t.Fatalf("record: %+v", lost)
	}
	again := f.push("r1")
	defer again.Close(stream.StopClosed)
	if r := f.want("r1", status.Live, status.ReasonPushResumed); r.Session != first.Session {
		t.Fatalf("session changed from %s to %s", first.Session, r.Session)
	}
}

func TestNewerPushTakesOver(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1"})
	old := f.push("r1")
	before := f.record("r1")
	fresh := f.push("r1")
	defer fresh.Close(stream.StopClosed)
	ended(t, old, stream.ErrTakenOver)
	old.Close(stream.StopLost) // its late goodbye must not interrupt the room
	if after := f.record("r1"); after != before {
		t.Fatalf("a takeover changed the record:\n%+v\n%+v", before, after)
	}
}

func TestPushRefusals(t *testing.T) {
	f := newFixture(t, func(c *live.Config) { c.AutoRoom = false })
	f.create(live.Draft{ID: "r1"})
	f.create(live.Draft{ID: "later", ScheduledAt: time.Now().Add(time.Hour), EarlyPush: live.EarlyRefuse})
	f.create(live.Draft{ID: "over"})
	f.create(live.Draft{ID: "banned"})
	ctx := t.Context()
	if _, err := f.End(ctx, "over", status.ReasonByAdmin, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Forbid(ctx, "banned", time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	tampered := signed(pushKey, "r1")
	tampered.Query[0] = strings.Replace(tampered.Query[0], "txSecret=", "txSecret=0", 1)
	otherApp := signed(pushKey, "r1")
	otherApp.App = "other"
	expired := signed(pushKey, "r1")
	secret, at := address.Sign(pushKey, "r1", time.Now().Add(-time.Minute))
	expired.Query = []string{"txSecret=" + secret + "&txTime=" + at}
	for _, tt := range []struct {
		name, room, code string
		req              stream.Request
	}{
		{"tampered", "r1", "bad_signature", tampered},
		{"play key", "r1", "bad_signature", signed(playKey, "r1")},
		{"unsigned", "r1", "missing_signature", stream.Request{App: "live", Name: "r1"}},
		{"expired", "r1", "expired", expired},
		{"app", "r1", "unknown_app", otherApp},
		{"unknown room", "", "unknown_room", signed(pushKey, "nobody")},
		{"bad name", "", "bad_name", signed(pushKey, "a b")},
		{"early", "later", "early_push", signed(pushKey, "later")},
		{"ended", "over", "room_ended", signed(pushKey, "over")},
		{"forbidden", "banned", "forbidden", signed(pushKey, "banned")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := f.Publish(ctx, tt.req)
			if p != nil {
				t.Fatal("the push was admitted")
			}
			wantRefusal(t, err, tt.code)
			if tt.room == "" {
				return
			}
			list, err := f.Refusals(ctx, tt.room)
			if err != nil || len(list) == 0 || list[0].Code != tt.code {
				t.Fatalf("refusals of %s: %+v, %v", tt.room, list, err)
			}
		})
	}
}

func TestAutoRoomMakesTheRoomOfAValidPush(t *testing.T) {
	f := newFixture(t)
	p := f.push("show.1")
	defer p.Close(stream.StopClosed)
	page, _, err := f.Rooms(t.Context(), live.ListQuery{})
	if err != nil || len(page) != 1 {
		t.Fatalf("rooms: %+v, %v", page, err)
	}
	if r := page[0].Room; r.Stream != "show.1" || !strings.HasPrefix(r.ID, "show-1-") {
		t.Fatalf("room: %+v", r)
	}
	_, err = f.Publish(t.Context(), stream.Request{App: "live", Name: "stranger"})
	wantRefusal(t, err, "missing_signature")
	if page, _, _ := f.Rooms(t.Context(), live.ListQuery{}); len(page) != 1 {
		t.Fatal("an unsigned push made a room")
	}
}

func TestDriveActsOnTheStream(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1"})
	ctx := t.Context()
	p := f.push("r1")
	sub, err := f.Play(ctx, signed(playKey, "r1"))
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	gated := func() bool { in, _ := f.hub.Info("r1"); return in.Gated }

	if _, err := f.Pause(ctx, "r1", status.ReasonByAnchor, "tea"); err != nil {
		t.Fatal(err)
	}
	if r := f.want("r1", status.Paused, status.ReasonByAnchor); r.Detail != "tea" || !gated() {
		t.Fatalf("record %+v, gated %v", r, gated())
	}
	if _, err := f.Resume(ctx, "r1", status.ReasonByAnchor, ""); err != nil {
		t.Fatal(err)
	}
	if f.want("r1", status.Live, status.ReasonResumed); gated() {
		t.Fatal("the gate is still closed")
	}
	if _, err := f.Drop(ctx, "r1", ""); err != nil {
		t.Fatal(err)
	}
	ended(t, p, live.ErrDropped)
	f.want("r1", status.Paused, status.ReasonPushDropped)
	p = f.push("r1")
	if _, err := f.End(ctx, "r1", status.ReasonByAdmin, ""); err != nil {
		t.Fatal(err)
	}
	ended(t, p, live.ErrRoomEnded)
	if _, err := sub.Next(ctx, nil); !errors.Is(err, live.ErrRoomEnded) && !errors.Is(err, stream.ErrEnded) {
		t.Fatalf("the viewer got %v", err)
	}
	_, err = f.Publish(ctx, signed(pushKey, "r1"))
	wantRefusal(t, err, "room_ended")
	if _, err := f.Reopen(ctx, "r1", status.ReasonByAdmin, ""); err != nil {
		t.Fatal(err)
	}
	f.push("r1").Close(stream.StopClosed)
}

func TestPushIntoPausedRoomStaysBehindTheGate(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1"})
	p := f.push("r1")
	if _, err := f.Pause(t.Context(), "r1", status.ReasonByAnchor, ""); err != nil {
		t.Fatal(err)
	}
	p.Close(stream.StopLost)
	again := f.push("r1")
	defer again.Close(stream.StopClosed)
	if in, _ := f.hub.Info("r1"); !in.Gated || !in.Publishing || in.Remote != "192.0.2.1:5" {
		t.Fatalf("stream: %+v", in)
	}
	f.want("r1", status.Paused, status.ReasonByAnchor)

	newcomer := signed(playKey, "r1")
	newcomer.Protocol = stream.HLS
	wantRefusal(t, f.Authorize(t.Context(), newcomer), "paused") // it would be shown what was cut before the pause
	newcomer.Protocol = stream.FLV
	sub, err := f.Play(t.Context(), newcomer)
	if err != nil {
		t.Fatal(err) // it waits behind the gate
	}
	sub.Close()
}

func TestPlaybackURLIsChecked(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1"})
	for _, raw := range []string{"", "x.mp4", "ftp://h/x.mp4", "https://h/x.exe", "https://u:p@h/x.mp4", "javascript:alert(1)//.mp4"} {
		_, err := f.Playback(t.Context(), "r1", status.ReasonByAdmin, raw, time.Time{}, "")
		var e *live.Error
		if !errors.As(err, &e) || e.Field != "url" {
			t.Errorf("%q: got %v, want invalid url", raw, err)
		}
	}
	r, err := f.Playback(t.Context(), "r1", status.ReasonByAdmin, "https://h/x.m3u8?sig=1", time.Time{}, "")
	if err != nil || r.Code != status.Playback || *r.PlaybackURL != "https://h/x.m3u8?sig=1" {
		t.Fatalf("got %+v, %v", r, err)
	}
}

func TestPlayIsCheckedByPolicyAndStatus(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "closed"})
	f.create(live.Draft{ID: "open", PlayAuth: live.PlayNone})
	bare := func(name string) stream.Request { return stream.Request{Protocol: stream.FLV, App: "live", Name: name} }
	ctx := t.Context()
	wantRefusal(t, f.Authorize(ctx, bare("closed")), "missing_signature")
	wantRefusal(t, f.Authorize(ctx, signed(pushKey, "closed")), "bad_signature")
	wantRefusal(t, f.Authorize(ctx, signed(playKey, "closed")), "not_live")
	wantRefusal(t, f.Authorize(ctx, bare("open")), "not_live")
	wantRefusal(t, f.Authorize(ctx, bare("nobody")), "missing_signature")
	wantRefusal(t, f.Authorize(ctx, signed(playKey, "nobody")), "unknown_room")
	for _, name := range []string{"closed", "open"} {
		defer f.push(name).Close(stream.StopClosed)
	}
	if err := errors.Join(f.Authorize(ctx, bare("open")), f.Authorize(ctx, signed(playKey, "closed"))); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, f.Authorize(ctx, bare("closed")), "missing_signature")
}

func TestDeleteEndsDismissesAndRemembersVersions(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1"})
	p := f.push("r1")
	before := f.record("r1")
	ctx := t.Context()

	f.groups.fail = errors.New("chat away")
	if err := f.Delete(ctx, "r1", ""); err == nil {
		t.Fatal("deleted without its group")
	}
	ended(t, p, live.ErrRoomEnded)
	f.groups.fail = nil
	if err := f.Sweep(ctx); err != nil { // finishes what was interrupted
		t.Fatal(err)
	}
	if _, err := f.Room(ctx, "r1"); err == nil {
		t.Fatal("the room is still there")
	}
	if len(f.groups.dismissed) != 1 {
		t.Fatalf("dismissed: %v", f.groups.dismissed)
	}
	again := f.create(live.Draft{ID: "r1"})
	if again.Record.Epoch != before.Epoch || again.Record.Version <= before.Version+1 {
		t.Fatalf("versions start anew: %+v after %+v", again.Record, before)
	}
}

func TestUpdateReachesMachineAndGroup(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1"})
	title, grace := "New", 5*time.Second
	l, err := f.Update(t.Context(), "r1", live.Patch{Title: &title, Grace: &grace})
	if err != nil || l.Room.Title != "New" || f.groups.ensured["r1"].Title != "New" {
		t.Fatalf("got %+v, %v", l, err)
	}
	p := f.push("r1")
	p.Close(stream.StopLost)
	r := f.record("r1")
	if left := time.Until(*r.GraceUntil); left > 5*time.Second || left < 4*time.Second {
		t.Fatalf("grace runs for %s", left)
	}
	bad := "x"
	if _, err := f.Update(t.Context(), "nobody", live.Patch{Title: &bad}); err == nil {
		t.Fatal("updated a room that is not there")
	}
}

func TestAddressesAreSignedForTheirPurpose(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1", Stream: "s1"})
	a, err := f.PushAddresses(t.Context(), "r1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	push := address.New(address.Keys{Primary: pushKey}, 0)
	play := address.New(address.Keys{Primary: playKey}, 0)
	for _, tt := range []struct {
		raw string
		by  *address.Verifier
	}{{a.Push.RTMP, push}, {a.Push.OBS.Server + a.Push.OBS.StreamKey, push}, {a.Play.RTMP, play}, {a.Play.FLV, play}, {a.Play.HLS, play}, {a.Play.WSFLV, play}} {
		_, query, _ := strings.Cut(tt.raw, "?")
		if err := tt.by.Check("s1", []string{query}, time.Now()); err != nil {
			t.Errorf("%v", err)
		}
	}
	if p, err := f.PlayAddresses(t.Context(), "r1", 0); err != nil || p.Push.RTMP != "" {
		t.Fatalf("play addresses tell a push address: %v", err)
	}
	if _, err := f.PushAddresses(t.Context(), "r1", time.Second); err == nil {
		t.Fatal("accepted a lifetime of 1 s")
	}
}

func TestRetiredServiceLeavesPushesToTheNextStart(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1"})
	p := f.push("r1")
	f.Retire()
	_, err := f.Publish(t.Context(), signed(pushKey, "r1"))
	wantRefusal(t, err, "stopping")
	p.Close(stream.StopLost)
	if r := f.want("r1", status.Live, status.ReasonPushStarted); !r.StreamActive {
		t.Fatalf("record: %+v", r)
	}
	if err := status.Recover(t.Context(), f.machine, f.states); err != nil {
		t.Fatal(err)
	}
	f.want("r1", status.Paused, status.ReasonPushLost)
}

func TestStopsAreReportedWhenTheStoreIsBack(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1"})
	p := f.push("r1")
	f.states.Fail(status.ErrUnavailable)
	p.Close(stream.StopLost)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	told := make(chan status.State, 8)
	defer f.machine.Watch(func(s status.State) { told <- s })()
	f.states.Fail(nil)
	select {
	case s := <-told:
		if s.Record.Code != status.Paused {
			t.Fatalf("told %+v", s.Record)
		}
	case <-time.After(time.Minute):
		t.Fatal("the stop was forgotten")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestStartBringsGroupsInStep(t *testing.T) {
	f := newFixture(t)
	for i := range 201 { // more than a page
		f.create(live.Draft{ID: fmt.Sprintf("r%03d", i)})
	}
	f.groups.mu.Lock()
	clear(f.groups.ensured)
	f.groups.mu.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	deadline := time.Now().Add(time.Minute)
	for {
		f.groups.mu.Lock()
		n := len(f.groups.ensured)
		f.groups.mu.Unlock()
		if n == 201 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of 201 groups were brought in step", n)
		}
		runtime.Gosched()
	}
	cancel()
	<-done
}
