package main

import (
	"fmt"
	"strings"
)

// obj is a JSON object of a request.
type obj = map[string]any

// row is a command with what it answers to each kind of request. In bodies, $group is a group of its own with owner host,
// $new an id that no group has, $seq a message of administrator's in $group; host and u1 to u3 have accounts.
type row struct {
	command                                         string
	before                                          func(*scene) // nil: nothing need be done first
	good                                            []request
	missing, wrongType, overLimit, noGroup, refused cell
}

// cell is a kind of request that must be refused, or why there is none.
type cell struct {
	none  string
	asked []request
}

// request is a command's body as a test changes it, and the code that answers it.
type request struct {
	name string
	code int
	body func(good obj) obj
}

func none(why string) cell                { return cell{none: why} }
func asked(requests ...request) cell      { return cell{asked: requests} }
func accepted(name string, b obj) request { return instead(name, 0, b) }

// instead is a request with a body of its own.
func instead(name string, code int, b obj) request {
	return request{name, code, func(obj) obj { return b }}
}

// without is the good request that lacks a field.
func without(code int, field string) request {
	return request{"without " + field, code, func(good obj) obj {
		delete(good, field)
		return good
	}}
}

// with is the good request with another value of a field.
func with(name string, code int, field string, value any) request {
	return request{name, code, func(good obj) obj {
		good[field] = value
		return good
	}}
}

// unknown is a request to a group that doesn't exist.
func unknown() cell { return asked(with("unknown group", 10010, "GroupId", "nowhere")) }

// Reasons of cells that a command has not.
const (
	allGroups  = "not of one group"
	allowed    = "an AVChatRoom may have it"
	nothingOf  = "it has no such field"
	unsupplied = "refused for an AVChatRoom whatever it says"
)

// long is a text of n bytes, in letters of three.
func long(n int) string { return strings.Repeat("字", n/3) + strings.Repeat("x", n%3) }

// many are n values.
func many[T any](n int, of func(i int) T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = of(i)
	}
	return out
}

func user(i int) string   { return fmt.Sprint("user", i) }
func attribute(i int) obj { return obj{"key": fmt.Sprint("k", i), "value": "v"} }
func tally(i int) obj     { return obj{"Key": fmt.Sprint("k", i), "Value": i} }
func seq(i int) obj       { return obj{"MsgSeq": i + 1} }

// rows are all commands of tiers 1 to 3 (spec im-rest §8.1).
func rows() []row {
	return append(append(groupRows(), moderationRows()...), append(stateRows(), accountRows()...)...)
}

