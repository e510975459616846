package im

import (
	"context"

	"liveroom/chat"
)

// ChatNotifier tells groups something of their management (chat.Service).
type ChatNotifier interface {
	Notify(ctx context.Context, group string, by chat.Identity, content string, users ...string) error
}

func (s *Server) registerNotify() {
	register(s, &groups, "send_group_system_notification", limits{}, s.notify)
}

type notifyRequest struct {
	GroupID string    `json:"GroupId" im:"need"`
	Content string    `im:"need"`
	To      []Account `json:"ToMembers_Account"`
}

// notify tells everybody who is there, beside frequency control and history (spec im-rest §3.13).
func (s *Server) notify(ctx context.Context, by chat.Identity, in *notifyRequest) (*bare, error) {
	if len(in.To) > 0 {
		return nil, bad("ToMembers_Account", "an %s is told as a whole", avChatRoom)
	}
	return nil, s.chat.Notify(ctx, in.GroupID, by, in.Content)
}
