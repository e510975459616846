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

// Journal keeps acts (chat/audit).
type Journal interface {
	// Record takes acts, in order. It never blocks; what it can't keep it says itself.
	Record(acts ...Act)
	// Settle waits until what was recorded before is durable, but not for long if it can't be, and not beyond ctx.
	Settle(ctx context.Context)
	// Busy says when somebody may act again who did so much lately that the log would be full of it; zero: at once.
	Busy(by Identity) (until time.Time)
}

// Unhurried says why by may not act now: he did too much lately.
func Unhurried(j Journal, by Identity) error {
	if j == nil {
		return nil
	}
	if at := j.Busy(by); !at.IsZero() {
		return ErrActPace.until(at)
	}
	return nil
}

// record notes an act that succeeded, and returns when it is kept. What a room's loop does has outcome.acts for that: it
// happens also when nobody waits for it any more.
func (s *Service) record(ctx context.Context, by Identity, group, action, target string, detail map[string]string) {
	if s.cfg.Journal == nil {
		return
	}
	s.cfg.Journal.Record(acts(by, group, action, []string{target}, detail)...)
	s.cfg.Journal.Settle(ctx)
}

// acts are what somebody did to each of the targets.
func acts(by Identity, group, action string, targets []string, detail map[string]string) []Act {
	now := time.Now()
	all := make([]Act, len(targets))
	for i, target := range targets {
		all[i] = Act{Time: now, By: by, Group: group, Action: action, Target: target, Detail: detail}
	}
	return all
}
