package chat

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// One user makes at most so many groups at once, and one in each interval after that: each is a live room.
const (
	foundBurst    = 10
	foundInterval = 6 * time.Minute
)

// GroupDraft is a group that somebody wants to make.
type GroupDraft struct {
	ID           string // empty: that of the live room, which is made up
	MakeID       bool   // without ID: make one up as Tencent does, beginning with @TGS#
	Owner        string // account; empty: nobody owns it. Who is no application administrator makes groups of his own only
	Name         string
	Notice       string
	Introduction string
	Avatar       string
	Fields       map[string]string
}

// founders knows who made groups lately.
type founders struct {
	mu sync.Mutex
	buckets
}

// Found makes a group and returns its id. Application administrators may, and where Config.MembersFound says so whoever
// has an account, to own it himself. All of the draft is checked before the group is made; should the
// store fail after that, the group is there without introduction, avatar and fields.
func (s *Service) Found(ctx context.Context, by Identity, d GroupDraft) (id string, err error) {
	if err := s.mayFound(by); err != nil {
		return "", err
	}
	if !by.Admin {
		if d.Owner != "" && d.Owner != by.User {
			return "", ErrPermission.with("owner", "only application administrators make groups for others")
		}
		d.Owner = by.User
	}
	p := GroupPatch{Name: &d.Name, Notice: &d.Notice, Settings: SettingsPatch{Introduction: &d.Introduction, Avatar: &d.Avatar}}
	if p, err = s.cleanPatch(by, p); err != nil {
		return "", err
	}
	d.Name, d.Notice, d.Introduction = *p.Name, *p.Notice, *p.Settings.Introduction
	if err := s.checkDraft(ctx, by, d); err != nil {
		return "", err
	}
	if err := Unhurried(s.cfg.Journal, by); err != nil {
		return "", err
	}
	if err := s.founders.pace(by, time.Now()); err != nil {
		return "", err
	}
	if err := s.askFound(ctx, d, by); err != nil {
		return "", err
	}
	ctx = founding(ctx, by, d)
	if id, err = s.cfg.Found(ctx, d); err != nil {
		return "", s.foundError(ctx, d, err)
	}
	s.record(ctx, by, id, "create", "", map[string]string{"name": d.Name})
	rest := GroupPatch{Settings: p.Settings, Fields: d.Fields}
	if d.Introduction == "" && d.Avatar == "" && len(d.Fields) == 0 {
		return id, nil
	}
	return id, s.changeRest(ctx, id, by, rest)
}

func (s *Service) mayFound(by Identity) error {
	switch {
	case s.cfg.Found == nil:
		return ErrPermission.with("", "groups are not made here")
	case by.Admin:
		return nil
	case by.Anonymous || by.Guest || by.User == "":
		return ErrPermission.with("", "a group is for who has an account")
	case !s.tuned().MembersFound:
		return ErrPermission.with("", "groups are made by the management here, with the live room they belong to")
	}
	return nil
}

func (s *Service) checkDraft(ctx context.Context, by Identity, d GroupDraft) error {
	if d.ID != "" && !validID(d.ID) {
		return ofDraft(ErrGroupID)
	}
	if d.Name == "" {
		return ErrParameter.with("name", "a group needs a name")
	}
	settings := SettingsPatch{Introduction: &d.Introduction, Avatar: &d.Avatar}
	_, fields := mergeFields(nil, d.Fields)
	err := cmp.Or(s.checkProfile(Profile{Name: d.Name, Owner: d.Owner}), s.checkNotice(d.Notice), settings.check(), fieldsOfServer(d.Fields, by), fields)
	if err == nil && d.Owner != by.User {
		err = s.mayOwn(ctx, d.Owner)
	}
	return err
}

// mayOwn says why a group can't be made for somebody.
func (s *Service) mayOwn(ctx context.Context, user string) error {
	if user == "" || s.cfg.Account == nil {
		return nil
	}
	if who := s.cfg.who(user); who.Guest || who.Anonymous {
		return ErrParameter.with("owner", "a guest can't own a group")
	}
	_, err := s.cfg.Account(ctx, user)
	if errors.Is(err, ErrNoAccount) {
		return ErrNoAccount.with("owner", "there is no account %q", clip(user))
	}
	return s.storeError(err, "find account")
}

// foundError tells an id that is taken from one that the same owner has taken (spec im-rest §3.1).
func (s *Service) foundError(ctx context.Context, d GroupDraft, err error) error {
	taken, owned := errors.Is(err, ErrGroupTaken), errors.Is(err, ErrGroupOwned)
	if !taken && !owned || d.ID == "" {
		return err
	}
	if g, e := s.Group(ctx, d.ID); owned || e == nil && g.Owner == d.Owner {
		return ofDraft(ErrGroupOwned)
	}
	return ofDraft(ErrGroupTaken)
}

// ofDraft names the field of the draft that a refusal is about.
func ofDraft(e *Error) error { return e.with("groupId", "%s", e.Detail) }

// pace takes what a group costs its maker, or says when he may make another.
func (f *founders) pace(by Identity, now time.Time) error {
	if by.Admin {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trim(now, trimPaces)
	if at := f.take(by.User, now, bucket{foundBurst, foundInterval}, maxPaces); !at.IsZero() {
		return ErrGroupRate.until(at)
	}
	return nil
}

// Disband dismisses a group and ends the live room it belongs to, stream and all. Its owner may, and application
// administrators.
func (s *Service) Disband(ctx context.Context, group string, by Identity) error {
	var g Group
	err := s.with(ctx, group, func(r *room) error {
		if g = r.group; r.rank(by) < rankOwner {
			return ErrPermission.with("", "only the owner may dismiss the group")
		}
		return nil
	})
	if err != nil {
		return err
	}
	ctx = ActingAs(ctx, by)
	if s.cfg.Disband == nil {
		err = s.Dismiss(ctx, group)
	} else {
		err = s.cfg.Disband(ctx, by, g)
	}
	if err == nil {
		s.record(ctx, by, group, "dismiss", "", nil)
	}
	return err
}
