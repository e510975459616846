package im

import (
	"context"

	"liveroom/chat"
)

// ChatAttributes keeps the attributes of groups (chat.Service).
type ChatAttributes interface {
	WriteAttributes(ctx context.Context, group string, by chat.Identity, c chat.AttributeChange) (chat.Values, error)
	Attributes(ctx context.Context, group string, keys []string) (chat.Values, error)
}

func (s *Server) registerAttributes() {
	register(s, &groups, "modify_group_attr", limits{}, s.writeAttributes(chat.SetAttribute))
	register(s, &groups, "set_group_attr", limits{}, s.writeAttributes(chat.ReplaceAttribute))
	register(s, &groups, "delete_group_attr", limits{}, s.writeAttributes(chat.DeleteAttribute))
	register(s, &groups, "clear_group_attr", limits{}, s.clearAttributes)
	register(s, &attributes, "get_group_attr", limits{}, s.groupAttributes)
}

// attribute is one attribute. Its names are in lower case, unlike all others (spec im-rest §3.17).
type attribute struct {
	Key   string `json:"key" im:"need"`
	Value string `json:"value"`
}

type attributesRequest struct {
	GroupID    string      `json:"GroupId" im:"need"`
	Attributes []attribute `json:"GroupAttr"`
}

// writeAttributes makes the handler of a write that lists attributes. Whoever writes last wins.
func (s *Server) writeAttributes(op chat.AttributeOp) func(context.Context, chat.Identity, *attributesRequest) (*bare, error) {
	return func(ctx context.Context, by chat.Identity, in *attributesRequest) (*bare, error) {
		if in.Attributes == nil || len(in.Attributes) == 0 && op != chat.ReplaceAttribute {
			return nil, missing(&groups, "GroupAttr") // no attributes at all would delete all
		}
		c := chat.AttributeChange{Op: op, Set: make(map[string]string, len(in.Attributes))}
		for _, a := range in.Attributes {
			if _, twice := c.Set[a.Key]; twice {
				return nil, bad("GroupAttr", "a key comes twice")
			}
			c.Set[a.Key], c.Keys = a.Value, append(c.Keys, a.Key)
		}
		if op == chat.DeleteAttribute {
			c.Set = nil
		} else {
			c.Keys = nil
		}
		_, err := s.chat.WriteAttributes(ctx, in.GroupID, by, c)
		return nil, err
	}
}

func (s *Server) clearAttributes(ctx context.Context, by chat.Identity, in *groupRequest) (*bare, error) {
	_, err := s.chat.WriteAttributes(ctx, in.GroupID, by, chat.AttributeChange{Op: chat.ClearAttribute})
	return nil, err
}

type attributesAnswer struct {
	Attributes []attribute `json:"GroupAttrAry"`
}

func (s *Server) groupAttributes(ctx context.Context, _ chat.Identity, in *groupRequest) (*attributesAnswer, error) {
	all, err := s.chat.Attributes(ctx, in.GroupID, nil)
	if err != nil {
		return nil, err
	}
	out := &attributesAnswer{Attributes: make([]attribute, 0, len(all.All))}
	for key, value := range sorted(all.All) {
		if key != chat.StatusKey {
			out.Attributes = append(out.Attributes, attribute{key, value})
		}
	}
	if status, ok := all.All[chat.StatusKey]; ok { // behind the backend's own
		out.Attributes = append(out.Attributes, attribute{chat.StatusKey, status})
	}
	return out, nil
}
