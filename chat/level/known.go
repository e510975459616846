package level

import (
	"hash/maphash"
	"sync"
	"time"
)

// known are the standings that this node remembers, of who is here and of who was asked for.
type known struct {
	most   int // of a shard; past it, any one gives way
	seed   maphash.Seed
	shards [shards]knownShard
}

type knownShard struct {
	mu    sync.Mutex // taken last, for a few instructions
	users map[string]standing
}

// standing is what is remembered of a user.
type standing struct {
	Standing
	until   time.Time // when the badge goes; zero: it stays
	version uint64    // of the record; 0: it is not read yet
}

func newKnown(most int) *known {
	k := &known{most: max(most/shards, 1), seed: maphash.MakeSeed()}
	for i := range k.shards {
		k.shards[i].users = make(map[string]standing)
	}
	return k
}

func (k *known) shard(user string) *knownShard {
	return &k.shards[maphash.String(k.seed, user)%shards]
}

// get finds what is remembered of a user.
func (k *known) get(user string) (Standing, bool) {
	shard := k.shard(user)
	shard.mu.Lock()
	one, found := shard.users[user]
	shard.mu.Unlock()
	if !one.until.IsZero() && one.lapsed(time.Now()) { // few ask for the time
		one.Badge = ""
	}
	return one.Standing, found
}

func (s *standing) lapsed(now time.Time) bool { return !s.until.IsZero() && !now.Before(s.until) }

// expect makes a place for a user, who is being asked for, and says whether there was none. News of him have a place to go from
// now on.
func (k *known) expect(user string, unread standing) bool {
	shard := k.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if _, found := shard.users[user]; found {
		return false
	}
	if len(shard.users) >= k.most {
		for other := range shard.users {
			delete(shard.users, other)
			break
		}
	}
	shard.users[user] = unread
	return true
}

// renew remembers something newer of a user, and says whether it did. Who has no place gets none: what is said of him may be
// older than what was not noted.
func (k *known) renew(user string, s standing) bool {
	shard := k.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	before, found := shard.users[user]
	if !found || before.version > s.version {
		return false
	}
	shard.users[user] = s
	return true
}

// forget drops a user.
func (k *known) forget(user string) {
	shard := k.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	delete(shard.users, user)
}

// lapse takes away a badge whose time is over, and answers what is left; false: there was none to take.
func (k *known) lapse(user string, now time.Time) (Standing, bool) {
	shard := k.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	one, found := shard.users[user]
	if !found || !one.lapsed(now) {
		return Standing{}, false
	}
	had := one.Badge != ""
	one.Badge, one.until = "", time.Time{}
	shard.users[user] = one
	return one.Standing, had
}

// all are the users that are remembered.
func (k *known) all() (users []string) {
	for i := range k.shards {
		shard := &k.shards[i]
		shard.mu.Lock()
		for user := range shard.users {
			users = append(users, user)
		}
		shard.mu.Unlock()
	}
	return users
}
