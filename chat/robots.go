package chat

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// Bounds of robots (spec im-rest §3.20).
const (
	robotAge  = 3 * 24 * time.Hour
	maxRobots = 1000 // of a group
)

// Robot is an account that counts as a member of a group although it is not there.
type Robot struct {
	User   string    `json:"user"`
	Nick   string    `json:"nick,omitempty"` // as it was called when it became one, or since
	Avatar string    `json:"avatar,omitempty"`
	Until  time.Time `json:"until"`
	At     time.Time `json:"at"`
}

// RobotChange makes accounts robots of a group, or takes them out.
type RobotChange struct {
	Add    []Robot       // their Until and At are the store's to set
	For    time.Duration // how long they are robots from now on
	Remove []string
	Limit  int // robots in the group
}

// RobotStore keeps the robots of groups. They are class A: who relies on them for three days does not look after every
// restart.
type RobotStore interface {
	// PutRobots makes a change and answers all robots of the group in force.
	PutRobots(ctx context.Context, group string, c RobotChange) ([]Robot, error)
	// RobotGroups names the groups that may have robots.
	RobotGroups(ctx context.Context) ([]string, error)
}

// SaveRobots makes the robots of a group durable. Nil saves nothing.
type SaveRobots func(all []Robot) error

// PutRobots is RobotStore.PutRobots.
func (l *Ledger) PutRobots(now time.Time, c RobotChange, save SaveRobots) ([]Robot, error) {
	next := slices.DeleteFunc(slices.Clone(l.robots), func(one Robot) bool {
		return !now.Before(one.Until) || slices.Contains(c.Remove, one.User) ||
			slices.ContainsFunc(c.Add, func(fresh Robot) bool { return fresh.User == one.User })
	})
	for _, one := range c.Add {
		one.Until, one.At = endsAt(now, c.For), now.UTC()
		next = append(next, one)
	}
	if len(c.Add) > 0 && len(next) > c.Limit {
		return nil, ErrTooManyRobots.with("users", "this group would have %d of at most %d robots", len(next), c.Limit)
	}
	if save != nil {
		if err := save(next); err != nil {
			return nil, err
		}
	}
	l.robots = next
	return slices.Clone(next), nil
}

// PutRobots implements RobotStore.
func (s *Memory) PutRobots(_ context.Context, group string, c RobotChange) (all []Robot, err error) {
	err = s.with(group, func(l *Ledger) (err error) { all, err = l.PutRobots(time.Now(), c, nil); return err })
	return all, err
}

// RobotGroups implements RobotStore.
func (s *Memory) RobotGroups(context.Context) (groups []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, l := range s.groups {
		if len(l.robots) > 0 {
			groups = append(groups, id)
		}
	}
	return groups, nil
}

// AddRobots makes accounts count as members of a group for three days, wherever they are: in the number of members and
// those online, and in the list. They get no messages. Application administrators may. Doing it again begins the three days
// anew.
func (s *Service) AddRobots(ctx context.Context, group string, by Identity, users []string) error {
	users, err := checkSome(users, maxMarkUsers)
	if err != nil {
		return err
	}
	c := RobotChange{For: robotAge, Limit: maxRobots}
	for _, user := range users {
		one := Robot{User: user}
		if s.cfg.Account != nil {
			who, err := s.cfg.Account(ctx, user)
			switch {
			case errors.Is(err, ErrNoAccount):
				return ErrNoAccount.with("users", "there is no account %q", clip(user))
			case err != nil:
				return s.storeError(err, "find account")
			}
			one.Nick, one.Avatar = who.Nick, who.Avatar
		}
		c.Add = append(c.Add, one)
	}
	return s.putRobots(ctx, group, by, "robots_add", users, c)
}

// RemoveRobots ends what AddRobots did, if it did. Who is there by himself stays.
func (s *Service) RemoveRobots(ctx context.Context, group string, by Identity, users []string) error {
	users, err := checkSome(users, maxMarkUsers)
	if err != nil {
		return err
	}
	return s.putRobots(ctx, group, by, "robots_remove", users, RobotChange{Remove: users})
}

// Robots tells which of some users are robots of a group.
func (s *Service) Robots(ctx context.Context, group string, users []string) (are map[string]bool, err error) {
	err = s.with(ctx, group, func(r *room) error {
		now := time.Now()
		are = make(map[string]bool)
		for _, user := range users {
			if p := r.robots[user]; p != nil && now.Before(p.robot.Until) {
				are[user] = true
			}
		}
		return nil
	})
	return are, err
}

func (s *Service) putRobots(ctx context.Context, group string, by Identity, action string, users []string, c RobotChange) error {
	permit := func(*room) error {
		if !by.Admin {
			return ErrPermission.with("", "only application administrators may do this")
		}
		return nil
	}
	return s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		all, err := s.store.PutRobots(ctx, group, c)
		out := outcome{acts: acts(by, group, action, users, nil)}
		if err != nil {
			return ifDone(out), s.storeError(err, "put robots")
		}
		out.update = func(r *room) { r.setRobots(all, time.Now()) }
		return out, nil
	})
}

// setRobots puts a group's robots in their places, and others out of them. The room's lock is held.
func (r *room) setRobots(all []Robot, now time.Time) {
	over := maps.Clone(r.robots)
	for _, one := range all {
		if !now.Before(one.Until) {
			continue
		}
		delete(over, one.User)
		p := r.users[one.User]
		if p == nil {
			p = &person{}
			r.users[one.User] = p
			r.roster.add(p, one.At)
		}
		p.robot = &one
		if r.robots == nil {
			r.robots = make(map[string]*person)
		}
		r.robots[one.User] = p
	}
	for user := range over {
		r.unrobot(user)
	}
}

// unrobot lets a robot be what he is without it: a member, or not there. The room's lock is held.
func (r *room) unrobot(user string) {
	p := r.robots[user]
	delete(r.robots, user)
	if p.robot = nil; len(p.sessions) == 0 {
		r.vanish(user, p)
	}
}

// retire takes out the robots whose time is over. The room's lock is held.
func (r *room) retire(now time.Time) {
	for user, p := range r.robots {
		if !now.Before(p.robot.Until) {
			r.unrobot(user)
		}
	}
}

// manRobots loads the groups that have robots, so that they are counted although nobody is there.
func (s *Service) manRobots(ctx context.Context) {
	groups, err := s.store.RobotGroups(ctx)
	if err != nil {
		s.log.Warn("robots are not counted before somebody comes", "error", err)
		return
	}
	for _, id := range groups {
		if ctx.Err() != nil {
			return
		}
		_, _ = s.room(ctx, id) // one that fails is logged there, and found when somebody comes
	}
}
