package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
)

// TestTrickySemantics are the 25 points of spec im-rest §8.2, each by its number. What callbacks have to do with 12, 13
// and 15 is in v4callbacks_test.go.
func TestTrickySemantics(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--im-rates=get_appid_group_list=0")
	b := n.backend()
	b.people()
	for i, point := range []struct {
		name string
		test func(*testing.T, *scene)
	}{
		{"an envelope whatever happens", pointEnvelope},
		{"parameters in any order", pointOrder},
		{"UserSigs of five generators", pointGenerators},
		{"the last second", pointLastSecond},
		{"whole range of numbers", pointNumbers},
		{"accounts are texts", pointAccounts},
		{"absent and empty", pointAbsent},
		{"On and Off", pointOnOff},
		{"bytes, not letters", pointBytes},
		{"an error for each group", pointEachGroup},
		{"what an AVChatRoom refuses", pointRefusals},
		{"a mute outlasts leaving", pointMute},
		{"dropped with success", pointDropped},
		{"a retry doubles nothing", pointRetry},
		{"callbacks may be forbidden", pointForbid},
		{"who sends", pointSender},
		{"notifications beside the budget", pointNotification},
		{"set and modify", pointSet},
		{"key and Key", pointKeys},
		{"priority as text and number", pointPriority},
		{"huge groups are hidden", pointHuge},
		{"both generations of names", pointNames},
		{"kick and UserSigs", pointKick},
		{"ids of any printable letters", pointIDs},
		{"no plans", pointPlans},
	} {
		t.Run(fmt.Sprintf("%02d %s", i+1, point.name), func(t *testing.T) {
			s := n.as(t).scene(b.as(t))
			s.settle()
			point.test(t, s)
		})
	}
}

// settle waits for the message that says the status of the new room, so that it comes between no others.
func (s *scene) settle() { s.settled(s.group) }

// settled waits until a new room has said its status.
func (b *backend) settled(group string) {
	b.t.Helper()
	eventually(b.t, "the room has said its status", func() bool { return b.info(group)[0].NextMsgSeq == 2 })
}

