package chat

import "time"

// How members are told of those who come and go.
const (
	tipsEvery = 500 * time.Millisecond // at most that often
	tipsGrace = 5 * time.Second        // who is back within it was never away: a page was loaded anew, a line fell
	tipsMost  = 50                     // people named at once
)

// guise is how somebody appears to others.
type guise struct {
	User   string `json:"user"`
	Nick   string `json:"nick"`
	Avatar string `json:"avatar"`
}

func (who Identity) guise() guise { return guise{who.User, who.Nick, who.Avatar} }

// tips are the people a room's members are still to be told of. Large rooms have none. The room's lock guards it.
type tips struct {
	came    []guise
	left    map[string]absence // by account
	version uint64
	waiting bool // an event is on its way
}

// absence is somebody who left and may be back in a moment.
type absence struct {
	guise
	since time.Time
}

// tipping says whether the room is small enough for its members to be told one by one who comes and goes. The room's lock
// is held.
func (r *room) tipping() bool { return r.population() <= r.s.cfg.Tips }

// came notes a user whose first session entered. The room's lock is held.
func (r *room) came(who Identity) {
	if _, back := r.tips.left[who.User]; back {
		delete(r.tips.left, who.User)
		return
	}
	switch {
	case r.s.cfg.Tips <= 0:
	case r.tipping() && len(r.tips.came) < r.s.cfg.Tips:
		r.tips.came = append(r.tips.came, who.guise())
	default:
		r.s.untold.Add(1)
	}
}

// went notes a user whose last session left. The room's lock is held.
func (r *room) went(who Identity, now time.Time) {
	switch {
	case r.s.cfg.Tips <= 0:
	case r.tipping() && len(r.tips.left) < r.s.cfg.Tips:
		if r.tips.left == nil {
			r.tips.left = make(map[string]absence)
		}
		r.tips.left[who.User] = absence{who.guise(), now}
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

// take returns whom to tell of now.
func (t *tips) take(now time.Time) (came, left []guise) {
	n := min(len(t.came), tipsMost)
	came = append([]guise{}, t.came[:n]...)
	if t.came = t.came[n:]; len(t.came) == 0 {
		t.came = nil
	}
	left = []guise{}
	for user, a := range t.left {
		if len(left) < tipsMost && now.Sub(a.since) >= tipsGrace {
			left = append(left, a.guise)
			delete(t.left, user)
		}
	}
	return came, left
}

// pushTips lets the room's loop tell who came and went, if there is anybody.
func (s *Service) pushTips(r *room, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone || r.tips.waiting || !r.tips.due(now) {
		return
	}
	if len(r.members) == 0 {
		r.tips.take(now) // there is nobody to tell
		return
	}
	r.tips.waiting = true
	c := &change{done: make(chan struct{})}
	c.apply = func(r *room) (outcome, error) { return r.tipsEvent(), nil }
	if s.enqueue(r, nil, c) != nil {
		r.tips.waiting = false
	}
}

// tipsEvent makes the event of who came and went. A room that has grown too large meanwhile tells nothing.
func (r *room) tipsEvent() outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.tips.waiting = false
	came, left := r.tips.take(now)
	switch {
	case len(came)+len(left) == 0:
		return outcome{}
	case !r.tipping():
		r.s.untold.Add(uint64(len(came) + len(left)))
		return outcome{}
	}
	r.s.told.Add(uint64(len(came) + len(left)))
	r.tips.version = max(r.tips.version+1, uint64(now.UnixMilli())) // goes on over a restart
	e := event("tips", r.tips.version, struct {
		Joined  []guise `json:"joined"`
		Left    []guise `json:"left"`
		Members int     `json:"members"`
	}{came, left, r.population()})
	e.Event.Lossy = true
	return outcome{items: []Item{e}}
}
