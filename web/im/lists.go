package im

import (
	"context"
	"errors"

	"liveroom/chat"
)

// mostJoined is how many groups of somebody one answer holds (spec im-rest §3.6).
const mostJoined = 5000

func (s *Server) registerLists() {
	register(s, &groups, "get_joined_group_list", limits{}, s.joinedGroups)
}

// joinedRequest asks where somebody is. Live groups count as huge ones, which are not told unless asked for (spec im-rest
// §8.2 point 21).
type joinedRequest struct {
	Account   Account `json:"Member_Account" im:"need"`
	Huge      uint32  `json:"WithHugeGroups"`
	Limit     uint32
	Offset    uint32
	GroupType string
	Type      string // as old clients call it
	Filter    struct {
		Base []string `json:"GroupBaseInfoFilter"`
		Self []string `json:"SelfInfoFilter"`
	} `json:"ResponseFilter"`
}

type joinedResponse struct {
	TotalCount int
	GroupIDs   []groupObject `json:"GroupIdList"`
}

// joinedGroups lists the groups somebody is in on any of his devices, by id.
func (s *Server) joinedGroups(ctx context.Context, _ chat.Identity, in *joinedRequest) (*joinedResponse, error) {
	if in.Limit > mostJoined {
		return nil, bad("Limit", "must be at most %d", mostJoined)
	}
	out := &joinedResponse{GroupIDs: []groupObject{}}
	if in.Huge == 0 || !isLive(in.GroupType, in.Type) {
		return out, nil
	}
	all := s.chat.JoinedGroups(string(in.Account))
	out.TotalCount = len(all)
	all = all[min(int(in.Offset), len(all)):]
	if in.Limit > 0 {
		all = all[:min(int(in.Limit), len(all))]
	}
	all = all[:min(len(all), mostJoined)]
	for _, m := range all {
		o, err := s.joined(ctx, m, in)
		if errors.Is(err, chat.ErrNoGroup) {
			continue // dismissed meanwhile
		}
		if err != nil {
			return nil, err
		}
		out.GroupIDs = append(out.GroupIDs, o)
	}
	return out, nil
}

// joined is one group somebody is in, or what is wanted of it.
func (s *Server) joined(ctx context.Context, m chat.Membership, in *joinedRequest) (groupObject, error) {
	o := groupObject{}
	if in.Filter.Base != nil {
		d, err := s.chat.Describe(ctx, m.Group)
		if err != nil {
			return nil, err
		}
		o = only(s.groupObject(d), in.Filter.Base)
	}
	o["GroupId"] = m.Group
	if in.Filter.Self != nil {
		o["SelfInfo"] = only(groupObject{
			"Member_Account": m.User, "Role": string(m.Role), "JoinTime": seconds(m.JoinedAt),
			"MuteUntil": until(m.MutedUntil), "ShutUpUntil": until(m.MutedUntil), "MsgFlag": "AcceptAndNotify",
		}, in.Filter.Self)
	}
	return o, nil
}

// isLive says whether live groups are asked for, by the newer or the older name of the type. None: all types are.
func isLive(types ...string) bool {
	for _, t := range types {
		if t != "" {
			return t == avChatRoom
		}
	}
	return true
}
