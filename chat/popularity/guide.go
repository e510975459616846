package popularity

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Reason says why a room is recommended.
type Reason string

// The reasons, in the order in which they are given.
const (
	Following Reason = "following" // the user follows its anchor
	Popular   Reason = "popular"   // it is among the twenty most popular that are live
	Rising    Reason = "rising"    // more happens in it than some minutes ago
	Fresh     Reason = "new"       // its session began less than a quarter of an hour ago
	OnAir     Reason = "live"      // it is live; nothing more can be said
)

// Bounds of what a Guide looks at.
const (
	guideFresh   = 3 * time.Second // how long the list of live rooms is good
	guideWait    = 5 * time.Second // how long it may take
	maxLive      = 5_000           // live rooms that are looked at, the first by id
	popularRooms = 20
	newAge       = 15 * time.Minute
	newEvery     = 5 // each fifth place is for a new room, so that these are seen at all
	risingWeight = 1.5
)

// Room is a live room as a Guide has to know it.
type Room struct {
	ID, Group, Anchor string
	BeganAt           time.Time // its session
}

// Recommended is a live room and why it is recommended.
type Recommended struct {
	Room    string // id
	Score   float64
	Reasons []Reason // one at least
}

// GuideConfig says where a Guide looks.
type GuideConfig struct {
	// Live lists the rooms that are live, most at most.
	Live func(ctx context.Context, most int) ([]Room, error)
	// Follows lists whom a user follows. Nil: nobody follows anybody.
	Follows func(ctx context.Context, user string) ([]string, error)
}

// Guide recommends live rooms. What it knows of them is a few seconds old.
type Guide struct {
	cfg    GuideConfig
	scores *Service

	mu     sync.Mutex // guards what follows
	list   *listing   // the newest; nil: none yet
	asking *asking    // who asks for a newer one; nil: nobody
}

// listing is what was found out of all live rooms, the most recommended first. It never changes.
type listing struct {
	all    []candidate
	anchor map[string][]int // places in all, by anchor
	at     time.Time
}

type candidate struct {
	Room
	Recommended
}

// asking is a look at all live rooms that others wait for.
type asking struct {
	done chan struct{}
	list *listing
	err  error
}

// NewGuide returns a guide over what a service ranks.
func NewGuide(cfg GuideConfig, scores *Service) *Guide { return &Guide{cfg: cfg, scores: scores} }

// Recommend lists live rooms, limit at most: first those whose anchors the user follows, then the popular ones, those that rise
// before others, with new ones between them. An empty user follows nobody.
func (g *Guide) Recommend(ctx context.Context, user string, limit int) ([]Recommended, error) {
	list, err := g.listing(ctx)
	if err != nil {
		return nil, err
	}
	var follows []int
	if user != "" && g.cfg.Follows != nil {
		anchors, err := g.cfg.Follows(ctx, user)
		if err != nil {
			return nil, err
		}
		for _, a := range anchors {
			follows = append(follows, list.anchor[a]...)
		}
		slices.Sort(follows)
		follows = slices.Compact(follows)
	}
	some := make([]Recommended, 0, min(limit, len(list.all)))
	for _, i := range follows {
		if len(some) == limit {
			return some, nil
		}
		r := list.all[i].Recommended
		r.Reasons = append([]Reason{Following}, slices.DeleteFunc(slices.Clone(r.Reasons), func(why Reason) bool { return why == OnAir })...)
		some = append(some, r)
	}
	for i := range list.all {
		if len(some) == limit {
			break
		}
		if _, there := slices.BinarySearch(follows, i); !there {
			r := list.all[i].Recommended
			r.Reasons = slices.Clone(r.Reasons)
			some = append(some, r)
		}
	}
	return some, nil
}

// listing is what is known of live rooms. Whoever comes while another asks waits for that one's answer.
func (g *Guide) listing(ctx context.Context) (*listing, error) {
	g.mu.Lock()
	if g.list != nil && time.Since(g.list.at) < guideFresh {
		defer g.mu.Unlock()
		return g.list, nil
	}
	a := g.asking
	mine := a == nil
	if mine {
		a = &asking{done: make(chan struct{})}
		g.asking = a
	}
	g.mu.Unlock()
	if !mine {
		select {
		case <-a.done:
			return a.list, a.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	looking, cancel := context.WithTimeout(context.WithoutCancel(ctx), guideWait) // others wait for it
	defer cancel()
	a.list, a.err = g.look(looking)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asking = nil; a.err == nil {
		g.list = a.list
	}
	close(a.done)
	return a.list, a.err
}

// look finds out about all live rooms.
func (g *Guide) look(ctx context.Context) (*listing, error) {
	rooms, err := g.cfg.Live(ctx, maxLive)
	if err != nil {
		return nil, err
	}
	groups := make([]string, len(rooms))
	for i, r := range rooms {
		groups[i] = r.Group
	}
	scores, err := g.scores.Scores(ctx, groups)
	if err != nil {
		return nil, err
	}
	l := &listing{at: time.Now(), anchor: map[string][]int{}, all: rank(rooms, scores, g.scores.now())}
	for i, c := range l.all {
		if c.Anchor != "" {
			l.anchor[c.Anchor] = append(l.anchor[c.Anchor], i)
		}
	}
	return l, nil
}

// rank puts live rooms in the order in which they are recommended to who follows nobody.
func rank(rooms []Room, scores map[string]Scored, now time.Time) []candidate {
	all := make([]candidate, len(rooms))
	for i, r := range rooms {
		all[i] = candidate{r, Recommended{Room: r.ID, Score: scores[r.Group].Score}}
	}
	byScore := func(weight func(candidate) float64) func(a, b candidate) int {
		return func(a, b candidate) int {
			return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(a.ID, b.ID))
		}
	}
	slices.SortFunc(all, byScore(func(c candidate) float64 { return c.Score }))
	for i := range all {
		c := &all[i]
		if i < popularRooms && c.Score >= Visible {
			c.Reasons = append(c.Reasons, Popular)
		}
		if scores[c.Group].Rising {
			c.Reasons = append(c.Reasons, Rising)
		}
		if now.Sub(c.BeganAt) < newAge {
			c.Reasons = append(c.Reasons, Fresh)
		}
		if len(c.Reasons) == 0 {
			c.Reasons = []Reason{OnAir}
		}
	}
	slices.SortStableFunc(all, byScore(func(c candidate) float64 {
		if slices.Contains(c.Reasons, Rising) {
			return c.Score * risingWeight
		}
		return c.Score
	}))
	return withNew(all)
}

// withNew gives each fifth place to the next room that is new, where there is one that would come later.
func withNew(all []candidate) []candidate {
	out := make([]candidate, 0, len(all))
	taken := make([]bool, len(all))
	next, fresh := 0, 0
	for len(out) < len(all) {
		for next < len(all) && taken[next] {
			next++
		}
		at := next
		if (len(out)+1)%newEvery == 0 {
			for fresh = max(fresh, next); fresh < len(all) && (taken[fresh] || !slices.Contains(all[fresh].Reasons, Fresh)); fresh++ {
			}
			if fresh < len(all) {
				at = fresh
			}
		}
		taken[at] = true
		out = append(out, all[at])
	}
	return out
}
