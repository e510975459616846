package chat

// Around are the users with names who are in a group by this node, each once however many devices and groups he has.
func (s *Service) Around() (users []string) {
	for i := range s.presence.shards {
		shard := &s.presence.shards[i]
		shard.mu.Lock()
		for user, u := range shard.users {
			if len(u.seats) > 0 {
				users = append(users, user)
			}
		}
		shard.mu.Unlock()
	}
	return users
}
