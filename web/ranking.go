package web

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"math"
	"net/http"

	"golang.org/x/sync/errgroup"

	"liveroom/chat/popularity"
	"liveroom/live"
	"liveroom/status"
)

// Ranking knows how popular rooms are (popularity.Service).
type Ranking interface {
	Top(ctx context.Context, after popularity.Place, floor float64, limit int) ([]popularity.Scored, error)
	Scores(ctx context.Context, groups []string) (map[string]popularity.Scored, error)
	Floor() float64
}

// notRanked is the answer of a server without ranking.
func notRanked() *Problem {
	return newProblem(http.StatusNotFound, "not_offered", "this server does not know how popular rooms are")
}

// badCursor is the answer to one that no page gave.
func badCursor() *Problem {
	return newProblem(http.StatusUnprocessableEntity, "invalid", "must be nextCursor of a page sorted by popularity").at("cursor")
}

// rankCursor is where a list sorted by popularity goes on: among the rooms whose score is shown, or behind them among all others,
// in order of id. Floor is the level from which on scores were shown when the list was begun.
type rankCursor struct {
	floor  float64
	place  popularity.Place
	others bool
	after  string // id of the last of the others
}

const (
	cursorRanked = 'r'
	cursorOthers = 'o'
)

func (c rankCursor) String() string {
	kind, level, name := byte(cursorRanked), c.place.Slow, c.place.Group
	if c.others {
		kind, level, name = cursorOthers, 0, c.after
	}
	raw := binary.BigEndian.AppendUint64([]byte{kind}, math.Float64bits(c.floor))
	raw = append(binary.BigEndian.AppendUint64(raw, math.Float64bits(level)), name...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func parseRankCursor(text string) (c rankCursor, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 17 || raw[0] != cursorRanked && raw[0] != cursorOthers {
		return c, badCursor()
	}
	number := func(b []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b)) }
	c.floor, c.place = number(raw[1:]), popularity.Place{Slow: number(raw[9:]), Group: string(raw[17:])}
	if math.IsNaN(c.floor) || math.IsNaN(c.place.Slow) {
		return c, badCursor()
	}
	if c.others = raw[0] == cursorOthers; c.others {
		c.after, c.place = c.place.Group, popularity.Place{}
	}
	return c, nil
}

// Bounds of what one page of a sorted list looks at: where few rooms have the status or what is searched for, a page may be short,
// or empty, and have a nextCursor all the same.
const (
	rankChunk = 200
	rankScan  = live.SearchScan
)

// rankedRooms is a page of rooms, the most popular first, then those of no popularity in order of id.
func (s *Server) rankedRooms(ctx context.Context, in *listIn, search live.Search) (*listOut, error) {
	if s.ranking == nil {
		return nil, notRanked().at("sort")
	}
	at := rankCursor{floor: s.ranking.Floor(), place: popularity.First()}
	if in.Cursor != "" {
		var err error
		if at, err = parseRankCursor(in.Cursor); err != nil {
			return nil, err
		}
	}
	p := &rankPage{s: s, code: codeOf(in.Status), search: search, limit: in.Limit, at: at}
	out := &listOut{}
	out.Body.Rooms = []RoomBody{}
	more, err := p.fill(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range p.rooms {
		body := s.roomBody(r.Listed)
		body.Popularity = &r.score
		out.Body.Rooms = append(out.Body.Rooms, body)
	}
	if more {
		out.Body.NextCursor = p.at.String()
	}
	return out, nil
}

// rankPage is a page that is being filled.
type rankPage struct {
	s      *Server
	code   status.Code
	search live.Search
	limit  int
	at     rankCursor
	rooms  []rankedRoom
	seen   int
}

type rankedRoom struct {
	live.Listed
	score int64
}

// fill goes on from the cursor until the page is full; more is false at the end of the list.
func (p *rankPage) fill(ctx context.Context) (more bool, err error) {
	for !p.at.others {
		if p.full() {
			return true, nil
		}
		if err := p.ranked(ctx); err != nil {
			return false, err
		}
	}
	for {
		if p.full() {
			return true, nil
		}
		if more, err := p.others(ctx); err != nil || !more {
			return false, err
		}
	}
}

func (p *rankPage) full() bool { return len(p.rooms) >= p.limit || p.seen >= rankScan }

// chunk is how many are looked at together: where few are what is asked for, twice as many each time.
func (p *rankPage) chunk() int {
	if p.code == 0 && p.search.All() {
		return p.limit - len(p.rooms)
	}
	return min(rankChunk, max(2*p.limit, p.seen))
}

// ranked adds rooms whose score is shown.
func (p *rankPage) ranked(ctx context.Context) error {
	want := p.chunk()
	top, err := p.s.ranking.Top(ctx, p.at.place, p.at.floor, want)
	if err != nil {
		return err
	}
	found, err := p.s.roomsOf(ctx, top)
	if err != nil {
		return err
	}
	for i, one := range top {
		if len(p.rooms) == p.limit {
			return nil
		}
		p.at.place = one.Place
		p.seen++
		if l := found[i]; l != nil && (p.code == 0 || l.Record.Code == p.code) && p.search.Match(l.Room) {
			p.rooms = append(p.rooms, rankedRoom{*l, popularity.Rounded(one.Score)})
		}
	}
	if len(top) < want {
		p.at.others = true
	}
	return nil
}

// roomsOf are the live rooms of groups; one that is gone is nil.
func (s *Server) roomsOf(ctx context.Context, groups []popularity.Scored) ([]*live.Listed, error) {
	found := make([]*live.Listed, len(groups))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, one := range groups {
		g.Go(func() error {
			r, err := s.rooms.RoomByGroup(ctx, one.Group)
			if err == nil {
				var l live.Listed
				if l, err = s.rooms.Room(ctx, r.ID); err == nil {
					found[i] = &l
					return nil
				}
			}
			if p := known(err); p == nil || p.Status != http.StatusNotFound {
				return err
			}
			return nil
		})
	}
	return found, g.Wait()
}

// others adds rooms that were not among those before: of a score below the floor, or of none.
func (p *rankPage) others(ctx context.Context) (more bool, err error) {
	page, next, err := p.s.rooms.Rooms(ctx, live.ListQuery{Status: p.code, Limit: p.chunk(), After: p.at.after})
	if err != nil {
		return false, err
	}
	groups := make([]string, len(page))
	for i, l := range page {
		groups[i] = l.Room.GroupID
	}
	scores, err := p.s.ranking.Scores(ctx, groups)
	if err != nil {
		return false, err
	}
	for i, l := range page {
		if len(p.rooms) == p.limit {
			return true, nil
		}
		p.at.after = page[i].Room.ID
		p.seen++
		score, known := scores[l.Room.GroupID]
		if known && score.Place.Slow >= p.at.floor || !p.search.Match(l.Room) {
			continue
		}
		p.rooms = append(p.rooms, rankedRoom{l, popularity.Rounded(score.Score)})
	}
	return next != "", nil
}
