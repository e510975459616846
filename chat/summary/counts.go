package summary

// Counts are what nodes counted of a session.
type Counts struct {
	Messages int64 // of members, that were delivered
	Plays    int64 // how often somebody began to watch
	Members  int64 // different named users who were in the chat; see Store
}

// Delta is what one node counted of one session lately.
type Delta struct {
	Session  string
	Messages int64
	Plays    int64
	Users    []string // who were in the chat, each at least once while the session ran
}

// MaxMembers is how many different users of a session are told apart, where they are counted one by one.
const MaxMembers = 1_000_000
