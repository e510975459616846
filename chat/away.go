package chat

import (
	"slices"
	"time"
)

// How the Observer is told of lines that fell (spec im-callbacks §6.10).
const (
	awayEvery   = 20 * time.Second // from one look at a room to the next
	awaySilence = 30 * time.Second // after which a member counts as away

	maxAway = 100_000 // members who are away that a room remembers
)

// absent is a member whose last session ended without his wish. He is still one of the group, to the Gate and the Observer,
// for as long as he would miss nothing (Config.ResumeAge).
type absent struct {
	since time.Time // when something was heard of him last
	told  bool      // the Observer knows
}

// arrive takes a user in whose first session entered; back says that he was there before, as he says. The room's lock is
// held.
func (r *room) arrive(who Identity, back bool) {
	a, was := r.away[who.User]
	r.unaway(who.User)
	if !was {
		_, a, was = r.elsewhere(who.User)
	}
	if r.s.cfg.Observer == nil || was && !a.told {
		return
	}
	online := PresenceChanged{r.here(who), []string{who.User}, true, CauseRecover}
	if was || back && time.Since(r.s.begun) < tipsRestart {
		r.tell(online)
		return
	}
	online.Cause = CauseJoin
	r.tell(Came{online.Occasion}, online)
}

// lose remembers a user whose last session ended. The room's lock is held.
func (r *room) lose(user string) {
	if r.gone || r.s.cfg.Gate == nil && r.s.cfg.Observer == nil {
		return
	}
	r.setAway(user, absent{since: r.usedAt})
}

// silentSince sets when something was heard last of a user whose line fell. The room's lock is held.
func (r *room) silentSince(user string, heard time.Time) {
	if a, away := r.away[user]; away && heard.Before(a.since) {
		a.since = heard
		r.setAway(user, a)
	}
}

// part ends a membership after a user's sessions were taken out, for a reason of departures; empty: he asked. By is who did
// it, on the device that left if it is the user himself. The room's lock is held.
func (r *room) part(user string, by Identity, reason string) {
	a, was := r.away[user]
	stays := r.has(user) || reason == "" && r.staysElsewhere(user, by.Platform)
	untold := reason != "" && r.partsElsewhere(user, reason)
	r.unaway(user) // the last to know of him here, perhaps
	if r.s.cfg.Observer == nil || !was && (!stays || reason != "") || untold {
		return
	}
	went := Went{r.here(by), user, reason, stays}
	if stays || a.told {
		r.tell(went)
		return
	}
	r.tell(went, PresenceChanged{went.Occasion, []string{user}, false, CauseQuit})
}

// lookForAway tells who has been away for too long, and forgets who will not come back.
func (r *room) lookForAway(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var gone []string
	for user, a := range r.away {
		switch {
		case !a.told && now.Sub(a.since) > awaySilence:
			if r.toldElsewhere(user, a.since) {
				r.unaway(user)
				continue
			}
			r.setAway(user, absent{a.since, true})
			gone = append(gone, user)
		case a.told && (now.Sub(a.since) > r.s.cfg.ResumeAge || len(r.away) > maxAway):
			r.unaway(user)
		}
	}
	if len(gone) > 0 && r.s.cfg.Observer != nil {
		slices.Sort(gone)
		r.tell(PresenceChanged{r.here(server), gone, false, CauseInterrupt})
	}
}
