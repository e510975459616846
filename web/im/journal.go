package im

import (
	"context"
	"time"

	"liveroom/chat"
)

// journal keeps who did what.
type journal struct{ kept chat.Journal }

// record notes what an administrator did that the chat core doesn't note itself, and returns when it is kept: the answer
// must not be ahead of the log.
func (j journal) record(ctx context.Context, by chat.Identity, action, target string, detail map[string]string) {
	j.kept.Record(chat.Act{Time: time.Now(), By: by, Action: action, Target: target, Detail: detail})
	j.kept.Settle(ctx)
}

// recordEach is record of one action on many, which may be none: then there is nothing to wait for.
func (j journal) recordEach(ctx context.Context, by chat.Identity, action string, targets []string) {
	if len(targets) == 0 {
		return
	}
	acts := make([]chat.Act, len(targets))
	for i, target := range targets {
		acts[i] = chat.Act{Time: time.Now(), By: by, Action: action, Target: target}
	}
	j.kept.Record(acts...)
	j.kept.Settle(ctx)
}
