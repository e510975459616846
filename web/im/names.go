package im

// wireNames are the fields that the chat may find fault with, as the commands about groups call them.
var wireNames = map[string]string{
	"group": "GroupId", "groupId": "GroupId", "name": "Name", "title": "Name", "owner": "Owner_Account", "anchor": "Owner_Account",
	"notice": "Notification", "introduction": "Introduction", "avatar": "FaceUrl", "fields": "AppDefinedData",
	"from": "From_Account", "body": "MsgBody", "cloudCustomData": "CloudCustomData", "priority": "MsgPriority", "random": "Random", "seq": "MsgSeq",
	"content": "Content", "attributes": "GroupAttr", "keys": "GroupAttr", "counters": "GroupCounter",
	"user": "Members_Account", "users": "Members_Account", "seconds": "MuteTime", "next": "Timestamp",
}

// wireName is what a client knows a field by. One that it has no name for keeps ours.
func wireName(field string) string {
	if name, ok := wireNames[field]; ok {
		return name
	}
	return field
}
