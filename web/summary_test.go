package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"liveroom/chat/summary"
	"liveroom/web"
)

// summed are summaries that a store keeps.
type summed struct{ *summary.Memory }

func (s summed) Summaries(ctx context.Context, group string, before uint64, limit int) ([]summary.Summary, uint64, error) {
	page, err := s.Memory.Summaries(ctx, group, before, limit+1)
	if len(page) > limit {
		return page[:limit], page[limit-1].Began(), err
	}
	return page, 0, err
}

func TestSummariesAreForTheAnchor(t *testing.T) {
	kept := summed{summary.NewMemory()}
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Summaries = kept })
	b.createRoom("demo")
	b.account("alice", "bob")
	began := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)
	for i := range 3 {
		one := summary.Summary{Room: "demo", Group: "demo", Complete: true}
		one.Session, one.StartedAt = fmt.Sprint("s", i), began.Add(time.Duration(i)*time.Hour).Format("2006-01-02T15:04:05.000Z")
		one.Messages, one.Top, one.Curve = int64(i), []summary.Ranked{{Rank: 1, User: "bob", Value: 300, Count: 3}}, []int64{1, 5}
		one.PauseList = []summary.PauseBody{{From: one.StartedAt, Seconds: 4, Reason: "push_lost"}}
		if _, err := kept.Keep(t.Context(), one, 10, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	type body struct {
		Session  string
		Messages int64
		Top      []struct{ User string }
		Curve    []int64
	}
	var all []string
	for cursor := ""; ; {
		var page struct {
			Sessions   []body
			NextCursor string
		}
		must(t, json.Unmarshal([]byte(b.do(200, "GET", "/api/v1/rooms/demo/sessions?limit=2&cursor="+cursor, b.userSig("alice"), nil).raw), &page))
		for _, s := range page.Sessions {
			all = append(all, s.Session)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if !slices.Equal(all, []string{"s2", "s1", "s0"}) {
		t.Errorf("%q", all)
	}
	var one body
	must(t, json.Unmarshal([]byte(b.do(200, "GET", "/api/v1/rooms/demo/sessions/s1/summary", apiToken, nil).raw), &one))
	if one.Session != "s1" || one.Messages != 1 || len(one.Top) != 1 || one.Top[0].User != "bob" || !slices.Equal(one.Curve, []int64{1, 5}) {
		t.Errorf("%+v", one)
	}
	b.do(404, "GET", "/api/v1/rooms/demo/sessions/s9/summary", apiToken, nil)
	b.do(404, "GET", "/api/v1/rooms/none/sessions", apiToken, nil)
	b.do(403, "GET", "/api/v1/rooms/demo/sessions", b.userSig("bob"), nil)
	b.do(401, "GET", "/api/v1/rooms/demo/sessions/s1/summary", "", nil)
	if a := b.do(422, "GET", "/api/v1/rooms/demo/sessions?cursor=99999999999999999999", apiToken, nil); a.field() != "cursor" {
		t.Errorf("%s", a.raw)
	}
}

// paperSummaries are those of which docs/api.md shows one.
func (b *bench) paperSummaries() summed {
	kept := summed{summary.NewMemory()}
	one := summary.Summary{
		Room: "demo", Group: "demo",
		Public: summary.Public{
			Session: "01JD0000000000000000000001", StartedAt: "2026-09-21T13:13:20.123Z", EndedAt: "2026-09-21T14:13:20.123Z", Duration: 3600, Pauses: 1,
			Viewers: 410, Peak: 240, Members: 180, WatchTime: 432000, Messages: 901, Likes: 1200, GiftValue: 30000, GiftCount: 300,
			Top:   []summary.Ranked{{Rank: 1, User: "viewer7", Nick: "Vera", Level: 7, Value: 12000, Count: 120}},
			Curve: []int64{120, 340, 300}, CurveStep: 1200, Popularity: 340,
		},
		Reason: "by_anchor", Paused: 60, PauseList: []summary.PauseBody{{From: "2026-09-21T13:43:20.123Z", Seconds: 60, Reason: "by_anchor"}},
		PeakAt: "2026-09-21T13:53:20.123Z", PeakMembers: 160, PeakViewers: 230, GiftSenders: 41, OnlineCurve: []int64{80, 240, 190}, Complete: true,
	}
	_, err := kept.Keep(b.t.Context(), one, 10, time.Hour)
	must(b.t, err)
	return kept
}
