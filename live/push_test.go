package live_test

import (
	"testing"

	"liveroom/live"
	"liveroom/live/stream"
)

// A push that its door ends is among the refused ones, for its anchor to see.
func TestPushEndedByItsDoorIsShown(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "show"})
	p := f.push("show")
	p.Refuse(&stream.Refusal{Code: "multitrack", Detail: "several tracks"})
	p.Close(stream.StopLost)
	list, err := f.Refusals(t.Context(), "show")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Code != "multitrack" || list[0].Detail != "several tracks" || list[0].Remote == "" {
		t.Errorf("refusals %+v", list)
	}
	for _, n := range f.Refused() {
		if n.Action == "push" && n.Code == "multitrack" && n.Count == 1 {
			return
		}
	}
	t.Errorf("counted %+v", f.Refused())
}

func TestRoomsThatArePushedHere(t *testing.T) {
	f := newFixture(t)
	for _, id := range []string{"b", "a", "idle"} {
		f.create(live.Draft{ID: id, Screenshots: live.Screenshots{Set: true, Every: live.MinScreenshots}})
	}
	a, b := f.push("a"), f.push("b")
	defer a.Close(stream.StopClosed)
	got := f.Pushing(t.Context())
	if len(got) != 2 || got[0].ID != "a" || got[1].ID != "b" || got[1].Stream != "b" || got[0].Screenshots.Or(0) != live.MinScreenshots {
		t.Errorf("%+v", got)
	}
	b.Close(stream.StopClosed)
	if got := f.Pushing(t.Context()); len(got) != 1 || got[0].ID != "a" {
		t.Errorf("after one stopped: %+v", got)
	}
}
