package web

import (
	"context"
	"time"

	"liveroom/chat"
)

// record notes what a caller did that the chat core doesn't note itself, and returns when it is kept: the answer must not
// be ahead of the log.
func (s *Server) record(ctx context.Context, group, action, target string, detail map[string]string) {
	s.audit.Record(chat.Act{Time: time.Now(), By: s.speaker(ctx), Group: group, Action: action, Target: target, Detail: detail})
	s.audit.Settle(ctx)
}
