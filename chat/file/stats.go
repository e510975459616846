package file

import (
	"errors"
	"sync/atomic"

	"liveroom/chat"
)

// Outcomes of uploads, and of wishes that are not granted, for metrics.
var outcomes = [...]string{"stored", "refused", "wrong_content", "wrong_size", "broken_off", "full", "failed"}

// Indexes of outcomes.
const (
	stored = iota
	refused
	wrongContent
	wrongSize
	brokenOff
	full
	failed
)

// counters are figures since the start.
type counters struct {
	uploads [len(Kinds) + 1][len(outcomes)]atomic.Uint64 // by kind; the last is for none

	opened, withdrawn, expired, unnoted atomic.Uint64
}

func (c *counters) of(k Kind, outcome int) *atomic.Uint64 {
	for i, known := range Kinds {
		if known == k {
			return &c.uploads[i][outcome]
		}
	}
	return &c.uploads[len(Kinds)][outcome]
}

// uploaded counts how an upload ended, or the wish for one that was not granted.
func (c *counters) uploaded(k Kind, err error) { c.of(k, outcomeOf(err)).Add(1) }

func outcomeOf(err error) int {
	var refusal *chat.Error
	switch {
	case err == nil:
		return stored
	case errors.Is(err, ErrContent):
		return wrongContent
	case errors.Is(err, ErrLonger), errors.Is(err, ErrShorter), errors.Is(err, ErrLength):
		return wrongSize
	case errors.Is(err, ErrSlow), errors.Is(err, ErrBroken):
		return brokenOff
	case errors.Is(err, ErrFull):
		return full
	case errors.Is(err, ErrUnavailable), !errors.As(err, &refusal):
		return failed
	}
	return refused
}

// Stats are figures of a Service.
type Stats struct {
	Files     int   // kept
	Bytes     int64 // of them, and of uploads that run
	Quota     int64
	Running   int // uploads
	Opened    uint64
	Withdrawn uint64
	Expired   uint64
	Unnoted   uint64 // messages whose files nobody knows when they are out of the log
	Uploads   []UploadStats
}

// UploadStats counts the uploads of one kind that ended one way.
type UploadStats struct {
	Kind    Kind // empty: of no kind there is
	Outcome string
	Count   uint64
}

// Stats returns figures of this moment.
func (s *Service) Stats() Stats {
	st := Stats{
		Quota: max(s.cfg.Quota, 0), Opened: s.count.opened.Load(), Withdrawn: s.count.withdrawn.Load(),
		Expired: s.count.expired.Load(), Unnoted: s.count.unnoted.Load(), Running: s.limits.runs(),
	}
	for _, k := range append(Kinds[:], "") {
		for i, name := range outcomes {
			st.Uploads = append(st.Uploads, UploadStats{k, name, s.count.of(k, i).Load()})
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Files, st.Bytes = s.files, s.used
	return st
}

func (l *limits) runs() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running
}
