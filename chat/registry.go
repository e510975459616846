package chat

import (
	"context"
	"slices"
	"time"
)

// register tells the registry where users are, until ctx ends.
func (s *Service) register(ctx context.Context) {
	renew := time.NewTicker(usersRenew / presenceShards)
	defer renew.Stop()
	for next := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-renew.C:
			s.renewUsers(next % presenceShards)
			next++
		case <-s.abroad.stirred:
		}
		for !s.tellRegistry(ctx) {
			if !pausing(ctx, newsRetry) {
				return
			}
		}
	}
}

// renewUsers has the users of a shard told again.
func (s *Service) renewUsers(shard int) {
	p := &s.presence.shards[shard]
	p.mu.Lock()
	defer p.mu.Unlock()
	for user := range p.users {
		s.abroad.moved(user)
	}
}

// tellRegistry tells all that waits. False: it could not.
func (s *Service) tellRegistry(ctx context.Context) bool {
	a := s.abroad
	for {
		users, ends, missed := a.take()
		if len(users)+len(ends) == 0 && !missed {
			return true
		}
		ends, err := s.putEnds(ctx, ends)
		if err == nil && missed {
			err = s.catchUp(ctx)
		}
		if err == nil {
			err = s.putUsers(ctx, users)
		}
		if a.apart.Store(err != nil); err != nil {
			a.giveBack(s.worthTelling(users), ends, missed)
		}
		if a.landed(users); err != nil {
			return false
		}
	}
}

// worthTelling are those of some users who are here, or of whom the registry may know: so many come and go while it is away.
func (s *Service) worthTelling(users []string) []string {
	gone := s.presence.gone(users)
	s.abroad.mu.Lock()
	defer s.abroad.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(users), func(user string) bool { return gone[user] && !s.abroad.known[user] })
}

// putEnds tells who was sent away, and answers what could not be told.
func (s *Service) putEnds(ctx context.Context, ends []ending) (left []ending, err error) {
	for i, e := range ends {
		if err := s.abroad.n.EndUser(ctx, e.user, time.Since(e.at)); err != nil {
			return ends[i:], err
		}
		s.abroad.mail.say("", news{Close: &closeNews{e.user, e.why, time.Since(e.at)}})
	}
	return nil, nil
}

// tellEnds tells who was sent away and is not told of yet. False: it could not.
func (s *Service) tellEnds(ctx context.Context) bool {
	a := s.abroad
	a.mu.Lock()
	ends := a.ends
	a.ends = nil
	a.mu.Unlock()
	left, err := s.putEnds(ctx, ends)
	if err != nil {
		a.giveBack(nil, left, false)
	}
	return err == nil
}

// endNow tells that a user was sent away before that is answered, if the registry can be asked at once.
func (s *Service) endNow(e ending) {
	select {
	case <-s.started:
		if s.abroad.apart.Load() {
			break
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.base), abroadWait)
		defer cancel()
		if _, err := s.putEnds(ctx, []ending{e}); err == nil {
			return
		}
	default:
	}
	s.abroad.end(e)
}

// catchUp asks for everything, and has everything told.
func (s *Service) catchUp(ctx context.Context) error {
	s.abroad.census.doubt()
	s.abroad.recount.Store(true)
	if err := s.reloadSilences(ctx); err != nil {
		return err
	}
	if err := s.banishMissed(ctx); err != nil {
		return err
	}
	for shard := range s.presence.shards {
		s.renewUsers(shard)
	}
	return nil
}

// putUsers tells the registry where users are, and those nodes where they are too.
func (s *Service) putUsers(ctx context.Context, users []string) error {
	if len(users) == 0 {
		return nil
	}
	a, here := s.abroad, make(map[string]Whereabouts, len(users))
	for _, user := range users {
		here[user] = s.presence.whereabouts(user)
	}
	began := a.heard.Load()
	elsewhere, err := a.n.PutUsers(ctx, here)
	if a.tell(here, err == nil); err != nil {
		s.presence.unanswered(users)
		return err
	}
	tell := make(map[string]map[string]Whereabouts)
	for user, e := range elsewhere {
		s.learn(user, began, e)
		for node := range e.Nodes {
			if tell[node] == nil {
				tell[node] = make(map[string]Whereabouts)
			}
			tell[node][user] = s.presence.whereabouts(user) // what was learned may have changed it
		}
	}
	for node, users := range tell {
		a.mail.say(node, news{Users: users})
	}
	return nil
}

// acquaint learns where else a user is who is about to be here, if that is not known, but does not wait for long. Until
// done is called it stays known.
func (s *Service) acquaint(ctx context.Context, who Identity) (done func()) {
	if s.abroad == nil || who.Anonymous {
		return func() {}
	}
	user := who.User // all that is kept of who, so that it costs nothing where there are no other nodes
	shard := s.presence.shard(user)
	shard.mu.Lock()
	u := shard.user(user)
	u.expected++
	known := u.known
	shard.mu.Unlock()
	if !known {
		began := s.abroad.heard.Load()
		if found, ok := s.usersElsewhere(ctx, []string{user}); ok {
			s.learn(user, began, found[user])
		}
	}
	return func() {
		shard.mu.Lock()
		defer shard.mu.Unlock()
		u.expected--
		shard.forget(user)
	}
}

// usersElsewhere asks the registry, but does not wait for long.
func (s *Service) usersElsewhere(ctx context.Context, users []string) (found map[string]Elsewhere, ok bool) {
	if s.abroad == nil || s.abroad.apart.Load() || len(users) == 0 {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, abroadWait)
	defer cancel()
	found, err := s.abroad.n.Users(ctx, users)
	return found, err == nil
}
