package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"liveroom/chat/popularity"
	"liveroom/status"
	"liveroom/web"
)

// board is that of the tests' board.
const board = "600000"

// ranked is a ranking whose levels tests set: its floor is 0.
type ranked struct{ *popularity.Memory }

func (r ranked) Floor() float64 { return 0 }

func (r ranked) Top(ctx context.Context, after popularity.Place, floor float64, limit int) (page []popularity.Scored, err error) {
	marks, err := r.Memory.Top(ctx, board, after, limit)
	for _, m := range marks {
		if m.Slow >= floor {
			page = append(page, popularity.Scored{Group: m.Group, Score: math.Exp2(m.Slow), Place: m.Place()})
		}
	}
	return page, err
}

func (r ranked) Scores(ctx context.Context, groups []string) (map[string]popularity.Scored, error) {
	marks, err := r.Marks(ctx, board, groups)
	all := map[string]popularity.Scored{}
	for g, m := range marks {
		all[g] = popularity.Scored{Group: g, Score: math.Exp2(m.Slow), Place: m.Place()}
	}
	return all, err
}

func (r ranked) raise(t *testing.T, group string, level float64) {
	t.Helper()
	if err := r.Raise(t.Context(), board, []popularity.Mark{{Group: group, Slow: level, Fast: level}}); err != nil {
		t.Fatal(err)
	}
}

// guide recommends what a test says.
type guide func(user string, limit int) ([]popularity.Recommended, error)

func (g guide) Recommend(_ context.Context, user string, limit int) ([]popularity.Recommended, error) {
	return g(user, limit)
}

// ranked asks for a page.
func (b *bench) ranked(path string, page *rankedPage) {
	b.t.Helper()
	must(b.t, json.Unmarshal([]byte(b.do(200, "GET", path, "", nil).raw), page))
}

type rankedPage struct {
	Rooms []struct {
		ID         string
		Popularity *int64
		Reasons    []string
		Status     struct{ Name string }
	}
	NextCursor string
}

func (p rankedPage) list() (all []string) {
	for _, r := range p.Rooms {
		all = append(all, fmt.Sprint(r.ID, " ", *r.Popularity))
	}
	return all
}

func TestRoomsByPopularity(t *testing.T) {
	scores := ranked{popularity.NewMemory()}
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Ranking = scores })
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		b.createRoom(id)
	}
	for group, level := range map[string]float64{"b": 3, "e": 5, "d": 1, "gone": 9, "f": -2} {
		scores.raise(t, group, level)
	}
	pages := func(query string, between func(page int)) (all []string) {
		t.Helper()
		for cursor, n := "", 0; n < 20; n++ {
			var page rankedPage
			b.ranked("/api/v1/rooms?sort=popularity&"+query+"&cursor="+cursor, &page)
			all = append(all, page.list()...)
			if page.NextCursor == "" {
				return all
			}
			cursor = page.NextCursor
			if between != nil {
				between(n)
			}
		}
		t.Fatal("the list does not end")
		return nil
	}
	want := []string{"e 32", "b 8", "d 2", "a 0", "c 0", "f 0"}
	for _, limit := range []int{1, 2, 3, 5, 6, 50} {
		if got := pages(fmt.Sprintf("limit=%d", limit), nil); !slices.Equal(got, want) {
			t.Errorf("by %d: %q, want %q", limit, got, want)
		}
	}
	// Whatever rises while pages are turned, no room comes twice.
	got := pages("limit=1", func(page int) {
		scores.raise(t, []string{"e", "b", "a", "f", "b", "c", "d"}[page%7], float64(6+page))
	})
	ids := map[string]int{}
	for _, line := range got {
		ids[line[:1]]++
		if ids[line[:1]] > 1 {
			t.Errorf("twice: %q", got)
		}
	}
	if ids["e"] != 1 || ids["b"] == 0 && ids["d"] == 0 {
		t.Errorf("%q", got)
	}
}

