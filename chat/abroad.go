package chat

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// What nodes tell each other of people.
const (
	abroadWait = 200 * time.Millisecond // how long a login, a join or a question waits for other nodes before it goes on without

	usersBatch = 500             // users told at once
	usersRenew = 3 * time.Minute // after which every user is told again
	heirEvery  = 5 * time.Second // from one look for what dead nodes left to the next
)

// abroad is what a Service knows of the other nodes, and what it is still to tell them. Without Neighbours it has none.
type abroad struct {
	n         Neighbours
	mail      mail
	census    census
	inquiries inquiries

	stirred chan struct{} // has a token when there is something to tell the registry
	apart   atomic.Bool   // the registry did not answer when it was asked last: nobody waits for it
	heard   atomic.Uint64 // grows with what is heard of users

	recount   atomic.Bool // all counts are to be told at once
	watchedAt time.Time   // when strangers were told of last; headcounts' own

	mu     sync.Mutex               // taken last; guards what follows
	dirty  map[string]bool          // users whose whereabouts changed
	known  map[string]bool          // users whom the registry may know to be here
	flying map[string]bool          // users of whom the registry is being told
	waits  map[string]chan struct{} // closed when it has been told all of a user, or could not be
	ends   []ending                 // of which the registry is to be told
	missed bool                     // everything is to be told and asked anew
}

func newAbroad(n Neighbours) *abroad {
	if n == nil {
		return nil
	}
	return &abroad{
		n: n, mail: mail{ready: make(chan struct{}, 1)}, stirred: make(chan struct{}, 1),
		census: census{
			counts: make(map[string]map[string]Headcount), whole: make(map[string]bool), touched: make(map[string]bool),
			watch: make(map[string]map[string]strangers), left: make(map[string]map[string]time.Time),
		},
		dirty: make(map[string]bool), known: make(map[string]bool), flying: make(map[string]bool), waits: make(map[string]chan struct{}),
	}
}

// stir lets register look.
func (a *abroad) stir() {
	select {
	case a.stirred <- struct{}{}:
	default:
	}
}

// moved notes that a user is somewhere else than the registry has it. Any lock may be held.
func (a *abroad) moved(user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dirty[user] = true
	a.stir()
}

// registered waits until the registry has answered where else a user is who moved, but not for long.
func (a *abroad) registered(ctx context.Context, user string) {
	if a.apart.Load() {
		return
	}
	a.mu.Lock()
	if !a.dirty[user] && !a.flying[user] {
		a.mu.Unlock()
		return
	}
	done := a.waits[user]
	if done == nil {
		done = make(chan struct{})
		a.waits[user] = done
	}
	a.mu.Unlock()
	timer := time.NewTimer(abroadWait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// end remembers that a user was sent away.
func (a *abroad) end(e ending) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.ends) < maxNews {
		a.ends = append(a.ends, e)
	}
	a.stir()
}

// renewAll has everything told and asked anew.
func (a *abroad) renewAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.missed = true
	a.stir()
}

// take returns what is to be told to the registry next.
func (a *abroad) take() (users []string, ends []ending, missed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for user := range a.dirty {
		if len(users) == usersBatch {
			break
		}
		users = append(users, user)
		delete(a.dirty, user)
		a.flying[user] = true
	}
	ends, missed = a.ends, a.missed
	a.ends, a.missed = nil, false
	return users, ends, missed
}

// landed lets those go on who wait for users of whom nothing more is to be told.
func (a *abroad) landed(users []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, user := range users {
		delete(a.flying, user)
		if done := a.waits[user]; done != nil && (!a.dirty[user] || a.apart.Load()) {
			close(done)
			delete(a.waits, user)
		}
	}
}

// giveBack notes again what could not be told.
func (a *abroad) giveBack(users []string, ends []ending, missed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, user := range users {
		a.dirty[user] = true
	}
	a.ends = append(ends, a.ends...)
	a.missed = a.missed || missed
}

// tell notes what the registry knows of users once it was told where they are. What it did not answer it may know all the same.
func (a *abroad) tell(here map[string]Whereabouts, answered bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for user, w := range here {
		switch {
		case !w.Nowhere() && (answered || !a.apart.Load()):
			a.known[user] = true
		case w.Nowhere() && answered:
			delete(a.known, user)
		}
	}
}

// live does, until ctx ends, what other nodes are for.
func (s *Service) live(ctx context.Context) {
	a := s.abroad
	if a == nil {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { _ = a.n.Attend(ctx, listener{s}) }) // it ends with ctx
	wg.Go(func() { a.post(ctx) })
	wg.Go(func() { s.headcounts(ctx) })
	wg.Go(func() { s.inherit(ctx) })
	s.register(ctx)
}
