package stream

import (
	"runtime"
	"time"
)

// pictureWait is how long a tag that is no picture waits for the next one to leave with it, once anything is merged at all:
// audio then costs no write of its own, and players hold more of it than this anyway.
const pictureWait = 40 * time.Millisecond

// merger knows what is needed to say when tags are shown to subscribers. Waking a thousand of them for each tag costs far
// more than what the tags weigh, so with many viewers tags wait for others, at most for the window; and they leave with a
// picture rather than at an arbitrary moment, so that the newest picture has not waited at all.
type merger struct {
	since   time.Time     // when the oldest tag that is not shown arrived
	picture time.Time     // when the last picture arrived, zero before the first
	beat    time.Duration // usual time between two pictures, 0 while unknown
}

// saw notes the arrival of a picture.
func (m *merger) saw(now time.Time) {
	const longest = 250 * time.Millisecond // slower ones have no beat to wait for
	gap := now.Sub(m.picture)
	switch {
	case m.picture.IsZero() || gap > longest:
		m.beat = 0
	case m.beat == 0:
		m.beat = gap
	default:
		m.beat += (gap - m.beat) / 8
	}
	m.picture = now
}

// patience is how long the tags that wait by now may go on waiting, after a tag that is a picture or not: within the window
// of this moment, other tags up to longest for a picture. Zero means that they are shown at once.
func (m *merger) patience(window, longest time.Duration, picture bool, now time.Time) time.Duration {
	if window <= 0 {
		return 0
	}
	waited := now.Sub(m.since)
	if picture {
		if waited+m.beat > window { // the next picture would come too late
			return 0
		}
	} else if m.beat > 0 {
		window = max(window, min(pictureWait, longest))
	}
	return max(window-waited, 0)
}

// window is how long a tag may wait for others while so many viewers watch on this node, where nobody but segmenters and
// the like may read the stream in question.
func (c *Config) window(viewers int, unwatched bool) time.Duration {
	switch {
	case unwatched:
		return c.RestWindow
	case viewers <= c.MergeFrom:
		return 0
	case viewers >= c.MergeFull:
		return c.MergeWindow
	default:
		return c.MergeWindow * time.Duration(viewers-c.MergeFrom) / time.Duration(c.MergeFull-c.MergeFrom)
	}
}

// processors is what the numbers of viewers are multiplied with by default.
func processors() int { return runtime.GOMAXPROCS(0) }
