package replay

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/chat"
	"liveroom/live/blob"
)

// maxRecalls is how many withdrawals may wait to be sorted.
const maxRecalls = 10_000

// Service keeps and gives out. Its methods may be called from any goroutine; nothing is written before Run.
type Service struct {
	cfg   Config
	recs  Recordings
	blobs blob.Store
	log   *slog.Logger
	node  string
	boot  string // makes the names of chunks of this process its own
	cache *cache
	out   *outgoing

	made atomic.Uint64 // chunks

	mu      sync.Mutex
	watched map[string]bool // groups with a recording that runs, as of the last look
	queue   inbox           // of those
	maybe   inbox           // of other groups, not older than Config.Hold: a recording of them may be about to begin
	recalls []recall

	kept, lost, lostRecalls atomic.Uint64
}

// inbox is messages on their way to be sorted.
type inbox struct {
	notes []note
	bytes int
}

// note is a message, and when it came.
type note struct {
	m    *chat.Message
	came time.Time
}

// makeRoom lets go of the oldest until there is room.
func (in *inbox) makeRoom(size, most int) {
	for len(in.notes) > 0 && in.bytes+size > most {
		in.bytes -= weight(in.notes[0].m)
		in.notes[0] = note{}
		in.notes = in.notes[1:]
	}
}

func (in *inbox) add(n note, size int) { in.notes, in.bytes = append(in.notes, n), in.bytes+size }

// recall is a withdrawal on its way to be sorted.
type recall struct {
	group string
	seq   uint64
	at    time.Time // when the message was sent; zero: not known
}

// New makes a Service. It starts nothing.
func New(cfg Config, recs Recordings, blobs blob.Store, log *slog.Logger) (*Service, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Service{
		cfg: cfg, recs: recs, blobs: blobs, log: log, node: nodeName(cfg.Node), boot: rand.Text()[:8],
		cache: newCache(cfg.CacheBytes), out: newOutgoing(cfg.WaitingBytes),
	}, nil
}

// weight is about how much of memory a message takes while it waits.
func weight(m *chat.Message) int {
	return len(m.Body) + len(m.CloudCustomData) + len(m.From) + len(m.Nick) + len(m.Avatar) + 256
}

// Delivered takes a message that was delivered, on the node that delivered it. It never waits: what does not fit is counted, if it is
// of a group with a recording. The message is shared and must not change.
func (s *Service) Delivered(m *chat.Message) {
	if m.Seq == 0 || len(m.Body) == 0 || m.Server {
		return
	}
	size := weight(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := note{m, time.Now()}
	if !s.watched[m.Group] {
		s.maybe.makeRoom(size, s.cfg.QueueBytes)
		s.maybe.add(n, size)
		return
	}
	if s.queue.bytes+size > s.cfg.QueueBytes {
		s.lost.Add(1)
		return
	}
	s.queue.add(n, size)
}

// Withdrawn takes that a message was withdrawn, on any node. When says when it was sent; zero: it is not known. It never waits.
func (s *Service) Withdrawn(group string, seq uint64, when time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.recalls) >= maxRecalls {
		s.lostRecalls.Add(1)
		return
	}
	s.recalls = append(s.recalls, recall{group, seq, when})
}

// taken is what came since it was asked last.
type taken struct {
	queue, maybe []note
	recalls      []recall
}

// take takes what came. What may belong to a recording stays until a look.
func (s *Service) take(look bool) (t taken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.queue, s.queue = s.queue.notes, inbox{}
	t.recalls, s.recalls = s.recalls, nil
	if look {
		t.maybe, s.maybe = s.maybe.notes, inbox{}
	}
	return t
}

// giveBack keeps for the next look what this one could not find out.
func (s *Service) giveBack(notes []note, recalls []recall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in inbox
	for _, n := range append(notes, s.maybe.notes...) {
		size := weight(n.m)
		in.makeRoom(size, s.cfg.QueueBytes)
		in.add(n, size)
	}
	s.maybe = in
	room := max(0, maxRecalls-len(s.recalls))
	if over := len(recalls) - room; over > 0 {
		s.lostRecalls.Add(uint64(over))
		recalls = recalls[:room]
	}
	s.recalls = append(recalls, s.recalls...)
}

// watch says of which groups recordings run.
func (s *Service) watch(groups map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = groups
}

// Stats are what was kept, and what is held in memory.
type Stats struct {
	Kept        uint64 // messages in chunks that were written
	Lost        uint64 // messages that are in no chunk: the queue was full, or the store away for too long
	LostRecalls uint64 // withdrawals that only the list of the newest can bring back
	Queued      int    // bytes that are not sorted
	Waiting     int    // bytes that wait for the store
	Cached      int    // bytes of chunks that were read
}

// Stats returns them.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	queued := s.queue.bytes + s.maybe.bytes
	s.mu.Unlock()
	return Stats{s.kept.Load(), s.lost.Load(), s.lostRecalls.Load(), queued, s.out.waiting(), s.cache.held()}
}

// Run keeps what is delivered until ctx ends, then writes what is left, for a short time.
func (s *Service) Run(ctx context.Context) error {
	base := context.WithoutCancel(ctx)
	writing, stop := context.WithCancel(base)
	defer stop()
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() { s.write(writing) })
	}
	c := &collector{s: s, known: make(map[string]*kept)}
	tick := time.NewTicker(s.cfg.Tick)
	defer tick.Stop()
	for running := true; running; {
		c.work(ctx, time.Now())
		select {
		case <-ctx.Done():
			running = false
		case <-tick.C:
		}
	}
	last, cancel := context.WithTimeout(base, lastWork)
	defer cancel()
	c.finish(last)
	s.out.drain(last)
	stop()
	wg.Wait()
	if n := s.out.abandon(); n > 0 {
		s.lost.Add(uint64(n))
		s.log.Warn("chat messages of recordings were not written before the end", "messages", n)
	}
	return context.Cause(ctx)
}

// lastWork is how long the end may take.
const lastWork = 5 * time.Second
