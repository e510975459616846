package im

import (
	"context"
	"errors"
	"slices"

	"liveroom/chat"
)

// mostGroups is how many groups one call may ask for (spec im-rest §3.3).
const mostGroups = 50

// ChatProfiles tells and changes what groups are (chat.Service).
type ChatProfiles interface {
	Describe(ctx context.Context, group string) (chat.Description, error)
	Change(ctx context.Context, group string, by chat.Identity, p chat.GroupPatch) error
}

func (s *Server) registerGroupInfo() {
	register(s, &groups, "get_group_info", limits{}, s.groupInfo)
	register(s, &groups, "modify_group_base_info", limits{}, s.modifyGroup)
}

// groupFilter says which parts of a group are wanted; of what it does not name, all are. Members are never listed, so
// that what is wanted of them says nothing.
type groupFilter struct {
	Base   []string `json:"GroupBaseInfoFilter"`
	Fields []string `json:"AppDefinedDataFilter_Group"`
}

type groupInfoRequest struct {
	GroupIDs []string    `json:"GroupIdList" im:"need"`
	Filter   groupFilter `json:"ResponseFilter"`
}

// groupObject is a group, or what is wanted of it, by Tencent's names (spec im-rest §3.0).
type groupObject map[string]any

type groupInfoAnswer struct {
	GroupInfo []groupObject
}

// groupInfo tells of groups in the order asked for, each with a code of its own (spec im-rest §3.3).
func (s *Server) groupInfo(ctx context.Context, _ chat.Identity, in *groupInfoRequest) (*groupInfoAnswer, error) {
	if len(in.GroupIDs) > mostGroups {
		return nil, bad("GroupIdList", "may name at most %d groups", mostGroups)
	}
	out := &groupInfoAnswer{make([]groupObject, len(in.GroupIDs))}
	for i, id := range in.GroupIDs {
		d, err := s.chat.Describe(ctx, id)
		var refused *chat.Error
		switch {
		case errors.As(err, &refused):
			out.GroupInfo[i] = groupObject{"GroupId": id, "ErrorCode": refused.Code, "ErrorInfo": refused.Detail}
		case err != nil:
			return nil, err
		default:
			o := in.Filter.apply(s.groupObject(d), d.Fields)
			o["GroupId"], o["ErrorCode"], o["ErrorInfo"], o["MemberList"] = id, 0, "", []struct{}{}
			out.GroupInfo[i] = o
		}
	}
	return out, nil
}

// groupObject is all of a group but its custom fields. What a live group has no use for says so: anybody joins, and
// there is no bound of members.
func (s *Server) groupObject(d chat.Description) groupObject {
	muted := onOff(d.Settings.MuteAll)
	return groupObject{
		"GroupId": d.ID, "Type": avChatRoom, "Name": d.Name, "Introduction": d.Settings.Introduction, "Notification": d.Notice,
		"FaceUrl": d.Settings.Avatar, "Owner_Account": d.Owner, "Appid": s.cfg.AppID,
		"CreateTime": seconds(d.CreatedAt), "LastInfoTime": seconds(d.ChangedAt), "LastMsgTime": seconds(d.SpokenAt),
		"InfoSeq": d.InfoSeq, "NextMsgSeq": d.NextSeq, "MemberNum": d.Count.Members, "MaxMemberNum": 0,
		"ApplyJoinOption": "FreeAccess", "MuteAllMember": muted, "ShutUpAllMember": muted,
	}
}

// apply leaves of o what is wanted, and adds the custom fields that are.
func (f groupFilter) apply(o groupObject, fields map[string]string) groupObject {
	if f.Base != nil {
		o = only(o, f.Base)
	}
	o["AppDefinedData"] = customFields(fields, f.Fields)
	return o
}

// only leaves of o what is wanted.
func only(o groupObject, wanted []string) groupObject {
	for name := range o {
		if !slices.Contains(wanted, name) && !slices.Contains(wanted, otherNames[name]) {
			delete(o, name)
		}
	}
	return o
}

// otherNames are the older or newer names of fields, which are wanted with them (spec im-rest §0.3).
var otherNames = map[string]string{
	"MuteAllMember": "ShutUpAllMember", "ShutUpAllMember": "MuteAllMember", "MuteUntil": "ShutUpUntil", "ShutUpUntil": "MuteUntil",
}

// customFields lists custom fields by key; wanted nil: all.
func customFields(fields map[string]string, wanted []string) []customField {
	list := []customField{}
	for key, value := range sorted(fields) {
		if wanted == nil || slices.Contains(wanted, key) {
			list = append(list, customField{key, value})
		}
	}
	return list
}

// modifyRequest changes a group (spec im-rest §3.4); what is absent stays. What bounds and admits members is let pass.
type modifyRequest struct {
	GroupID         string `json:"GroupId" im:"need"`
	Name            *string
	Introduction    *string
	Notification    *string
	FaceURL         *string       `json:"FaceUrl"`
	Fields          []customField `json:"AppDefinedData"`
	MuteAllMember   *string
	ShutUpAllMember *string
}

// modifyGroup changes a group.
func (s *Server) modifyGroup(ctx context.Context, by chat.Identity, in *modifyRequest) (*bare, error) {
	fields, err := fieldsOf(in.Fields)
	if err != nil {
		return nil, err
	}
	p := chat.GroupPatch{
		Name: in.Name, Notice: in.Notification, Fields: fields,
		Settings: chat.SettingsPatch{Introduction: in.Introduction, Avatar: in.FaceURL},
	}
	if p.Settings.MuteAll, err = muteAll(in.MuteAllMember, in.ShutUpAllMember); err != nil {
		return nil, err
	}
	if p.Name == nil && p.Notice == nil && len(fields) == 0 && p.Settings == (chat.SettingsPatch{}) { // the rest means nothing here
		_, err := s.chat.Describe(ctx, in.GroupID)
		return nil, err
	}
	return nil, s.chat.Change(ctx, in.GroupID, by, p)
}

// muteAll reads the switch by its newer or older name.
func muteAll(newer, older *string) (*bool, error) {
	name, said := "MuteAllMember", newer
	if newer == nil {
		name, said = "ShutUpAllMember", older
	}
	if said == nil {
		return nil, nil
	}
	on := *said == "On"
	if !on && *said != "Off" {
		return nil, bad(name, `must be "On" or "Off"`)
	}
	return &on, nil
}

func onOff(on bool) string {
	if on {
		return "On"
	}
	return "Off"
}
