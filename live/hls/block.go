package hls

import (
	"context"
	"net/url"
	"time"

	"liveroom/live/stream"
)

// directives are what a player may ask of a media playlist (RFC 8216bis §6.2.5).
type directives struct {
	blocks bool   // wait until the list has what follows
	number uint64 // _HLS_msn
	part   int    // _HLS_part; entire: the segment when it is finished
	delta  bool   // _HLS_skip
}

// maxPartIndex is far beyond any: a segment of ten seconds has 100 parts of leastPart.
const maxPartIndex = 1 << 20

func badDirective(name, why string) error {
	return &stream.Refusal{Code: "bad_request", Detail: name + " " + why + "."}
}

// parseDirectives reads the directives of a query and leaves all else alone.
func parseDirectives(query string) (d directives, err error) {
	if query == "" {
		return d, nil
	}
	if len(query) > maxQueryBytes {
		return d, badDirective("The query", "is too long")
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return d, badDirective("The query", "can't be read")
	}
	for _, name := range []string{"_HLS_msn", "_HLS_part", "_HLS_skip"} {
		if len(q[name]) > 1 {
			return d, badDirective(name, "is there twice")
		}
	}
	d.part = entire
	if d.blocks = q.Has("_HLS_msn"); d.blocks {
		var ok bool
		if d.number, ok = canonical(q.Get("_HLS_msn"), 63); !ok {
			return d, badDirective("_HLS_msn", "is no number")
		}
	}
	if q.Has("_HLS_part") {
		n, ok := canonical(q.Get("_HLS_part"), 31)
		switch {
		case !ok || n > maxPartIndex:
			return d, badDirective("_HLS_part", "is no number of a part")
		case !d.blocks:
			return d, badDirective("_HLS_part", "means nothing without _HLS_msn")
		}
		d.part = int(n)
	}
	skip := q.Get("_HLS_skip")
	d.delta = skip == "YES" || skip == "v2" // the second kind may leave out date ranges too, and there are none
	return d, nil
}

// has says whether the list has what d waits for. t.mu is held.
func (t *timeline) has(d directives) bool {
	switch {
	case d.number < t.last || d.number == t.last && d.part == entire:
		return true
	case d.part == entire:
		return false
	case d.number == t.last:
		// A part beyond the last one of its segment is the first one of the next (§6.2.5.2).
		s := t.segments[len(t.segments)-1]
		return d.part < len(s.parts) || t.open != nil
	}
	return t.open != nil && t.open.number == d.number && d.part < len(t.open.parts)
}

// tooFar says whether d waits for what no player can know of yet (§6.2.5.2). t.mu is held.
func (t *timeline) tooFar(d directives) bool {
	if d.number > t.last+2 {
		return true
	}
	if d.part == entire || d.number <= t.last {
		return false
	}
	ahead := 3
	if t.partTarget < 1000 {
		ahead = int((3000 + t.partTarget - 1) / t.partTarget)
	}
	if d.number == t.last+1 && t.open != nil {
		ahead += len(t.open.parts) - 1
	}
	return d.part > ahead
}

var (
	errTooFar = badDirective("_HLS_msn", "or _HLS_part is too far ahead of the playlist")
	// errStalled tells a player to come back: nothing new within three target durations.
	errStalled = &stream.Refusal{Code: "stalled", Detail: "The stream has stopped for a moment; ask again.", Temporary: true}
)

// ready says whether there is a list.
func (t *timeline) ready() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.segments) > 0
}

// answers says whether d is answered without waiting, and how. A list that nothing is going to be added to now is not
// waited for; it doesn't say CAN-BLOCK-RELOAD either.
func (t *timeline) answers(d directives) (done bool, err error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.answer(d)
}

// answer is answers. t.mu is held.
func (t *timeline) answer(d directives) (done bool, err error) {
	switch {
	case t.partTarget == 0 || !t.awaited() || t.has(d):
		return true, nil
	case t.tooFar(d):
		return true, errTooFar
	}
	return false, nil
}

// hold waits until d is answered.
func (t *timeline) hold(ctx context.Context, d directives) error {
	return t.wait(ctx, func() (bool, error) { return t.answer(d) })
}

// fetch returns a file by its name. The part to come next is waited for, until it is there or will never be.
func (t *timeline) fetch(ctx context.Context, name string) (f file, err error) {
	err = t.wait(ctx, func() (bool, error) {
		found, coming := false, false
		if f, found, coming = t.look(name); coming {
			return false, nil
		}
		if !found {
			return true, errGone
		}
		return true, nil
	})
	return f, err
}

// begun blocks until there is a segment or will never be one.
func (t *timeline) begun(ctx context.Context) error {
	return t.wait(ctx, func() (bool, error) {
		return len(t.segments) > 0 && t.begunHere() || t.replaced || !t.endedAt.IsZero(), nil
	})
}

// superseded blocks until a new session's timeline has taken the place of one that has ended.
func (t *timeline) superseded(ctx context.Context) error {
	return t.wait(ctx, func() (bool, error) { return t.replaced || t.endedAt.IsZero(), nil })
}

// wait blocks until ready, asked at first and after each change, says that it is done. It is called with t.mu held for
// reading. Whoever waits is parked on one channel for all.
func (t *timeline) wait(ctx context.Context, ready func() (bool, error)) error {
	for {
		t.mu.RLock()
		done, err := ready()
		changed := t.changed
		t.mu.RUnlock()
		if done {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// patience bounds what is waited for in a request.
func (t *timeline) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	t.mu.RLock()
	target := t.target
	t.mu.RUnlock()
	return context.WithTimeoutCause(ctx, holdBackTargets*time.Duration(max(target, 1))*time.Second, errStalled)
}
