package im

import (
	"context"

	"liveroom/chat"
)

// avChatRoom is the only type of group there is here (spec im-rest §5).
const avChatRoom = "AVChatRoom"

// ChatFounders makes groups, each with the live room it belongs to, and ends them (chat.Service).
type ChatFounders interface {
	Disband(ctx context.Context, group string, by chat.Identity) error
}

func (s *Server) registerGroups() {
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
