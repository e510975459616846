package draw_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat/draw"
)

// What an operation may do instead of its work.
var (
	errBefore = errors.New("it died before it did it")
	errAfter  = errors.New("it did it, and the answer is lost")
)

// flaky is a store whose operations fail before or after they are done, as a plan says.
type flaky struct {
	draw.Store
	plan func(what string) error
}

func (f *flaky) change(what string, do func() error) error {
	err := f.plan(what)
	if errors.Is(err, errBefore) {
		return err
	}
	return errors.Join(do(), err)
}

func (f *flaky) Start(ctx context.Context, d draw.Draw) (stored draw.Draw, fresh bool, err error) {
	err = f.change("start", func() (err error) { stored, fresh, err = f.Store.Start(ctx, d); return err })
	return stored, fresh, err
}

func (f *flaky) Enter(ctx context.Context, group, id string, from uint64, more draw.More) (d draw.Draw, err error) {
	err = f.change("enter", func() (err error) { d, err = f.Store.Enter(ctx, group, id, from, more); return err })
	return d, err
}

func (f *flaky) Close(ctx context.Context, group, id string, c draw.Closing) (d draw.Draw, err error) {
	err = f.change("close", func() (err error) { d, err = f.Store.Close(ctx, group, id, c); return err })
	return d, err
}

func (f *flaky) Ack(ctx context.Context, group string, upTo uint64) error {
	return f.change("ack", func() error { return f.Store.Ack(ctx, group, upTo) })
}

// TestDrawsSurviveAnything: whatever dies before or after whatever step, on however many nodes at a time: who said the keyword
// within the window is in once, in the order it was said; the winners follow from that; and the room is told each thing once.
func TestDrawsSurviveAnything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		said := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 120).Draw(rt, "said")
		faults := rapid.SliceOfN(rapid.IntRange(0, 3), 0, 60).Draw(rt, "faults")
		deaths := rapid.SliceOfN(rapid.IntRange(0, 1), 0, 20).Draw(rt, "deaths")
		synctest.Test(t, func(t *testing.T) {
			for _, problem := range survive(t, said, faults, deaths) {
				rt.Error(problem)
			}
		})
	})
}

// survive plays one draw of a minute with a message each half a second, two nodes, and what is to go wrong.
func survive(t *testing.T, said, faults, deaths []int) (problems []string) {
	var mu sync.Mutex // guards next and ended: two nodes run
	next, ended := 0, 0
	plan := func(string) error { // faults in the order in which steps come
		mu.Lock()
		defer mu.Unlock()
		if next == len(faults) {
			return nil
		}
		next++
		return []error{nil, errBefore, errAfter, nil}[faults[next-1]]
	}
	memory := draw.NewMemory()
	r := &rooms{fail: plan}
	store := &flaky{memory, plan}
	node := func() *draw.Service {
		return draw.New(draw.Config{Ended: func(context.Context, draw.Draw) error {
			mu.Lock()
			ended++
			mu.Unlock()
			return plan("ended")
		}}, store, r, quiet())
	}
	starter := node()
	for {
		_, err := starter.Start(t.Context(), "tea", backend, terms("d1"))
		if err == nil {
			break
		}
	}
	running := make([]context.CancelFunc, 2)
	dead := make([]chan struct{}, 2)
	start := func(i int) {
		ctx, cancel := context.WithCancel(context.Background())
		running[i], dead[i] = cancel, make(chan struct{})
		s := node()
		go func() { defer close(dead[i]); _ = s.Run(ctx) }()
	}
	kill := func(i int) { running[i](); <-dead[i] }
	start(0)
	start(1)
	var want []string
	for i, who := range said {
		user := fmt.Sprint("u", who)
		if who%3 == 0 {
			r.say(user, "something else")
		} else {
			r.say(user, "hello")
			if i < 119 && !slices.Contains(want, user) { // the 120th comes half a millisecond before the end
				want = append(want, user)
			}
		}
		if i < len(deaths) {
			kill(deaths[i])
			start(deaths[i])
		}
		time.Sleep(500 * time.Millisecond)
	}
	time.Sleep(2 * time.Minute)
	kill(0)
	kill(1)

	d, err := memory.Draw(t.Context(), "tea", "d1")
	if err != nil || d.State != draw.Ended || d.Gap {
		return []string{fmt.Sprintf("%+v, %v", d, err)}
	}
	got := strings.Fields(users(t, memory, "d1"))
	if len(said) == 120 { // whether the last was in time depends on how long starting took
		want, got = want[:min(len(want), len(got))], got[:min(len(want), len(got))]
	}
	if !slices.Equal(got, want) {
		problems = append(problems, fmt.Sprintf("entered: %v, want %v", got, want))
	}
	if wrong := draw.Verify(export(t, starter, "d1"), draw.Told{}); len(wrong) != 0 {
		problems = append(problems, fmt.Sprint(wrong))
	}
	if kinds := r.kinds(); kinds != "draw_start:d1 draw_result:d1" {
		problems = append(problems, fmt.Sprintf("told %q", kinds))
	}
	if ended == 0 {
		problems = append(problems, "the backend was not told")
	}
	return problems
}
