package chat

import (
	"context"
	"unicode/utf8"
)

// maxAdmins bounds a group's administrators (spec im-rest §5).
const maxAdmins = 5

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
	now, fresh, err := s.store.CreateGroup(ctx, g)
	switch {
	case err != nil:
		return s.storeError(err, "create")
	case fresh || now.Room == g.Room:
		return nil
	case now.Owner == g.Owner:
		return ErrGroupOwned
	default:
		return ErrGroupTaken
	}
}

func (s *Service) checkGroup(g Group) error {
	switch {
	case !validID(g.ID):
		return ErrGroupID
	case len(g.Name) > s.cfg.NameBytes || !utf8.ValidString(g.Name):
		return ErrParameter.with("name", "must be at most %d bytes of UTF-8", s.cfg.NameBytes)
	case len(g.Admins) > maxAdmins:
		return ErrParameter.with("admins", "a group has at most %d administrators", maxAdmins)
	}
	if _, ok := g.Fields[statusKey]; ok {
		return ErrPermission.with("fields", "%s belongs to the server", statusKey)
	}
	return s.checkNotice(g.Notice)
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

// Dismiss ends a group: members get the event dismissed, then their sessions leave. Their connections stay.
func (s *Service) Dismiss(ctx context.Context, id string) error {
	var r *room
	return s.change(ctx, id, func(found *room) error { r = found; return nil },
		func(ctx context.Context) (outcome, error) {
			if err := s.storeError(s.store.DeleteGroup(ctx, id), "dismiss"); err != nil {
				return outcome{}, err
			}
			s.drop(r)
			return outcome{
				items:  []Item{event("dismissed", 1, struct{}{})},
				update: (*room).dismiss,
			}, nil
		})
}

// dismiss empties the room for good. The room's lock is held.
func (r *room) dismiss() {
	r.gone = true
	for _, m := range append([]*member(nil), r.members...) {
		r.remove(m.sess)
	}
}
