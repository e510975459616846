package chat

import (
	"slices"
	"sync"
	"time"
)

// How members are told of those who come and go.
const (
	peopleEvery = 500 * time.Millisecond // at most that often, of new names too
	tipsGrace   = 5 * time.Second        // who is back within it was never away: a page was loaded anew, a line fell
	tipsMost    = 50                     // people named at once

	// tipsRestart is how long after a start those who resume are taken for people who were there before it.
	tipsRestart = time.Minute

	maxNameless = 1000 // people without a name who are remembered for that
)

// tips are the people a room's members are still to be told of. Large rooms have none. The room's lock guards it.
type tips struct {
	came    []guise
	left    map[string]absence // by account
	version uint64
	waiting bool // an event is on its way

	nameless map[string]bool // those without a name who came within tipsRestart of the start, by Identity.Watch
}

// absence is somebody who left and may be back in a moment.
type absence struct {
	guise
	since time.Time
	other bool // another node tells of it
}

// restless are the rooms whose members are to be told of people. While there is none, nothing happens.
type restless struct {
	stirred chan struct{} // has a token when the first came

	mu    sync.Mutex // taken last
	rooms map[*room]bool
}

func (l *restless) add(r *room) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rooms == nil {
		l.rooms = make(map[*room]bool)
		select {
		case l.stirred <- struct{}{}:
		default:
		}
	}
	l.rooms[r] = true
}

// take returns the rooms, each of which is to be added again if anything is left to tell.
func (l *restless) take() map[*room]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	rooms := l.rooms
	l.rooms = nil
	return rooms
}

// tipping says whether the room is small enough for its members to be told one by one who comes and goes. The room's lock
// is held.
func (r *room) tipping() bool { return r.population() <= r.s.tuned().Tips }

// came notes a user whose first session entered. The room's lock is held.
func (r *room) came(who Identity) {
	if _, back := r.tips.left[who.User]; back {
		delete(r.tips.left, who.User)
		return
	}
	switch {
	case r.s.tuned().Tips <= 0:
	case r.tipping() && len(r.tips.came) < r.s.tuned().Tips:
		r.tips.came = append(r.tips.came, r.guise(who))
		r.s.restless.add(r)
		r.tellTips(tipsNews{Came: r.tips.came[len(r.tips.came)-1:]})
	default:
		r.s.untold.Add(1)
	}
}

// resumed takes back that a user came, right after he did: shortly after a start, who goes on where he was has not come, but
// was there before it, and nobody was told that he went. Unless he was there without a name since, and has one now. The
// room's lock is held.
func (r *room) resumed(m *member) {
	t := &r.tips
	switch n := len(t.came); {
	case time.Since(r.s.begun) >= tipsRestart:
		t.nameless = nil
	case m.who.Anonymous && len(t.nameless) < maxNameless:
		if t.nameless == nil {
			t.nameless = make(map[string]bool)
		}
		t.nameless[m.watch()] = true
	case n > 0 && t.came[n-1].User == m.who.User && !t.nameless[m.watch()]:
		t.came = t.came[:n-1]
		r.tellTips(tipsNews{Back: []string{m.who.User}})
	}
}

// forget tells nobody any more that a user came or went: the members have been told why he is out, or he was never away.
func (t *tips) forget(user string) {
	t.came = slices.DeleteFunc(t.came, func(g guise) bool { return g.User == user })
	delete(t.left, user)
}

// went notes a user whose last session left. The room's lock is held.
func (r *room) went(who Identity, now time.Time) {
	switch {
	case r.s.tuned().Tips <= 0:
	case r.tipping() && len(r.tips.left) < r.s.tuned().Tips:
		if r.tips.left == nil {
			r.tips.left = make(map[string]absence)
		}
		r.tips.left[who.User] = absence{guise: r.guise(who), since: now}
		r.s.restless.add(r)
	default:
		r.s.untold.Add(1)
	}
}

// due says whether there is somebody to be told of.
func (t *tips) due(now time.Time) bool {
	if len(t.came) > 0 {
		return true
	}
	for _, a := range t.left {
		if now.Sub(a.since) >= tipsGrace {
			return true
		}
	}
	return false
}

// takeTips returns whom to tell of now, and tells other nodes who left by this one. The room's lock is held.
func (r *room) takeTips(now time.Time) (came, left []guise) {
	t := &r.tips
	var own []guise
	n := min(len(t.came), tipsMost)
	came = append([]guise{}, t.came[:n]...)
	if t.came = t.came[n:]; len(t.came) == 0 {
		t.came = nil
	}
	left = []guise{}
	for user, a := range t.left {
		if len(left) < tipsMost && now.Sub(a.since) >= tipsGrace {
			delete(t.left, user)
			if r.isElsewhere(user) {
				continue
			}
			left = append(left, a.guise)
			if !a.other {
				own = append(own, a.guise)
			}
		}
	}
	if len(own) > 0 {
		r.tellTips(tipsNews{Left: own})
	}
	return came, left
}

// pushPeople lets the room's loop tell who came, went and has another name, if there is anybody.
func (s *Service) pushPeople(r *room, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return
	}
	if len(r.members) == 0 {
		r.takeTips(now) // there is nobody to tell
		r.renamed, r.levels = nil, nil
	}
	if len(r.renamed)+len(r.levels)+len(r.tips.came)+len(r.tips.left) > 0 {
		s.restless.add(r) // until nothing is left
	}
	if r.tips.waiting || len(r.renamed)+len(r.levels) == 0 && !r.tips.due(now) {
		return
	}
	r.tips.waiting = true
	c := &change{done: make(chan struct{})}
	c.apply = func(r *room) (outcome, error) { return r.peopleEvents(), nil }
	if s.enqueue(r, nil, c) != nil {
		r.tips.waiting = false
	}
}

// peopleEvents makes the events of who came, went and has another name.
func (r *room) peopleEvents() outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.tips.waiting = false
	return outcome{items: slices.Concat(r.tipsEvent(now), r.newNames(now), r.newLevels(now))}
}

// tipsEvent makes the event of who came and went. A room that has grown too large meanwhile tells nothing. The room's lock
// is held.
func (r *room) tipsEvent(now time.Time) []Item {
	came, left := r.takeTips(now)
	switch {
	case len(came)+len(left) == 0:
		return nil
	case !r.tipping():
		r.s.untold.Add(uint64(len(came) + len(left)))
		return nil
	}
	r.s.told.Add(uint64(len(came) + len(left)))
	r.tips.version = max(r.tips.version+1, uint64(now.UnixMilli())) // goes on over a restart
	e := event("tips", r.tips.version, struct {
		Joined  []guise `json:"joined"`
		Left    []guise `json:"left"`
		Members int     `json:"members"`
	}{came, left, r.population()})
	e.Event.Lossy = true
	return []Item{e}
}
