package chat

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// The marks that mean something here (spec im-rest §3.20); others, from 1000 on, are a backend's own.
const (
	MarkRobot  = 500 // counted as always there: see AddRobots
	MarkHidden = 600 // in no list but that of this mark
)

// Bounds of marks.
const (
	firstMark    = 1000 // of a backend's own
	maxMarks     = 10   // of its own in a group
	maxMarked    = 1000 // members with one
	maxMarkUsers = 500  // in one call
)

// MemberMarks are marks of one member.
type MemberMarks struct {
	User  string
	Marks []uint32
}

// Mark sets marks on members of a group, or takes them off, and answers whose were changed: who is not there is left out, and
// that nobody is there is an error. Marks end when a member leaves with his last device on a node; they are in memory only, and bounded for each node. Owner and
// administrators may, but MarkRobot is for application administrators.
func (s *Service) Mark(ctx context.Context, group string, by Identity, set bool, members []MemberMarks) (done []MemberMarks, err error) {
	robots, err := checkMarks(members)
	if err != nil {
		return nil, err
	}
	found, _ := s.usersElsewhere(ctx, usersOf(members))
	elsewhere := placed(found, group)
	err = s.with(ctx, group, func(r *room) error {
		if err := r.mayModerate(by); err != nil {
			return err
		}
		done = slices.DeleteFunc(slices.Clone(members), func(m MemberMarks) bool { return r.users[m.User] == nil && !elsewhere[m.User] })
		if len(done) == 0 {
			return ErrParameter.with("users", "none of them is in the group")
		}
		next, err := r.marksThen(set, done)
		if err == nil && len(robots) == 0 { // else only when robots are stored
			r.marked = next
		}
		return err
	})
	if err == nil && len(robots) == 0 {
		s.tellMarks(group, set, done)
	}
	if err != nil || len(robots) == 0 {
		return done, err
	}
	there := make(map[string]bool, len(done))
	for _, m := range done {
		there[m.User] = true
	}
	robots = slices.DeleteFunc(robots, func(user string) bool { return !there[user] })
	switch {
	case len(robots) == 0:
	case set:
		err = s.AddRobots(ctx, group, by, robots)
	default:
		err = s.RemoveRobots(ctx, group, by, robots)
	}
	if err != nil {
		return nil, err
	}
	err = s.with(ctx, group, func(r *room) error { return r.mark(set, done) })
	if err == nil {
		s.tellMarks(group, set, done)
	}
	return done, err
}

// mark sets marks on those who are here. The room's lock is held.
func (r *room) mark(set bool, members []MemberMarks) error {
	next, err := r.marksThen(set, members)
	if err == nil {
		r.marked = next
	}
	return err
}

// marksNews are marks that were set by another node, on those who are here.
type marksNews struct {
	Group   string        `json:"group"`
	Set     bool          `json:"set"`
	Members []MemberMarks `json:"members"`
}

// tellMarks has other nodes set marks on those who are there.
func (s *Service) tellMarks(group string, set bool, members []MemberMarks) {
	if s.abroad != nil {
		s.abroad.mail.say("", news{Marks: &marksNews{group, set, members}})
	}
}

// markHere does what another node was asked for.
func (s *Service) markHere(m *marksNews) {
	r := s.inMemory(m.Group)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.mark(m.Set, m.Members) // each node takes as many as it may
}

// usersOf are those whose marks they are.
func usersOf(members []MemberMarks) (users []string) {
	for _, m := range members {
		users = append(users, m.User)
	}
	return users
}

// checkMarks looks at what is to be marked and returns who gets MarkRobot, or loses it.
func checkMarks(members []MemberMarks) (robots []string, err error) {
	if len(members) == 0 {
		return nil, ErrParameter.with("users", "must name at least one user")
	}
	if len(members) > maxMarkUsers {
		return nil, ErrTooManyUsers.with("users", "name at most %d users at once", maxMarkUsers)
	}
	for _, m := range members {
		if !validUser(m.User) {
			return nil, badUser("users")
		}
		if len(m.Marks) == 0 || len(m.Marks) > maxMarks+2 {
			return nil, ErrParameter.with("marks", "must be 1 to %d marks for each user", maxMarks+2)
		}
		for _, mark := range m.Marks {
			switch {
			case mark == MarkRobot:
				robots = append(robots, m.User)
			case mark != MarkHidden && mark < firstMark:
				return nil, ErrParameter.with("marks", "%d is none: they begin at %d, and %d and %d are special", mark, firstMark, MarkRobot, MarkHidden)
			}
		}
	}
	return robots, nil
}

// marked are the members with each mark. Who is without marks is in none.
type marked map[uint32]map[*person]bool

// marksThen are the marks when some are set or removed, or why they can't be. The room's lock is held.
func (r *room) marksThen(set bool, members []MemberMarks) (marked, error) {
	next := make(marked, len(r.marked))
	for mark, who := range r.marked {
		next[mark] = maps.Clone(who)
	}
	for _, m := range members {
		p := r.users[m.User]
		if p == nil {
			continue // gone in this moment
		}
		for _, mark := range m.Marks {
			if mark != MarkRobot {
				next.put(mark, p, set)
			}
		}
	}
	own := 0
	for mark, who := range next {
		if len(who) > maxMarked {
			return nil, ErrTooManyMarks.with("marks", "%d members have mark %d, at most %d may", len(who), mark, maxMarked)
		}
		if mark >= firstMark {
			own++
		}
	}
	if own > maxMarks {
		return nil, ErrTooManyMarks
	}
	return next, nil
}

func (m marked) put(mark uint32, p *person, set bool) {
	switch {
	case !set:
		if delete(m[mark], p); len(m[mark]) == 0 {
			delete(m, mark)
		}
	case m[mark] == nil:
		m[mark] = map[*person]bool{p: true}
	default:
		m[mark][p] = true
	}
}

// forget takes a member's marks off.
func (m marked) forget(p *person) {
	for mark := range m {
		m.put(mark, p, false)
	}
}

// Marked lists the members with a mark, also those with MarkHidden, as Members lists all; but all of them.
func (s *Service) Marked(ctx context.Context, group string, by Identity, mark uint32, after string, limit int) (page []Member, next string, err error) {
	return s.members(ctx, subject{group, mark, true}, by, after, limit)
}

// withMark are the members with a mark, who came last first. The room's lock is held.
func (r *room) withMark(mark uint32) []*person {
	var all []*person
	if mark == MarkRobot {
		all = slices.Collect(maps.Values(r.robots))
	} else {
		all = slices.Collect(maps.Keys(r.marked[mark]))
	}
	slices.SortFunc(all, func(a, b *person) int { return cmp.Compare(b.since, a.since) })
	return all
}
