package delivery

import "time"

// Habit says how an endpoint is treated. The zero one is that of the package comment: at least once.
type Habit struct {
	Paused bool // its queues are kept, within their bounds, and nothing is sent

	// Tries is how often an event is tried at most; what is not delivered then is a dead letter, Talk is given up. There is
	// no circuit then: each event has its tries, whatever became of others. 0: no such limit.
	Tries       int
	Pause       time.Duration // from one try of an event to its next; the queue waits. Only with Tries.
	OnlyTimeout bool          // tried again only if no answer came in time. Only with Tries.
}
