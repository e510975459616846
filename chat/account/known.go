package account

import (
	"strings"

	"liveroom/chat"
)

// Known is what an account's id alone tells of it: whether it is an application administrator, or a guest. It asks no store.
func (s *Service) Known(user string) chat.Identity {
	return chat.Identity{
		User: user, Admin: s.names.Load().IsAdmin(user), Guest: IsGuest(user), Anonymous: strings.HasPrefix(user, AnonymousPrefix),
	}
}
