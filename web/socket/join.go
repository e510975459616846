package socket

import (
	"context"
	"errors"
	"time"

	"liveroom/chat"
)

// Answers to a join above largeAnswer bytes count against Config.ReplyBytes while they are under way. When all sockets
// together are beyond it, a resume gets only the newest cutMessages.
const (
	largeAnswer = replyPause
	cutMessages = 20
)

func (s *session) join(ctx context.Context, r *request) error {
	in, groups := s.queue.has(r.Group)
	switch {
	case in:
		return errJoined
	case groups >= s.srv.cfg.MaxGroups:
		return errTooManyGroups
	}
	var since *chat.Position
	if r.Epoch != "" {
		since = &chat.Position{Epoch: r.Epoch, Seq: r.Seq}
	}
	s.queue.join(r.Group)
	entered := false
	defer func() {
		if !entered {
			s.queue.unjoined()
			s.srv.rooms.Leave(r.Group, s)
		}
	}()
	j, err := s.srv.rooms.Join(ctx, r.Group, s.who, s, since)
	if err != nil {
		return err
	}
	s.budget(&j)
	var dropped [classes]uint64
	result, start := s.queue.joined(s.wire.shape(joinAnswer(r, &j)), &dropped)
	entered = result != lost
	s.startWriter(start)
	s.srv.count.drop(&dropped)
	if result == overflow {
		s.shut(slowConsumer, "")
	}
	if in, _ := s.queue.has(r.Group); entered && !in { // what was delivered meanwhile ended it
		s.srv.rooms.Leave(r.Group, s)
	}
	return nil
}

// leave is answered even if the group was not joined: the wish is fulfilled. With detach only this connection goes, whoever
// it is; without, the user does.
func (s *session) leave(ctx context.Context, r *request) error {
	var f struct {
		Detach bool `json:"detach"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	if in, _ := s.queue.has(r.Group); !in {
		return s.done(r, nil)
	}
	if f.Detach {
		s.srv.rooms.Leave(r.Group, s)
	} else if err := s.srv.rooms.Quit(ctx, r.Group, s); err != nil && !errors.Is(err, chat.ErrNoGroup) {
		return err
	}
	s.queue.leave(r.Group)
	return s.done(r, nil)
}

// budget cuts a long resume if too many are under way, so that a thousand clients coming back at once do not cost
// gigabytes. They are told, and go on from there.
func (s *session) budget(j *chat.Joined) {
	size := int64(sizeOf(j.Messages))
	if size < largeAnswer {
		return
	}
	s.owed += size
	if s.srv.resuming.Add(size) <= int64(s.srv.cfg.ReplyBytes) || len(j.Messages) <= cutMessages {
		return
	}
	s.repay()
	j.Messages = j.Messages[len(j.Messages)-cutMessages:]
	j.Complete = false
	s.srv.count.cutResumes.Add(1)
}

// sizeOf estimates the encoded size of messages.
func sizeOf(all []*chat.Message) int {
	n := 64
	for _, m := range all {
		n += 192 + len(m.Body) + len(m.CloudCustomData) + len(m.Nick) + len(m.Avatar)
	}
	return n
}

// limits are the slow mode of a group, in seconds, and when the member may send again, in Unix milliseconds; 0: at once.
type limits struct {
	SlowMode int64 `json:"slowMode"`
	NextAt   int64 `json:"nextAt"`
}

func limitsOf(j *chat.Joined) limits {
	l := limits{SlowMode: int64(j.Settings.SlowMode / time.Second)}
	if !j.NextAt.IsZero() {
		l.NextAt = j.NextAt.UnixMilli()
	}
	return l
}

func joinAnswer(r *request, j *chat.Joined) []byte {
	b := answer(r, 1024+sizeOf(j.Messages))
	b = appendField(b, "group", r.Group)
	b = appendField(b, "role", j.Role)
	b = appendField(b, "epoch", j.Epoch)
	b = appendField(b, "seq", j.Seq)
	b = appendField(b, "complete", j.Complete)
	b = appendField(b, "attributes", orNone(j.Attributes))
	b = appendField(b, "counters", orNone(j.Counters.All))
	b = appendField(b, "fields", orNone(j.Fields))
	b = appendField(b, "notice", j.Notice)
	b = appendField(b, "profile", j.Profile)
	b = appendField(b, "versions", map[string]uint64{
		"attributes": j.AttributesVersion, "counters": j.Counters.Version, "fields": j.FieldsVersion, "notice": j.NoticeVersion,
		"profile": j.ProfileVersion, "settings": j.Settings.Version,
	})
	b = appendField(b, "settings", j.Settings.Settings)
	b = appendField(b, "mute", muteAnswer{j.Mute.All, unix(j.Mute.Until)})
	b = appendField(b, "count", j.Count)
	b = appendField(b, "limits", limitsOf(j))
	if r.Epoch != "" {
		b = appendField(b, "withdrawn", append([]chat.Withdrawal{}, j.Withdrawn...))
	}
	if j.Degraded {
		b = appendField(b, "degraded", true)
	}
	b = append(b, `,"messages":`...)
	return finish(appendMessages(b, j.Messages))
}
