package im

import (
	"errors"

	"liveroom/chat"
)

// groupFields are the fields that the chat may find fault with, as the commands about groups call them.
var groupFields = map[string]string{
	"group": "GroupId", "groupId": "GroupId", "name": "Name", "title": "Name", "owner": "Owner_Account", "anchor": "Owner_Account",
	"notice": "Notification", "introduction": "Introduction", "avatar": "FaceUrl", "fields": "AppDefinedData",
	"from": "From_Account", "body": "MsgBody", "cloudCustomData": "CloudCustomData", "priority": "MsgPriority", "random": "Random", "seq": "MsgSeq",
	"content": "Content", "attributes": "GroupAttr", "keys": "GroupAttr", "counters": "GroupCounter",
	"user": "Members_Account", "users": "Members_Account", "seconds": "MuteTime", "reason": "Reason", "next": "Timestamp",
}

// renamed is err with other names of fields than most commands have: pairs of the chat's and the command's.
func renamed(err error, names ...string) error {
	var refused *chat.Error
	if !errors.As(err, &refused) {
		return err
	}
	for i := 0; i < len(names); i += 2 {
		if refused.Field == names[i] {
			named := *refused
			named.Field = names[i+1]
			return &named
		}
	}
	return err
}
