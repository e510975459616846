package chat

// Stats are figures since the start, for metrics.
type Stats struct {
	Groups   int // rooms held in memory
	Sessions int
	Members  int // distinct users and anonymous guests, summed over rooms

	Messages []MessageStats

	Batches    uint64 // handed out, each counted once whatever its audience
	Deliveries uint64 // batches × sessions
	Panics     uint64 // sessions that panicked in Deliver
}

// MessageStats counts messages of one priority by what became of them.
type MessageStats struct {
	Priority Priority

	Delivered uint64
	Dropped   uint64 // by frequency control
	Refused   uint64 // not valid or not permitted
	Repeated  uint64 // answered with the ack of an earlier send
	Failed    uint64 // the store did not answer
}

// Stats returns present figures.
func (s *Service) Stats() Stats { return Stats{} }