func groupRows() []row {
	noID := obj{"GroupId": "$group"}
	return []row{
		{
			command: "create_group",
			good: []request{
				accepted("good", obj{"Type": "AVChatRoom", "Name": "r", "GroupId": "$new", "Owner_Account": "host"}),
				accepted("without an owner", obj{"Type": "AVChatRoom", "Name": "r", "GroupId": "$new"}),
				accepted("without an id", obj{"Type": "AVChatRoom", "Name": "r"}),
				accepted("with all it may have", obj{
					"Type": "AVChatRoom", "Name": long(120), "GroupId": "$new", "Owner_Account": "host", "Introduction": long(240),
					"Notification": long(300), "FaceUrl": strings.Repeat("u", 100), "MaxMemberCount": 500, "ApplyJoinOption": "FreeAccess", "AppDefinedData": []obj{{"Key": "k", "Value": "v"}},
				}),
			},
			missing:   asked(without(10004, "Type"), without(10004, "Name")),
			wrongType: asked(with("name is a number", 10004, "Name", 5), with("owner is a number", 60015, "Owner_Account", 5), with("type is a boolean", 10004, "Type", true)),
			overLimit: asked(with("name of 121 bytes", 10004, "Name", long(121)), with("introduction of 241 bytes", 10004, "Introduction", long(241)), with("notification of 301 bytes", 10004, "Notification", long(301)),
				with("avatar of 101 bytes", 10004, "FaceUrl", strings.Repeat("u", 101)), with("id of 49 bytes", 10015, "GroupId", strings.Repeat("g", 49))),
			noGroup: none("it makes one"),
			refused: asked(with("members", 10007, "MemberList", []obj{{"Member_Account": "u1"}}), with("another type", 10004, "Type", "Public"), with("an id like Tencent's own", 10015, "GroupId", "@TGS#aABC"),
				with("an id that isn't ASCII", 10015, "GroupId", "房间"), with("the same owner's id", 10025, "GroupId", "$group"), instead("another's id", 10021, obj{"Type": "AVChatRoom", "Name": "r", "GroupId": "$group", "Owner_Account": "u1"}),
				with("an owner without an account", 10019, "Owner_Account", "nobody")),
		},
		{
			command: "destroy_group",
			good:    []request{accepted("good", noID)},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("group is a number", 10004, "GroupId", 5)),
			overLimit: asked(with("id of 49 bytes", 10015, "GroupId", strings.Repeat("g", 49))), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "get_group_info", before: (*scene).settle,
			good: []request{
				accepted("good", obj{"GroupIdList": []string{"$group"}}),
				accepted("some fields", obj{"GroupIdList": []string{"$group"}, "ResponseFilter": obj{"GroupBaseInfoFilter": []string{"Type", "Name", "ShutUpAllMember"}, "MemberInfoFilter": []string{"Account", "Role"}}}),
			},
			missing: asked(without(10004, "GroupIdList")), wrongType: asked(with("list is a text", 10004, "GroupIdList", "$group"), with("group is a number", 10004, "GroupIdList", []int{5})),
			overLimit: asked(with("51 groups", 10004, "GroupIdList", many(51, user))),
			noGroup:   asked(with("unknown group", 0, "GroupIdList", []string{"nowhere", "$group"})), refused: none(allowed),
		},
		{
			command: "modify_group_base_info",
			good: []request{
				accepted("good", obj{"GroupId": "$group", "Name": long(120), "Introduction": long(240), "Notification": long(300), "FaceUrl": strings.Repeat("u", 100), "MuteAllMember": "On"}),
				accepted("old names", obj{"GroupId": "$group", "ShutUpAllMember": "Off", "MaxMemberNum": 500, "ApplyJoinOption": "FreeAccess"}),
				accepted("custom data", obj{"GroupId": "$group", "AppDefinedData": []obj{{"Key": "a_1", "Value": strings.Repeat("v", 512)}, {"Key": "b", "Value": ""}}}),
			},
			missing: asked(without(10004, "GroupId")),
			wrongType: asked(with("name is a number", 10004, "Name", 5), with("mute-all is a boolean", 10004, "MuteAllMember", true), with("mute-all is another word", 10004, "MuteAllMember", "on"),
				with("custom data is an object", 10004, "AppDefinedData", obj{"a": "b"})),
			overLimit: asked(with("name of 121 bytes", 10004, "Name", long(121)), with("introduction of 241 bytes", 10004, "Introduction", long(241)), with("notification of 301 bytes", 10004, "Notification", long(301)),
				with("avatar of 101 bytes", 10004, "FaceUrl", strings.Repeat("u", 101)), with("custom key of 17 bytes", 10004, "AppDefinedData", []obj{{"Key": strings.Repeat("k", 17), "Value": "v"}}),
				with("custom value of 513 bytes", 10004, "AppDefinedData", []obj{{"Key": "k", "Value": strings.Repeat("v", 513)}})),
			noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "get_appid_group_list",
			before: func(s *scene) {
				for range 10 {
					s.backend.group()
				}
			},
			good:    []request{accepted("good", obj{"Limit": 10, "Next": 0, "GroupType": "AVChatRoom"})},
			missing: none("nothing is needed"), wrongType: asked(with("limit is a text", 10004, "Limit", "10")),
			overLimit: asked(with("limit of 10001", 10004, "Limit", 10001)), noGroup: none(allGroups), refused: none(allGroups),
		},
		{
			command: "get_joined_group_list",
			good: []request{
				accepted("good", obj{"Member_Account": "u1"}),
				accepted("with huge groups", obj{"Member_Account": "u1", "WithHugeGroups": 1, "Limit": 5000, "Offset": 0, "GroupType": "AVChatRoom", "ResponseFilter": obj{"GroupBaseInfoFilter": []string{"Name"}, "SelfInfoFilter": []string{"Role"}}}),
			},
			missing: asked(without(10004, "Member_Account")), wrongType: asked(with("account is a number", 60015, "Member_Account", 5), with("limit is a text", 10004, "Limit", "5")),
			overLimit: asked(with("limit of 5001", 10004, "Limit", 5001)), noGroup: none(allGroups), refused: none(allGroups),
		},
		unsupported("get_group_member_info", 10007, noID),
		unsupported("get_specified_group_member_info", 10007, obj{"GroupId": "$group", "Member_List_Account": []string{"u1"}}),
		unsupported("modify_group_member_info", 10007, obj{"GroupId": "$group", "Member_Account": "u1", "Role": "Admin"}),
		unsupported("get_role_in_group", 10007, obj{"GroupId": "$group", "User_Account": []string{"u1"}}),
		unsupported("add_group_member", 10007, obj{"GroupId": "$group", "MemberList": []obj{{"Member_Account": "u1"}}}),
		unsupported("delete_group_member", 10004, obj{"GroupId": "$group", "MemberToDel_Account": []string{"u1"}}),
		unsupported("change_group_owner", 10007, obj{"GroupId": "$group", "NewOwner_Account": "u1"}),
		unimportable("import_group", obj{"Type": "AVChatRoom", "Name": "r", "GroupId": "$new", "CreateTime": 1700000000}),
		unsupported("clear_group_msg", 10035, noID),
		unimportable("import_group_msg", obj{"GroupId": "$group", "MsgList": []obj{{"From_Account": "u1", "SendTime": 1700000000, "MsgBody": text("x")}}}),
		unimportable("import_group_member", obj{"GroupId": "$group", "MemberList": []obj{{"Member_Account": "u1"}}}),
		unsupported("set_unread_msg_num", 10007, obj{"GroupId": "$group", "Member_Account": "u1", "UnreadMsgNum": 1}),
		unsupported("delete_group_msg_by_sender", 10035, obj{"GroupId": "$group", "Sender_Account": "u1"}),
	}
}

