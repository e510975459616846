package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// diary notes what happened, and when since the bubble began.
type diary struct {
	mu    sync.Mutex
	start time.Time
	lines []string
}

func (d *diary) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf("%s %s", time.Since(d.start), what))
}

// runs is an actor that takes so long to stop, and then returns err.
func (d *diary) runs(name string, stopping time.Duration, err error) actor {
	return actor{name, func(ctx context.Context) error {
		<-ctx.Done()
		d.note(name + " told")
		time.Sleep(stopping) // of the bubble
		d.note(name + " gone")
		return err
	}}
}

// ends is an actor that returns by itself.
func (d *diary) ends(name string, after time.Duration, err error) actor {
	return actor{name, func(ctx context.Context) error {
		select {
		case <-time.After(after):
			return err
		case <-ctx.Done():
			d.note(name + " told")
			return ctx.Err()
		}
	}}
}

var errBoom = errors.New("boom")

func TestStages(t *testing.T) {
	for _, c := range []struct {
		name    string
		cancel  time.Duration // of the context, 0 for never
		limit   time.Duration
		stages  func(d *diary) [][]actor
		happens []string
		err     string // empty: none
		logs    []string
	}{
		{
			name: "one stage after the other", cancel: time.Second, limit: time.Hour,
			stages: func(d *diary) [][]actor {
				return [][]actor{{d.runs("ready", 0, nil)}, {d.runs("doors", 2*time.Second, context.Canceled)}, {d.runs("store", time.Second, nil)}}
			},
			happens: []string{"1s ready told", "1s ready gone", "1s doors told", "3s doors gone", "3s store told", "4s store gone"},
		},
		{
			name: "a stage waits for all of its own", cancel: time.Second, limit: time.Hour,
			stages: func(d *diary) [][]actor {
				return [][]actor{{d.runs("http", time.Second, nil), d.ends("rtmp", time.Hour, nil)}, {d.runs("store", 0, nil)}}
			},
			happens: []string{"1s http told", "1s rtmp told", "2s http gone", "2s store told", "2s store gone"},
		},
		{
			name: "the first to fail stops all", limit: time.Hour,
			stages: func(d *diary) [][]actor {
				return [][]actor{{d.runs("doors", time.Second, nil)}, {d.ends("rooms", 3*time.Second, errBoom)}, {d.runs("store", 0, nil)}}
			},
			happens: []string{"3s doors told", "4s doors gone", "4s store told", "4s store gone"},
			err:     "rooms stopped: boom",
		},
		{
			name: "so does one that ends without an error", limit: time.Hour,
			stages: func(d *diary) [][]actor {
				return [][]actor{{d.runs("doors", 0, nil)}, {d.ends("rooms", time.Second, nil)}}
			},
			happens: []string{"1s doors told", "1s doors gone"},
			err:     "rooms stopped: it ended by itself",
		},
		{
			name: "the failure is told although a signal comes while stopping", cancel: 2 * time.Second, limit: time.Hour,
			stages: func(d *diary) [][]actor {
				return [][]actor{{d.runs("doors", 5*time.Second, nil)}, {d.ends("rooms", time.Second, errBoom)}}
			},
			happens: []string{"1s doors told", "6s doors gone"},
			err:     "rooms stopped: boom",
		},
		{
			name: "the first failure is the reason, later ones are logged", limit: time.Hour,
			stages: func(d *diary) [][]actor {
				return [][]actor{{d.runs("doors", time.Second, errors.New("crash"))}, {d.ends("rooms", time.Second, errBoom)}}
			},
			happens: []string{"1s doors told", "2s doors gone"},
			err:     "rooms stopped: boom",
			logs:    []string{"part=doors err=crash"},
		},
		{
			name: "the limit tells the rest together", cancel: time.Second, limit: 10 * time.Second,
			stages: func(d *diary) [][]actor {
				return [][]actor{{d.runs("doors", time.Minute, nil)}, {d.runs("rooms", time.Second, nil)}, {d.runs("store", 2*time.Second, nil)}}
			},
			happens: []string{"1s doors told", "11s rooms told", "11s store told", "12s rooms gone", "13s store gone", "1m1s doors gone"},
			logs:    []string{"stopping takes too long"},
		},
		{
			name: "what does not stop cleanly is logged", cancel: time.Second, limit: time.Hour,
			stages: func(d *diary) [][]actor {
				return [][]actor{{d.runs("store", 0, errBoom)}}
			},
			happens: []string{"1s store told", "1s store gone"},
			logs:    []string{"part did not stop cleanly", "part=store err=boom"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				if c.cancel > 0 {
					defer time.AfterFunc(c.cancel, cancel).Stop()
				}
				d, out := &diary{start: time.Now()}, &logBuffer{}
				err := runStages(ctx, c.limit, slog.New(slog.NewTextHandler(out, nil)), c.stages(d)...)
				if c.err == "" && err != nil || c.err != "" && (err == nil || err.Error() != c.err) {
					t.Errorf("error %v, want %q", err, c.err)
				}
				if strings.Contains(c.err, "boom") && !errors.Is(err, errBoom) {
					t.Error("the error does not wrap its cause")
				}
				sortMoments(d.lines)
				sortMoments(c.happens)
				if !slices.Equal(d.lines, c.happens) {
					t.Errorf("happened:\n%s\nwant:\n%s", strings.Join(d.lines, "\n"), strings.Join(c.happens, "\n"))
				}
				for _, l := range c.logs {
					if !strings.Contains(out.String(), l) {
						t.Errorf("the log does not say %q:\n%s", l, out)
					}
				}
				if len(c.logs) == 0 && out.String() != "" {
					t.Errorf("logged %s", out)
				}
			})
		})
	}
}

// sortMoments puts what happened at the same moment in one order.
func sortMoments(lines []string) {
	at := func(line string) time.Duration {
		word, _, _ := strings.Cut(line, " ")
		d, _ := time.ParseDuration(word) // note has written it
		return d
	}
	slices.SortFunc(lines, func(a, b string) int {
		return cmp.Or(cmp.Compare(at(a), at(b)), strings.Compare(a, b))
	})
}
