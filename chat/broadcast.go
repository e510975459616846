package chat

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// broadcastEvery is the least time between two messages to all groups (spec im-rest §3.21).
const broadcastEvery = time.Second

// broadcasts are the messages to all groups: what is remembered of them.
type broadcasts struct {
	mu    sync.Mutex
	dedup dedup
	next  time.Time // no other before it
	last  uint64    // number of the last one
}

// Broadcast sends a message to every group in which somebody is; whoever comes later finds it in the history, like any
// message of the server: it is of High priority, exempt from mutes, the gate and frequency control. Groups in which nobody
// is do not have it. Application administrators may, one a second, also in the name of somebody else (From). Body,
// CloudCustomData and Random count; a repeat within Config.DedupAge gets the original ack.
//
// It returns when the message is on its way to all. The ack's Seq numbers the broadcast; each group gives the message a
// number of its own.
func (s *Service) Broadcast(ctx context.Context, m Message, who Identity) (Ack, error) {
	if !who.Admin {
		return Ack{}, ErrPermission.with("", "only application administrators may send to all groups")
	}
	if s.tuned().NoBroadcasts {
		return Ack{}, ErrBroadcastsOff
	}
	if err := s.ready(ctx); err != nil {
		return Ack{}, err
	}
	if m.From == "" {
		m.From, m.Nick, m.Avatar = who.User, who.Nick, who.Avatar
	}
	if err := s.inNameOf(ctx, &m, who); err != nil {
		return Ack{}, err
	}
	m.Group, m.Priority, m.Server, m.Broadcast = "", High, true, true
	if _, err := s.check(&m); err != nil {
		return Ack{}, err
	}
	p := s.sending(&m)
	p.exempt = s.exempt(who)
	if err := s.reword(p); err != nil {
		return Ack{}, err
	}
	ack, fresh, err := s.broadcasts.take(p, time.Now(), s.cfg.DedupAge)
	if err != nil || !fresh {
		return ack, err
	}
	groups := 0
	elsewhere := s.groupsElsewhere()
	for _, r := range s.loaded() {
		if s.hand(r, m, elsewhere[r.id]) {
			groups++
		}
		delete(elsewhere, r.id)
	}
	for group := range elsewhere {
		if r, err := s.room(ctx, group); err == nil && s.hand(r, m, true) {
			groups++
		}
	}
	s.record(ctx, who, "", "broadcast", m.From, map[string]string{"groups": strconv.Itoa(groups)})
	return ack, nil
}

// groupsElsewhere are those in which somebody is on another node.
func (s *Service) groupsElsewhere() map[string]bool {
	if s.abroad == nil {
		return nil
	}
	return s.abroad.census.groups(s.abroad.n.Others())
}

// hand puts a copy of a message of the server into a room, if somebody is there, here or elsewhere, and says so.
func (s *Service) hand(r *room, m Message, elsewhere bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone || len(r.members) == 0 && !elsewhere {
		return false
	}
	m.Group = r.id
	p := s.sending(&m)
	p.Key = Key{} // that it is sent once is seen to for all groups together
	return s.enqueue(r, p, nil) == nil
}

// take lets a message through once, and one a second.
func (b *broadcasts) take(p *sending, now time.Time, age time.Duration) (ack Ack, fresh bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.Key != (Key{}) {
		if earlier := b.dedup.reserve(now, p.Key); earlier.Ack != nil {
			ack = *earlier.Ack
			ack.Body = p.clean
			return ack, false, nil
		}
	}
	if now.Before(b.next) {
		b.dedup.release(p.Key)
		return Ack{}, false, ErrBroadcastPace.until(b.next)
	}
	b.next, b.last = now.Add(broadcastEvery), max(b.last+1, uint64(now.Unix())) // goes on over a restart
	ack = Ack{Time: now, Seq: b.last}
	b.dedup.settle(Settled{Key: p.Key, Ack: ack, Expires: now.Add(age)})
	ack.Body = p.clean
	return ack, true, nil
}
