package account

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu       sync.Mutex
	accounts map[string]Account
	gone     map[string]time.Time // NotBefore of deleted accounts
	untold   map[string]time.Time // when they were deleted
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory {
	return &Memory{accounts: map[string]Account{}, gone: map[string]time.Time{}, untold: map[string]time.Time{}}
}

// Account implements Store.
func (m *Memory) Account(_ context.Context, user string) (Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.accounts[user]
	if !ok {
		return Account{}, ErrUnknownUser
	}
	return a, nil
}

// Accounts implements Store.
func (m *Memory) Accounts(_ context.Context, users []string) ([]Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := make([]Account, 0, len(users))
	for _, u := range users {
		if a, ok := m.accounts[u]; ok {
			found = append(found, a)
		}
	}
	return found, nil
}

// AccountsAfter implements Store.
func (m *Memory) AccountsAfter(_ context.Context, after string, limit int) ([]Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Account
	for _, user := range slices.Sorted(maps.Keys(m.accounts)) {
		if user > after && len(found) < limit {
			found = append(found, m.accounts[user])
		}
	}
	return found, nil
}

// PutAccount implements Store.
func (m *Memory) PutAccount(_ context.Context, a Account, p Patch) (Account, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.accounts[a.User]
	if ok {
		a = p.Apply(old)
	} else {
		if at, untold := m.untold[a.User]; untold {
			return Account{}, false, &UntoldError{Gone{a.User, at}}
		}
		a = a.NotSooner(m.gone[a.User])
		delete(m.gone, a.User)
	}
	m.accounts[a.User] = a
	return a, !ok, nil
}

// PatchAccount implements Store.
func (m *Memory) PatchAccount(_ context.Context, user string, p Patch) (Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.accounts[user]
	if !ok {
		return Account{}, ErrUnknownUser
	}
	a = p.Apply(a)
	m.accounts[user] = a
	return a, nil
}

// DeleteAccount implements Store.
func (m *Memory) DeleteAccount(_ context.Context, user string, notBefore time.Time) (Gone, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.accounts[user]
	if !ok {
		return Gone{}, ErrUnknownUser
	}
	if !a.Guest {
		m.gone[user] = a.NotSooner(notBefore).NotBefore
	}
	return m.remove(user), nil
}

// remove removes an account. The lock is held.
func (m *Memory) remove(user string) Gone {
	delete(m.accounts, user)
	m.untold[user] = time.Now()
	return Gone{user, m.untold[user]}
}

// NotBefore implements Store.
func (m *Memory) NotBefore(_ context.Context, user string) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.gone[user], nil
}

// DeleteGuests implements Store.
func (m *Memory) DeleteGuests(_ context.Context, before time.Time, limit int) (deleted []Gone, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for user, a := range m.accounts {
		if len(deleted) == limit {
			break
		}
		if a.Guest && a.CreatedAt.Before(before) {
			deleted = append(deleted, m.remove(user))
		}
	}
	return deleted, nil
}

// Untold implements Store.
func (m *Memory) Untold(_ context.Context, before time.Time, limit int) (all []Gone, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for user, at := range m.untold {
		if len(all) < limit && at.Before(before) {
			all = append(all, Gone{user, at})
		}
	}
	return all, nil
}

// Told implements Store.
func (m *Memory) Told(_ context.Context, gone []Gone) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range gone {
		if m.untold[g.User].Equal(g.At) {
			delete(m.untold, g.User)
		}
	}
	return nil
}
