package chat

// Here are the users with names who are in a group by this node, robots not among them; nobody, where the group is not in use
// here.
func (s *Service) Here(group string) []string {
	r := s.inMemory(group)
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	users := make([]string, 0, len(r.users))
	for user, p := range r.users {
		if len(p.sessions) > 0 {
			users = append(users, user)
		}
	}
	return users
}
