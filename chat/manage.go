package chat

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of who manages a group (spec im-rest §1, §5).
const (
	maxAdmins = 5
	maxUser   = 32 // bytes of a user id
)

// Create makes a group. Creating it again for the same room changes nothing and succeeds; an id that is in use
// otherwise is ErrGroupTaken or, with the same owner, ErrGroupOwned.
func (s *Service) Create(ctx context.Context, g Group) error {
	if err := s.checkGroup(g); err != nil {
		return err
	}
	fields, err := mergeFields(nil, g.Fields)
	if err != nil {
		return err
	}
	g.Fields = fields
	now, fresh, err := s.create(ctx, g)
	switch {
	case err != nil:
		return err
	case fresh:
		s.settled(ctx)
		return nil
	case now.Room == g.Room:
		return nil
	case now.Owner == g.Owner:
		return ErrGroupOwned
	default:
		return ErrGroupTaken
	}
}

// create stores a group if its id is free, and tells of it.
func (s *Service) create(ctx context.Context, g Group) (now Group, fresh bool, err error) {
	done, err := s.births.enter(ctx, g.ID)
	if err != nil {
		return Group{}, false, err
	}
	defer done()
	now, fresh, err = s.store.CreateGroup(ctx, g)
	if err == nil && fresh {
		s.tellMade(ctx, now)
	}
	return now, fresh, s.storeError(err, "create")
}

func (s *Service) checkGroup(g Group) error {
	if !validID(g.ID) {
		return ErrGroupID
	}
	if err := s.checkProfile(g.Profile()); err != nil {
		return err
	}
	for _, key := range []string{StatusKey, TotalsKey} {
		if _, ok := g.Fields[key]; ok {
			return ErrPermission.with("fields", "%s belongs to the server", key)
		}
	}
	return s.checkNotice(g.Notice)
}

func (s *Service) checkProfile(p Profile) error {
	switch {
	case len(p.Name) > s.cfg.NameBytes || !utf8.ValidString(p.Name):
		return ErrParameter.with("name", "must be at most %d bytes of UTF-8", s.cfg.NameBytes)
	case p.Owner != "" && !validUser(p.Owner):
		return ErrParameter.with("owner", "must be a user id: at most %d bytes of printable ASCII without spaces", maxUser)
	case len(p.Admins) > maxAdmins:
		return ErrParameter.with("admins", "a group has at most %d administrators", maxAdmins)
	}
	for _, admin := range p.Admins {
		if !validUser(admin) {
			return ErrParameter.with("admins", "each must be a user id: 1 to %d bytes of printable ASCII without spaces", maxUser)
		}
	}
	return nil
}

// validUser says whether id may be a user id.
func validUser(id string) bool {
	return len(id) <= maxUser && validID(id) && !strings.Contains(id, " ")
}

func (s *Service) checkNotice(notice string) error {
	if len(notice) > s.cfg.NoticeBytes || !utf8.ValidString(notice) {
		return ErrParameter.with("notice", "must be at most %d bytes of UTF-8", s.cfg.NoticeBytes)
	}
	return nil
}

// Group returns a group as it is now.
func (s *Service) Group(ctx context.Context, id string) (g Group, err error) {
	err = s.with(ctx, id, func(r *room) error {
		g = r.group
		g.Fields = r.fields.All
		return nil
	})
	return g, err
}

// SetProfile sets a group's name, owner and administrators; only the server may. Who is in the group gains or loses the
// rights at once, on the same session: what it writes next is judged by the new profile. Members are told name and owner
// if anything changed.
func (s *Service) SetProfile(ctx context.Context, group string, p Profile) error {
	p.Admins = slices.Clone(p.Admins)
	return s.setProfile(ctx, group, func(Profile) Profile { return p })
}

// setProfile sets what next makes of the profile as it is in the change's turn.
func (s *Service) setProfile(ctx context.Context, group string, next func(now Profile) Profile) error {
	var p, was Profile
	var known uint64
	by := acting(ctx, server)
	permit := func(r *room) error {
		was, known = r.group.Profile(), r.profileVersion
		p = next(was)
		return s.checkProfile(p)
	}
	return s.changeKnown(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		version, err := s.store.PutProfile(WithKnown(ctx, known), group, p)
		if err != nil || version == known {
			return outcome{}, s.storeError(err, "put profile")
		}
		out := profileOutcome(p, version)
		out.facts = p.changes(group, by, was)
		return out, nil
	})
}

// knownTries is how often a change is worked out anew because other nodes were faster.
const knownTries = 10

// changeKnown is change for what is worked out from what the room knows: again, if another node has changed that.
func (s *Service) changeKnown(ctx context.Context, group string, permit func(*room) error, apply func(context.Context) (outcome, error)) error {
	for range knownTries {
		if err := s.change(ctx, group, permit, apply); !errors.Is(err, ErrOutdated) {
			return err
		}
		s.lookNow(ctx, group, func(*room) bool { return true })
	}
	return ErrUnavailable
}

func profileOutcome(p Profile, version uint64) outcome {
	return outcome{
		items: []Item{event("profile", version, p)},
		update: func(r *room) {
			r.group.Name, r.group.Owner, r.group.Admins = p.Name, p.Owner, p.Admins
			r.profileVersion = version
		},
	}
}

// changes tells what is another in p than it was.
func (p Profile) changes(group string, by Identity, was Profile) (facts []Fact) {
	o := Occasion{group, time.Now(), by}
	if p.Name != was.Name {
		facts = append(facts, GroupChanged{Occasion: o, Name: &p.Name})
	}
	for _, user := range was.Admins {
		if !slices.Contains(p.Admins, user) {
			facts = append(facts, RoleChanged{o, user, RoleMember})
		}
	}
	for _, user := range p.Admins {
		if !slices.Contains(was.Admins, user) {
			facts = append(facts, RoleChanged{o, user, RoleAdmin})
		}
	}
	return facts
}

// Dismiss ends a group: members get the event dismissed, then their sessions leave. Their connections stay.
func (s *Service) Dismiss(ctx context.Context, id string) error {
	var r *room
	var was Group
	by := acting(ctx, server)
	look := func(found *room) error {
		r, was = found, found.group
		was.Fields = found.fields.All
		return nil
	}
	return s.change(ctx, id, look,
		func(ctx context.Context) (outcome, error) {
			done, err := s.births.enter(ctx, id)
			if err != nil {
				return outcome{}, s.storeError(err, "dismiss")
			}
			if err := s.storeError(s.store.DeleteGroup(ctx, id), "dismiss"); err != nil {
				done()
				return outcome{}, err
			}
			s.drop(r)
			out := r.dismissOutcome()
			out.finally = func() { done(); s.cfg.Dismissed(id) }
			out.facts = []Fact{GroupGone{Occasion{id, time.Now(), by}, was}}
			return out, nil
		})
}

// dismissOutcome is the end of a group.
func (r *room) dismissOutcome() outcome {
	return outcome{
		items:  []Item{event("dismissed", 1, struct{}{})},
		update: (*room).dismiss,
		after:  func() { r.s.drop(r) },
	}
}

// dismiss empties the room for good. The room's lock is held.
func (r *room) dismiss() {
	r.gone = true
	r.s.holds.drop(r.id, func(*Message) bool { return true }, ErrNoGroup)
	for user := range r.away {
		r.unaway(user)
	}
	for _, m := range append([]*member(nil), r.members...) {
		r.remove(m.sess)
	}
}
