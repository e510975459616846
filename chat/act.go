package chat

import (
	"context"
	"time"
)

// Act is something that somebody did to others or to the group, as the audit log keeps it. It holds no message texts.
type Act struct {
	Time   time.Time
	By     Identity
	Group  string
	Action string            // mute, unmute, kick, ban, unban, role, recall, verdict, settings, notice, dismiss …
	Target string            // the user or message it was done to; may be empty
	Detail map[string]string // what else matters: seconds, reason …
}

// Journal keeps acts. Record must not block for long; what it could not keep it says itself.
type Journal interface {
	Record(ctx context.Context, act Act)
}

// record notes an act that succeeded.
func (s *Service) record(ctx context.Context, by Identity, group, action, target string, detail map[string]string) {
	if s.cfg.Journal == nil {
		return
	}
	s.cfg.Journal.Record(context.WithoutCancel(ctx), Act{
		Time: time.Now(), By: by, Group: group, Action: action, Target: target, Detail: detail,
	})
}
