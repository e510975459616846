package im

// groupFields are the fields that the chat may find fault with, as the commands about groups call them.
var groupFields = map[string]string{
	"group": "GroupId", "groupId": "GroupId", "name": "Name", "title": "Name", "owner": "Owner_Account", "anchor": "Owner_Account",
	"notice": "Notification", "introduction": "Introduction", "avatar": "FaceUrl", "fields": "AppDefinedData",
	"from": "From_Account", "body": "MsgBody", "cloudCustomData": "CloudCustomData", "priority": "MsgPriority", "random": "Random", "seq": "MsgSeq",
	"content": "Content", "attributes": "GroupAttr", "keys": "GroupAttr", "counters": "GroupCounter",
	"user": "Members_Account", "users": "Members_Account", "seconds": "MuteTime", "next": "Timestamp",
}
