package im

// ChatGroups is what the commands about groups need of the chat (chat.Service).
type ChatGroups interface {
	ChatFounders
	ChatProfiles
	ChatSender
	ChatBroadcaster
	ChatHistory
	ChatRecalls
	ChatNotifier
	ChatAttributes
	ChatCounters
	ChatMutes
	ChatBans
	ChatLists
	ChatPeople
	ChatRoles
	ChatMarks
}

// registerGroupCommands puts all commands about groups into the table.
func (s *Server) registerGroupCommands() {
	s.registerGroups()
	s.registerGroupInfo()
	s.registerMessages()
	s.registerBroadcast()
	s.registerHistory()
	s.registerRecall()
	s.registerNotify()
	s.registerAttributes()
	s.registerCounters()
	s.registerMutes()
	s.registerBans()
	s.registerLists()
	s.registerLiveGroups()
	s.registerAdmins()
	s.registerMarks()
	s.registerRefusals()
}
