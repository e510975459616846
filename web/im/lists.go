package im

import (
	"context"
	"errors"

	"liveroom/chat"
)

// mostListed is how many groups one answer holds (spec im-rest §3.5).
const mostListed = 10_000

// mostJoined is how many groups of somebody one answer holds (spec im-rest §3.6).
const mostJoined = 5000

// ChatLists lists groups (chat.Service).
type ChatLists interface {
	Groups(ctx context.Context, after uint64, limit int) (page []string, next uint64, total int, err error)
	JoinedGroups(ctx context.Context, user string) ([]chat.Membership, error)
}

func (s *Server) registerLists() {
	register(s, &groups, "get_appid_group_list", limits{rate: 1}, s.allGroups)
	register(s, &groups, "get_joined_group_list", limits{}, s.joinedGroups)
}

// allRequest asks for a page of all groups.
type allRequest struct {
	Limit     *uint32
	Next      uint64 // of the page before; 0: the first
	GroupType string
	Type      string // as old clients call it
}

type listedGroup struct {
	GroupID string `json:"GroupId"`
}

type allAnswer struct {
	TotalCount int
	GroupIDs   []listedGroup `json:"GroupIdList"`
	Next       uint64        // 0: these were the last
}

// allGroups lists all groups of the installation, in the order they were made (spec im-rest §3.5).
func (s *Server) allGroups(ctx context.Context, _ chat.Identity, in *allRequest) (*allAnswer, error) {
	limit := uint32(mostListed)
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit == 0 || limit > mostListed {
		return nil, bad("Limit", "must be 1 to %d", mostListed)
	}
	out := &allAnswer{GroupIDs: []listedGroup{}}
	if !isLive(in.GroupType, in.Type) {
		return out, nil
	}
	page, next, total, err := s.chat.Groups(ctx, in.Next, int(limit))
	if err != nil {
		return nil, err
	}
	out.TotalCount, out.Next = total, next
	for _, id := range page {
		out.GroupIDs = append(out.GroupIDs, listedGroup{id})
	}
	return out, nil
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

type joinedAnswer struct {
	TotalCount int
	GroupIDs   []groupObject `json:"GroupIdList"`
}

// joinedGroups lists the groups somebody is in on any of his devices, by id.
func (s *Server) joinedGroups(ctx context.Context, _ chat.Identity, in *joinedRequest) (*joinedAnswer, error) {
	if in.Limit > mostJoined {
		return nil, bad("Limit", "must be at most %d", mostJoined)
	}
	out := &joinedAnswer{GroupIDs: []groupObject{}}
	if in.Huge == 0 || !isLive(in.GroupType, in.Type) {
		return out, nil
	}
	all, err := s.chat.JoinedGroups(ctx, string(in.Account))
	if err != nil {
		return nil, err
	}
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
