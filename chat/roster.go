package chat

import (
	"context"
	"strconv"
	"time"
)

// mostMembers bounds one page of Members.
const mostMembers = 500

// Member is a named user who is in a group.
type Member struct {
	User       string
	Nick       string
	Avatar     string
	Role       Role
	JoinedAt   time.Time // since when without a break, on whatever device
	MutedUntil time.Time // zero: may speak
}

// roster is a room's named users in the order they came. The room's lock guards it.
type roster struct {
	newest *person
	last   int64 // when the newest ever came, Unix microseconds: also whoever counts in float64 can page by it
}

// add enters who came now. No two have the same time, so that one names a place in the list.
func (l *roster) add(p *person, now time.Time) {
	l.last = max(l.last+1, now.UnixMicro())
	p.since, p.older = l.last, l.newest
	if l.newest != nil {
		l.newest.newer = p
	}
	l.newest = p
}

func (l *roster) remove(p *person) {
	if p.older != nil {
		p.older.newer = p.newer
	}
	if p.newer != nil {
		p.newer.older = p.older
	} else {
		l.newest = p.older
	}
	p.newer, p.older = nil, nil
}

// Members lists the named users in a group, who came last first: the newest Config.MemberList of them, limit a page (0: all,
// at most 500). Next, a decimal number below 2^53, goes on where a page ended; empty: it was the last. Who is in the group
// may ask, and who looks after it. Robots are among them, those with MarkHidden are not. What it costs grows with
// Config.MemberList, not with the room. Those of other nodes are as they were a
// second ago; a node that does not answer within a second is left out.
func (s *Service) Members(ctx context.Context, group string, by Identity, after string, limit int) (page []Member, next string, err error) {
	return s.members(ctx, subject{group: group}, by, after, limit)
}

// members is a page of those people of a room who are listed.
func (s *Service) members(ctx context.Context, about subject, by Identity, after string, limit int) (page []Member, next string, err error) {
	before := int64(0)
	if after != "" {
		if before, err = strconv.ParseInt(after, 10, 64); err != nil || before <= 0 {
			return nil, "", ErrParameter.with("next", "must be next of another page")
		}
	}
	if limit < 0 {
		return nil, "", ErrParameter.with("limit", "must not be negative")
	}
	if limit == 0 || limit > mostMembers {
		limit = mostMembers
	}
	s.meetHosts(ctx, about.group)
	var all []listed
	err = s.with(ctx, about.group, func(r *room) error {
		if by.Anonymous || !r.has(by.User) && r.rank(by) < rankAdmin {
			return ErrPermission.with("group", "only who is in the group sees who else is; anonymous guests do not")
		}
		if err := r.keptOut(by); err != nil {
			return err
		}
		all = r.listed(about, time.Now())
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if more := s.membersElsewhere(ctx, about); len(more) > 0 {
		all = merge(append(all, more...))
		if most := s.tuned().MemberList; !about.marked {
			all = all[:min(len(all), most)]
		}
	}
	page, next = pageOf(all, before, limit)
	return page, next, nil
}

// shown are the newest members that a list of all goes back to. The room's lock is held.
func (r *room) shown() []*person {
	most := r.s.tuned().MemberList
	all := make([]*person, 0, min(len(r.users), most))
	for p := r.roster.newest; p != nil && len(all) < most; p = p.older {
		if !r.marked[MarkHidden][p] {
			all = append(all, p)
		}
	}
	return all
}

// pageOf is a page of some people, of those who came before a time (0: now).
func pageOf(all []listed, before int64, limit int) (page []Member, next string) {
	for i, one := range all {
		if before > 0 && one.Since >= before {
			continue
		}
		if len(page) == limit {
			return page, strconv.FormatInt(all[i-1].Since, 10)
		}
		page = append(page, one.Member)
	}
	return page, ""
}

// member is somebody as the list shows him. The room's lock is held.
func (r *room) member(p *person, now time.Time) Member {
	who := p.who()
	shown := r.guise(who)
	return Member{
		User: who.User, Nick: shown.Nick, Avatar: shown.Avatar, Role: r.role(who),
		JoinedAt: time.UnixMicro(p.since), MutedUntil: r.mutes.until(who.User, now),
	}
}
