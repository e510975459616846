package live_test

import (
	"testing"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

// TestRecordingsArePlayedWhereTheRoomShowsThem: playback in status 5, time shift while live and not behind the gate, one recording by
// its own address wherever; each with its signature, and within the room's places.
func TestRecordingsArePlayedWhereTheRoomShowsThem(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r", MaxViewers: 1})
	by := func(protocol, key string) error {
		req := signed(key, "r")
		req.Protocol = protocol
		return f.Authorize(t.Context(), req)
	}
	expect := func(what, playback, shift, hls string) {
		t.Helper()
		for protocol, code := range map[string]string{stream.Playback: playback, stream.TimeShift: shift, stream.HLS: hls, stream.Recording: ""} {
			err := by(protocol, playKey)
			if code == "" && err == nil {
				continue
			}
			t.Log(what, protocol)
			wantRefusal(t, err, code)
		}
		wantRefusal(t, by(stream.Playback, pushKey), "bad_signature")
		wantRefusal(t, by(stream.TimeShift, pushKey), "bad_signature")
		must(t, by(stream.Recording, pushKey))
	}
	expect("waiting", "not_playback", "not_live", "not_live")
	p := f.push("r")
	expect("live", "not_playback", "", "")
	if _, err := f.Pause(t.Context(), "r", status.ReasonByAnchor, ""); err != nil {
		t.Fatal(err)
	}
	expect("paused", "not_playback", "paused", "paused")
	if _, err := f.Resume(t.Context(), "r", status.ReasonByAnchor, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Drop(t.Context(), "r", ""); err != nil {
		t.Fatal(err)
	}
	p.Close(stream.StopLost)
	expect("dropped", "not_playback", "not_live", "")
	p = f.push("r")
	expect("pushed again", "not_playback", "", "")
	if _, err := f.End(t.Context(), "r", status.ReasonByAnchor, ""); err != nil {
		t.Fatal(err)
	}
	p.Close(stream.StopClosed)
	if _, err := f.Playback(t.Context(), "r", status.ReasonByAnchor, "http://h/live/r.m3u8?playback=P", time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	expect("playback", "", "not_live", "not_live")
	l, err := f.Shown(t.Context(), "r")
	if err != nil || l.Room.ID != "r" || l.Record.PlaybackURL == nil || *l.Record.PlaybackURL != "http://h/live/r.m3u8?playback=P" {
		t.Errorf("%+v %v", l, err)
	}
	req := signed(playKey, "r")
	req.Protocol = stream.Playback
	leave, err := f.Enter(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, by(stream.Recording, ""), "room_full")
	leave()

	if err := f.Delete(t.Context(), "r", ""); err != nil {
		t.Fatal(err)
	}
	must(t, by(stream.Recording, "")) // what is left of it
	wantRefusal(t, by(stream.Playback, playKey), "unknown_room")
	req.Protocol = stream.Recording
	if leave, err = f.Reenter(t.Context(), req, false); err != nil {
		t.Fatal(err)
	}
	leave()
	if _, err := f.Shown(t.Context(), "r"); err == nil {
		t.Error("a room that is gone shows something")
	}
}
