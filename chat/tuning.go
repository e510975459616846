package chat

import "time"

// Tuning is that part of Config which Tune changes while a Service runs. Its fields mean what they mean there, but the zero
// value of a field is no default.
type Tuning struct {
	History       int
	HistoryAge    time.Duration
	RatePerSecond int

	PriorityCap  Priority
	UserBurst    int
	UserRate     float64
	RecallWindow time.Duration

	MembersWrite bool
	MembersFound bool
	MemberList   int
	Tips         int
	QuietMutes   bool
	NoBroadcasts bool

	WordsForAdmins bool

	WebInstances    int
	NativeInstances int
	Rivals          Rivals
	OneRoom         OneRoom
	Quit            Quit
}

// TunedTo is c with another Tuning.
func (c Config) TunedTo(t Tuning) Config {
	c.History, c.HistoryAge, c.RatePerSecond = t.History, t.HistoryAge, t.RatePerSecond
	c.PriorityCap, c.UserBurst, c.UserRate, c.RecallWindow = t.PriorityCap, t.UserBurst, t.UserRate, t.RecallWindow
	c.MembersWrite, c.MembersFound, c.MemberList, c.Tips = t.MembersWrite, t.MembersFound, t.MemberList, t.Tips
	c.QuietMutes, c.NoBroadcasts = t.QuietMutes, t.NoBroadcasts
	c.WordsForAdmins = t.WordsForAdmins
	c.WebInstances, c.NativeInstances, c.Rivals, c.OneRoom, c.Quit = t.WebInstances, t.NativeInstances, t.Rivals, t.OneRoom, t.Quit
	return c
}

// Tune changes how the Service works from now on. What was done stays: a longer history fills up with what is said from now on,
// and of more devices than there may be now some go when another comes.
func (s *Service) Tune(t Tuning) error {
	now := s.cfg.TunedTo(t)
	now.Pending = max(now.Pending, t.RatePerSecond) // a room may hold what it delivers in a second
	if err := now.Validate(); err != nil {
		return err
	}
	s.tuning.Store(&now)
	return nil
}

// tuned is Config as it is at the moment. Who needs several fields that belong together asks once. It takes no lock.
func (s *Service) tuned() *Config { return s.tuning.Load() }
