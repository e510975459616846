package socket

import "sync"

// registry knows the open sessions by id.
type registry struct {
	mu   sync.RWMutex
	byID map[string]*session
}

func (r *registry) add(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byID[s.id] = s
}

func (r *registry) remove(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, s.id)
}

// all appends the open sessions to buf, so that they can be called without the lock.
func (r *registry) all(buf []*session) []*session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, s := range r.byID {
		buf = append(buf, s)
	}
	return buf
}
