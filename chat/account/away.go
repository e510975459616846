package account

import (
	"errors"
	"sync"
	"time"
)

// ErrAway is what errors of a Store wrap that does not answer at present.
var ErrAway = errors.New("account: the store does not answer")

// maxMemories is how many accounts are remembered for when the store is away. Past it, any one gives way.
const maxMemories = 10_000

// memories are accounts as this process last saw them, for sign-ins while the store is away. Of one that was deleted there
// is only its NotBefore.
type memories struct {
	mu  sync.Mutex
	all map[string]Account
}

// note remembers an account. It may have been read before a revocation that is remembered: that stays.
func (m *memories) note(a Account) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(a)
}

// revoke notes that UserSigs from before a moment are void.
func (m *memories) revoke(user string, notBefore time.Time, deleted bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, known := m.all[user]
	if !known || deleted {
		a = Account{User: user}
	}
	m.put(a.NotSooner(notBefore))
}

// put remembers an account, with the latest NotBefore that is known of its user. The mutex is held.
func (m *memories) put(a Account) {
	if m.all == nil {
		m.all = map[string]Account{}
	}
	before, known := m.all[a.User]
	if !known && len(m.all) >= maxMemories {
		for other := range m.all {
			delete(m.all, other)
			break
		}
	}
	m.all[a.User] = a.NotSooner(before.NotBefore)
}

// remembered is the account of a user while the store is away: as it was last seen here, or one of which nothing is known. An
// administrator is let in only if he was seen: what he may do is too much to believe that nothing was revoked.
func (s *Service) remembered(user string, now time.Time) (Account, error) {
	s.memories.mu.Lock()
	a := s.memories.all[user]
	s.memories.mu.Unlock()
	if !a.CreatedAt.IsZero() {
		return a, nil
	}
	if s.names.Load().IsAdmin(user) {
		return Account{}, ErrAway
	}
	if !IsGuest(user) {
		if err := s.checkGiven(user); err != nil {
			return Account{}, err
		}
	}
	return Account{User: user, Guest: IsGuest(user), CreatedAt: now.UTC(), NotBefore: a.NotBefore}, nil
}
