package live_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
)

// watch plays a stream by a protocol.
func (f *fixture) watch(protocol, name string) (*stream.Subscriber, error) {
	req := signed(playKey, name)
	req.Protocol = protocol
	return f.Play(f.t.Context(), req)
}

// mustWatch plays a stream and expects to be let in.
func (f *fixture) mustWatch(protocol, name string) *stream.Subscriber {
	f.t.Helper()
	sub, err := f.watch(protocol, name)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(sub.Close)
	return sub
}

func TestViewersBeyondTheLimitAreRefused(t *testing.T) {
	f := newFixture(t, func(c *live.Config) { c.NodeLimits.Viewers, c.RoomLimits.Viewers = 5, 2 })
	f.create(live.Draft{ID: "plain"})
	f.create(live.Draft{ID: "large", MaxViewers: 4})
	f.push("plain")
	f.push("large")

	first := f.mustWatch(stream.FLV, "plain")
	f.mustWatch(stream.RTMP, "plain")
	_, err := f.watch(stream.WSFLV, "plain")
	wantRefusal(t, err, "room_full")
	wantRefusal(t, f.Authorize(t.Context(), signed(playKey, "plain")), "room_full")
	_, err = f.Enter(t.Context(), signed(playKey, "plain"))
	wantRefusal(t, err, "room_full")

	first.Close()
	first.Close()
	if err := f.Authorize(t.Context(), signed(playKey, "plain")); err != nil { // which takes no place
		t.Fatal(err)
	}
	leave, err := f.Enter(t.Context(), signed(playKey, "plain"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		f.mustWatch(stream.FLV, "large")
	}
	_, err = f.watch(stream.FLV, "large")
	wantRefusal(t, err, "node_full")
	if err := f.Occupancy().Full(); err == nil {
		t.Error("the node is not full")
	}
	_, err = f.watch(stream.FLV, "large")
	wantRefusal(t, err, "node_full") // refused before, and holds no place
	leave()
	leave()
	f.mustWatch(stream.FLV, "large")
	_, err = f.watch(stream.FLV, "large")
	wantRefusal(t, err, "room_full")

	refused := map[string]uint64{}
	for _, c := range f.Refused() {
		refused[c.Code] += c.Count
	}
	if refused["room_full"] != 4 || refused["node_full"] != 2 {
		t.Errorf("counted: %v", refused)
	}
}

func TestLoweredLimitSendsNobodyAway(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r"})
	f.push("r")
	subs := []*stream.Subscriber{f.mustWatch(stream.FLV, "r"), f.mustWatch(stream.FLV, "r"), f.mustWatch(stream.FLV, "r")}
	limit := func(n int) {
		t.Helper()
		if l, err := f.Update(t.Context(), "r", live.Patch{MaxViewers: &n}); err != nil || l.Room.MaxViewers != n {
			t.Fatal(l.Room, err)
		}
	}
	limit(2)
	_, err := f.watch(stream.FLV, "r")
	wantRefusal(t, err, "room_full")
	subs[0].Close()
	_, err = f.watch(stream.FLV, "r")
	wantRefusal(t, err, "room_full")
	if n, _ := f.hub.Viewers("r"); n != 2 {
		t.Errorf("%d watch, want the 2 that stayed", n)
	}
	limit(0)
	f.mustWatch(stream.FLV, "r")
}

func TestReturningViewersGetTheirPlace(t *testing.T) {
	f := newFixture(t, func(c *live.Config) { c.RoomLimits.Viewers = 1 })
	f.create(live.Draft{ID: "r"})
	f.push("r")
	f.mustWatch(stream.FLV, "r")
	req := stream.Request{Protocol: stream.HLS, Name: "r"}
	_, err := f.Reenter(t.Context(), req, false)
	wantRefusal(t, err, "room_full")
	leave, err := f.Reenter(t.Context(), req, true)
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Occupancy().Viewers; n != 2 {
		t.Errorf("%d places are taken", n)
	}
	leave()
	_, err = f.Reenter(t.Context(), stream.Request{Protocol: stream.HLS, Name: "gone"}, true)
	wantRefusal(t, err, "unknown_room")
}

// TestBandwidthIsThatOfThePush: one megabit a second comes in, so three viewers fit in three and a half.
func TestBandwidthIsThatOfThePush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.create(live.Draft{ID: "r", MaxBandwidth: 3_500_000})
		p := f.push("r")
		defer p.Close(stream.StopClosed)
		for i := range uint32(60) {
			if err := p.Write(stream.Audio, i*100, stream.NewBuffer(12_500)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		for range 3 {
			f.mustWatch(stream.FLV, "r")
		}
		_, err := f.watch(stream.FLV, "r")
		wantRefusal(t, err, "room_bandwidth")
		var why *stream.Refusal
		if !errors.As(err, &why) || !why.Temporary {
			t.Errorf("%v is for good", err)
		}
	})
}

// A push begins with a keyframe, or all that a relay kept since one, which is many times what it will bring a second.
func TestTheFirstMomentsSayNothingOfTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.create(live.Draft{ID: "r", MaxBandwidth: 4_500_000})
		p := f.push("r")
		defer p.Close(stream.StopClosed)
		if err := p.Write(stream.Audio, 0, stream.NewBuffer(300_000)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		for range 2 {
			f.mustWatch(stream.FLV, "r") // with 2 Mbit/s, as long as nothing better is known
		}
		_, err := f.watch(stream.FLV, "r")
		wantRefusal(t, err, "room_bandwidth")
	})
}