func TestRoomsByPopularityOfOneStatus(t *testing.T) {
	scores := ranked{popularity.NewMemory()}
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Ranking = scores })
	for i := range 12 {
		id := fmt.Sprint("r", i)
		b.createRoom(id)
		scores.raise(t, id, float64(i))
		if i%4 == 0 {
			b.do(200, "POST", "/api/v1/rooms/"+id+"/end", apiToken, nil)
		}
	}
	b.createRoom("none")
	b.do(200, "POST", "/api/v1/rooms/none/end", apiToken, nil)
	var all []string
	for cursor := ""; ; {
		var page rankedPage
		b.ranked("/api/v1/rooms?sort=popularity&status=ended&limit=2&cursor="+cursor, &page)
		for _, r := range page.Rooms {
			all = append(all, r.ID)
			if r.Status.Name != status.Ended.String() {
				t.Errorf("%s is %s", r.ID, r.Status.Name)
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if !slices.Equal(all, []string{"r8", "r4", "r0", "none"}) {
		t.Errorf("%q", all)
	}
}

// counted is a ranking that counts how often it is looked at.
type counted struct {
	ranked
	looks *atomic.Int32
}

func (c counted) Top(ctx context.Context, after popularity.Place, floor float64, limit int) ([]popularity.Scored, error) {
	c.looks.Add(1)
	return c.ranked.Top(ctx, after, floor, limit)
}

// TestAStatusThatFewRoomsHaveTakesFewLooks: anybody may ask for it, one room at a time.
func TestAStatusThatFewRoomsHaveTakesFewLooks(t *testing.T) {
	scores := counted{ranked{popularity.NewMemory()}, new(atomic.Int32)}
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Ranking = scores })
	for i := range 60 {
		id := fmt.Sprint("r", i)
		b.createRoom(id)
		scores.raise(t, id, float64(i))
	}
	b.do(200, "POST", "/api/v1/rooms/r1/end", apiToken, nil)
	var page rankedPage
	b.ranked("/api/v1/rooms?sort=popularity&status=ended&limit=1", &page)
	if n := scores.looks.Load(); !slices.Equal(page.list(), []string{"r1 2"}) || n > 7 {
		t.Errorf("%q after %d looks", page.list(), n)
	}
}

func TestCursorsOfPopularityAreChecked(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Ranking = ranked{popularity.NewMemory()} })
	for _, cursor := range []string{"a", "!!!", "eHh4", "cgAAAAAAAAAA", "ev8AAAAAAAAAAAAAAAAAAAAAAAAA", "cn_4AAAAAAABf_gAAAAAAAE"} {
		if a := b.do(422, "GET", "/api/v1/rooms?sort=popularity&cursor="+cursor, "", nil); a.field() != "cursor" {
			t.Errorf("%s: %s", cursor, a.raw)
		}
	}
	b.do(422, "GET", "/api/v1/rooms?sort=fame", "", nil)
}

func TestRecommendationsHaveReasons(t *testing.T) {
	var asked []string
	g := guide(func(user string, limit int) ([]popularity.Recommended, error) {
		asked = append(asked, fmt.Sprint(user, " ", limit))
		return []popularity.Recommended{
			{Room: "a", Score: 12.4, Reasons: []popularity.Reason{popularity.Following, popularity.Popular}},
			{Room: "gone", Score: 3, Reasons: []popularity.Reason{popularity.OnAir}},
			{Room: "over", Score: 3, Reasons: []popularity.Reason{popularity.OnAir}},
		}, nil
	})
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Ranking, d.Guide = ranked{popularity.NewMemory()}, g })
	b.createRoom("a")
	b.createRoom("over")
	b.push("a")
	var page rankedPage
	b.ranked("/api/v1/recommendations?limit=7", &page)
	if !slices.Equal(page.list(), []string{"a 12"}) || !slices.Equal(page.Rooms[0].Reasons, []string{"following", "popular"}) {
		t.Errorf("%+v", page)
	}
	b.do(401, "GET", "/api/v1/recommendations?user=alice", "", nil)
	if a := b.do(403, "GET", "/api/v1/recommendations?user=alice", b.userSig("bob"), nil); a.code() != "not_you" {
		t.Errorf("of another: %s", a.raw)
	}
	b.do(200, "GET", "/api/v1/recommendations?user=alice", b.userSig("alice"), nil)
	b.signs(withToken).is(200, "GET", "/api/v1/recommendations?user=alice", nil)
	if asked[0] != " 50" || asked[len(asked)-1] != "alice 20" {
		t.Errorf("asked %q", asked)
	}
	h := b.do(200, "GET", "/api/v1/recommendations", "", nil).header
	if h.Get("Cache-Control") != "public, max-age=1" || h.Get("ETag") == "" {
		t.Errorf("%v", h)
	}
	if own := b.do(200, "GET", "/api/v1/recommendations?user=alice", b.userSig("alice"), nil).header; own.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%v", own)
	}
	b.do(304, "GET", "/api/v1/recommendations", "", nil, "If-None-Match", h.Get("ETag"))
	b.do(422, "GET", "/api/v1/recommendations?limit=51", "", nil)
}