func pointEnvelope(t *testing.T, s *scene) {
	good := s.query("administrator", s.sig)
	for _, c := range []struct {
		name, path, query, body string
		code                    int
	}{
		{"unknown command", "group_open_http_svc/no_such_command", good, "{}", 60009},
		{"unknown service", "no_such_service/create_group", good, "{}", 60009},
		{"a command of another service", "openim/create_group", good, "{}", 60009},
		{"no command", "group_open_http_svc", good, "{}", 60009},
		{"nothing", "", good, "{}", 60009},
		{"more than a command", "group_open_http_svc/create_group/x", good, "{}", 60009},
		{"capital letters", "group_open_http_svc/Create_Group", good, "{}", 60009},
		{"no application", "group_open_http_svc/create_group", strings.Replace(good, "sdkappid", "SDKAPPID", 1), "{}", 60012},
		{"another application", "group_open_http_svc/create_group", "sdkappid=1&" + good, "{}", 70020},
		{"an application that is no number", "group_open_http_svc/create_group", "sdkappid=one&" + good, "{}", 60006},
		{"no UserSig", "group_open_http_svc/create_group", s.query("administrator", ""), "{}", 70002},
		{"no UserSig at all", "group_open_http_svc/create_group", strings.Replace(good, "usersig=", "sig=", 1), "{}", 70002},
		{"half a UserSig", "group_open_http_svc/create_group", s.query("administrator", s.sig[:100]), "{}", 70003},
		{"no body", "group_open_http_svc/create_group", good, "", 60003},
		{"no JSON", "group_open_http_svc/create_group", good, "Type=AVChatRoom", 60003},
		{"two bodies", "group_open_http_svc/create_group", good, "{}{}", 60003},
		{"a list", "group_open_http_svc/create_group", good, "[]", 60003},
		{"null", "group_open_http_svc/create_group", good, "null", 60003},
	} {
		if r := s.send(c.path, c.query, c.body); r.ErrorCode != c.code {
			t.Errorf("%s: %s, want %d", c.name, r.raw, c.code)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		req, err := http.NewRequestWithContext(t.Context(), method, s.base+"/v4/group_open_http_svc/get_group_info?"+good, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var head reply
		err = json.NewDecoder(resp.Body).Decode(&head)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || err != nil || head.ActionStatus != "FAIL" || head.ErrorCode == 0 {
			t.Errorf("%s: HTTP %d %+v %v", method, resp.StatusCode, head, err)
		}
	}
	r := s.ok("get_online_member_num", obj{"GroupId": s.group})
	if r.header.Get("Access-Control-Allow-Origin") != "*" || r.header.Get("Access-Control-Allow-Methods") != "POST" || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		t.Errorf("header %v", r.header)
	}
}

func pointOrder(t *testing.T, s *scene) {
	parts := strings.Split(s.query("administrator", s.sig), "&")
	for range parts {
		parts = append(parts[1:], parts[0])
		if r := s.send("group_open_http_svc/get_group_info", strings.Join(parts, "&"), `{"GroupIdList":["x"]}`); r.ErrorCode != 0 {
			t.Errorf("%v: %s", parts, r.raw)
		}
	}
	for _, letter := range "*-_" { // a UserSig that has each
		sig := ""
		for at := time.Now(); !strings.ContainsRune(sig, letter); at = at.Add(-time.Second) {
			sig = s.signedAt("administrator", at, 86400)
		}
		for _, as := range []string{sig, escaped(sig)} {
			if r := s.send("group_open_http_svc/get_group_info", s.query("administrator", as), `{"GroupIdList":["x"]}`); r.ErrorCode != 0 {
				t.Errorf("a UserSig with %c: %s", letter, r.raw)
			}
		}
	}
}

func pointGenerators(t *testing.T, s *scene) {
	now := time.Now().Unix()
	sigs := map[string]string{}
	for _, level := range []int{0, 6, 9} {
		sigs[fmt.Sprint("Tencent's Go, level ", level)] = signedByTencent(t, s.app, s.key, "administrator", level)
	}
	doc := document(s.app, s.key, "administrator", now, 86400)
	sigs["spaces, other order"] = pack(t, spaced(s.app, s.key, "administrator", now, 86400), 6)
	sigs["a trailing newline"] = pack(t, doc+"\n", 6)
	sigs["stored"] = pack(t, doc, 0)
	sigs["best"] = pack(t, doc, 9)
	for name, sig := range sigs {
		if r := s.send("group_open_http_svc/get_group_info", s.query("administrator", sig), `{"GroupIdList":["x"]}`); r.ErrorCode != 0 {
			t.Errorf("%s: %s", name, r.raw)
		}
		if err := tencentyun.VerifyUserSig(s.app, s.key, "administrator", sig, time.Now()); err != nil {
			t.Errorf("Tencent's own package refuses %s: %v", name, err)
		}
	}
	other := document(s.app, s.key+"x", "administrator", now, 86400)
	room := roomKeyByTencent(t, s.app, s.key, "administrator")
	for name, c := range map[string]struct {
		sig  string
		code int
	}{
		"another key":         {pack(t, other, 6), 70009},
		"another application": {pack(t, document(s.app+1, s.key, "administrator", now, 86400), 6), 70014},
		"another user":        {s.userSig("u1"), 70013},
		"expired, and forged": {pack(t, document(s.app, s.key+"x", "administrator", now-100, 1), 6), 70009},
		"a field is missing":  {pack(t, strings.Replace(doc, "TLS.time", "TLS.tim", 1), 6), 70003},
		"a key for a room":    {room, 70003},
		"from the future":     {s.signedAt("administrator", time.Now().Add(48*time.Hour), 86400), 70003},
		"a bomb":              {pack(t, doc+strings.Repeat(" ", 1<<20), 9), 70003},
		"8000 letters":        {strings.Repeat("A", 8000), 70003},
	} {
		if r := s.send("group_open_http_svc/get_group_info", s.query("administrator", c.sig), `{"GroupIdList":["x"]}`); r.ErrorCode != c.code {
			t.Errorf("%s: %s, want %d", name, r.raw, c.code)
		}
	}
}

func pointLastSecond(t *testing.T, s *scene) {
	ask := func(until int64) int {
		return s.send("group_open_http_svc/get_group_info", s.query("administrator", s.signedAt("administrator", time.Unix(until-60, 0), 60)), `{"GroupIdList":["x"]}`).ErrorCode
	}
	eventually(t, "a UserSig is valid in its last second, and is asked in it", func() bool {
		now := time.Now().Unix()
		code := ask(now)
		if time.Now().Unix() != now {
			return false // the second was over before the answer came: who knows
		}
		if code != 0 {
			t.Fatalf("in its last second: %d", code)
		}
		return true
	})
	if code := ask(time.Now().Unix() - 1); code != 70001 {
		t.Errorf("a second later: %d", code)
	}
}

func pointNumbers(t *testing.T, s *scene) {
	const most = 4294967295
	m := message(s.group, text("x"))
	m["Random"] = most
	s.ok("send_group_msg", m)
	m["Random"] = most + 1
	s.must(10004, "send_group_msg", m)
	s.ok("forbid_send_msg", obj{"GroupId": s.group, "Members_Account": []string{"u1"}, "ShutUpTime": most})
	var muted struct {
		MutedAccountList []struct {
			Member_Account string
			MutedUntil     uint64
		}
	}
	s.ok("get_group_muted_account", obj{"GroupId": s.group}, &muted)
	if len(muted.MutedAccountList) != 1 || muted.MutedAccountList[0].MutedUntil < uint64(time.Now().Add(10*365*24*time.Hour).Unix()) {
		t.Errorf("muted for good: %+v", muted)
	}
	s.must(10004, "forbid_send_msg", obj{"GroupId": s.group, "Members_Account": []string{"u1"}, "ShutUpTime": most + 1})

	s.ok("update_group_counter", `{"GroupId":"`+s.group+`","Mode":"Set","GroupCounter":[{"Key":"a","Value":9223372036854775807},{"Key":"b","Value":-9223372036854775808}]}`)
	if r := s.ok("get_group_counter", obj{"GroupId": s.group}); !strings.Contains(string(r.raw), `9223372036854775807`) || !strings.Contains(string(r.raw), `-9223372036854775808`) {
		t.Errorf("counters: %s", r.raw)
	}

	seen := map[string]bool{}
	for next, more := json.Number("0"), true; more; { // Next is a number, however large, and leads to each group once
		var page struct {
			GroupIdList []struct{ GroupId string }
			Next        json.Number
		}
		s.ok("get_appid_group_list", `{"Limit":2,"Next":`+next.String()+`}`, &page)
		for _, g := range page.GroupIdList {
			if seen[g.GroupId] {
				t.Errorf("%s is listed twice", g.GroupId)
			}
			seen[g.GroupId] = true
		}
		next = page.Next
		more = next != "0"
	}
	if !seen[s.group] {
		t.Errorf("%s is not among the groups %v", s.group, seen)
	}
}

func pointAccounts(t *testing.T, s *scene) {
	s.must(60015, "forbid_send_msg", `{"GroupId":"`+s.group+`","Members_Account":[123],"MuteTime":60}`)
	s.must(60015, "send_group_msg", `{"GroupId":"`+s.group+`","Random":1,"From_Account":123,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`)
	s.must(60015, "im_open_login_svc/account_import", `{"UserID":123}`)
	s.must(60015, "im_open_login_svc/account_import", `{"Identifier":123}`)
	s.ok("im_open_login_svc/account_import", `{"UserID":"123"}`)
	s.ok("forbid_send_msg", `{"GroupId":"`+s.group+`","Members_Account":["123"],"MuteTime":60}`)
}

// info is what get_group_info says of one group.
type info struct {
	GroupId, Type, Name, Introduction, Notification, FaceUrl, MuteAllMember, ShutUpAllMember, Owner_Account, ApplyJoinOption string
	ErrorCode, MemberNum                                                                                                     int
	InfoSeq, NextMsgSeq, CreateTime, Appid                                                                                   uint64
	AppDefinedData                                                                                                           []struct{ Key, Value string }
	MemberList                                                                                                               []any
}

func (b *backend) info(groups ...string) []info {
	b.t.Helper()
	var out struct{ GroupInfo []info }
	b.ok("get_group_info", obj{"GroupIdList": groups}, &out)
	if len(out.GroupInfo) != len(groups) {
		b.t.Fatalf("%d groups asked for, %d answered", len(groups), len(out.GroupInfo))
	}
	return out.GroupInfo
}

// fields are the group's own custom fields, those of the server left out.
func (i info) fields() string {
	var all []string
	for _, f := range i.AppDefinedData {
		if !strings.HasPrefix(f.Key, "live_") {
			all = append(all, f.Key+"="+f.Value)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func pointAbsent(t *testing.T, s *scene) {
	change := func(more obj) {
		t.Helper()
		more["GroupId"] = s.group
		s.ok("modify_group_base_info", more)
	}
	change(obj{"Introduction": "about", "Notification": "hello", "AppDefinedData": []obj{{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}}})
	was := s.info(s.group)[0]
	if was.Introduction != "about" || was.Notification != "hello" || was.fields() != "a=1 b=2" {
		t.Errorf("set: %+v", was)
	}
	change(obj{"Introduction": "", "AppDefinedData": []obj{{"Key": "a", "Value": ""}, {"Key": "c", "Value": "3"}}})
	now := s.info(s.group)[0]
	if now.Introduction != "" || now.Notification != "hello" || now.Name != "r" || now.fields() != "b=2 c=3" {
		t.Errorf("one emptied, another absent: %+v", now)
	}
	if now.InfoSeq <= was.InfoSeq {
		t.Errorf("InfoSeq %d after %d", now.InfoSeq, was.InfoSeq)
	}
}

func pointOnOff(t *testing.T, s *scene) {
	s.must(10004, "modify_group_base_info", obj{"GroupId": s.group, "MuteAllMember": true})
	s.must(10004, "modify_group_base_info", obj{"GroupId": s.group, "ShutUpAllMember": "on"})
	for _, c := range []struct {
		field, value string
		code         int
	}{{"MuteAllMember", "On", 10017}, {"ShutUpAllMember", "Off", 0}, {"ShutUpAllMember", "On", 10017}, {"MuteAllMember", "Off", 0}} {
		s.ok("modify_group_base_info", obj{"GroupId": s.group, c.field: c.value})
		if i := s.info(s.group)[0]; i.MuteAllMember != c.value || i.ShutUpAllMember != c.value {
			t.Errorf("%s %s: %+v", c.field, c.value, i)
		}
		s.must(c.code, "send_group_msg", message(s.group, text("x"), "From_Account", "u1"))
		s.ok("send_group_msg", message(s.group, text("x"), "From_Account", "host"))
		s.ok("send_group_msg", message(s.group, text("x")))
	}
}

func pointBytes(t *testing.T, s *scene) {
	for field, most := range map[string]int{"Name": 120, // our room titles are longer than Tencent's names of 30
		"Introduction": 240, "Notification": 300} {
		s.ok("modify_group_base_info", obj{"GroupId": s.group, field: strings.Repeat("字", most/3)})
		s.must(10004, "modify_group_base_info", obj{"GroupId": s.group, field: strings.Repeat("字", most/3) + "x"})
	}
	s.ok("modify_group_base_info", obj{"GroupId": s.group, "FaceUrl": strings.Repeat("u", 100)})
	s.must(10004, "modify_group_base_info", obj{"GroupId": s.group, "FaceUrl": strings.Repeat("u", 101)})
	write := func(code int, key, value string) {
		t.Helper()
		s.must(code, "set_group_attr", obj{"GroupId": s.backend.group(), "GroupAttr": []obj{{"key": key, "value": value}}})
	}
	write(0, strings.Repeat("k", 32), long(4000))
	write(10045, strings.Repeat("k", 33), "")
	write(10045, long(33), "")
	write(10046, "k", long(4001))
}

func pointEachGroup(t *testing.T, s *scene) {
	another := s.backend.group()
	got := s.info("nope", another, "nope either", s.group, "@TGS#_none")
	for i, want := range []struct {
		id   string
		code int
	}{{"nope", 10010}, {another, 0}, {"nope either", 10010}, {s.group, 0}, {"@TGS#_none", 10010}} {
		if got[i].GroupId != want.id || got[i].ErrorCode != want.code && (want.code == 0 || got[i].ErrorCode != 10015) {
			t.Errorf("%d: %+v, want %+v", i, got[i], want)
		}
	}
	if g := got[1]; g.Type != "AVChatRoom" || g.Owner_Account != "host" || g.MemberList == nil || len(g.MemberList) != 0 || g.NextMsgSeq < 1 || g.Appid != s.app || g.CreateTime == 0 {
		t.Errorf("%+v", g)
	}
}

func pointRefusals(t *testing.T, s *scene) {
	group := s.group
	s.must(10007, "create_group", obj{"Type": "AVChatRoom", "Name": "r", "MemberList": []obj{{"Member_Account": "u1"}}})
	s.must(10007, "add_group_member", obj{"GroupId": group, "MemberList": []obj{{"Member_Account": "u1"}}})
	s.must(10004, "delete_group_member", obj{"GroupId": group, "MemberToDel_Account": []string{"u1"}})
	s.must(10007, "get_role_in_group", obj{"GroupId": group, "User_Account": []string{"u1"}})
	s.must(10007, "change_group_owner", obj{"GroupId": group, "NewOwner_Account": "u1"})
	s.must(10007, "import_group", obj{"Type": "AVChatRoom", "Name": "r"})
	for _, other := range []string{"Private", "Public", "ChatRoom", "Community"} {
		s.must(10004, "create_group", obj{"Type": other, "Name": "r"})
	}
}

func pointMute(t *testing.T, s *scene) {
	group := s.group
	u1 := s.node.enter(group, "u1", s.userSig("u1"), nil)
	s.ok("forbid_send_msg", obj{"GroupId": group, "Members_Account": []string{"u1"}, "MuteTime": 600})
	say := obj{"op": "send", "group": group, "random": 1, "body": text("x")}
	u1.refusedWith(10017, say)
	u1.must(obj{"op": "leave", "group": group}, nil)
	u1.must(obj{"op": "join", "group": group}, nil)
	u1.refusedWith(10017, say)
	u1.leave()
	u1 = s.node.enter(group, "u1", s.userSig("u1"), nil)
	u1.refusedWith(10017, say)
	s.must(10017, "send_group_msg", message(group, text("x"), "From_Account", "u1"))
	s.ok("forbid_send_msg", obj{"GroupId": group, "Members_Account": []string{"u1"}, "MuteTime": 0})
	u1.must(say, nil)
}

func pointDropped(t *testing.T, s *scene) {
	group := s.group
	u1 := s.node.enter(group, "u1", s.userSig("u1"), nil)
	passed, sent := 0, 0
	for passed == sent { // which a machine that is slow for a while may deliver altogether
		if sent == 600 {
			t.Fatal("none was dropped")
		}
		some, _ := s.burst(group, 120) // which checks what is said of those that were dropped
		passed, sent = passed+some, sent+120
	}
	u1.hears(passed)
	var past struct {
		RspMsgList []struct{ MsgSeq uint64 }
	}
	s.ok("group_msg_get_simple", obj{"GroupId": group, "ReqMsgNumber": 20}, &past)
	if len(past.RspMsgList) != 20 || past.RspMsgList[0].MsgSeq+1 != s.info(group)[0].NextMsgSeq {
		t.Errorf("history %+v", past)
	}
	for i := 1; i < len(past.RspMsgList); i++ {
		if past.RspMsgList[i].MsgSeq+1 != past.RspMsgList[i-1].MsgSeq {
			t.Errorf("a number is left out: %+v", past)
		}
	}
}

func pointRetry(t *testing.T, s *scene) {
	group := s.group
	u1 := s.node.enter(group, "u1", s.userSig("u1"), nil)
	body, err := json.Marshal(message(group, custom("burst of roses"), "MsgPriority", "High", "From_Account", "host"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", s.node.http) // a client that waits for no answer
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintf(conn, "POST /v4/group_open_http_svc/send_group_msg?%s HTTP/1.1\r\nHost: im\r\nContent-Length: %d\r\n\r\n%s", s.query("administrator", s.sig), len(body), body)
	_ = conn.Close()
	var first, second sent
	s.ok("send_group_msg", string(body), &first)
	s.ok("send_group_msg", string(body), &second)
	if first != second || first.MsgSeq == 0 {
		t.Errorf("%+v, then %+v", first, second)
	}
	var last sent
	s.ok("send_group_msg", message(group, text("last")), &last)
	rose := func(m chatMessage) bool { return strings.Contains(string(m.Body), "roses") }
	eventually(t, "the last message has come", func() bool { return u1.count(func(m chatMessage) bool { return textIn(m) == "last" }) == 1 })
	if got := u1.count(rose); got != 1 {
		t.Errorf("the gift came %d times", got)
	}
	if last.MsgSeq != first.MsgSeq+1 {
		t.Errorf("the next has number %d, after %d", last.MsgSeq, first.MsgSeq)
	}
	other := strings.Replace(string(body), "host", "u2", 1) // another sender, the same Random
	var third sent
	if s.ok("send_group_msg", other, &third); third.MsgSeq == first.MsgSeq {
		t.Errorf("taken for a retry: %+v", third)
	}
}

func pointForbid(t *testing.T, s *scene) {
	u1 := s.node.enter(s.group, "u1", s.userSig("u1"), nil)
	for i, forbid := range [][]string{{}, {"ForbidBeforeSendMsgCallback"}, {"ForbidAfterSendMsgCallback"}, {"ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback"}} {
		s.ok("send_group_msg", message(s.group, text(fmt.Sprint("burst ", i)), "ForbidCallbackControl", forbid))
	}
	u1.hears(4)
}

func pointSender(t *testing.T, s *scene) {
	u1 := s.node.enter(s.group, "u1", s.userSig("u1"), nil)
	s.must(10019, "send_group_msg", message(s.group, text("x"), "From_Account", "nobody"))
	for i, nick := range []string{"First", "Second"} {
		s.ok("profile/portrait_set", obj{"From_Account": "u2", "ProfileItem": []obj{{"Tag": "Tag_Profile_IM_Nick", "Value": nick}}})
		s.ok("send_group_msg", message(s.group, text(nick), "From_Account", "u2")) // who never was in the room
		eventually(t, "the message has come", func() bool { return u1.count(func(m chatMessage) bool { return m.From == "u2" }) == i+1 })
		if u1.count(func(m chatMessage) bool { return textIn(m) == nick && m.Nick == nick }) != 1 {
			t.Errorf("%+v", u1.messages)
		}
	}
	s.ok("send_group_msg", message(s.group, text("of the administrator")))
	eventually(t, "the administrator's has come", func() bool {
		return u1.count(func(m chatMessage) bool { return m.From == "administrator" && textIn(m) != "" }) == 1
	})
}

func pointNotification(t *testing.T, s *scene) {
	group := s.group
	was := s.info(group)[0].NextMsgSeq
	for i := range 60 { // more than 40 a second
		s.ok("send_group_system_notification", obj{"GroupId": group, "Content": fmt.Sprint("notification ", i)})
	}
	if now := s.info(group)[0].NextMsgSeq; now != was {
		t.Errorf("notifications took numbers: %d, was %d", now, was)
	}
	if passed, _ := s.burst(group, 30); passed != 30 {
		t.Errorf("%d of 30 messages passed beside them", passed)
	}
	var past struct{ RspMsgList []json.RawMessage }
	s.ok("group_msg_get_simple", obj{"GroupId": group, "ReqMsgNumber": 20}, &past)
	if strings.Contains(fmt.Sprintf("%s", past.RspMsgList), "notification") {
		t.Errorf("in the history: %s", past.RspMsgList)
	}
}

// attributes are the group's own, those of the server left out.
func (s *scene) attributes() string {
	s.t.Helper()
	var out struct {
		GroupAttrAry []struct{ Key, Value string }
	}
	s.ok("group_open_attr_http_svc/get_group_attr", obj{"GroupId": s.group}, &out)
	var all []string
	for _, a := range out.GroupAttrAry {
		if !strings.HasPrefix(a.Key, "live_") {
			all = append(all, a.Key+"="+a.Value)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func pointSet(t *testing.T, s *scene) {
	for _, c := range []struct {
		command string
		attrs   []obj
		want    string
	}{
		{"set_group_attr", []obj{{"key": "a", "value": "1"}, {"key": "b", "value": "2"}}, "a=1 b=2"},
		{"modify_group_attr", []obj{{"key": "b", "value": "3"}, {"key": "c", "value": "4"}}, "a=1 b=3 c=4"},
		{"set_group_attr", []obj{{"key": "d", "value": "5"}}, "d=5"},
	} {
		s.ok(c.command, obj{"GroupId": s.group, "GroupAttr": c.attrs})
		if got := s.attributes(); got != c.want {
			t.Errorf("after %s: %s, want %s", c.command, got, c.want)
		}
	}
	s.must(10050, "delete_group_attr", obj{"GroupId": s.group, "GroupAttr": []obj{{"key": "d"}, {"key": "none"}}})
	if got := s.attributes(); got != "d=5" {
		t.Errorf("a refused write did something: %s", got)
	}
}

func pointKeys(t *testing.T, s *scene) {
	group := s.group
	s.ok("set_group_attr", obj{"GroupId": group, "GroupAttr": []obj{{"key": "a", "value": "1"}}})
	s.ok("update_group_counter", obj{"GroupId": group, "GroupCounter": []obj{{"Key": "a", "Value": 1}}})
	s.ok("modify_group_base_info", obj{"GroupId": group, "AppDefinedData": []obj{{"Key": "a", "Value": "1"}}})
	for command, want := range map[string]string{
		"group_open_attr_http_svc/get_group_attr": `{"key":"a","value":"1"}`,
		"get_group_counter":                       `{"Key":"a","Value":1}`,
	} {
		if r := s.ok(command, obj{"GroupId": group}); !strings.Contains(compact(t, r.raw), want) {
			t.Errorf("%s: %s, want %s in it", command, r.raw, want)
		}
	}
	if r := s.ok("get_group_info", obj{"GroupIdList": []string{group}}); !strings.Contains(compact(t, r.raw), `{"Key":"a","Value":"1"}`) {
		t.Errorf("%s", r.raw)
	}
}

func pointPriority(t *testing.T, s *scene) {
	levels := []string{"High", "Normal", "Low", "Lowest"}
	for _, level := range levels {
		s.ok("send_group_msg", message(s.group, text(level), "MsgPriority", level))
	}
	s.must(10004, "send_group_msg", message(s.group, text("x"), "MsgPriority", "high"))
	s.must(10004, "send_group_msg", message(s.group, text("x"), "MsgPriority", 1))
	var past struct {
		RspMsgList []struct {
			MsgPriority int
			MsgBody     []struct{ MsgContent struct{ Text string } }
		}
	}
	s.ok("group_msg_get_simple", obj{"GroupId": s.group, "ReqMsgNumber": 20}, &past)
	got := map[string]int{}
	for _, m := range past.RspMsgList {
		if len(m.MsgBody) == 1 && m.MsgBody[0].MsgContent.Text != "" {
			got[m.MsgBody[0].MsgContent.Text] = m.MsgPriority
		}
	}
	for i, level := range levels {
		if got[level] != i+1 {
			t.Errorf("%s is %d in the history, want %d", level, got[level], i+1)
		}
	}
}

func pointHuge(t *testing.T, s *scene) {
	s.enter("u3")
	var list struct {
		TotalCount  int
		GroupIdList []struct{ GroupId string }
	}
	s.ok("get_joined_group_list", obj{"Member_Account": "u3"}, &list)
	if len(list.GroupIdList) != 0 {
		t.Errorf("not asked for: %+v", list)
	}
	s.ok("get_joined_group_list", obj{"Member_Account": "u3", "WithHugeGroups": 1}, &list)
	if len(list.GroupIdList) != 1 || list.GroupIdList[0].GroupId != s.group || list.TotalCount != 1 {
		t.Errorf("asked for: %+v", list)
	}
}

func pointNames(t *testing.T, s *scene) {
	group := obj{"GroupId": s.group}
	s.ok("forbid_send_msg", obj{"GroupId": s.group, "Members_Account": []string{"u1"}, "MuteTime": 60})
	has := func(r reply, names ...string) {
		t.Helper()
		for _, name := range names {
			if !strings.Contains(string(r.raw), `"`+name+`"`) {
				t.Errorf("%s is missing in %s", name, r.raw)
			}
		}
	}
	for _, command := range []string{"get_group_muted_account", "get_group_shutted_uin"} {
		has(s.ok(command, group), "MutedAccountList", "MutedUntil", "ShuttedUinList", "ShuttedUntil")
	}
	has(s.ok("get_group_info", obj{"GroupIdList": []string{s.group}}), "MuteAllMember", "ShutUpAllMember")
	filter := s.ok("get_group_info", obj{"GroupIdList": []string{s.group}, "ResponseFilter": obj{"GroupBaseInfoFilter": []string{"ShutUpAllMember"}}})
	has(filter, "ShutUpAllMember")
	var m sent
	s.ok("send_group_msg", message(s.group, text("x"), "MsgOnlineOnlyFlag", 0, "OnlineOnlyFlag", 0), &m)
	has(s.ok("group_msg_recall", obj{"GroupId": s.group, "MsgSeqList": []obj{{"MsgSeq": m.MsgSeq}}}), "RecallRetList", "Results")
	has(s.ok("openim/query_online_status", obj{"To_Account": []string{"u1"}}), "Status")
	has(s.ok("openim/querystate", obj{"To_Account": []string{"u1"}}), "State")
	s.ok("im_open_login_svc/kick", obj{"Identifier": "u2"})
	s.ok("im_open_login_svc/account_import", obj{"Identifier": "u2"})
	s.ok("im_open_login_svc/multiaccount_import", obj{"Accounts": []string{"u2"}})
	s.ok("im_open_login_svc/multiaccount_import", obj{"AccountList": []obj{{"UserID": "u2"}}})
}

func pointKick(t *testing.T, s *scene) {
	old := s.signedAt("u3", time.Now().Add(-10*time.Second), 86400)
	u3 := s.node.enter(s.group, "u3", old, nil)
	s.ok("im_open_login_svc/kick", obj{"UserID": "u3"})
	select {
	case <-u3.over:
	case <-time.After(time.Minute):
		t.Fatal("he is still connected")
	}
	again := dialMember(t, s.node.http)
	again.refusedWith(70052, obj{"op": "auth", "userId": "u3", "userSig": old})
	s.node.enter(s.group, "u3", s.signedAt("u3", time.Now(), 86400), nil)
	s.must(70107, "im_open_login_svc/kick", obj{"UserID": "nobody"})
}

func pointIDs(t *testing.T, s *scene) {
	var printable strings.Builder
	for c := byte(0x20); c <= 0x7e; c++ {
		printable.WriteByte(c)
	}
	all := printable.String()
	for _, id := range []string{"a b/c%20d?e&f#g", " x ", all[:48], all[47:95], `"\/`, "..", rand.Text()} {
		made := s.ok("create_group", obj{"Type": "AVChatRoom", "Name": "r", "GroupId": id, "Owner_Account": "host"})
		var named struct{ GroupId string }
		if made.into(t, &named); named.GroupId != id {
			t.Errorf("made %q of %q", named.GroupId, id)
		}
		u1 := s.node.enter(id, "u1", s.userSig("u1"), nil)
		s.ok("send_group_msg", message(id, text("burst")))
		eventually(t, "a message has come to "+id, func() bool { return u1.count(func(m chatMessage) bool { return textIn(m) == "burst" }) == 1 })
		if got := s.info(id)[0]; got.GroupId != id || got.ErrorCode != 0 {
			t.Errorf("%q: %+v", id, got)
		}
		u1.leave()
		s.ok("destroy_group", obj{"GroupId": id})
		s.must(10010, "destroy_group", obj{"GroupId": id})
	}
	for _, id := range []string{"房间", "a\nb", "@TGS#x", strings.Repeat("g", 49)} {
		r := s.call("create_group", obj{"Type": "AVChatRoom", "Name": "r", "GroupId": id})
		if r.ErrorCode != 10015 && r.ErrorCode != 10004 {
			t.Errorf("%q: %s", id, r.raw)
		}
	}
}

func pointPlans(t *testing.T, s *scene) {
	for range 105 { // a trial plan has 100, and 10 of them AVChatRooms
		s.backend.group()
	}
}
