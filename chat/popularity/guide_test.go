package popularity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// recommended is a list such as "a following+popular", "b live".
func recommended(t *testing.T, g *Guide, user string, limit int) (out []string) {
	t.Helper()
	all, err := g.Recommend(t.Context(), user, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		var why []string
		for _, reason := range r.Reasons {
			why = append(why, string(reason))
		}
		out = append(out, r.Room+" "+strings.Join(why, "+"))
	}
	return out
}

func TestRoomsAreRecommendedWithReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Config{HalfLife: 10 * time.Minute, Weights: Weights{Message: 1}}, NewMemory())
		began := time.Now()
		live := []Room{
			{"a", "ga", "anna", began},
			{"b", "gb", "bob", began},
			{"c", "gc", "carl", began},
			{"d", "gd", "", began},
		}
		var mu sync.Mutex
		g := NewGuide(GuideConfig{
			Live: func(context.Context, int) ([]Room, error) {
				mu.Lock()
				defer mu.Unlock()
				return slices.Clone(live), nil
			},
			Follows: func(_ context.Context, user string) ([]string, error) {
				if user == "viewer" {
					return []string{"nobody", "carl", "anna"}, nil
				}
				return nil, nil
			},
		}, s)
		run(t, func(func()) {
			for range 3600 { // an hour
				s.Message("ga")
				for range 3 {
					s.Message("gb")
				}
				time.Sleep(time.Second)
			}
			mu.Lock()
			live = append(live, Room{"e", "ge", "eve", time.Now()})
			mu.Unlock()
			for range 60 {
				for range 3 {
					s.Message("gb")
				}
				for range 20 {
					s.Message("ga")
				}
				time.Sleep(time.Second)
			}
			time.Sleep(1100 * time.Millisecond)
			want := []string{"a popular+rising", "b popular", "c live", "d live", "e new"}
			if got := recommended(t, g, "", 10); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			want = []string{"a following+popular+rising", "c following", "b popular"}
			if got := recommended(t, g, "viewer", 3); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			if got := recommended(t, g, "viewer", 1); len(got) != 1 {
				t.Errorf("%q, want one", got)
			}
			mu.Lock()
			live = live[1:2] // the others ended
			mu.Unlock()
			time.Sleep(guideFresh)
			if got := recommended(t, g, "viewer", 10); !slices.Equal(got, []string{"b popular"}) {
				t.Errorf("%q, want what is live", got)
			}
		}, s.Run)
	})
}

func TestNewRoomsHaveEachFifthPlace(t *testing.T) {
	now := time.Now()
	var rooms []Room
	scores := map[string]Scored{}
	for i := range 20 {
		id := fmt.Sprintf("r%02d", i)
		rooms = append(rooms, Room{ID: id, Group: id, BeganAt: now.Add(-time.Hour)})
		scores[id] = Scored{Group: id, Score: float64(1000 - i)}
	}
	for _, id := range []string{"new1", "new2", "new3"} {
		rooms = append(rooms, Room{ID: id, Group: id, BeganAt: now})
	}
	var got []string
	for _, c := range rank(rooms, scores, now) {
		got = append(got, c.ID)
	}
	for i, want := range map[int]string{0: "r00", 3: "r03", 4: "new1", 9: "new2", 14: "new3", 19: "r16", 22: "r19"} {
		if got[i] != want {
			t.Errorf("place %d is %s, want %s: %q", i, got[i], want, got)
		}
	}
	slices.Sort(got)
	if len(slices.Compact(got)) != 23 {
		t.Errorf("%q: each room once", got)
	}
}

// TestManyWhoAskAtOnceAreOneLook: the list is public, and what it costs does not grow with those who ask.
func TestManyWhoAskAtOnceAreOneLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Config{}, NewMemory())
		var looks atomic.Int32
		fail := true
		g := NewGuide(GuideConfig{Live: func(context.Context, int) ([]Room, error) {
			looks.Add(1)
			time.Sleep(100 * time.Millisecond)
			if fail {
				return nil, errAway
			}
			return []Room{{ID: "a", Group: "a"}}, nil
		}}, s)
		if _, err := g.Recommend(t.Context(), "", 5); !errors.Is(err, errAway) {
			t.Errorf("%v", err)
		}
		fail = false
		for range 2 {
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if all, err := g.Recommend(t.Context(), "x", 5); err != nil || len(all) != 1 {
						t.Errorf("%v, %v", all, err)
					}
				})
			}
			wg.Wait()
			time.Sleep(time.Second)
		}
		if n := looks.Load(); n != 2 {
			t.Errorf("%d looks, want two", n)
		}
	})
}

// TestWhoAsksFirstMayGoAway: those who wait for what he asked get it.
func TestWhoAsksFirstMayGoAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Config{}, NewMemory())
		g := NewGuide(GuideConfig{Live: func(ctx context.Context, _ int) ([]Room, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Second):
				return []Room{{"a", "ga", "anna", time.Now()}}, nil
			}
		}}, s)
		first, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = g.Recommend(first, "", 10) })
		synctest.Wait()
		wg.Go(func() {
			if all, err := g.Recommend(t.Context(), "", 10); err != nil || len(all) != 1 {
				t.Errorf("who waited got %v, %v", all, err)
			}
		})
		synctest.Wait()
		leave()
		wg.Wait()
	})
}
