package web

import (
	"context"
	"net/http"

	"liveroom/chat"
)

// ChatGroups is what the API needs to show and change groups (chat.Service).
type ChatGroups interface {
	Describe(ctx context.Context, group string) (chat.Description, error)
	Change(ctx context.Context, group string, by chat.Identity, p chat.GroupPatch) error
}

func (s *Server) registerChatGroup() {
	register(s, s.operation("chat-group", http.MethodGet, "/rooms/{room}/chat", "chat", "Show the group and its settings", anyone), s.chatGroup)
	register(s, s.operation("change-chat-group", http.MethodPatch, "/rooms/{room}/chat", "chat", "Change the group and its settings", tokenOrAnchor), s.changeChatGroup)
}

// ChatGroupBody is a room's chat group.
type ChatGroupBody struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Owner        string            `json:"owner"`
	Notice       string            `json:"notice"`
	Introduction string            `json:"introduction"`
	Avatar       string            `json:"avatar"`
	Fields       map[string]string `json:"fields"`
	MuteAll      bool              `json:"muteAll" doc:"Only owner and administrators may speak."`
	SlowMode     Duration          `json:"slowMode" doc:"Least time between two messages of a member; 0s: off."`
	GuestsSpeak  bool              `json:"guestsSpeak" doc:"Guests with a name may speak; those without never may."`
	Uploads      string            `json:"uploads" enum:"members,admins,none" doc:"Who may upload files."`
	CreatedAt    Time              `json:"createdAt"`
	Members      int               `json:"members" doc:"People with an open chat connection."`
	Online       int               `json:"online" doc:"Members and those who only watch."`
}

type chatGroupOut struct{ Body ChatGroupBody }

func (s *Server) chatGroup(ctx context.Context, in *RoomPath) (*chatGroupOut, error) {
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	d, err := s.chat.Describe(ctx, group)
	if err != nil {
		return nil, err
	}
	return &chatGroupOut{Body: ChatGroupBody{
		ID: d.ID, Name: d.Name, Owner: d.Owner, Notice: d.Notice,
		Introduction: d.Settings.Introduction, Avatar: d.Settings.Avatar, Fields: orEmpty(d.Fields),
		MuteAll: d.Settings.MuteAll, SlowMode: Duration(d.Settings.SlowMode), GuestsSpeak: d.Settings.GuestsSpeak,
		Uploads: string(d.Settings.Uploads), CreatedAt: Time{d.CreatedAt}, Members: d.Count.Members, Online: d.Count.Online,
	}}, nil
}

// ChatGroupPatch changes a group; what is absent stays.
type ChatGroupPatch struct {
	Name         *string           `json:"name,omitempty" maxLength:"120" doc:"The room's title too."`
	Notice       *string           `json:"notice,omitempty" maxLength:"4096" doc:"As the room's."`
	Introduction *string           `json:"introduction,omitempty" maxLength:"240" doc:"At most 240 bytes."`
	Avatar       *string           `json:"avatar,omitempty" maxLength:"100" doc:"URL of at most 100 bytes."`
	Fields       map[string]string `json:"fields,omitempty" maxProperties:"11" doc:"Custom fields to set; an empty value deletes."`
	MuteAll      *bool             `json:"muteAll,omitempty"`
	SlowMode     *Duration         `json:"slowMode,omitempty" doc:"Whole seconds, at most 1h; 0s: off."`
	GuestsSpeak  *bool             `json:"guestsSpeak,omitempty"`
	Uploads      *string           `json:"uploads,omitempty" enum:"members,admins,none"`
}

type changeChatGroupIn struct {
	RoomPath
	Body ChatGroupPatch
}

func (s *Server) changeChatGroup(ctx context.Context, in *changeChatGroupIn) (*chatGroupOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if err := s.checkNotice(b.Notice); err != nil {
		return nil, err
	}
	if err := s.chat.Change(ctx, group, s.speaker(ctx), chat.GroupPatch{
		Name: b.Name, Notice: b.Notice, Fields: b.Fields,
		Settings: chat.SettingsPatch{
			Introduction: b.Introduction, Avatar: b.Avatar, MuteAll: b.MuteAll, SlowMode: b.SlowMode.patch(),
			GuestsSpeak: b.GuestsSpeak, Uploads: (*chat.Uploads)(b.Uploads),
		},
	}); err != nil {
		return nil, err
	}
	return s.chatGroup(ctx, &in.RoomPath)
}
