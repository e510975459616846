package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/robfig/cron/v3"
)

// job is one periodic piece of work. All of them stand in the table that serve.go gives to runJobs; work under a second
// apart has a ticker of its own instead (cron counts in seconds).
type job struct {
	name string
	spec string // cron/v3, also "@every 5s"
	run  func(context.Context) error
}

// runJobs runs the jobs on their schedules until ctx ends, then waits for those under way. A job that still runs when its
// time comes again is skipped; one that panics is logged and runs again next time.
func runJobs(ctx context.Context, log *slog.Logger, jobs []job) error {
	logger := cronLog{log}
	c := cron.New(cron.WithLocation(time.UTC), cron.WithLogger(logger),
		// In this order: a panic that SkipIfStillRunning sees makes it skip the job for ever.
		cron.WithChain(cron.SkipIfStillRunning(logger), cron.Recover(logger)))
	for _, j := range jobs {
		if _, err := c.AddFunc(j.spec, func() {
			if err := j.run(ctx); err != nil && ctx.Err() == nil {
				log.Warn("periodic job failed", "job", j.name, "err", err)
			}
		}); err != nil {
			return fmt.Errorf("job %s: %w", j.name, err)
		}
	}
	c.Start()
	<-ctx.Done()
	<-c.Stop().Done()
	return context.Cause(ctx)
}

// cronLog gives cron's messages to slog: its errors as errors, its chatter at debug.
type cronLog struct{ log *slog.Logger }

func (l cronLog) Info(msg string, kv ...any) { l.log.Debug("cron: "+msg, kv...) }

func (l cronLog) Error(err error, msg string, kv ...any) {
	l.log.Error("cron: "+msg, append(kv, "err", err)...)
}
