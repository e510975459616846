package delivery

// Held is how many events are in memory.
func (s *Service) Held() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		n += max(len(q.window), len(q.tail))
	}
	return n
}

// Queues is how many queues are in memory.
func (s *Service) Queues() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queues)
}
