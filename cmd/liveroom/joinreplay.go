package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/chat"
	"liveroom/chat/replay"
	"liveroom/live/record"
	"liveroom/status"
	"liveroom/web"
)

// joinReplay makes what keeps the chat of recordings, which are made later. Where nothing can be recorded, or it is switched off, there
// is none.
func (p *program) joinReplay() (err error) {
	if p.blobs == nil || p.set.ReplayChat != on {
		return nil
	}
	cfg := replay.Config{Node: p.nodeID(), Age: p.set.ReplayChatAge, Banned: p.bannedOf, Newest: p.newestWithdrawn}
	if p.replay, err = replay.New(cfg, &recorded{p: p}, p.blobs, p.log); err != nil {
		return err
	}
	p.interaction.spoken = append(p.interaction.spoken, p.replay.Delivered)
	p.interaction.observers = append(p.interaction.observers, withdrawals{p.replay})
	p.interaction.actors = append(p.interaction.actors,
		actor{"chat of recordings", p.replay.Run}, actor{"age of the chat of recordings", p.once("replay", p.replay.RunRetention)})
	return nil
}

// withdrawals has the chat of recordings told of what is withdrawn.
type withdrawals struct{ replay *replay.Service }

// Observe implements chat.Observer.
func (w withdrawals) Observe(facts ...chat.Fact) {
	for _, fact := range facts {
		f, ok := fact.(chat.Withdrew)
		if !ok {
			continue
		}
		for i, seq := range f.Seqs {
			var when time.Time
			if i < len(f.Were) && f.Were[i] != nil {
				when = f.Were[i].Time
			}
			w.replay.Withdrawn(f.Group, seq, when)
		}
	}
}

// HearsMessages implements chat.Observer.
func (withdrawals) HearsMessages() bool { return false }

// Settle implements chat.Observer.
func (withdrawals) Settle(context.Context) {}

// bannedOf says which users are banned from a group. From one that is gone nobody is.
func (p *program) bannedOf(ctx context.Context, group string, users []string) (map[string]bool, error) {
	banned := make(map[string]bool)
	for _, user := range users {
		is, err := p.chat.Banned(ctx, group, user)
		if errors.Is(err, chat.ErrNoGroup) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		banned[user] = is
	}
	return banned, nil
}

// newestWithdrawn are the numbers of the messages of a group that were withdrawn last.
func (p *program) newestWithdrawn(ctx context.Context, group string) ([]uint64, error) {
	all, err := p.chat.Withdrawals(ctx, group)
	if errors.Is(err, chat.ErrNoGroup) {
		return nil, nil
	}
	seqs := make([]uint64, len(all))
	for i, w := range all {
		seqs[i] = w.Seq
	}
	return seqs, err
}

// recorded are the recordings as their chat needs them.
type recorded struct {
	p *program

	mu   sync.Mutex
	late map[string]time.Duration // of recordings that run, by id
}

// recordingOf is what its chat needs to know of a recording. One that the room's rule made is of the whole session, though it
// begins with its first segment.
func recordingOf(r record.Recording) replay.Recording {
	began := r.CreatedAt
	zero := status.SessionBegan(r.Session)
	if r.By == "" && !zero.IsZero() {
		began = zero
	}
	if !r.Zero.IsZero() {
		zero = r.Zero
	}
	return replay.Recording{ID: r.ID, Group: r.Group, Zero: zero, Began: began, Ended: r.EndedAt, Of: r.Of}
}

// each calls see for all that a query selects. It asks the store: the figures of those that run, which are read from their segments,
// are not needed here.
func (l *recorded) each(ctx context.Context, q record.Query, see func(r replay.Recording, room string) error) error {
	q.Limit, q.Kind = 200, record.Full
	for {
		page, next, err := l.p.stores.recordings.List(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := see(recordingOf(r), r.Room); err != nil {
				return err
			}
		}
		if q.After = next; next == "" {
			return nil
		}
	}
}

// Running implements replay.Recordings.
func (l *recorded) Running(ctx context.Context) (all []replay.Recording, err error) {
	late := make(map[string]time.Duration)
	for _, state := range []record.State{record.Running, record.Finishing} {
		if err = l.each(ctx, record.Query{State: state}, func(r replay.Recording, room string) (err error) {
			if r.Late, err = l.lateOf(ctx, r.ID, room); err == nil {
				all, late[r.ID] = append(all, r), r.Late
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late = late
	return all, nil
}

// lateOf is how much later than it is pushed a room sees what is recorded of it. Messages are of the moment they were delivered, also
// where they wait as long as the picture.
func (l *recorded) lateOf(ctx context.Context, id, room string) (time.Duration, error) {
	l.mu.Lock()
	late, known := l.late[id]
	l.mu.Unlock()
	if known {
		return late, nil
	}
	s, err := l.p.stores.status.Load(ctx, room)
	if errors.Is(err, status.ErrUnknownRoom) {
		return 0, nil
	}
	return time.Duration(s.Record.Delay), err
}

// OfGroup implements replay.Recordings.
func (l *recorded) OfGroup(ctx context.Context, group string, limit int) ([]replay.Recording, error) {
	room, err := l.p.roomOfGroup(ctx, group)
	if isMissing(err) { // its recordings can't be played any more
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	page, _, err := l.p.stores.recordings.List(ctx, record.Query{Room: room.ID, MadeAt: room.CreatedAt, Kind: record.Full, Limit: limit})
	all := make([]replay.Recording, len(page))
	for i, r := range page {
		all[i] = recordingOf(r)
	}
	return all, err
}

// Find implements replay.Recordings.
func (l *recorded) Find(ctx context.Context, id string) (replay.Recording, []replay.Span, error) {
	r, err := l.p.recordings.Recording(ctx, id)
	var index record.Index
	if err == nil {
		index, err = l.p.recordings.Index(ctx, id)
	}
	if errors.Is(err, record.ErrUnknown) {
		err = replay.ErrUnknown
	}
	return recordingOf(r), spansOf(index), err
}

// spansOf joins the segments that follow one another without a gap.
func spansOf(index record.Index) (spans []replay.Span) {
	for _, s := range index.Segments {
		if n := len(spans); n > 0 && spans[n-1].Start+spans[n-1].Duration == s.Start {
			spans[n-1].Duration += s.Duration
			continue
		}
		spans = append(spans, replay.Span{Start: s.Start, Duration: s.Duration})
	}
	return spans
}

// Finished implements replay.Recordings.
func (l *recorded) Finished(ctx context.Context, see func(replay.Recording) error) error {
	return l.each(ctx, record.Query{State: record.Done}, func(r replay.Recording, _ string) error { return see(r) })
}

// replayMetrics are what is kept of chat, and what is lost.
func (p *program) replayMetrics() []web.Sample {
	if p.replay == nil {
		return nil
	}
	st := p.replay.Stats()
	return []web.Sample{
		counter("replay_messages_total", "Chat messages kept with recordings.", st.Kept),
		counter("replay_lost_total", "Chat messages of recordings that were not kept: the store was away for too long, or there were too many.", st.Lost),
		counter("replay_lost_withdrawals_total", "Withdrawals that were not noted with recordings at once; they are looked for when these end.", st.LostRecalls),
		{Name: "replay_waiting_bytes", Help: "Bytes of chat that wait to be kept.", Value: float64(st.Queued + st.Waiting)},
		{Name: "replay_cached_bytes", Help: "Bytes of chat of recordings in memory, for who plays them.", Value: float64(st.Cached)},
	}
}
