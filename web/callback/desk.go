package callback

import (
	"sync"
	"time"
)

// Bounds of what is asked at one receiver at a time, so that a slow one holds up nobody else.
const (
	maxAsked      = 256 // questions under way
	maxAskedGroup = 64  // of one group

	failuresToOpen = 5 // in a row: then it is left alone
	openAtFirst    = time.Second
	openAtMost     = 30 * time.Second
)

// Why a receiver is not asked.
const (
	whyOpen = "open" // it did not answer lately
	whyBusy = "busy" // it is asked as much as it may be
)

// desk is where one receiver is asked: it counts the questions under way and leaves a receiver alone that does not answer.
type desk struct {
	url string // of which it counts; another one begins anew

	mu       sync.Mutex
	asked    int
	groups   map[string]int // questions under way by group
	failures int            // in a row
	pause    time.Duration  // how long it was last left alone
	until    time.Time      // when it may be tried again; zero: it answers
	probing  bool           // one question tries it
}

// enter takes a place for a question, or says why none is asked now.
func (d *desk) enter(group string, now time.Time) (why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !d.until.IsZero() && (d.probing || now.Before(d.until)):
		return whyOpen
	case d.asked >= maxAsked, d.groups[group] >= maxAskedGroup:
		return whyBusy
	}
	d.probing = !d.until.IsZero()
	d.asked++
	d.groups[group]++
	return ""
}

// leave gives the place back, and notes whether there was an answer.
func (d *desk) leave(group string, answered bool, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free(group)
	if answered {
		d.failures, d.pause, d.until, d.probing = 0, 0, time.Time{}, false
		return
	}
	if d.failures++; d.failures < failuresToOpen || !d.until.IsZero() && !d.probing {
		return // not often enough, or it was asked before it was found away
	}
	d.pause = min(max(2*d.pause, openAtFirst), openAtMost)
	d.until, d.probing = now.Add(d.pause), false
}

// free gives a place back. The lock is held.
func (d *desk) free(group string) {
	d.asked--
	if d.groups[group]--; d.groups[group] == 0 {
		delete(d.groups, group)
	}
}

// abandoned is leave for a question that its asker gave up: it says nothing of the receiver.
func (d *desk) abandoned(group string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free(group)
	d.probing = false
}

func (d *desk) open() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.until.IsZero()
}
