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
