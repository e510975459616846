package chat

import (
	"context"
	"time"
	"unicode/utf8"
)

// Bounds of one act of moderation.
const (
	maxActUsers    = 100  // users
	maxMuteUsers   = 500  // of a mute (spec im-rest §3.9)
	maxReasonBytes = 1000 // spec im-rest §3.19
	maxNetworks    = 16   // networks of one user that a ban holds for
)

// Kick takes users out of the group; they may come back. Owner and administrators may, to those below them. Members are
// told with the event kick, unless nobody of them is there; in a cluster always.
func (s *Service) Kick(ctx context.Context, group string, by Identity, users []string, reason string) error {
	users, err := checkUsers(users)
	if err == nil {
		err = checkReason(reason)
	}
	if err != nil {
		return err
	}
	var r *room
	permit := func(found *room) error { r = found; return r.mayActOn(by, users) }
	acted := func(users []string) []Act { return acts(by, group, "kick", users, map[string]string{"reason": reason}) }
	return s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		there := r.present(users)
		if s.feed != nil { // the others know who is there
			there = users
			if err := s.tellNodes(ctx, group, told{Kick: &kick{users, tellerOf(by), reason}}); err != nil {
				return ifDone(outcome{acts: acted(there)}), err
			}
		}
		out := r.kickOutcome(by, users, there, reason)
		out.acts = acted(there)
		return out, nil
	})
}

// kickOutcome takes users out, of whom some are there.
func (r *room) kickOutcome(by Identity, users, there []string, reason string) outcome {
	forget := func(r *room) { // those whose line fell may not go on where they were
		r.unsay(users)
		for _, user := range users {
			r.part(user, by, DepartKicked)
		}
	}
	if len(there) == 0 {
		return outcome{update: forget}
	}
	data := struct {
		Users  []string `json:"users"`
		By     string   `json:"by"`
		Reason string   `json:"reason"`
	}{there, by.User, reason}
	var gone farewell
	return outcome{
		items: []Item{r.act("kick", data)},
		update: func(r *room) {
			gone, _ = r.expelAll(there, nil, by, Departure{Reason: DepartKicked, By: by.User, Detail: reason})
			forget(r)
		},
		after: func() { r.s.tell(gone) },
	}
}

// present are those of users who are in the room.
func (r *room) present(users []string) (there []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, user := range users {
		if r.has(user) {
			there = append(there, user)
		}
	}
	return there
}

// nicks are those of users who are in the room or, where they may be on other nodes, spoke lately.
func (r *room) nicks(users []string) map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := make(map[string]string)
	for _, user := range users {
		if p := r.users[user]; p != nil {
			found[user] = r.guise(p.who()).Nick
		} else if m := r.log.lastOf(user); m != nil && r.feed != nil {
			found[user] = m.Nick
		}
	}
	return found
}

// act makes the event of an act of moderation, which is numbered when it is told.
func (r *room) act(kind string, data any) Item { return event(kind, 0, data) }

// number gives the event of an act its version, which grows over a restart too and is the same on all nodes. The room's
// lock is held, by the loop.
func (r *room) number(e *Event, at time.Time) {
	if e.Version > 0 {
		return
	}
	if at.IsZero() {
		at = time.Now()
	}
	r.acts = max(r.acts+1, uint64(at.UnixMilli()))
	e.Version = r.acts
}

// checkUsers looks at the users of an act, and drops repetitions.
func checkUsers(users []string) ([]string, error) { return checkSome(users, maxActUsers) }

// checkSome is checkUsers for up to most users.
func checkSome(users []string, most int) ([]string, error) {
	switch {
	case len(users) == 0:
		return nil, ErrParameter.with("users", "must name at least one user")
	case len(users) > most:
		return nil, ErrTooManyUsers.with("users", "name at most %d users at once", most)
	}
	once, seen := make([]string, 0, len(users)), make(map[string]bool, len(users))
	for _, user := range users {
		if !validUser(user) {
			return nil, badUser("users")
		}
		if !seen[user] {
			seen[user] = true
			once = append(once, user)
		}
	}
	return once, nil
}

// checkAct looks at what acts have in common and rounds d up to whole seconds.
func checkAct(d *time.Duration, reason string, users ...string) error {
	for _, user := range users {
		if !validUser(user) {
			return badUser("user")
		}
	}
	if *d < 0 || *d > Forever {
		return ErrParameter.with("seconds", "must be 0 to %d, which is forever", int64(Forever/time.Second))
	}
	*d = (*d + time.Second - 1).Truncate(time.Second)
	return checkReason(reason)
}

func checkReason(reason string) error {
	if len(reason) > maxReasonBytes || !utf8.ValidString(reason) {
		return ErrParameter.with("reason", "must be at most %d bytes of UTF-8", maxReasonBytes)
	}
	return nil
}
