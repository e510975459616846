package chat

import (
	"context"
	"maps"
	"slices"
	"time"
)

// WriteAttributes changes attributes and answers all of them then. All of a change happens or nothing; it is an event for
// the members. Deleting without keys deletes all but the server's. A change that was made knowing an older version than
// the last change of the members' attributes is refused: its maker must look first.
func (s *Service) WriteAttributes(ctx context.Context, group string, by Identity, c AttributeChange) (now Values, err error) {
	switch {
	case c.Op == SetAttribute && len(c.Set) == 0:
		return Values{}, ErrParameter.with("attributes", "must name at least one attribute")
	case c.Op == DeleteAttribute && len(c.Keys) == 0:
		c.Op = ClearAttribute
	}
	if err := ownedByServer(c.Set, c.Keys, by); err != nil {
		return Values{}, err
	}
	c.Set, c.Keys, c.Writes = maps.Clone(c.Set), slices.Clone(c.Keys), s.cfg.AttributeWrites
	permit := func(r *room) error {
		if err := r.mayWriteValues(by, "attributes"); err != nil {
			return err
		}
		_, err := c.apply(r.attributes) // a first look; the store decides
		return err
	}
	var before map[string]string
	look := func(r *room) error {
		before = r.attributes.All
		return permit(r)
	}
	var done Values // not to be read unless the change was waited for
	err = s.change(ctx, group, look, func(ctx context.Context) (outcome, error) {
		all, err := s.store.PutAttributes(ctx, group, c)
		if err != nil {
			return outcome{}, s.storeError(err, "put attributes")
		}
		done = all
		return outcome{
			items:  []Item{attributesEvent(all)},
			update: func(r *room) { r.attributes = all },
			facts:  []Fact{AttributesWritten{Occasion{group, time.Now(), by}, c.Op, c.Set, missing(before, all.All)}},
		}, nil
	})
	if err != nil {
		return Values{}, err
	}
	return done, nil
}

// Attributes returns the attributes with the given keys, or all. The map may be shared: it must not be changed.
func (s *Service) Attributes(ctx context.Context, group string, keys []string) (found Values, err error) {
	err = s.with(ctx, group, func(r *room) error {
		found = r.attributes
		return nil
	})
	found.All = only(found.All, keys)
	return found, err
}

// missing are the keys that were there before and are not after, in order.
func missing(before, after map[string]string) (keys []string) {
	for key := range before {
		if _, there := after[key]; !there {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// only returns those of all that the keys name, or all if there are no keys.
func only[V any](all map[string]V, keys []string) map[string]V {
	if len(keys) == 0 {
		return all
	}
	some := make(map[string]V, len(keys))
	for _, key := range keys {
		if value, ok := all[key]; ok {
			some[key] = value
		}
	}
	return some
}

// ownedByServer refuses what touches the server's key: administrators may set it, nobody may delete it.
func ownedByServer(set map[string]string, keys []string, by Identity) error {
	if _, ok := set[StatusKey]; ok && !by.Admin {
		return ErrPermission.with(StatusKey, "belongs to the server")
	}
	for _, key := range keys {
		if key == StatusKey {
			return ErrPermission.with(StatusKey, "belongs to the server and can't be deleted")
		}
	}
	return nil
}

// SetFields upserts custom fields; an empty value deletes. Owner and administrators may.
func (s *Service) SetFields(ctx context.Context, group string, by Identity, fields map[string]string) error {
	if len(fields) == 0 {
		return ErrParameter.with("fields", "must name at least one field")
	}
	if err := fieldsOfServer(fields, by); err != nil {
		return err
	}
	return s.putFields(ctx, group, fields, func(r *room) error { return r.mayManage(by) })
}

// Fields returns the custom fields, which nobody needs to join for. The map is shared: it must not be changed.
func (s *Service) Fields(ctx context.Context, group string) (all map[string]string, err error) {
	err = s.with(ctx, group, func(r *room) error {
		all = r.fields.All
		return nil
	})
	return all, err
}

// SetNotice sets the notice; empty removes it. Owner and administrators may. Members are told if it is another one.
func (s *Service) SetNotice(ctx context.Context, group string, by Identity, notice string) error {
	notice, err := s.cleanText(by, "notice", notice)
	if err != nil {
		return err
	}
	if err := s.checkNotice(notice); err != nil {
		return err
	}
	var known uint64
	teller := acting(ctx, by)
	permit := func(r *room) error { known = r.noticeVersion; return r.mayManage(by) }
	return s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		version, err := s.store.PutNotice(ctx, group, notice)
		if err != nil || version == known {
			return outcome{}, s.storeError(err, "put notice")
		}
		return outcome{
			items:  []Item{noticeEvent(notice, version)},
			update: func(r *room) { r.group.Notice, r.noticeVersion = notice, version },
			facts:  []Fact{GroupChanged{Occasion: Occasion{group, time.Now(), teller}, Notice: &notice}},
		}, nil
	})
}

// mayManage says why by may not change the group. The room's lock is held.
func (r *room) mayManage(by Identity) error {
	if !r.manages(by) {
		return ErrPermission.with("", "only the owner and administrators may change the group")
	}
	return r.keptOut(by)
}

func attributesEvent(v Values) Item {
	return event("attributes", v.Version, struct {
		Attributes map[string]string `json:"attributes"`
	}{v.All})
}

func noticeEvent(notice string, version uint64) Item {
	return event("notice", version, struct {
		Notice string `json:"notice"`
	}{notice})
}

func fieldsEvent(v Values) Item {
	return event("fields", v.Version, struct {
		Fields map[string]string `json:"fields"`
	}{v.All})
}
