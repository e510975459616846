package web

import (
	"context"
	"time"

	"liveroom/chat"
)

// record notes what a caller did that the chat core doesn't note itself.
func (s *Server) record(ctx context.Context, group, action, target string, detail map[string]string) {
	if s.journal == nil {
		return
	}
	s.journal.Record(context.WithoutCancel(ctx), chat.Act{
		Time: time.Now(), By: s.speaker(ctx), Group: group, Action: action, Target: target, Detail: detail,
	})
}
