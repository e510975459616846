package level

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// shards are as many locks as earnings share.
const shards = 64

// pending is what was earned and is not in a step yet.
type pending struct {
	most   int64 // users
	seed   maphash.Seed
	shards [shards]pendingShard
	users  atomic.Int64
	lost   atomic.Uint64 // earnings
}

type pendingShard struct {
	mu    sync.Mutex // taken last, for a few instructions
	users map[string]earning
	spare map[string]earning // empty, so that nothing is allocated in the steady state
}

type earning struct {
	amounts Amounts
	seen    Minutes
}

func newPending(most int) *pending {
	p := &pending{most: int64(most), seed: maphash.MakeSeed()}
	for i := range p.shards {
		p.shards[i].users, p.shards[i].spare = make(map[string]earning), make(map[string]earning)
	}
	return p
}

// note adds to what a user earned.
func (p *pending) note(user string, s Source, n int64, seen Minutes) {
	shard := &p.shards[maphash.String(p.seed, user)%shards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	e, known := shard.users[user]
	if !known {
		if p.users.Load() >= p.most {
			p.lost.Add(1)
			return
		}
		p.users.Add(1)
	}
	e.amounts[s] = add(e.amounts[s], n)
	e.seen.Add(seen)
	shard.users[user] = e
}

// drop forgets what a user earned.
func (p *pending) drop(user string) {
	shard := &p.shards[maphash.String(p.seed, user)%shards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if _, known := shard.users[user]; known {
		delete(shard.users, user)
		p.users.Add(-1)
	}
}

// take calls see for all that was noted, and forgets it.
func (p *pending) take(see func(user string, e earning)) {
	for i := range p.shards {
		shard := &p.shards[i]
		shard.mu.Lock()
		full := shard.users
		shard.users, shard.spare = shard.spare, nil
		shard.mu.Unlock()
		for user, e := range full {
			see(user, e)
		}
		p.users.Add(-int64(len(full)))
		if int64(len(full)) > p.most/4 {
			full = make(map[string]earning) // one that was so full once keeps its memory
		}
		clear(full)
		shard.mu.Lock()
		shard.spare = full
		shard.mu.Unlock()
	}
}