// unsupported is a command that an AVChatRoom has not.
func unsupported(command string, code int, body obj) row {
	return row{
		command: command, missing: none(unsupplied), wrongType: none(unsupplied), overLimit: none(unsupplied),
		noGroup: asked(instead("unknown group", 10010, replaced(body, "GroupId", "nowhere"))), refused: asked(instead("good", code, body)),
	}
}

// unimportable is a command that no group has.
func unimportable(command string, body obj) row {
	return row{
		command: command, missing: none(unsupplied), wrongType: none(unsupplied), overLimit: none(unsupplied), noGroup: none("no group is looked for"),
		refused: asked(instead("good", 10007, body)),
	}
}

func replaced(body obj, field string, value any) obj {
	out := obj{field: value}
	for k, v := range body {
		if k != field {
			out[k] = v
		}
	}
	return out
}

func moderationRows() []row {
	said := func(s *scene) {
		var m sent
		s.ok("send_group_msg", message(s.group, text("hello")), &m)
		s.seq = fmt.Sprint(m.MsgSeq)
	}
	muted := func(s *scene) {
		s.ok("forbid_send_msg", obj{"GroupId": s.group, "Members_Account": []string{"u1", "u2"}, "MuteTime": 600})
	}
	banned := func(s *scene) {
		s.ok("ban_group_member", obj{"GroupId": s.group, "Members_Account": []string{"u1", "u2"}, "Duration": 600})
	}
	group := obj{"GroupId": "$group"}
	return []row{
		{
			command: "send_group_msg",
			good: []request{
				accepted("good", obj{"GroupId": "$group", "Random": 1, "MsgBody": text("hello"), "From_Account": "u1"}),
				accepted("with all it may have", obj{
					"GroupId": "$group", "Random": 4294967295, "MsgPriority": "High", "MsgBody": custom("{}"), "From_Account": "u1", "CloudCustomData": "c", "OnlineOnlyFlag": 1, "MsgOnlineOnlyFlag": 1,
					"ForbidCallbackControl": []string{"ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback"}, "OfflinePushInfo": obj{"PushFlag": 0}, "SupportMessageExtension": 0, "NeedReadReceipt": 0,
				}),
			},
			missing: asked(without(10004, "GroupId"), without(10004, "Random"), without(10004, "MsgBody")),
			wrongType: asked(with("random is a text", 10004, "Random", "1"), with("body is an object", 10004, "MsgBody", text("x")[0]), with("sender is a number", 60015, "From_Account", 5), with("priority is a number", 10004, "MsgPriority", 1),
				with("an empty body", 10004, "MsgBody", []obj{}), with("custom data is an object", 10004, "CloudCustomData", obj{})),
			overLimit: asked(with("random of 33 bits", 10004, "Random", 4294967296), with("body above 12 KiB", 80002, "MsgBody", text(strings.Repeat("x", 12<<10))),
				with("two custom elements", 10004, "MsgBody", append(custom("1"), custom("2")...))),
			noGroup: unknown(),
			refused: asked(with("a priority that is none", 10004, "MsgPriority", "Urgent"), with("an element that is none", 10004, "MsgBody", []obj{{"MsgType": "TIMOtherElem", "MsgContent": obj{}}}), with("a sender without an account", 10019, "From_Account", "nobody"),
				with("to some members", 10007, "To_Account", []string{"u1"})),
		},
		{
			command: "send_group_system_notification",
			good:    []request{accepted("good", obj{"GroupId": "$group", "Content": "hello"}), accepted("to nobody by name", obj{"GroupId": "$group", "Content": "hello", "ToMembers_Account": []string{}})},
			missing: asked(without(10004, "GroupId"), without(10004, "Content")), wrongType: asked(with("content is an object", 10004, "Content", obj{}), with("member is a number", 60015, "ToMembers_Account", []int{5})),
			overLimit: asked(with("content above 12 KiB", 10004, "Content", strings.Repeat("x", 12<<10+1))), noGroup: unknown(), refused: asked(with("to some members", 10004, "ToMembers_Account", []string{"u1"})),
		},
		{
			command: "send_broadcast_msg",
			good:    []request{accepted("good", obj{"From_Account": "host", "Random": 1, "MsgBody": text("hello"), "CloudCustomData": "c"})},
			missing: asked(without(10004, "Random"), without(10004, "MsgBody")), wrongType: asked(with("random is a text", 10004, "Random", "1"), with("sender is a number", 60015, "From_Account", 5)),
			overLimit: asked(with("body above 12 KiB", 80002, "MsgBody", text(strings.Repeat("x", 12<<10)))), noGroup: none(allGroups), refused: asked(with("a sender without an account", 10019, "From_Account", "nobody")),
		},
		{
			command: "group_msg_recall", before: said,
			good: []request{
				{"good", 0, func(obj) obj {
					return obj{"GroupId": "$group", "MsgSeqList": []obj{{"MsgSeq": "$seq"}}, "Reason": "spam"}
				}},
				accepted("a message that isn't", obj{"GroupId": "$group", "MsgSeqList": []obj{{"MsgSeq": 4294967295}}}),
			},
			missing: asked(without(10004, "GroupId"), without(10004, "MsgSeqList")), wrongType: asked(with("numbers instead of objects", 10004, "MsgSeqList", []int{1})),
			overLimit: asked(with("11 messages", 10004, "MsgSeqList", many(11, seq))), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "group_msg_get_simple", before: said,
			good:    []request{accepted("good", obj{"GroupId": "$group", "ReqMsgNumber": 20})},
			missing: asked(without(10004, "GroupId"), without(10004, "ReqMsgNumber")), wrongType: asked(with("number is a text", 10004, "ReqMsgNumber", "20")),
			overLimit: none("more than 20 are answered with 20"), noGroup: unknown(), refused: none("served as clients get it"),
		},
		{
			command: "forbid_send_msg",
			good: []request{
				accepted("good", obj{"GroupId": "$group", "Members_Account": []string{"u1", "u2"}, "MuteTime": 60}),
				accepted("old name, for good", obj{"GroupId": "$group", "Members_Account": []string{"u1"}, "ShutUpTime": 4294967295}),
				accepted("over", obj{"GroupId": "$group", "Members_Account": []string{"u1"}, "MuteTime": 0}),
			},
			missing:   asked(without(10004, "GroupId"), without(10004, "Members_Account"), without(10004, "MuteTime")),
			wrongType: asked(with("member is a number", 60015, "Members_Account", []int{5}), with("time is a text", 10004, "MuteTime", "60"), with("time is negative", 10004, "MuteTime", -1)),
			overLimit: asked(with("501 members", 10005, "Members_Account", many(501, user)), with("time of 33 bits", 10004, "MuteTime", 4294967296)), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "get_group_muted_account", before: muted, good: []request{accepted("good", group)},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("group is a number", 10004, "GroupId", 5)), overLimit: none(nothingOf), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "get_group_shutted_uin", before: muted, good: []request{accepted("good", group)},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("group is a number", 10004, "GroupId", 5)), overLimit: none(nothingOf), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "ban_group_member",
			good:    []request{accepted("good", obj{"GroupId": "$group", "Members_Account": []string{"u1"}, "Duration": 60, "Description": long(1000)})},
			missing: asked(without(10004, "GroupId"), without(10004, "Members_Account"), without(10004, "Duration")), wrongType: asked(with("member is a number", 60015, "Members_Account", []int{5}), with("duration is a text", 10004, "Duration", "60")),
			overLimit: asked(with("21 members", 10005, "Members_Account", many(21, user)), with("description of 1001 bytes", 10004, "Description", long(1001)), with("duration of 33 bits", 10004, "Duration", 4294967296)), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "unban_group_member", before: banned,
			good:    []request{accepted("good", obj{"GroupId": "$group", "Members_Account": []string{"u1"}})},
			missing: asked(without(10004, "GroupId"), without(10004, "Members_Account")), wrongType: asked(with("member is a number", 60015, "Members_Account", []int{5})),
			overLimit: asked(with("21 members", 10005, "Members_Account", many(21, user))), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "get_group_ban_member", before: banned,
			good:    []request{accepted("good", obj{"GroupId": "$group", "Offset": 0, "Limit": 100}), accepted("a page", obj{"GroupId": "$group", "Offset": 0, "Limit": 1})},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("offset is a text", 10004, "Offset", "0")), overLimit: asked(with("limit of 101", 10004, "Limit", 101)), noGroup: unknown(), refused: none(allowed),
		},
	}
}

