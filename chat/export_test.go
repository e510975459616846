package chat

import (
	"encoding/json"
	"time"
)

// ForgesServer says whether a body is of a kind only the server may send.
func ForgesServer(body json.RawMessage) bool {
	c, err := inspect(body)
	_, forges := c.fromServer()
	return err == nil && forges
}

// Tick is how long a room with that audience collects after a flush that took so long.
func (c Config) Tick(audience int, took time.Duration) time.Duration {
	return c.withDefaults().tick(audience, took)
}

// Loops says how many rooms have a goroutine.
func (s *Service) Loops() (n int) {
	for _, r := range s.loaded() {
		r.mu.Lock()
		if r.running {
			n++
		}
		r.mu.Unlock()
	}
	return n
}

// Closed says how many batches wait for a room's loop.
func Closed(s *Service, group string) (n int) {
	for _, r := range s.loaded() {
		r.mu.Lock()
		if r.id == group {
			n += len(r.closed)
		}
		r.mu.Unlock()
	}
	return n
}
