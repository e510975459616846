package popularity

import (
	"context"
	"math"
)

// Scored is a group's popularity.
type Scored struct {
	Group  string
	Score  float64
	Rising bool // more happens than a half-life ago
	Place  Place
}

// How much more must happen for a group to be rising, and how much must happen at all.
const (
	risingFactor = 1.5
	risingScore  = 3
)

// scored tells what a mark is worth now.
func (s *Service) scored(m Mark) Scored {
	now := s.now()
	score := s.slow.Score(m.Slow, now)
	// A steady rate r of weights in a half-life makes a score of r/ln 2 on each scale, whatever its half-life: while nothing
	// changes this is the score.
	lately := s.fast.Score(m.Fast, now) * fastShare
	return Scored{Group: m.Group, Score: score, Rising: score >= risingScore && lately >= risingFactor*score, Place: m.Place()}
}

// Floor is the level at which a group is visible now.
func (s *Service) Floor() float64 { return s.slow.Level(Visible, s.now()) }

// Top lists groups behind a place whose level is floor or more, at most limit. Levels only grow: who goes on where a page ended,
// with the floor he began with, meets no group twice; one that rose meanwhile he may miss.
func (s *Service) Top(ctx context.Context, after Place, floor float64, limit int) ([]Scored, error) {
	marks, err := s.store.Top(ctx, s.board, after, limit)
	if err != nil {
		return nil, err
	}
	page := make([]Scored, 0, len(marks))
	for _, m := range marks {
		if m.Slow < floor {
			break
		}
		page = append(page, s.scored(m))
	}
	return page, nil
}

// Scores are those of some groups; who has none is not in the answer.
func (s *Service) Scores(ctx context.Context, groups []string) (map[string]Scored, error) {
	if len(groups) == 0 {
		return nil, nil
	}
	marks, err := s.store.Marks(ctx, s.board, groups)
	if err != nil {
		return nil, err
	}
	all := make(map[string]Scored, len(marks))
	for g, m := range marks {
		all[g] = s.scored(m)
	}
	return all, nil
}

// Forget takes a group off the board.
func (s *Service) Forget(ctx context.Context, group string) error {
	return s.store.Forget(ctx, s.board, []string{group})
}

// Rounded is a score as it is shown.
func Rounded(score float64) int64 {
	return int64(math.Round(min(score, 1<<53)))
}
