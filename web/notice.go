package web

import (
	"context"
	"net/http"

	"liveroom/chat"
	"liveroom/chat/notice"
)

// Notifier tells the people in a group something (chat.Service).
type Notifier interface {
	Notify(ctx context.Context, group string, by chat.Identity, content string, users ...string) error
}

func (s *Server) registerNotice() {
	register(s, s.operation("notice", http.MethodGet, "/rooms/{room}/notice", "chat", "Show the notice", anyone), s.notice)
	op := s.operation("notify", http.MethodPost, "/rooms/{room}/notifications", "chat", "Tell something to those who are in the room now", tokenOrAnchor)
	op.DefaultStatus = http.StatusNoContent
	register(s, op, s.notify)
	register(s, s.operation("set-notice", http.MethodPut, "/rooms/{room}/notice", "chat", "Set the notice", tokenOrAnchor), s.setNotice)
}

// NoticeBody is a notice.
type NoticeBody struct {
	Notice string `json:"notice" maxLength:"4096" doc:"Text, or the JSON of text and images; at most 300 bytes (chat-notice-size). Empty: none."`
}

type noticeIn struct {
	RoomPath
	Body NoticeBody
}

type noticeOut struct{ Body NoticeBody }

func (s *Server) notice(ctx context.Context, in *RoomPath) (*noticeOut, error) {
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	d, err := s.chat.Describe(ctx, group)
	if err != nil {
		return nil, err
	}
	return &noticeOut{NoticeBody{d.Notice}}, nil
}

// setNotice sets the notice of group and room, and answers it with words replaced that may not be said.
func (s *Server) setNotice(ctx context.Context, in *noticeIn) (*noticeOut, error) {
	if err := s.checkNotice(&in.Body.Notice); err != nil {
		return nil, err
	}
	err := s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		return s.chat.Change(ctx, group, by, chat.GroupPatch{Notice: &in.Body.Notice})
	})
	if err != nil {
		return nil, err
	}
	return s.notice(ctx, &in.RoomPath)
}

// checkNotice refuses a notice, if one is given, that is meant to be JSON of text and pictures and is not.
func (s *Server) checkNotice(given *string) error {
	if given == nil {
		return nil
	}
	if fault := notice.Fault(*given, s.cfg.PublicURL); fault != "" {
		return newProblem(http.StatusUnprocessableEntity, "invalid", fault).at("notice")
	}
	return nil
}

// NotificationBody is a system notification.
type NotificationBody struct {
	Content string   `json:"content" minLength:"1" maxLength:"12288" doc:"Any text, at most 12288 bytes (chat-message-size)."`
	Users   []string `json:"users,omitempty" minItems:"1" maxItems:"100" doc:"Only these; absent: everyone, guests too."`
}

type notifyIn struct {
	RoomPath
	Body NotificationBody
}

func (s *Server) notify(ctx context.Context, in *notifyIn) (*empty, error) {
	return nil, s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		return s.chat.Notify(ctx, group, by, in.Body.Content, in.Body.Users...)
	})
}
