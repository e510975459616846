package chat

import (
	"log/slog"
	"sync"
	"time"
)

// complainEvery is how often the log says that the store fails in one kind of work: every room tries again and again.
const complainEvery = 10 * time.Second

// complaints is what the log was told of the store's failures.
type complaints struct {
	mu sync.Mutex
	by map[string]*complaint // by kind of work, of which there are a few
}

type complaint struct {
	at     time.Time
	unsaid int // failures since
}

// say logs a failure, if none of its kind was logged for a while.
func (c *complaints) say(log *slog.Logger, op string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.by[op]
	if last == nil {
		last = &complaint{}
		if c.by == nil {
			c.by = map[string]*complaint{}
		}
		c.by[op] = last
	}
	if !last.at.IsZero() && time.Since(last.at) < complainEvery {
		last.unsaid++
		return
	}
	log.Warn("chat store failed", "op", op, "error", err, "unsaid", last.unsaid)
	*last = complaint{at: time.Now()}
}