func stateRows() []row {
	attributes := func(s *scene) {
		s.ok("set_group_attr", obj{"GroupId": s.group, "GroupAttr": []obj{{"key": "a", "value": "1"}, {"key": "b", "value": "2"}}})
	}
	counters := func(s *scene) {
		s.ok("update_group_counter", obj{"GroupId": s.group, "Mode": "Set", "GroupCounter": []obj{{"Key": "a", "Value": 1}, {"Key": "b", "Value": int64(9223372036854775807)}}})
	}
	present := func(s *scene) { s.enter("u1") }
	admins := func(s *scene) {
		s.ok("group_open_avchatroom_http_svc/modify_admin", obj{"GroupId": s.group, "CommandType": 1, "Admin_Account": []string{"u1"}})
	}
	group := obj{"GroupId": "$group"}
	writes := func(command string) row {
		return row{
			command: command, before: attributes,
			good:      []request{accepted("good", obj{"GroupId": "$group", "GroupAttr": []obj{{"key": strings.Repeat("k", 32), "value": strings.Repeat("v", 4000)}}})},
			missing:   asked(without(10004, "GroupId"), without(10004, "GroupAttr")),
			wrongType: asked(with("value is a number", 10004, "GroupAttr", []obj{{"key": "a", "value": 5}}), with("attributes are an object", 10004, "GroupAttr", obj{"key": "a", "value": "b"}), with("without a key", 10004, "GroupAttr", []obj{{"value": "b"}})),
			overLimit: asked(with("key of 33 bytes", 10045, "GroupAttr", []obj{{"key": strings.Repeat("k", 33), "value": "v"}}), with("value of 4001 bytes", 10046, "GroupAttr", []obj{{"key": "a", "value": long(4001)}}),
				with("17 keys", 10047, "GroupAttr", many(17, attribute)), with("more than 16000 bytes", 10048, "GroupAttr", many(5, func(i int) obj { return obj{"key": fmt.Sprint(i), "value": strings.Repeat("v", 3201)} }))),
			noGroup: unknown(), refused: none(allowed),
		}
	}
	audience := "group_open_avchatroom_http_svc/"
	return []row{
		writes("modify_group_attr"),
		writes("set_group_attr"),
		{
			command: "delete_group_attr", before: attributes, good: []request{accepted("good", obj{"GroupId": "$group", "GroupAttr": []obj{{"key": "a"}}})},
			missing: asked(without(10004, "GroupId"), without(10004, "GroupAttr")), wrongType: asked(with("keys instead of objects", 10004, "GroupAttr", []string{"a"})),
			overLimit: asked(with("a key that isn't", 10050, "GroupAttr", []obj{{"key": "c"}})), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "clear_group_attr", before: attributes, good: []request{accepted("good", group)},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("group is a number", 10004, "GroupId", 5)), overLimit: none(nothingOf), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "group_open_attr_http_svc/get_group_attr", before: attributes, good: []request{accepted("good", group)},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("group is a number", 10004, "GroupId", 5)), overLimit: none(nothingOf), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "update_group_counter", before: counters,
			good: []request{
				accepted("good", obj{"GroupId": "$group", "Mode": "Increase", "GroupCounter": []obj{{"Key": "a", "Value": 2}, {"Key": "c", "Value": 3}}}),
				accepted("decrease", obj{"GroupId": "$group", "Mode": "Decrease", "GroupCounter": []obj{{"Key": "a", "Value": 2}}}),
				accepted("set is what it does", obj{"GroupId": "$group", "GroupCounter": []obj{{"Key": "a", "Value": int64(-9223372036854775808)}}}),
			},
			missing:   asked(without(10004, "GroupId"), without(10004, "GroupCounter")),
			wrongType: asked(with("value is a text", 10004, "GroupCounter", []obj{{"Key": "a", "Value": "1"}}), with("mode is another word", 10004, "Mode", "Add"), with("value is a fraction", 10004, "GroupCounter", []obj{{"Key": "a", "Value": 1.5}})),
			overLimit: asked(with("21 counters", 10063, "GroupCounter", many(21, tally)), with("key of 129 bytes", 10004, "GroupCounter", []obj{{"Key": strings.Repeat("k", 129), "Value": 1}}),
				with("value of 65 bits", 10004, "GroupCounter", []obj{{"Key": "a", "Value": uint64(9223372036854775808)}})),
			noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "get_group_counter", before: counters, good: []request{accepted("good", group), accepted("one", obj{"GroupId": "$group", "GroupCounterKeys": []string{"b"}})},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("keys are a text", 10004, "GroupCounterKeys", "a")), overLimit: none("more keys than there may be name none"), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "delete_group_counter", before: counters, good: []request{accepted("good", obj{"GroupId": "$group", "GroupCounterKeys": []string{"a"}}), accepted("all", group)},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("keys are a text", 10004, "GroupCounterKeys", "a")), overLimit: none("more keys than there may be name none"), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: "get_online_member_num", before: present, good: []request{accepted("good", group)},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("group is a number", 10004, "GroupId", 5)), overLimit: none(nothingOf), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: audience + "get_members", before: present, good: []request{accepted("good", obj{"GroupId": "$group", "Timestamp": 0})},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("timestamp is a text", 10004, "Timestamp", "0")), overLimit: none(nothingOf), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: audience + "check_members", before: present, good: []request{accepted("good", obj{"GroupId": "$group", "Member_Account": []string{"u2", "u1", "nobody"}})},
			missing: asked(without(10004, "GroupId"), without(10004, "Member_Account")), wrongType: asked(with("member is a number", 60015, "Member_Account", []int{5})), overLimit: none("the documents name none"), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: audience + "modify_user_info", before: present,
			good:    []request{accepted("good", obj{"GroupId": "$group", "CommandType": 1, "MemberList": []obj{{"Member_Account": "u1", "Marks": []int{1000}}, {"Member_Account": "u2", "Marks": []int{1000}}}})},
			missing: asked(without(10004, "GroupId"), without(10004, "CommandType"), without(10004, "MemberList")), wrongType: asked(with("type is a text", 10004, "CommandType", "1"), with("member is a number", 60015, "MemberList", []obj{{"Member_Account": 5, "Marks": []int{1000}}})),
			overLimit: asked(with("501 members", 10005, "MemberList", many(501, func(i int) obj { return obj{"Member_Account": user(i), "Marks": []int{1000}} })), with("a mark below 1000", 10004, "MemberList", []obj{{"Member_Account": "u1", "Marks": []int{999}}})),
			noGroup:   unknown(), refused: asked(with("nobody is there", 10004, "MemberList", []obj{{"Member_Account": "u2", "Marks": []int{1000}}})),
		},
		{
			command: audience + "modify_admin", before: admins, good: []request{accepted("good", obj{"GroupId": "$group", "CommandType": 1, "Admin_Account": []string{"u2"}}), accepted("cancel", obj{"GroupId": "$group", "CommandType": 2, "Admin_Account": []string{"u1"}})},
			missing: asked(without(10004, "GroupId"), without(10004, "CommandType"), without(10004, "Admin_Account")), wrongType: asked(with("admin is a number", 60015, "Admin_Account", []int{5}), with("type is a text", 10004, "CommandType", "1"), with("type is 3", 10004, "CommandType", 3)),
			overLimit: asked(with("6 admins", 10004, "Admin_Account", []string{"u1", "u2", "u3", "host", "administrator", "a", "b"})), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: audience + "get_admin_list", before: admins, good: []request{accepted("good", group)},
			missing: asked(without(10004, "GroupId")), wrongType: asked(with("group is a number", 10004, "GroupId", 5)), overLimit: none(nothingOf), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: audience + "add_robots", good: []request{accepted("good", obj{"GroupId": "$group", "Robot_Account": []string{"u1"}})},
			missing: asked(without(10004, "GroupId"), without(10004, "Robot_Account")), wrongType: asked(with("robot is a number", 60015, "Robot_Account", []int{5})), overLimit: asked(with("501 robots", 10005, "Robot_Account", many(501, user))), noGroup: unknown(), refused: none(allowed),
		},
		{
			command: audience + "del_robots", good: []request{accepted("good", obj{"GroupId": "$group", "Robot_Account": []string{"u1"}})},
			missing: asked(without(10004, "GroupId"), without(10004, "Robot_Account")), wrongType: asked(with("robot is a number", 60015, "Robot_Account", []int{5})), overLimit: none("the documents name none"), noGroup: unknown(), refused: none(allowed),
		},
	}
}

