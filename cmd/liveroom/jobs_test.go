package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestJobs(t *testing.T) {
	out := &logBuffer{}
	ctx, cancel := context.WithCancel(context.Background())
	panicked, failed := make(chan struct{}, 100), make(chan struct{}, 100)
	slow, release := make(chan struct{}, 100), make(chan struct{})
	var stopped atomic.Bool
	done := make(chan error, 1)
	go func() {
		done <- runJobs(ctx, slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})), []job{
			{"panics", "@every 1s", func(context.Context) error { panicked <- struct{}{}; panic("boom") }},
			{"fails", "@every 1s", func(context.Context) error { failed <- struct{}{}; return errors.New("no luck") }},
			{"slow", "@every 1s", func(ctx context.Context) error {
				slow <- struct{}{}
				<-release
				stopped.Store(ctx.Err() != nil)
				return ctx.Err()
			}},
		})
	}()
	wait := func(what string, ch <-chan struct{}) {
		t.Helper()
		select {
		case <-ch:
		case <-time.After(time.Minute):
			t.Fatalf("not within a minute: %s\n%s", what, out)
		}
	}
	wait("the slow job begins", slow)
	for range 2 {
		wait("a job that panicked runs again", panicked)
		wait("a job that failed runs again", failed)
	}
	eventually(t, "the slow job is skipped", func() bool { return strings.Contains(out.String(), "cron: skip") })
	if n := len(slow); n != 0 {
		t.Errorf("the slow job runs %d times more", n)
	}
	cancel()
	select {
	case err := <-done:
		t.Errorf("runJobs did not wait for a job under way: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if !stopped.Load() {
		t.Error("the job under way was not told, or not waited for")
	}
	log := out.String()
	for _, want := range []string{`level=ERROR msg="cron: panic"`, "err=boom", `msg="periodic job failed" job=fails err="no luck"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %q:\n%s", want, log)
		}
	}
	if strings.Contains(log, "job=slow") {
		t.Errorf("a job that ended with the program is logged as failed:\n%s", log)
	}
}

func TestAJobWithoutASchedule(t *testing.T) {
	err := runJobs(t.Context(), slog.New(slog.DiscardHandler), []job{{"guests", "@now and then", func(context.Context) error { return nil }}})
	if err == nil || !strings.Contains(err.Error(), "guests") || !strings.Contains(err.Error(), "@now") {
		t.Errorf("error %v", err)
	}
}

// TestTheProgramsSchedules: cron takes each of them, and each job has a name of its own.
func TestTheProgramsSchedules(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	seen := map[string]bool{}
	jobs := (&program{}).allJobs()
	for _, j := range jobs {
		if j.name == "" || seen[j.name] {
			t.Errorf("two jobs are called %q", j.name)
		}
		seen[j.name] = true
	}
	if err := runJobs(ctx, slog.New(slog.DiscardHandler), jobs); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func (p *program) allJobs() []job {
	each, once := p.jobs()
	return slices.Concat(each, once)
}
