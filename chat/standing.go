package chat

import "time"

// Standing is what a user has earned, as it rides on his messages.
type Standing struct {
	Level int
	Badge string
}

// mostLevels is how many people's new levels a room tells at once; the rest come with the next event.
const mostLevels = 100

// levelled is a new level that the members of a room are still to be told.
type levelled struct {
	Standing
	from int
}

// levelNews is the event "level".
type levelNews struct {
	User  string `json:"user"`
	Nick  string `json:"nick"`
	Level int    `json:"level"`
	From  int    `json:"from"`
	Badge string `json:"badge"`
}

// TellStanding tells the members of the rooms in which a user is by this node that he has another level than before, within
// half a second. Other nodes tell theirs. A room that has much to tell drops what is too much: his next message carries it too.
func (s *Service) TellStanding(user string, now Standing, from int) {
	for r := range s.presence.roomsOf(user) {
		r.mu.Lock()
		r.rise(user, levelled{now, from})
		r.mu.Unlock()
	}
}

// rise notes a new level. The room's lock is held.
func (r *room) rise(user string, to levelled) {
	if r.gone || !r.has(user) {
		return
	}
	before, waits := r.levels[user]
	switch {
	case waits:
		to.from = before.from
	case len(r.levels) >= maxPaces:
		return
	case r.levels == nil:
		r.levels = make(map[string]levelled)
	}
	r.levels[user] = to
	r.s.restless.add(r)
}

// newLevels are the events for those who have another level. The room's lock is held.
func (r *room) newLevels(now time.Time) (items []Item) {
	for user, to := range r.levels {
		if len(items) == mostLevels {
			return items
		}
		delete(r.levels, user)
		p := r.users[user]
		if p == nil {
			continue
		}
		r.levelVersion = max(r.levelVersion+1, uint64(now.UnixMilli())) // goes on over a restart
		e := event("level", r.levelVersion, levelNews{user, r.guise(p.who()).Nick, to.Level, to.from, to.Badge})
		e.Event.Lossy = true
		items = append(items, e)
	}
	return items
}