func accountRows() []row {
	login, svc := "im_open_login_svc/", none(allGroups)
	item := func(i int) obj { return obj{"UserID": user(i)} }
	letter := obj{"To_Account": "u1", "MsgRandom": 1, "MsgBody": text("hello"), "From_Account": "u2"}
	letters := obj{"To_Account": []string{"u1", "nobody"}, "MsgRandom": 1, "MsgBody": text("hello"), "From_Account": "u2"}
	known := func(s *scene) {
		s.ok("profile/portrait_set", obj{"From_Account": "u1", "ProfileItem": []obj{
			{"Tag": "Tag_Profile_IM_Nick", "Value": "Una"},
			{"Tag": "Tag_Profile_IM_Image", "Value": "https://example.com/u.png"},
			{"Tag": "Tag_Profile_IM_Gender", "Value": "Gender_Type_Female"},
			{"Tag": "Tag_Profile_IM_Level", "Value": 7},
		}})
	}
	silence := obj{"Set_Account": "u3", "C2CmsgNospeakingTime": 60, "GroupmsgNospeakingTime": 4294967295}
	return []row{
		{
			command: login + "account_import", good: []request{accepted("good", obj{"UserID": "u1", "Nick": "Una", "FaceUrl": "https://example.com/u.png"}), accepted("old name", obj{"Identifier": "u1"})},
			missing: asked(without(70402, "UserID")), wrongType: asked(with("user is a number", 60015, "UserID", 5), with("nick is a number", 70402, "Nick", 5)),
			overLimit: asked(with("user of 33 bytes", 70402, "UserID", strings.Repeat("u", 33)), with("nick of 501 bytes", 40601, "Nick", long(501))), noGroup: svc, refused: svc,
		},
		{
			command: login + "multiaccount_import", good: []request{
				accepted("good", obj{"Accounts": []string{"u1", "not a user"}}),
				accepted("newer", obj{"AccountList": []obj{{"UserID": "u2", "Nick": "Ubo", "FaceUrl": ""}}}),
			},
			missing: asked(without(70206, "Accounts")), wrongType: asked(with("user is a number", 60015, "Accounts", []int{5}), with("users are a text", 70402, "Accounts", "u1")),
			overLimit: asked(with("101 users", 70206, "Accounts", many(101, user))), noGroup: svc, refused: svc,
		},
		{
			command: login + "account_delete", good: []request{accepted("good", obj{"DeleteItem": []obj{{"UserID": "nobody"}}})},
			missing: asked(without(70206, "DeleteItem")), wrongType: asked(with("user is a number", 60015, "DeleteItem", []obj{{"UserID": 5}})),
			overLimit: asked(with("101 users", 70206, "DeleteItem", many(101, item))), noGroup: svc, refused: svc,
		},
		{
			command: login + "account_check", good: []request{accepted("good", obj{"CheckItem": []obj{{"UserID": "u1"}, {"UserID": "nobody"}}})},
			missing: asked(without(70206, "CheckItem")), wrongType: asked(with("user is a number", 60015, "CheckItem", []obj{{"UserID": 5}})),
			overLimit: asked(with("101 users", 70206, "CheckItem", many(101, item))), noGroup: svc, refused: svc,
		},
		{
			command: login + "kick", good: []request{accepted("good", obj{"UserID": "u3"}), accepted("old name", obj{"Identifier": "u3"})},
			missing: asked(without(70402, "UserID")), wrongType: asked(with("user is a number", 60015, "UserID", 5)), overLimit: asked(with("nobody's account", 70107, "UserID", "nobody")), noGroup: svc, refused: svc,
		},
		{
			command: "openim/query_online_status", good: []request{accepted("good", obj{"To_Account": []string{"u2", "nobody"}, "IsNeedDetail": 1})},
			missing: asked(without(90001, "To_Account")), wrongType: asked(with("user is a number", 60015, "To_Account", []int{5}), with("nobody is asked about", 90001, "To_Account", []string{})), overLimit: asked(with("501 users", 90011, "To_Account", many(501, user))), noGroup: svc, refused: svc,
		},
		{
			command: "openim/querystate", good: []request{accepted("good", obj{"To_Account": []string{"u2", "nobody"}})},
			missing: asked(without(90001, "To_Account")), wrongType: asked(with("user is a number", 60015, "To_Account", []int{5})), overLimit: asked(with("501 users", 90011, "To_Account", many(501, user))), noGroup: svc, refused: svc,
		},
		{
			command: "openim/sendmsg", good: []request{
				accepted("good", letter),
				accepted("with all it may have", obj{
					"SyncOtherMachine": 2, "From_Account": "u2", "To_Account": "u1", "MsgLifeTime": 604800, "MsgSeq": 7, "MsgRandom": 4294967295, "MsgTimeStamp": 1700000000, "ForbidCallbackControl": []string{"ForbidAfterSendMsgCallback"},
					"SendMsgControl": []string{"NoUnread"}, "MsgBody": text("hello"), "CloudCustomData": "c", "OfflinePushInfo": obj{"PushFlag": 1}, "OnlineOnlyFlag": 0, "SupportMessageExtension": 0, "IsNeedReadReceipt": 0,
				}),
			},
			missing: asked(without(90003, "To_Account"), without(90005, "MsgRandom"), without(90002, "MsgBody")),
			wrongType: asked(with("receiver is a number", 60015, "To_Account", 5), with("random is a text", 90005, "MsgRandom", "1"), with("body is an object", 90002, "MsgBody", obj{}), with("time is a text", 90006, "MsgTimeStamp", "1"), with("sync is a text", 90031, "SyncOtherMachine", "1"),
				with("life time is a text", 90044, "MsgLifeTime", "1")),
			overLimit: asked(with("life time of more than 7 days", 90026, "MsgLifeTime", 604801), with("body above 12 KiB", 80002, "MsgBody", text(strings.Repeat("x", 12<<10)))), noGroup: svc,
			refused: asked(with("receiver without an account", 90012, "To_Account", "nobody"), with("sender without an account", 90008, "From_Account", "nobody"), with("an element that is none", 90010, "MsgBody", []obj{{"MsgType": "TIMOtherElem", "MsgContent": obj{}}})),
		},
		{
			command: "openim/modify_group_msg", missing: none(unsupplied), wrongType: none(unsupplied), overLimit: none(unsupplied),
			noGroup: asked(instead("unknown group", 10010, obj{"GroupId": "nowhere", "MsgSeq": 1, "MsgBody": text("x")})), refused: asked(instead("good", 10007, obj{"GroupId": "$group", "MsgSeq": 1, "MsgBody": text("x")})),
		},
		{
			command: "openim/batchsendmsg", good: []request{accepted("good", letters)},
			missing: asked(without(90003, "To_Account"), without(90005, "MsgRandom"), without(90002, "MsgBody")), wrongType: asked(with("receiver is a number", 60015, "To_Account", []int{5})),
			overLimit: asked(with("501 receivers", 90011, "To_Account", many(501, user))), noGroup: svc, refused: asked(with("no receiver with an account", 90012, "To_Account", []string{"nobody"})),
		},
		{
			command: "profile/portrait_set", good: []request{accepted("good", obj{"From_Account": "u1", "ProfileItem": []obj{{"Tag": "Tag_Profile_IM_Nick", "Value": "Una"}, {"Tag": "Tag_Profile_IM_Gender", "Value": "Gender_Type_Female"}, {"Tag": "Tag_Profile_IM_Level", "Value": 7}}})},
			missing:   asked(without(40001, "From_Account"), without(40001, "ProfileItem")),
			wrongType: asked(with("user is a number", 60015, "From_Account", 5), with("nick is a number", 40610, "ProfileItem", []obj{{"Tag": "Tag_Profile_IM_Nick", "Value": 5}}), with("level is a text", 40610, "ProfileItem", []obj{{"Tag": "Tag_Profile_IM_Level", "Value": "5"}})),
			overLimit: asked(with("nick of 501 bytes", 40601, "ProfileItem", []obj{{"Tag": "Tag_Profile_IM_Nick", "Value": long(501)}}), with("gender that is none", 40605, "ProfileItem", []obj{{"Tag": "Tag_Profile_IM_Gender", "Value": "x"}})), noGroup: svc,
			refused: asked(with("a user without an account", 40003, "From_Account", "nobody"), with("a tag that is none", 40009, "ProfileItem", []obj{{"Tag": "Tag_Other", "Value": "x"}})),
		},
		{
			command: "profile/portrait_get", before: known, good: []request{accepted("good", obj{"To_Account": []string{"u1", "nobody"}, "TagList": []string{"Tag_Profile_IM_Nick", "Tag_Profile_IM_Image"}}), accepted("all tags", obj{"To_Account": []string{"u1"}})},
			missing: asked(without(40002, "To_Account")), wrongType: asked(with("user is a number", 60015, "To_Account", []int{5})), overLimit: asked(with("101 users", 40001, "To_Account", many(101, user))), noGroup: svc,
			refused: asked(with("a tag that is none", 40009, "TagList", []string{"Tag_Other"})),
		},
		{
			command: "openconfigsvr/setnospeaking", good: []request{accepted("good", silence), accepted("over", obj{"Set_Account": "u3", "C2CmsgNospeakingTime": 0, "GroupmsgNospeakingTime": 0})},
			missing:   asked(without(130002, "Set_Account"), instead("without a time", 130008, obj{"Set_Account": "u3"})),
			wrongType: asked(with("user is a number", 60015, "Set_Account", 5), with("time is a text", 130002, "GroupmsgNospeakingTime", "60")), overLimit: asked(with("time of 33 bits", 130002, "GroupmsgNospeakingTime", 4294967296)), noGroup: svc, refused: svc,
		},
		{
			command: "openconfigsvr/getnospeaking", good: []request{accepted("good", obj{"Get_Account": "u1"}), accepted("nobody", obj{"Get_Account": "nobody"})},
			missing: asked(without(130002, "Get_Account")), wrongType: asked(with("user is a number", 60015, "Get_Account", 5)), overLimit: none(nothingOf), noGroup: svc, refused: svc,
		},
		{
			command: "openconfigsvr/getappinfo", good: []request{accepted("good", obj{"RequestField": []string{"ActiveUserNum"}}), accepted("all", obj{})},
			missing: none("nothing is needed"), wrongType: none("what it asks for is not looked at"), overLimit: none(nothingOf), noGroup: svc, refused: svc,
		},
		{
			command: "ConfigSvc/GetIPList", good: []request{accepted("good", obj{})},
			missing: none("nothing is needed"), wrongType: none("it has no fields"), overLimit: none(nothingOf), noGroup: svc, refused: svc,
		},
		{
			command: "open_msg_svc/get_history", missing: none("there never are files"), wrongType: none("there never are files"), overLimit: none(nothingOf), noGroup: svc,
			refused: asked(instead("good", 1004, obj{"ChatType": "Group", "MsgTime": "2026112912"})),
		},
	}
}
