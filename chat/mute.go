package chat

import (
	"context"
	"time"
)

// MuteState is what a member who joins must know: whether he may speak.
type MuteState struct {
	All   bool      // only the owner and administrators may speak
	Until time.Time // of the member's own mute or Silence, the later; zero: none
}

// Mute keeps a user from speaking, in place of an earlier mute; 0 lets him speak again. It answers when it ends, zero for
// never muted. Owner and administrators may, to those below them. The user need not be there, nor be known at all: a mute
// is of the account, and survives leaving, reconnecting and a restart. Members are told with the event mute; with
// Config.QuietMutes he alone is.
func (s *Service) Mute(ctx context.Context, group string, by Identity, user string, d time.Duration, reason string) (until time.Time, err error) {
	if err := checkAct(&d, reason, user); err != nil {
		return until, err
	}
	return s.mute(ctx, group, by, []string{user}, d, reason)
}

// MuteUsers is Mute for up to 500 users, all or none. Of more than one, members are told only of those who are there; in a
// cluster of all.
func (s *Service) MuteUsers(ctx context.Context, group string, by Identity, users []string, d time.Duration, reason string) (until time.Time, err error) {
	users, err = checkSome(users, maxMuteUsers)
	if err == nil {
		err = checkAct(&d, reason)
	}
	if err != nil {
		return until, err
	}
	return s.mute(ctx, group, by, users, d, reason)
}

// mute is MuteUsers for what was checked.
func (s *Service) mute(ctx context.Context, group string, by Identity, users []string, d time.Duration, reason string) (until time.Time, err error) {
	c := SanctionChange{Kind: Muting, Users: users, For: d, By: by.User, Reason: reason, Limit: s.cfg.Sanctions}
	var end time.Time // not to be read unless the change was waited for
	err = s.sanction(ctx, group, by, c, false, func(r *room, c SanctionChange, done []Sanction) outcome {
		if d > 0 {
			end = done[0].Until
		}
		out := r.muteOutcome(by, c, done, r.nicks(c.Users), time.Time{})
		out.acts = acts(by, group, c.action("mute"), sanctioned(done), c.detail())
		return out
	})
	if err != nil {
		return time.Time{}, err
	}
	return end, nil
}

// muteOutcome tells of mutes. Nicks are of the users, where they are known; at is when it happened, zero: now, here.
func (r *room) muteOutcome(by Identity, c SanctionChange, done []Sanction, nicks map[string]string, at time.Time) outcome {
	var until time.Time
	if c.For > 0 {
		until = done[0].Until
	}
	tell := sanctioned(done)
	if len(tell) > 1 && r.feed == nil { // the other nodes know who is there
		tell = r.present(tell)
	}
	out := outcome{update: func(r *room) { r.mutes.apply(c, done) }}
	for _, user := range tell {
		out.items = append(out.items, r.muteEvent(user, until, by.User, nicks[user]))
	}
	if r.s.tuned().QuietMutes {
		return r.toEach(out, tell, at)
	}
	return out
}

// toEach tells each item of an outcome to one user only, instead of to all.
func (r *room) toEach(out outcome, users []string, at time.Time) outcome {
	items, update := out.items, out.update
	whispers := make([]outcome, len(items))
	for i, item := range items {
		whispers[i] = r.whisper(item, users[i:i+1], at)
	}
	out.items = nil
	out.update = func(r *room) {
		update(r)
		for _, w := range whispers {
			w.update(r)
		}
	}
	out.after = func() {
		for _, w := range whispers {
			w.after()
		}
	}
	return out
}

// muteEvent tells until when a user may not speak; zero: he may.
func (r *room) muteEvent(user string, until time.Time, by, nick string) Item {
	return r.act("mute", struct {
		User  string `json:"user"`
		Until int64  `json:"until"`
		By    string `json:"by"`
		Nick  string `json:"nick"`
	}{user, seconds(until), by, nick})
}

// muteState is what who must know of not being allowed to speak. The room's lock is held.
func (r *room) muteState(who Identity, now time.Time) MuteState {
	m := MuteState{All: r.settings.MuteAll}
	if r.rank(who) < rankOwner {
		m.Until = r.mutes.until(who.User, now)
	}
	if !who.Admin {
		m.Until = later(m.Until, r.s.silences.groups(who.User, now))
	}
	return m
}
