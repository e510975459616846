package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// actor is a part of the program that runs until its context ends.
type actor struct {
	name string
	run  func(context.Context) error
}

// runStages runs every actor until ctx ends or one of them returns. Then it stops the stages in order, each waited for
// before the next is told: doors first, what they lean on last. After limit the rest is told together. It returns why it
// stopped, nil when ctx ended.
func runStages(ctx context.Context, limit time.Duration, log *slog.Logger, stages ...[]actor) error {
	base := context.WithoutCancel(ctx)
	stopped, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	var cancels []context.CancelFunc
	groups := make([]sync.WaitGroup, len(stages))
	for i, stage := range stages {
		stageCtx, cancel := context.WithCancel(base)
		cancels = append(cancels, cancel)
		for _, a := range stage {
			groups[i].Go(func() {
				err := a.run(stageCtx)
				if stageCtx.Err() == nil {
					stop(fmt.Errorf("%s stopped: %w", a.name, orEnded(err)))
				} else if err != nil && !errors.Is(err, context.Canceled) {
					log.Warn("part did not stop cleanly", "part", a.name, "err", err)
				}
			})
		}
	}
	<-stopped.Done()
	expired := time.AfterFunc(limit, func() {
		log.Warn("stopping takes too long, the rest is cut", "limit", limit)
		for _, cancel := range cancels {
			cancel()
		}
	})
	defer expired.Stop()
	for i := range stages {
		cancels[i]()
		groups[i].Wait()
	}
	if cause := context.Cause(stopped); cause != context.Cause(ctx) {
		return cause
	}
	return nil
}

func orEnded(err error) error {
	if err == nil {
		return errors.New("it ended by itself")
	}
	return err
}
