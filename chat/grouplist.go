package chat

import (
	"cmp"
	"context"
	"slices"
)

// maxGroupPage bounds one page of Groups (spec im-rest §3.5).
const maxGroupPage = 10_000

// NumberedGroup is a group's place in the list of all.
type NumberedGroup struct {
	Number uint64 // groups are counted from 1 as they are made; no number is given twice
	ID     string
}

// GroupListStore lists the groups.
type GroupListStore interface {
	// Groups returns up to limit groups with a number above after, in the order they were made, and how many there are.
	Groups(ctx context.Context, after uint64, limit int) (page []NumberedGroup, total int, err error)
}

// Groups lists all groups of the installation in the order they were made: up to limit (0: 10,000, which is the most) after
// the one where a page ended. Next goes on; 0: this was the last page. Groups that come and go meanwhile make others neither
// missing nor twice there. Nothing is loaded for it.
func (s *Service) Groups(ctx context.Context, after uint64, limit int) (page []string, next uint64, total int, err error) {
	if limit < 0 || limit > maxGroupPage {
		return nil, 0, 0, ErrParameter.with("limit", "must be 1 to %d", maxGroupPage)
	}
	def(&limit, maxGroupPage)
	found, total, err := s.store.Groups(ctx, after, limit+1)
	if err != nil {
		return nil, 0, 0, s.storeError(err, "list groups")
	}
	if len(found) > limit {
		found = found[:limit]
		next = found[limit-1].Number
	}
	page = make([]string, len(found))
	for i, g := range found {
		page[i] = g.ID
	}
	return page, next, total, nil
}

// Groups implements GroupListStore.
func (s *Memory) Groups(_ context.Context, after uint64, limit int) (page []NumberedGroup, total int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.numbers {
		if n > after {
			page = append(page, NumberedGroup{n, id})
		}
	}
	slices.SortFunc(page, func(a, b NumberedGroup) int { return cmp.Compare(a.Number, b.Number) })
	return page[:min(limit, len(page))], len(s.numbers), nil
}
