package chat

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// rank orders people by what they may do to each other in a group: only to those below.
type rank int

// The ranks, lowest first.
const (
	rankGuest rank = iota // without account: anonymous or named
	rankMember
	rankAdmin
	rankOwner
	rankServer // application administrators
)

// rank of somebody in this room. The room's lock is held.
func (r *room) rank(who Identity) rank {
	switch {
	case who.Admin:
		return rankServer
	case who.Anonymous || who.Guest || who.User == "":
		return rankGuest
	case who.User == r.group.Owner:
		return rankOwner
	case r.group.manages(who.User):
		return rankAdmin
	default:
		return rankMember
	}
}

// manages says whether an account is the owner or an administrator of the group.
func (g *Group) manages(user string) bool {
	return user != "" && (user == g.Owner || slices.Contains(g.Admins, user))
}

// who is what can be known of an account by its id alone.
func (c *Config) who(user string) Identity {
	if user == Administrator || c.Who == nil {
		return Identity{User: user, Admin: user == Administrator}
	}
	return c.Who(user)
}

// mayModerate says why by may not look after this room. The room's lock is held.
func (r *room) mayModerate(by Identity) error {
	if r.rank(by) < rankAdmin {
		return ErrPermission.with("", "only the owner and administrators may do this")
	}
	return r.keptOut(by)
}

// keptOut says that somebody is banned. Whatever his role, he looks after nothing: acting needs no joining. The owner is
// above bans. The room's lock is held.
func (r *room) keptOut(by Identity) error {
	if by.Admin || by.User == r.group.Owner {
		return nil
	}
	if until := r.bans.until(by.User, time.Now()); !until.IsZero() {
		return banned(until)
	}
	return nil
}

// mayActOn says why by may not do something to users: nobody may to himself, nor to equals or those above. The room's
// lock is held.
func (r *room) mayActOn(by Identity, users []string) error {
	if err := cmp.Or(r.mayModerate(by), Unhurried(r.s.cfg.Journal, by)); err != nil {
		return err
	}
	for _, user := range users {
		if user == by.User {
			return ErrParameter.with("user", "nobody can do this to himself")
		}
	}
	own := r.rank(by)
	for _, user := range users {
		if r.rank(r.s.cfg.who(user)) >= own {
			return ErrPermission.with("user", "%q is your equal here, or above you", user)
		}
	}
	return nil
}

// SetRole makes a user an administrator of the group, or a member again; the owner and application administrators may.
// The user need not be there. Members are told with the event role.
func (s *Service) SetRole(ctx context.Context, group string, by Identity, user string, role Role) error {
	if !validUser(user) {
		return badUser("user")
	}
	return s.SetRoles(ctx, group, by, []string{user}, role)
}

// SetRoles is SetRole for as many users as may be administrators, all or none.
func (s *Service) SetRoles(ctx context.Context, group string, by Identity, users []string, role Role) error {
	users, err := checkSome(users, maxAdmins)
	switch {
	case err != nil:
		return err
	case role != RoleAdmin && role != RoleMember:
		return ErrParameter.with("role", "must be Admin or Member")
	}
	var r *room
	var now Profile
	var known uint64
	permit := func(found *room) error {
		r, now, known = found, found.group.Profile(), found.profileVersion
		return r.maySetRoles(by, users)
	}
	return s.changeKnown(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		next := now
		var changed []string
		if next.Admins, changed = roled(now.Admins, users, role); len(changed) == 0 {
			return outcome{}, nil
		}
		if len(next.Admins) > maxAdmins {
			return outcome{}, ErrTooManyAdmins
		}
		version, err := s.store.PutProfile(s.noting(WithKnown(ctx, known), note{By: tellerOf(by), Role: role, Users: changed}), group, next)
		did := outcome{acts: acts(by, group, "role", changed, map[string]string{"role": string(role)})}
		for _, user := range changed {
			did.facts = append(did.facts, RoleChanged{Occasion{group, time.Now(), by}, user, role})
		}
		if err != nil {
			return ifDone(did), s.storeError(err, "put role")
		}
		out := r.roleOutcome(by.User, changed, role, next.Admins, version)
		out.acts, out.facts = did.acts, did.facts
		return out, nil
	})
}

// roled are the administrators after users were given a role, and who of them has another role then.
func roled(admins, users []string, role Role) (after, changed []string) {
	after = slices.Clone(admins)
	for _, user := range users {
		switch is := slices.Index(after, user); {
		case (role == RoleAdmin) == (is >= 0):
			continue
		case role == RoleAdmin:
			after = append(after, user)
		default:
			after = slices.Delete(after, is, is+1)
		}
		changed = append(changed, user)
	}
	return after, changed
}

func (r *room) roleOutcome(by string, changed []string, role Role, admins []string, version uint64) outcome {
	out := outcome{update: func(r *room) { r.group.Admins, r.profileVersion = admins, version }}
	for _, user := range changed {
		out.items = append(out.items, r.act("role", struct {
			User string `json:"user"`
			Role Role   `json:"role"`
			By   string `json:"by"`
		}{user, role, by}))
	}
	return out
}

// maySetRoles says why by may not give users a role. The room's lock is held.
func (r *room) maySetRoles(by Identity, users []string) error {
	if r.rank(by) < rankOwner {
		return ErrPermission.with("", "only the owner may give and take roles")
	}
	if err := r.mayActOn(by, users); err != nil {
		return err
	}
	for _, user := range users {
		switch who := r.s.cfg.who(user); {
		case r.rank(who) == rankOwner:
			return ErrPermission.with("user", "%q is the owner", user)
		case who.Guest || who.Anonymous:
			return ErrParameter.with("user", "a guest can't be an administrator")
		}
	}
	return nil
}

// Admins lists the group's administrators, besides its owner; who looks after the group may.
func (s *Service) Admins(ctx context.Context, group string, by Identity) (p Profile, err error) {
	err = s.with(ctx, group, func(r *room) error {
		p = r.group.Profile()
		return r.mayModerate(by)
	})
	return p, err
}

// SetOwner sets a group's name and owner as SetProfile does, and leaves its administrators.
func (s *Service) SetOwner(ctx context.Context, group, name, owner string) error {
	return s.setProfile(ctx, group, func(now Profile) Profile { return Profile{name, owner, now.Admins} })
}

func badUser(field string) error {
	return ErrParameter.with(field, "must be a user id: 1 to %d bytes of printable ASCII without spaces", maxUser)
}
