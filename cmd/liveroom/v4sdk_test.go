package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestRequestsAsSDKsMakeThem sends requests byte for byte as programs in use do: of dobyte/tencent-im and its fork
// d60-Lab/tencent-im with the old names, of doocs/qcloud-im-server-sdk-java with the new ones, of the documents' own
// examples, and of plain HTTP clients (spec im-rest §0.2, §0.3, §1.1). $q is the query as most order it, $sig the UserSig.
func TestRequestsAsSDKsMakeThem(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--im-rates=get_appid_group_list=0")
	b := n.backend()
	b.people()
	group := b.group()
	u1 := n.enter(group, "u1", b.userSig("u1"), nil)
	defer u1.leave()
	var m sent
	b.ok("send_group_msg", message(group, text("to be recalled")), &m)
	goHead := "Host: console.tim.qq.com\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: $n\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n"
	javaHead := "Content-Type: application/json; charset=utf-8\r\nContent-Length: $n\r\nHost: console.tim.qq.com\r\nConnection: Keep-Alive\r\nAccept-Encoding: gzip\r\nUser-Agent: okhttp/4.12.0\r\n"
	for _, c := range []struct {
		name, path, query, head, body string
		want                          string // in the answer
	}{
		// The old names, in the order of Go's structs; empty fields are sent.
		{"dobyte import", "im_open_login_svc/account_import", "$q", goHead, `{"Identifier":"u2","Nick":"Two","FaceUrl":""}`, `"ErrorCode":0`},
		{"dobyte imports", "im_open_login_svc/multiaccount_import", "$q", goHead, `{"Accounts":["u1","u2"]}`, `"FailAccounts":[`},
		{"dobyte check", "im_open_login_svc/account_check", "$q", goHead, `{"CheckItem":[{"UserID":"u1"},{"UserID":"nobody"}]}`, `"AccountStatus":"NotImported"`},
		{"dobyte state", "openim/querystate", "$q", goHead, `{"IsNeedDetail":1,"To_Account":["u1"]}`, `"State":"Online"`},
		{"dobyte create", "group_open_http_svc/create_group", "$q", goHead, `{"Owner_Account":"host","Type":"AVChatRoom","GroupId":"dobyte","Name":"r","Introduction":"","Notification":"","FaceUrl":"","MaxMemberCount":0,"ApplyJoinOption":""}`, `"GroupId":"dobyte"`},
		{"dobyte change", "group_open_http_svc/modify_group_base_info", "$q", goHead, `{"GroupId":"$g","Name":"r2","ShutUpAllMember":"Off"}`, `"ErrorCode":0`},
		{"dobyte message", "group_open_http_svc/send_group_msg", "$q", goHead, `{"GroupId":"$g","Random":1298498081,"MsgPriority":"High","MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Desc":"","Data":"{\"gift\":1}","Ext":"","Sound":""}}],"From_Account":"host","OfflinePushInfo":null,"ForbidCallbackControl":null,"MsgOnlineOnlyFlag":0,"SendMsgControl":null,"CloudCustomData":""}`, `"MsgSeq":`},
		{"dobyte mute", "group_open_http_svc/forbid_send_msg", "$q", goHead, `{"GroupId":"$g","Members_Account":["u2"],"ShutUpTime":60}`, `"ErrorCode":0`},
		{"dobyte muted", "group_open_http_svc/get_group_shutted_uin", "$q", goHead, `{"GroupId":"$g"}`, `"ShuttedUinList":[{`},
		{"dobyte list", "group_open_http_svc/get_appid_group_list", "$q", goHead, `{"Limit":50,"Next":0,"Type":"AVChatRoom"}`, `"GroupIdList":[{`},
		{"dobyte recall", "group_open_http_svc/group_msg_recall", "$q", goHead, `{"GroupId":"$g","MsgSeqList":[{"MsgSeq":$seq}]}`, `"Results":[{`},
		{"d60 kick", "im_open_login_svc/kick", "$q", goHead, `{"Identifier":"u3"}`, `"ErrorCode":0`},
		{"d60 online", "group_open_http_svc/get_online_member_num", "$q", goHead, `{"GroupId":"$g"}`, `"OnlineMemberNum":1`},
		{"d60 info", "group_open_http_svc/get_group_info", "$q", goHead, `{"GroupIdList":["$g"],"ResponseFilter":{"GroupBaseInfoFilter":["Type","Name","ShutUpAllMember"],"MemberInfoFilter":["Account","Role"],"AppDefinedDataFilter_Group":[],"AppDefinedDataFilter_GroupMember":[]}}`, `"ShutUpAllMember":"Off"`},
		{"d60 profile", "profile/portrait_set", "$q", goHead, `{"From_Account":"u2","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"Two"},{"Tag":"Tag_Profile_IM_Image","Value":"https://example.com/2.png"}]}`, `"ErrorCode":0`},

		// The new names; Jackson leaves out what is null.
		{"doocs import", "im_open_login_svc/account_import", "$q", javaHead, `{"UserID":"u2","Nick":"Zwei","FaceUrl":"https://example.com/2.png"}`, `"ActionStatus":"OK"`},
		{"doocs imports", "im_open_login_svc/multiaccount_import", "$q", javaHead, `{"AccountList":[{"UserID":"u2","Nick":"Zwei"}]}`, `"FailAccounts":[`},
		{"doocs kick", "im_open_login_svc/kick", "$q", javaHead, `{"UserID":"u3"}`, `"ErrorCode":0`},
		{"doocs state", "openim/query_online_status", "$q", javaHead, `{"To_Account":["u1"],"IsNeedDetail":1}`, `"Status":"Online"`},
		{"doocs change", "group_open_http_svc/modify_group_base_info", "$q", javaHead, `{"GroupId":"$g","Notification":"hello","MuteAllMember":"Off"}`, `"ErrorCode":0`},
		{"doocs message", "group_open_http_svc/send_group_msg", "$q", javaHead, `{"Random":1298498082,"GroupId":"$g","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"你好"}}],"MsgPriority":"Low","From_Account":"u2","OnlineOnlyFlag":0}`, `"ErrorCode":10017`},
		{"doocs mute", "group_open_http_svc/forbid_send_msg", "$q", javaHead, `{"GroupId":"$g","Members_Account":["u2"],"MuteTime":0}`, `"ErrorCode":0`},
		{"doocs muted", "group_open_http_svc/get_group_muted_account", "$q", javaHead, `{"GroupId":"$g"}`, `"MutedAccountList":[`},
		{"doocs attributes", "group_open_http_svc/set_group_attr", "$q", javaHead, `{"GroupId":"$g","GroupAttr":[{"key":"attr_key","value":"attr_val"}]}`, `"ErrorCode":0`},
		{"doocs attributes read", "group_open_attr_http_svc/get_group_attr", "$q", javaHead, `{"GroupId":"$g"}`, `"GroupAttrAry":[{`},
		{"doocs counters", "group_open_http_svc/update_group_counter", "$q", javaHead, `{"GroupId":"$g","GroupCounter":[{"Key":"like_num","Value":3}],"Mode":"Increase"}`, `"GroupCounter":[{"Key":"like_num","Value":3}]`},
		{"doocs members", "group_open_avchatroom_http_svc/get_members", "$q", javaHead, `{"GroupId":"$g","Timestamp":0}`, `"Member_Account":"u1"`},
		{"doocs broadcast", "group_open_http_svc/send_broadcast_msg", "$q", javaHead, `{"From_Account":"host","Random":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"all"}}]}`, `"ErrorCode":0`},

		// The documents, and what no SDK thinks about.
		{"usersig first", "group_open_http_svc/get_online_member_num", "usersig=$sig&identifier=administrator&sdkappid=$app&random=4294967295&contenttype=json", goHead, `{"GroupId":"$g"}`, `"ErrorCode":0`},
		{"no Content-Type", "group_open_http_svc/get_online_member_num", "$q", "Host: x\r\nContent-Length: $n\r\n", `{"GroupId":"$g"}`, `"ErrorCode":0`},
		{"a form, says curl", "group_open_http_svc/get_online_member_num", "$q", "Host: x\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nContent-Length: $n\r\nContent-Type: application/x-www-form-urlencoded\r\n", `{"GroupId":"$g"}`, `"ErrorCode":0`},
		{"text, capital letters", "group_open_http_svc/get_online_member_num", "$q", "HOST: x\r\nCONTENT-LENGTH: $n\r\nCONTENT-TYPE: TEXT/PLAIN;CHARSET=UTF-8\r\n", `{"GroupId":"$g"}`, `"ErrorCode":0`},
		{"expects to go on, as PHP", "group_open_http_svc/get_online_member_num", "$q", "Host: x\r\nContent-Length: $n\r\nExpect: 100-continue\r\n", `{"GroupId":"$g"}`, `"ErrorCode":0`},
		{"in chunks", "group_open_http_svc/get_online_member_num", "$q", "Host: x\r\nTransfer-Encoding: chunked\r\n", "5\r\n{\"Gro\r\n$h\r\nupId\":\"$g\"}\r\n0\r\n\r\n", `"ErrorCode":0`},
		{"JSON with room, in other order", "group_open_http_svc/get_online_member_num", "$q", goHead, " \n{\t\"Other\" : [ { } , null ] ,\r\n \"GroupId\" : \"$g\" } \n", `"ErrorCode":0`},
		{"a name with escapes", "group_open_http_svc/get_online_member_num", "$q", goHead, `{"Group\u0049d":"$g"}`, `"ErrorCode":0`},
		{"without random", "group_open_http_svc/get_online_member_num", "sdkappid=$app&identifier=administrator&usersig=$sig", goHead, `{"GroupId":"$g"}`, `"ErrorCode":0`},
		{"without a group", "group_open_http_svc/get_appid_group_list", "$q", goHead, `{}`, `"TotalCount":`},
	} {
		t.Run(c.name, func(t *testing.T) {
			names := strings.NewReplacer("$q", b.query("administrator", b.sig), "$sig", b.sig, "$app", fmt.Sprint(b.app), "$g", group, "$seq", fmt.Sprint(m.MsgSeq), "$h", fmt.Sprintf("%x", len(`upId":"`+group+`"}`)))
			body := names.Replace(c.body)
			head := strings.NewReplacer("$n", fmt.Sprint(len(body))).Replace(c.head)
			request := "POST /v4/" + c.path + "?" + names.Replace(c.query) + " HTTP/1.1\r\n" + head + "\r\n" + body
			answer := exchange(t, n.http, request)
			if !strings.Contains(answer, c.want) {
				t.Errorf("%s\n\tis answered %s, want %s in it", request, answer, c.want)
			}
			if c.name == "dobyte message" {
				eventually(t, "the gift is heard", func() bool {
					return u1.count(func(m chatMessage) bool { return m.From == "host" && m.Priority == "High" }) == 1
				})
			}
		})
	}
}

// exchange sends bytes and returns the body of the answer, which must come over HTTP 200.
func exchange(t *testing.T, addr, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	for err == nil && resp.StatusCode == http.StatusContinue {
		resp, err = http.ReadResponse(in, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !json.Valid(raw) {
		t.Errorf("%s %v: %s", resp.Status, err, raw)
	}
	return string(raw)
}
