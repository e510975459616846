package chat

import (
	"context"
	"math"
	"net/netip"
	"slices"
	"time"
)

// Forever is the length of a mute or ban that ends only when it is lifted: 4294967295 s, as Tencent has it (spec im-rest §3.9).
const Forever = math.MaxUint32 * time.Second

// endless is the moment at which what lasts Forever ends.
func endless() time.Time { return time.Unix(math.MaxUint32, 0) }

// IsEndless says whether until is the end of what lasts Forever.
func IsEndless(until time.Time) bool { return until.Unix() >= math.MaxUint32 }

// Sanction is a mute or a ban of one user in one group.
type Sanction struct {
	User   string         `json:"user"`
	Until  time.Time      `json:"until"` // a whole second; see IsEndless
	By     string         `json:"by"`
	Reason string         `json:"reason,omitempty"`
	At     time.Time      `json:"at"`
	From   []netip.Prefix `json:"from,omitempty"` // a ban's: the networks it holds for too
}

// SanctionKind says what a Sanction forbids.
type SanctionKind uint8

// The kinds of sanctions.
const (
	Muting  SanctionKind = iota + 1 // may not speak
	Banning                         // may not be there
)

// SanctionChange sets or lifts the sanctions of one kind of some users, all or nothing.
type SanctionChange struct {
	Kind   SanctionKind
	Users  []string
	For    time.Duration // from now on, by the store's clock; 0 lifts
	By     string
	Reason string
	From   map[string][]netip.Prefix // networks, by user
	Limit  int                       // of this kind in the group (Config.Sanctions)
}

// SanctionStore keeps mutes and bans. They are class A (design §7); what is over needs no operation to end.
type SanctionStore interface {
	// PutSanctions makes a change. It answers the sanctions set; or, of those lifted, what was in force until now.
	PutSanctions(ctx context.Context, group string, c SanctionChange) ([]Sanction, error)
}

// sanctions are those of one kind in one group. Its owner guards it. The zero value is ready.
type sanctions struct {
	byUser map[string]Sanction
	from   map[netip.Prefix]time.Time // when the last ban of a network ends
}

// newSanctions takes over what was stored, what is over included: the next change removes it.
func newSanctions(all []Sanction) sanctions {
	var s sanctions
	s.change(all, nil)
	return s
}

// change adds sanctions, in place of earlier ones of the same users, and removes those of others.
func (s *sanctions) change(set []Sanction, forget []string) {
	if s.byUser == nil {
		s.byUser = make(map[string]Sanction)
	}
	networks := 0
	for _, user := range forget {
		networks += len(s.byUser[user].From)
		delete(s.byUser, user)
	}
	for _, one := range set {
		networks += len(s.byUser[one.User].From) + len(one.From)
		s.byUser[one.User] = one
	}
	if networks > 0 {
		s.index()
	}
}

// index finds out anew which networks are banned.
func (s *sanctions) index() {
	s.from = make(map[netip.Prefix]time.Time)
	for _, one := range s.byUser {
		for _, p := range one.From {
			if one.Until.After(s.from[p]) {
				s.from[p] = one.Until
			}
		}
	}
}

// lift removes the sanctions of users and those that are over, once save has, and tells which were in force.
func (s *sanctions) lift(now time.Time, users, over []string, save func(forget []string) error) (lifted []Sanction, err error) {
	for _, user := range users {
		if !s.until(user, now).IsZero() {
			lifted = append(lifted, s.byUser[user])
		}
	}
	forget := append(over, users...)
	if err := save(forget); err != nil {
		return nil, err
	}
	s.change(nil, forget)
	return lifted, nil
}

// over names the users whose sanctions are over.
func (s *sanctions) over(now time.Time) (users []string) {
	for user, one := range s.byUser {
		if !now.Before(one.Until) {
			users = append(users, user)
		}
	}
	return users
}

// until tells when a user's sanction ends, zero if none is in force.
func (s *sanctions) until(user string, now time.Time) time.Time {
	if one, ok := s.byUser[user]; ok && now.Before(one.Until) {
		return one.Until
	}
	return time.Time{}
}

// untilFrom tells when the last ban of a network ends, zero if none is in force.
func (s *sanctions) untilFrom(from netip.Prefix, now time.Time) time.Time {
	if end := s.from[from]; now.Before(end) {
		return end
	}
	return time.Time{}
}

// whose is the user by whose ban somebody may not be there: his own, or of his network the one that ends last.
func (s *sanctions) whose(who Identity, now time.Time) (user string, until time.Time) {
	if until = s.until(who.User, now); !until.IsZero() {
		return who.User, until
	}
	for other, one := range s.byUser {
		if one.Until.After(until) && slices.Contains(one.From, who.Network()) {
			user, until = other, one.Until
		}
	}
	return user, until
}

// list returns the sanctions by user, what is over included.
func (s *sanctions) list() []Sanction {
	if len(s.byUser) == 0 {
		return nil
	}
	list := make([]Sanction, 0, len(s.byUser))
	for _, one := range s.byUser {
		list = append(list, one)
	}
	slices.SortFunc(list, byUser)
	return list
}

// page returns up to limit sanctions in force of users after the given one, and whether there are more.
func (s *sanctions) page(now time.Time, after string, limit int) (list []Sanction, more bool) {
	for user, one := range s.byUser {
		if user > after && now.Before(one.Until) {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, byUser)
	if len(list) > limit {
		return list[:limit], true
	}
	return list, false
}

func byUser(a, b Sanction) int {
	switch {
	case a.User < b.User:
		return -1
	case a.User > b.User:
		return 1
	default:
		return 0
	}
}

// endsAt is the end of a sanction that begins now. It is a whole second, so that everybody who is told it knows it exactly.
func endsAt(now time.Time, d time.Duration) time.Time {
	end := now.Add(d + time.Second - 1).Truncate(time.Second)
	if d >= Forever || IsEndless(end) {
		return endless()
	}
	return time.Unix(end.Unix(), 0)
}