func TestWhatIsNotRankedIsNotOffered(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Ranking, d.Guide, d.Summaries = nil, nil, nil })
	b.createRoom("demo")
	for _, path := range []string{"/rooms?sort=popularity", "/recommendations", "/rooms/demo/sessions", "/rooms/demo/sessions/x/summary"} {
		if a := b.do(404, "GET", "/api/v1"+path, apiToken, nil); a.code() != "not_offered" {
			t.Errorf("%s: %s", path, a.raw)
		}
	}
}

// TestRoomsAreFound searches with and without order of popularity and status, page by page.
func TestRoomsAreFound(t *testing.T) {
	scores := ranked{popularity.NewMemory()}
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Ranking = scores })
	for i := range 12 {
		id := fmt.Sprint("r", string(rune('a'+i)))
		b.do(201, "POST", "/api/v1/rooms", apiToken, map[string]any{"id": id, "title": fmt.Sprint("Tee ", i%3), "anchor": fmt.Sprint("anna", i%2)})
		if i < 8 {
			scores.raise(t, id, float64(i))
		}
		if i%4 == 0 {
			b.do(200, "POST", "/api/v1/rooms/"+id+"/end", apiToken, nil)
		}
	}
	for query, want := range map[string][]string{
		"q=TEE+2":                                   {"rc", "rf", "ri", "rl"},
		"q=tee+2&anchor=anna1":                      {"rf", "rl"},
		"q=%EF%BC%B4ee+2&sort=popularity":           {"rf", "rc", "ri", "rl"},
		"anchor=anna0&sort=popularity":              {"rg", "re", "rc", "ra", "ri", "rk"},
		"q=tee&status=ended":                        {"ra", "re", "ri"},
		"q=tee&status=ended&sort=popularity":        {"re", "ra", "ri"},
		"q=2&anchor=anna0&status=4&sort=popularity": {"ri"},
		"anchor=ANNA0":                              nil,
		"q=coffee&sort=popularity":                  nil,
		"q=%27%3B--%00%0D%0A%2A%25_":                nil,
	} {
		for _, limit := range []int{1, 2, 50} {
			var all []string
			for cursor, n := "", 0; n == 0 || cursor != ""; n++ {
				var page rankedPage
				b.ranked(fmt.Sprintf("/api/v1/rooms?%s&limit=%d&cursor=%s", query, limit, cursor), &page)
				for _, r := range page.Rooms {
					all = append(all, r.ID)
				}
				if cursor = page.NextCursor; len(page.Rooms) > limit || n > 20 {
					t.Fatalf("%s by %d does not end", query, limit)
				}
			}
			if !slices.Equal(all, want) {
				t.Errorf("%s by %d: %q, want %q", query, limit, all, want)
			}
		}
	}
	for query, field := range map[string]string{"q=%FF": "q", "anchor=%C3%28": "anchor", "q=" + strings.Repeat("%E8%8C%B6", 41): "q", "q=" + strings.Repeat("a", 121): "query.q"} {
		if a := b.do(422, "GET", "/api/v1/rooms?"+query, "", nil); a.field() != field && "query."+a.field() != field {
			t.Errorf("%s: %s", query, a.raw)
		}
	}
}
