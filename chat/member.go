package chat

import (
	"context"
	"sort"
	"time"
)

// Join enters a group with a session, which may come from elsewhere: since is the last position it saw. What it missed
// is in the answer, or, if Complete is false, the history instead; whatever comes later is delivered.
//
// Deliver may be called before Join returns: a door whose client expects the answer first holds deliveries back until
// it is written. A session that joins again is answered again and stays in once.
//
// A web login is in one room at a time (Config.OneRoom): by joining this one the user leaves others that he is in with
// pages, mini-programs and the like, whose sessions are told. Coming back is no such wish: it is refused when he has gone
// elsewhere meanwhile.
func (s *Service) Join(ctx context.Context, group string, who Identity, sess Session, since *Position) (Joined, error) {
	var j Joined
	if s.stopping() {
		return j, ErrStopping
	}
	if who.User == "" || sess == nil || sess.ID() == "" {
		return j, ErrParameter.with("session", "a session needs an id and a user")
	}
	if err := s.askViewers(ctx, group); err != nil {
		return j, err
	}
	defer s.acquaint(ctx, who)()
	if err := s.askJoin(ctx, group, who); err != nil {
		return j, err
	}
	var elsewhere []*member
	told := false
	s.meetHosts(ctx, group)
	s.overtake(ctx, group, since)
	err := s.with(ctx, group, func(r *room) error {
		if err := r.mayEnter(who, time.Now()); err != nil {
			return err
		}
		if since != nil && s.presence.movedOn(r, sess, who, s.tuned().OneRoom) {
			return ErrElsewhere
		}
		who = s.presence.named(who)
		before := r.told
		elsewhere = r.add(sess, who, since != nil)
		told = r.told != before
		if since != nil || who.Anonymous {
			r.resumed(r.sessions[sess.ID()])
		}
		j = r.snapshot(who, since, time.Now())
		return nil
	})
	for _, m := range elsewhere {
		s.tell(m.room.giveWay(m, sess))
	}
	if told || len(elsewhere) > 0 {
		s.settled(ctx)
	}
	return j, err
}

// askViewers renews a room's knowledge of who watches, if it is old.
func (s *Service) askViewers(ctx context.Context, group string) error {
	stale := false
	err := s.with(ctx, group, func(r *room) error {
		stale = time.Since(r.counter.askedAt) >= s.cfg.CountEvery
		return nil
	})
	if err != nil || !stale {
		return err
	}
	watching, vids := s.cfg.Viewers(group)
	return s.with(ctx, group, func(r *room) error {
		r.watch(watching, vids)
		return nil
	})
}

// snapshot is the room at this moment. The room's lock is held.
func (r *room) snapshot(who Identity, since *Position, now time.Time) Joined {
	cfg := r.s.tuned()
	j := Joined{
		Role: r.role(who), Epoch: r.epoch, Seq: r.log.last, Complete: true,
		Attributes: r.attributes.All, AttributesVersion: r.attributes.Version,
		Counters: r.tally.now,
		Fields:   r.fields.All, FieldsVersion: r.fields.Version,
		Notice: r.group.Notice, NoticeVersion: r.noticeVersion,
		Profile: r.group.Profile(), ProfileVersion: r.profileVersion,
		Settings: r.settings, Mute: r.muteState(who, now),
		Count: r.count(),
	}
	j.Degraded = r.feed != nil && r.feed.away
	j.NextAt = r.nextAt(r.pacedAs(who), now)
	if since != nil {
		j.Messages, j.Complete = r.log.after(since.Seq, cfg.ResumeMessages)
		j.Complete = j.Complete && since.Epoch == r.epoch
		if since.Epoch == r.epoch {
			j.Withdrawn = r.withdrawnUpTo(since.Seq)
		}
	}
	if since == nil || !j.Complete {
		j.Messages = r.log.newest(cfg.History, now, cfg.HistoryAge)
	}
	return j
}

// Leave takes a session out of a group: its connection ended, or its client goes without wanting to quit. A batch that is
// being delivered may still reach it.
func (s *Service) Leave(group string, sess Session) { s.Lost(group, sess, time.Now()) }

// Lost is Leave for a connection of which nothing was heard since a moment.
func (s *Service) Lost(group string, sess Session, heard time.Time) {
	r := s.inMemory(group)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.sessions[sess.ID()]
	r.remove(sess)
	if m != nil && m.sess == sess {
		r.silentSince(m.who.User, heard)
	}
}

// History returns the newest n messages, oldest first; n ≤ 0 or above Config.History is Config.History.
func (s *Service) History(ctx context.Context, group string, n int) (messages []*Message, err error) {
	cfg := s.tuned()
	if n <= 0 || n > cfg.History {
		n = cfg.History
	}
	err = s.with(ctx, group, func(r *room) error {
		messages = r.log.newest(n, time.Now(), cfg.HistoryAge)
		return nil
	})
	return messages, err
}

// HistoryUpTo goes back in the history that a newcomer gets: up to n messages with a sequence number up to the given one
// (0: the newest), oldest first, and whether there are older ones. N is as in History.
func (s *Service) HistoryUpTo(ctx context.Context, group string, upTo uint64, n int) (messages []*Message, more bool, err error) {
	all, err := s.History(ctx, group, 0)
	if err != nil {
		return nil, false, err
	}
	if upTo > 0 {
		all = all[:sort.Search(len(all), func(i int) bool { return all[i].Seq > upTo })]
	}
	if n <= 0 || n > len(all) {
		n = len(all)
	}
	return all[len(all)-n:], n < len(all), nil
}
