package chat

import (
	"cmp"
	"context"
	"time"
)

// Description is what anyone may know of a group without joining it. Maps are shared and must not be changed.
type Description struct {
	Group
	Settings  Settings
	Count     Count
	InfoSeq   uint64    // grows with each change of name, owner, administrators, notice, fields and settings; 1 at first
	ChangedAt time.Time // of the last of them
	NextSeq   uint64    // that the next message gets
	SpokenAt  time.Time // of the newest message; zero: there is none
}

// Describe tells what a group is.
func (s *Service) Describe(ctx context.Context, group string) (d Description, err error) {
	if err := s.askViewers(ctx, group); err != nil {
		return Description{}, err
	}
	err = s.with(ctx, group, func(r *room) error {
		d = Description{
			Group: r.group, Settings: r.settings.Settings, Count: r.count(),
			InfoSeq: r.infoSeq(), ChangedAt: r.changedAt, NextSeq: r.log.last + 1, SpokenAt: r.log.lastAt,
		}
		d.Fields = r.fields.All
		return nil
	})
	return d, err
}

// infoSeq counts the changes of what the group is. The room's lock is held.
func (r *room) infoSeq() uint64 {
	return 1 + r.profileVersion + r.noticeVersion + r.fields.Version + r.settings.Version
}

// GroupPatch changes a group as its owner and administrators may; nil and empty stay.
type GroupPatch struct {
	Name     *string
	Notice   *string
	Fields   map[string]string // upserted; an empty value deletes
	Settings SettingsPatch
}

// Change changes a group. All of the patch is checked before any of it is done; then name and notice, settings, and
// fields are stored one after the other.
func (s *Service) Change(ctx context.Context, group string, by Identity, p GroupPatch) error {
	if p.Name == nil && p.Notice == nil && len(p.Fields) == 0 && p.Settings == (SettingsPatch{}) {
		return ErrParameter.with("", "name at least one thing to change")
	}
	p, err := s.cleanPatch(by, p)
	if err != nil {
		return err
	}
	g, err := s.mayChange(ctx, group, by, p)
	if err != nil {
		return err
	}
	if err := s.rename(ctx, g, by, p.Name, p.Notice); err != nil {
		return err
	}
	return s.changeRest(ctx, group, by, p)
}

// changeRest stores what a patch that was checked has beside name and notice.
func (s *Service) changeRest(ctx context.Context, group string, by Identity, p GroupPatch) error {
	if p.Settings != (SettingsPatch{}) {
		if _, err := s.SetSettings(ctx, group, by, p.Settings); err != nil {
			return err
		}
	}
	if len(p.Fields) > 0 {
		return s.SetFields(ctx, group, by, p.Fields)
	}
	return nil
}

// mayChange checks all of a patch and returns the group as it is before.
func (s *Service) mayChange(ctx context.Context, group string, by Identity, p GroupPatch) (g Group, err error) {
	if err := p.Settings.check(); err != nil {
		return Group{}, err
	}
	if p.Notice != nil {
		if err := s.checkNotice(*p.Notice); err != nil {
			return Group{}, err
		}
	}
	if p.Name != nil {
		if err := s.checkProfile(Profile{Name: *p.Name}); err != nil {
			return Group{}, err
		}
	}
	if err := fieldsOfServer(p.Fields, by); err != nil {
		return Group{}, err
	}
	err = s.with(ctx, group, func(r *room) error {
		if err := cmp.Or(r.mayManage(by), Unhurried(s.cfg.Journal, by)); err != nil {
			return err
		}
		g = r.group
		_, err := mergeFields(r.fields.All, p.Fields)
		return err
	})
	return g, err
}

// rename sets name and notice of a group whose caller may.
func (s *Service) rename(ctx context.Context, g Group, by Identity, name, notice *string) error {
	if name == nil && notice == nil {
		return nil
	}
	detail := map[string]string{}
	set := func(key string, value *string) {
		if value != nil {
			detail[key] = *value
		}
	}
	set("name", name)
	set("notice", notice)
	if err := s.renameWhereKept(ActingAs(ctx, by), g, by, name, notice); err != nil {
		return err
	}
	s.record(ctx, by, g.ID, "group", "", detail)
	return nil
}

func (s *Service) renameWhereKept(ctx context.Context, g Group, by Identity, name, notice *string) error {
	if s.cfg.Rename != nil {
		return s.cfg.Rename(ctx, g, name, notice)
	}
	if name != nil {
		p := g.Profile()
		p.Name = *name
		if err := s.SetProfile(ctx, g.ID, p); err != nil {
			return err
		}
	}
	if notice != nil {
		return s.SetNotice(ctx, g.ID, by, *notice)
	}
	return nil
}
