package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Of a lease's lifetime: how often it is renewed, how often who waits for it asks, and how much of it is left when its
// holder must have ended: time for the work to notice.
const (
	leadRenewals = 5
	leadAsks     = 15
	leadSpare    = 5
)

var (
	scriptLeadTake  = load("lead_take")
	scriptLeadLeave = load("lead_leave")

	errLeadLost = errors.New("the lease is lost")
)

// Lead is one node's wish to do something that one node at a time does, such as sweeps. Make it with Store.Lead.
//
// The lease is counted by the holder's own monotonic clock from before it was asked for, so that it ends for its holder
// before Redis gives it to another, whatever the clocks show. Two holders at once are only possible where Redis lost the
// lease itself (a restart without persistence, a fail-over), and where a process stood still and has not noticed yet: there
// the fence tells the newer one. Its writes carry it if that matters.
type Lead struct {
	s            *Store
	name, holder string
	ttl          time.Duration

	fence atomic.Uint64 // of the term that runs, 0: none does

	mu    sync.Mutex
	until time.Time // when this node's lease ends for it
}

// Lead prepares a lease of ttl (15 s) with a name that all nodes use; node is this one's id, for people who look at Redis.
func (s *Store) Lead(name, node string, ttl time.Duration) *Lead {
	if ttl == 0 {
		ttl = 15 * time.Second
	}
	return &Lead{s: s, name: name, holder: node + "/" + rand.Text()[:8], ttl: ttl}
}

// Name is the lease's name.
func (l *Lead) Name() string { return l.name }

// Fence is the fence of the work that this node does now; 0: none.
func (l *Lead) Fence() uint64 { return l.fence.Load() }

// Run waits for the lease, then calls work, which goes on until its context ends: because ctx does, or because the lease
// could not be renewed. In the second case Run waits for work and then for the lease again. Each call has a greater fence
// than all before on any node. At the end the lease is given back, and another node has it within a fifteenth of ttl. If
// work returns while its context lives, so does Run, with its error.
func (l *Lead) Run(ctx context.Context, work func(ctx context.Context, fence uint64) error) error {
	defer l.leave(ctx)
	for {
		if fence, _ := l.take(ctx, 0); fence != 0 {
			if ended, err := l.term(ctx, fence, work); ended {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(l.ttl / leadAsks):
		}
	}
}

// take asks for a new term, or for more time in the one that runs. It answers its fence; 0 without an error: another has the
// lease, or nobody has this term any more.
func (l *Lead) take(ctx context.Context, term uint64) (uint64, error) {
	sent := time.Now()
	fence, err := l.s.run(ctx, scriptLeadTake, l.keys(), l.holder, l.ttl.Milliseconds(), term).Uint64()
	if err != nil || fence == 0 {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = sent.Add(l.ttl - l.ttl/leadSpare)
	return fence, nil
}

// left is how much of the lease is left for its holder.
func (l *Lead) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until)
}

// term does the work of one term and renews the lease meanwhile. It answers whether the work ended by itself.
func (l *Lead) term(ctx context.Context, fence uint64, work func(context.Context, uint64) error) (ended bool, err error) {
	working, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	expiry := time.AfterFunc(l.left(), func() { lose(errLeadLost) })
	defer expiry.Stop()
	l.fence.Store(fence)
	defer l.fence.Store(0)
	l.s.log.Info("this node leads", "lease", l.name, "fence", fence)

	done := make(chan struct{})
	go func() { err = work(working, fence); close(done) }()
	renew := time.NewTicker(l.ttl / leadRenewals)
	defer renew.Stop()
	for {
		select {
		case <-done:
			return working.Err() == nil, err
		case <-working.Done():
			<-done
			if ctx.Err() == nil {
				l.s.log.Warn("this node leads no more", "lease", l.name, "fence", fence)
			}
			return false, nil
		case <-renew.C:
			switch again, err := l.take(working, fence); {
			case again != 0:
				expiry.Reset(l.left())
			case err == nil:
				lose(errLeadLost)
			}
		}
	}
}

// leave gives the lease back, if this node has it.
func (l *Lead) leave(ctx context.Context) {
	_ = l.s.run(context.WithoutCancel(ctx), scriptLeadLeave, l.keys()[:1], l.holder).Err() // else it lapses
}

func (l *Lead) keys() []string {
	return []string{l.s.key("lr", "lead", l.name), l.s.key("lr", "lead", l.name, "fence")}
}
