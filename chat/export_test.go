package chat

import (
	"context"
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

// Pause is how long it rests then.
func (c Config) Pause(audience int, took time.Duration) time.Duration {
	return c.withDefaults().pause(audience, took)
}

// MaxSilenced lets so many users be silenced at a time.
func MaxSilenced(s *Service, most int64) { s.silences.most = most }

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

// SetAttributes writes attributes without asking what was known of them.
func (s *Service) SetAttributes(ctx context.Context, group string, by Identity, attributes map[string]string) error {
	_, err := s.WriteAttributes(ctx, group, by, AttributeChange{Op: SetAttribute, Set: attributes})
	return err
}

// ReplaceAttributes is SetAttributes for all of them.
func (s *Service) ReplaceAttributes(ctx context.Context, group string, by Identity, attributes map[string]string) error {
	_, err := s.WriteAttributes(ctx, group, by, AttributeChange{Op: ReplaceAttribute, Set: attributes})
	return err
}

// DeleteAttributes deletes some attributes, or all.
func (s *Service) DeleteAttributes(ctx context.Context, group string, by Identity, keys []string) error {
	_, err := s.WriteAttributes(ctx, group, by, AttributeChange{Op: DeleteAttribute, Keys: keys})
	return err
}

// Remembered says how much is kept of messages between users: senders' paces, messages, and bytes of these.
func Remembered(s *Service) (paces, messages, bytes int) {
	s.letters.mu.Lock()
	defer s.letters.mu.Unlock()
	for _, k := range s.letters.dedup.known {
		bytes += len(k.Ack.Body)
	}
	return len(s.letters.paces.full), len(s.letters.dedup.known), bytes
}

// Untold says how many users the registry is to be told of, and how many it may know.
func Untold(s *Service) (untold, known int) {
	s.abroad.mu.Lock()
	defer s.abroad.mu.Unlock()
	return len(s.abroad.dirty) + len(s.abroad.flying), len(s.abroad.known)
}
