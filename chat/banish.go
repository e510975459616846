package chat

import "time"

// banishedNews are the play sessions of those who were banned from a group: they may be on any node.
type banishedNews struct {
	Group   string    `json:"group"`
	Watches []string  `json:"watches"`
	Until   time.Time `json:"until,omitzero"`
}

// banish ends on all nodes what people watch who were banned from a group on this one.
func (s *Service) banish(group string, watches []string, until time.Time) {
	if len(watches) == 0 {
		return
	}
	if s.cfg.Banished != nil {
		s.cfg.Banished(group, watches, until)
	}
	if s.abroad != nil {
		s.abroad.mail.say("", news{Banished: &banishedNews{group, watches, until}})
	}
}

// banishHere does the same for whom another node banned. Who hears news must not wait for it.
func (s *Service) banishHere(b *banishedNews) {
	if s.cfg.Banished != nil {
		s.spawn(func() { s.cfg.Banished(b.Group, b.Watches, b.Until) })
	}
}
