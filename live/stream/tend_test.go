package stream_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/stream"
)

func TestTend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		wake, woken, swept, ended := make(chan struct{}, 1), 0, 0, make(chan error, 1)
		go func() {
			ended <- stream.Tend(ctx, wake, time.Second, func() { woken++ }, func(time.Time) { swept++ })
		}()
		wake <- struct{}{}
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		stop := errors.New("stop")
		cancel(stop)
		if err := <-ended; err != stop || woken != 1 || swept != 3 {
			t.Errorf("%v, woken %d times, swept %d times", err, woken, swept)
		}
	})
}
