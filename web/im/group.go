package im

import (
	"context"

	"liveroom/chat"
	"liveroom/live"
)

// avChatRoom is the only type of group there is here (spec im-rest §5).
const avChatRoom = "AVChatRoom"

// ChatFounders makes groups, each with the live room it belongs to, and ends them (chat.Service).
type ChatFounders interface {
	Found(ctx context.Context, by chat.Identity, d chat.GroupDraft) (id string, err error)
	Disband(ctx context.Context, group string, by chat.Identity) error
}

func (s *Server) registerGroups() {
	register(s, &groups, "create_group", limits{}, s.createGroup)
	register(s, &groups, "destroy_group", limits{}, s.destroyGroup)
}

// groupRequest is about one group and says nothing else.
type groupRequest struct {
	GroupID string `json:"GroupId" im:"need"`
}

// customField is a custom field of a group.
type customField struct {
	Key   string
	Value string
}

// createRequest is a group to be made (spec im-rest §3.1). What bounds and admits members means nothing to a live group and
// is let pass: MaxMemberCount, ApplyJoinOption, InviteJoinOption.
type createRequest struct {
	Type         string  `im:"need"`
	Name         string  `im:"need"`
	Owner        Account `json:"Owner_Account"`
	GroupID      *string `json:"GroupId"`
	Introduction string
	Notification string
	FaceURL      string        `json:"FaceUrl"`
	Fields       []customField `json:"AppDefinedData"`
	Members      []struct {
		Account Account `json:"Member_Account"`
	} `json:"MemberList"`
}

type createAnswer struct {
	GroupID       string `json:"GroupId"`
	Type          string
	HugeGroupFlag int // 1: it has no bound of members
}

// createGroup makes a live room in status waiting and the group that belongs to it.
func (s *Server) createGroup(ctx context.Context, by chat.Identity, in *createRequest) (*createAnswer, error) {
	switch {
	case in.Type != avChatRoom:
		return nil, bad("Type", "must be %s: there are no other groups here", avChatRoom)
	case len(in.Members) > 0:
		return nil, unsupported("MemberList", "nobody can be put into an %s: people join it", avChatRoom)
	}
	fields, err := fieldsOf(in.Fields)
	if err != nil {
		return nil, err
	}
	d := chat.GroupDraft{
		MakeID: in.GroupID == nil, Owner: string(in.Owner), Name: in.Name, Notice: in.Notification,
		Introduction: in.Introduction, Avatar: in.FaceURL, Fields: fields,
	}
	if in.GroupID != nil {
		if d.ID = *in.GroupID; !live.ValidGroup(d.ID) {
			return nil, refuse(chat.ErrGroupID.Code, "GroupId must be 1 to 48 printable ASCII characters and not begin with @TGS#")
		}
	}
	id, err := s.chat.Found(ctx, by, d)
	if err != nil {
		return nil, err
	}
	return &createAnswer{id, avChatRoom, 1}, nil
}

// destroyGroup ends the live room, its push included, and the group (spec im-rest §3.2).
func (s *Server) destroyGroup(ctx context.Context, by chat.Identity, in *groupRequest) (*bare, error) {
	return nil, s.chat.Disband(ctx, in.GroupID, by)
}

// fieldsOf are custom fields by key. No key may come twice: one reader would take the first, another the last.
func fieldsOf(list []customField) (map[string]string, error) {
	fields := make(map[string]string, len(list))
	for _, f := range list {
		if _, twice := fields[f.Key]; twice {
			return nil, bad("AppDefinedData", "a key comes twice")
		}
		fields[f.Key] = f.Value
	}
	return fields, nil
}
