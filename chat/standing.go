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
	from  int
	other *guise // of a user who is not here
}

// levelNews is the event "level".
type levelNews struct {
	User  string `json:"user"`
	Nick  string `json:"nick"`
	Level int    `json:"level"`
	From  int    `json:"from"`
	Badge string `json:"badge"`
}

// roseNews is a user with another level, and groups in which he is by the node that tells.
type roseNews struct {
	levelNews
	Groups []string `json:"groups"`
}

// TellStanding tells the members of the rooms in which a user is by this node, wherever they are, that he has another level
// than before, within half a second. Every node by which he is somewhere is to call it. A room that has much to tell drops what
// is too much: his next message carries it too.
func (s *Service) TellStanding(user string, now Standing, from int) {
	rose := roseNews{levelNews: levelNews{User: user, Level: now.Level, From: from, Badge: now.Badge}}
	for r := range s.presence.roomsOf(user) {
		r.mu.Lock()
		if r.has(user) {
			rose.Nick = r.users[user].who().Nick // each room says for itself whether it shows it
			rose.Groups = append(rose.Groups, r.id)
			r.rise(user, levelled{Standing: now, from: from})
		}
		r.mu.Unlock()
	}
	if s.abroad != nil && len(rose.Groups) > 0 {
		s.abroad.mail.say("", news{Rose: &rose})
	}
}

// roseElsewhere tells the members of the rooms in which a user is by another node only.
func (s *Service) roseElsewhere(n *roseNews) {
	for _, id := range n.Groups {
		r := s.inMemory(id)
		if r == nil {
			continue
		}
		r.mu.Lock()
		if !r.has(n.User) && len(r.members) > 0 {
			r.rise(n.User, levelled{Standing{n.Level, n.Badge}, n.From, &guise{User: n.User, Nick: n.Nick}})
		}
		r.mu.Unlock()
	}
}

// rise notes a new level. The room's lock is held.
func (r *room) rise(user string, to levelled) {
	if r.gone {
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
		var who Identity
		switch p := r.users[user]; {
		case p != nil:
			who = p.who()
		case to.other != nil:
			who = Identity{User: user, Nick: to.other.Nick}
		default:
			continue
		}
		r.levelVersion = max(r.levelVersion+1, uint64(now.UnixMilli())) // goes on over a restart
		e := event("level", r.levelVersion, levelNews{user, r.guise(who).Nick, to.Level, to.from, to.Badge})
		e.Event.Lossy = true
		items = append(items, e)
	}
	return items
}
