package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// answerKept is how long a script remembers what it answered to an operation: longer than anybody asks again.
const answerKept = 30 * time.Second

// newOperation names one change, so that it is done once though it is sent twice.
func newOperation() string { return rand.Text() }

// mutate runs a script that remembers its answer to an operation (one of keys and args names it), a second time where the
// reply was lost and time remains within Config.Timeout.
func (s *Store) mutate(ctx context.Context, sc script, keys []string, args ...any) *redis.Cmd {
	ctx, cancel := s.within(ctx)
	defer cancel()
	cmd := s.run(ctx, sc, keys, args...)
	if errors.Is(away(cmd.Err()), ErrAway) && ctx.Err() == nil {
		cmd = s.run(ctx, sc, keys, args...)
	}
	return cmd
}
