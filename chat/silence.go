package chat

import (
	"context"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Silence keeps a user from speaking anywhere (spec im-rest §4.8). Unlike a mute it is of no group.
type Silence struct {
	User    string    `json:"user"`
	Groups  time.Time `json:"groups,omitzero"`  // until then no messages to groups; a whole second, see IsEndless; zero: they pass
	Letters time.Time `json:"letters,omitzero"` // the same for messages to users
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// SilenceChange sets or ends a user's silence.
type SilenceChange struct {
	User            string
	Groups, Letters *time.Duration // from now on, by the store's clock, in place of what held; 0 ends it, nil stays
	By              string
}

// SilenceStore keeps who is silenced. It is class A (design §7).
type SilenceStore interface {
	// PutSilence makes a change and answers what holds then.
	PutSilence(ctx context.Context, c SilenceChange) (Silence, error)
	// Silences returns those in force, by user, and forgets what is over.
	Silences(ctx context.Context) ([]Silence, error)
}

// Apply returns what holds after a change. What was over is not carried along.
func (c SilenceChange) Apply(old Silence, now time.Time) Silence {
	end := func(old time.Time, d *time.Duration) time.Time {
		switch {
		case d == nil && now.Before(old):
			return old
		case d == nil || *d <= 0:
			return time.Time{}
		}
		return endsAt(now, *d)
	}
	return Silence{User: c.User, Groups: end(old.Groups, c.Groups), Letters: end(old.Letters, c.Letters), By: c.By, At: now.UTC()}
}

// Over says whether nothing is forbidden any more.
func (s Silence) Over(now time.Time) bool {
	return !now.Before(s.Groups) && !now.Before(s.Letters)
}

// silenceShards is in how many parts the silenced are kept: a change copies one of them.
const silenceShards = 256

// silences are who is silenced, as the store has it. Looking takes no lock.
type silences struct {
	seed   maphash.Seed
	shards [silenceShards]silenceShard
	known  atomic.Int64 // users, those whose silence is over included
	most   int64        // of them
}

type silenceShard struct {
	acting sync.Mutex // held while one of its users is silenced, so that store and memory have the last change
	all    atomic.Pointer[map[string]Silence]

	mu     sync.Mutex // guards the changing of all, and lately; taken last
	lately map[string]silenced
}

// silenced is a change of a short time ago.
type silenced struct {
	at    time.Time // by the store's clock
	heard time.Time
}

func newSilences() *silences { return &silences{seed: maphash.MakeSeed(), most: maxSilenced} }

func (x *silences) shard(user string) *silenceShard {
	return &x.shards[maphash.String(x.seed, user)%silenceShards]
}

// of is a user's silence, which may be over.
func (x *silences) of(user string) Silence {
	if x.known.Load() == 0 {
		return Silence{}
	}
	if all := x.shard(user).all.Load(); all != nil {
		return (*all)[user]
	}
	return Silence{}
}

// groups tells until when a user may not speak in groups; zero: he may.
func (x *silences) groups(user string, now time.Time) time.Time {
	if until := x.of(user).Groups; now.Before(until) {
		return until
	}
	return time.Time{}
}

// letters is the same for messages to users.
func (x *silences) letters(user string, now time.Time) time.Time {
	if until := x.of(user).Letters; now.Before(until) {
		return until
	}
	return time.Time{}
}

// put takes over what the store has, unless it has something newer. It says whether it did.
func (x *silences) put(one Silence, now time.Time) (fresh bool) {
	shard := x.shard(one.User)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.lately[one.User].at.After(one.At) || x.of(one.User).At.After(one.At) {
		return false
	}
	maps.DeleteFunc(shard.lately, func(_ string, s silenced) bool { return now.Sub(s.heard) > recently })
	if shard.lately == nil {
		shard.lately = make(map[string]silenced)
	}
	shard.lately[one.User] = silenced{one.At, now}
	x.change(shard, now, func(all map[string]Silence) {
		if delete(all, one.User); !one.Over(now) {
			all[one.User] = one
		}
	})
	return true
}

// reload takes over all that a store had after a moment; what was heard since is newer.
func (x *silences) reload(all []Silence, began time.Time) {
	parts := make(map[*silenceShard][]Silence)
	for _, one := range all {
		shard := x.shard(one.User)
		parts[shard] = append(parts[shard], one)
	}
	for i := range x.shards {
		shard := &x.shards[i]
		shard.mu.Lock()
		newer := func(user string) bool { return shard.lately[user].heard.After(began) }
		x.change(shard, time.Now(), func(all map[string]Silence) {
			maps.DeleteFunc(all, func(user string, _ Silence) bool { return !newer(user) })
			for _, one := range parts[shard] {
				if !newer(one.User) {
					all[one.User] = one
				}
			}
		})
		shard.mu.Unlock()
	}
}

// load is put for all that a store has, before anybody is silenced.
func (x *silences) load(all []Silence, now time.Time) {
	parts := make(map[*silenceShard][]Silence)
	for _, one := range all {
		shard := x.shard(one.User)
		parts[shard] = append(parts[shard], one)
	}
	for shard, some := range parts {
		shard.mu.Lock()
		x.change(shard, now, func(all map[string]Silence) {
			for _, one := range some {
				all[one.User] = one
			}
		})
		shard.mu.Unlock()
	}
}

// full says whether there is no place for another user, once those whose silence is over are forgotten.
func (x *silences) full(now time.Time) bool {
	if x.known.Load() < x.most {
		return false
	}
	for i := range x.shards {
		shard := &x.shards[i]
		shard.mu.Lock()
		x.change(shard, now, func(map[string]Silence) {})
		shard.mu.Unlock()
	}
	return x.known.Load() >= x.most
}

// change puts a changed copy in a shard's place, without what is over. The shard's lock is held.
func (x *silences) change(shard *silenceShard, now time.Time, change func(map[string]Silence)) {
	next := map[string]Silence{}
	if all := shard.all.Load(); all != nil {
		next = maps.Clone(*all)
	}
	before := len(next)
	maps.DeleteFunc(next, func(_ string, s Silence) bool { return s.Over(now) })
	change(next)
	shard.all.Store(&next)
	x.known.Add(int64(len(next) - before))
}

// PutSilence implements SilenceStore.
func (s *Memory) PutSilence(_ context.Context, c SilenceChange) (Silence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	next := c.Apply(s.silences[c.User], now)
	if delete(s.silences, c.User); !next.Over(now) {
		s.silences[c.User] = next
	}
	return next, nil
}

// Silences implements SilenceStore.
func (s *Memory) Silences(context.Context) ([]Silence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(s.silences, func(_ string, one Silence) bool { return one.Over(now) })
	return slices.SortedFunc(maps.Values(s.silences), func(a, b Silence) int { return strings.Compare(a.User, b.User) }), nil
}
