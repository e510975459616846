package callback

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/web/callback/delivery"
)

var (
	at    = time.UnixMilli(1790000000123).UTC()
	alice = chat.Identity{User: "alice", Platform: chat.PlatformMiniProgram, Addr: netip.MustParseAddr("203.0.113.9")}
	phone = chat.Identity{User: "alice", Platform: chat.PlatformIOS, Addr: netip.MustParseAddr("2001:db8:7:1::")}
	boss  = chat.Identity{User: "boss", Admin: true, Platform: chat.PlatformREST}
	house = chat.Identity{User: chat.Administrator, Admin: true}
)

func on(who chat.Identity) chat.Occasion { return chat.Occasion{Group: "room_42", Time: at, By: who} }

func text(s string) *chat.Message {
	return &chat.Message{
		Group: "room_42", Seq: 901, Time: time.Unix(1790000000, 0), From: "alice", Random: 4294967295,
		Body: []byte(`[{"MsgType":"TIMTextElem", "MsgContent":{"Text":"` + s + `"}}]`), CloudCustomData: `{"v":"<é>"}`,
	}
}

const (
	web  = "203.0.113.9 Web"
	rest = " RESTAPI"
)

// TestFactsAreTold: each fact as receivers get it: command, class, queue, id, address and platform, body.
func TestFactsAreTold(t *testing.T) {
	name, notice, none := "New", "Read \"this\"", ""
	message := `"From_Account":"alice","Operator_Account":"alice","Random":4294967295,"MsgId":"alice-4294967295","OnlineOnlyFlag":0,` +
		`"MsgBody":[{"MsgType":"TIMTextElem", "MsgContent":{"Text":"hi"}}],"CloudCustomData":"{\"v\":\"<é>\"}",`
	group := `"GroupId":"room_42","Type":"AVChatRoom",`
	const when = `"EventTime":1790000000123}`
	for _, c := range []struct {
		fact  chat.Fact
		where string // command without family, class, queue, id
		from  string // ClientIP and OptPlatform
		body  string // after CallbackCommand
	}{
		{
			chat.Sent{Occasion: on(alice), Epoch: "01E", M: text("hi")},
			"AfterSendMsg talk room_42 room_42:01E:901", web,
			group + message + `"MsgSeq":901,"MsgTime":1790000000,` + when,
		},
		{
			chat.NotSent{Occasion: on(alice), M: text("hi"), Err: chat.ErrTooManyMessages},
			"SendMsgException talk room_42 ", web,
			group + message + `"ErrorCode":10023,"ErrorInfo":"you send too fast; wait a moment",` + when,
		},
		{
			chat.NotSent{Occasion: on(alice), M: &chat.Message{Group: "room_42", From: "alice"}, Err: chat.ErrParameter},
			"SendMsgException talk room_42 ", web,
			group + `"From_Account":"alice","Operator_Account":"alice","Random":0,"MsgId":"alice-s0","OnlineOnlyFlag":0,"MsgBody":[],"CloudCustomData":"",` +
				`"ErrorCode":10004,"ErrorInfo":"",` + when,
		},
		{
			chat.Withdrew{Occasion: on(boss), Seqs: []uint64{901, 903, 905}, Kind: chat.Recalled, Were: []*chat.Message{text("hi"), nil}},
			"AfterRecallMsg talk room_42 ", rest,
			`"Operator_Account":"boss","Type":"AVChatRoom","GroupId":"room_42","MsgSeqList":[{"MsgSeq":901,"MsgId":"alice-4294967295"},{"MsgSeq":903},{"MsgSeq":905}],` + when,
		},
		{
			chat.LetterSent{Occasion: on(phone), To: "bob", M: text("hi")},
			"AfterSendMsg talk users-07 ", "2001:db8:7:1:: iOS",
			`"From_Account":"alice","To_Account":"bob","MsgSeq":901,"MsgRandom":4294967295,"MsgTime":1790000000,` +
				`"MsgKey":"901_4294967295_1790000000","MsgId":"alice-4294967295","OnlineOnlyFlag":0,` +
				`"MsgBody":[{"MsgType":"TIMTextElem", "MsgContent":{"Text":"hi"}}],"CloudCustomData":"{\"v\":\"<é>\"}",` +
				`"SendMsgResult":0,"ErrorInfo":"send msg succeed","UnreadMsgNum":0,` + when,
		},
		{
			chat.LetterSent{Occasion: on(phone), To: "bob", M: &chat.Message{From: "alice", Time: text("").Time}, Err: &chat.Error{Code: 80001, Detail: "no"}},
			"AfterSendMsg talk users-07 ", "2001:db8:7:1:: iOS",
			`"From_Account":"alice","To_Account":"bob","MsgSeq":0,"MsgRandom":0,"MsgTime":1790000000,"MsgKey":"0_0_1790000000","MsgId":"alice-s0",` +
				`"OnlineOnlyFlag":0,"MsgBody":[],"CloudCustomData":"","SendMsgResult":80001,"ErrorInfo":"no","UnreadMsgNum":0,` + when,
		},
		{
			chat.Came{Occasion: on(alice)},
			"AfterNewMemberJoin people room_42 ", web,
			group + `"JoinType":"Apply","Operator_Account":"alice","NewMemberList":[{"Member_Account":"alice"}],` + when,
		},
		{
			chat.Went{Occasion: on(phone), User: "alice"},
			"AfterMemberExit people room_42 ", "2001:db8:7:1:: iOS",
			group + `"ExitType":"Quit","Operator_Account":"alice","ExitMemberList":[{"Member_Account":"alice"}],` + when,
		},
		{
			chat.Went{Occasion: on(alice), User: "alice", Reason: chat.DepartJoinedElsewhere},
			"AfterMemberExit people room_42 ", web,
			group + `"ExitType":"Quit","Operator_Account":"alice","ExitMemberList":[{"Member_Account":"alice"}],` + when,
		},
		{
			chat.Went{Occasion: on(boss), User: "alice", Reason: "kicked"},
			"AfterMemberExit people room_42 ", rest,
			group + `"ExitType":"Kicked","Operator_Account":"boss","ExitMemberList":[{"Member_Account":"alice"}],` + when,
		},
		{
			chat.PresenceChanged{Occasion: on(house), Users: []string{"alice", "bob"}, Cause: chat.CauseInterrupt},
			"OnMemberStateChange people room_42 ", " ",
			`"GroupId":"room_42","EventType":"Offline","EventCause":"HeartbeatInterrupt","MemberList":[{"Member_Account":"alice"},{"Member_Account":"bob"}],` + when,
		},
		{
			chat.PresenceChanged{Occasion: on(alice), Users: []string{"alice"}, Online: true, Cause: chat.CauseJoin},
			"OnMemberStateChange people room_42 ", " ",
			`"GroupId":"room_42","EventType":"Online","EventCause":"Join","MemberList":[{"Member_Account":"alice"}],` + when,
		},
		{
			chat.SignedIn{Occasion: on(phone), Replaced: []string{chat.PlatformUniApp, chat.PlatformIOS}},
			"StateChange people users-07 ", "2001:db8:7:1:: IOS",
			`"EventTime":1790000000123,"Info":{"Action":"Login","To_Account":"alice","Reason":"Register"},"KickedDevice":[{"Platform":"Web"},{"Platform":"iOS"}]}`,
		},
		{
			chat.SignedIn{Occasion: on(alice)},
			"StateChange people users-07 ", web,
			`"EventTime":1790000000123,"Info":{"Action":"Login","To_Account":"alice","Reason":"Register"}}`,
		},
		{
			chat.SignedOut{Occasion: on(alice), Reason: chat.SignOutAsked},
			"StateChange people users-07 ", web,
			`"EventTime":1790000000123,"Info":{"Action":"Logout","To_Account":"alice","Reason":"Unregister"}}`,
		},
		{
			chat.SignedOut{Occasion: on(alice), Reason: chat.SignOutTimeout},
			"StateChange people users-07 ", web,
			`"EventTime":1790000000123,"Info":{"Action":"Disconnect","To_Account":"alice","Reason":"TimeOut"}}`,
		},
		{
			chat.GroupMade{Occasion: on(boss), Made: chat.Group{ID: "room_42", Owner: "anchor", Name: "Tea", Fields: map[string]string{"b": "2", "a": ""}}},
			"AfterCreateGroup people room_42 ", rest,
			`"GroupId":"room_42","Operator_Account":"boss","Owner_Account":"anchor","Type":"AVChatRoom","Name":"Tea","MemberList":[],` +
				`"UserDefinedDataList":[{"Key":"a","Value":""},{"Key":"b","Value":"2"}],` + when,
		},
		{
			chat.GroupGone{Occasion: on(house), Was: chat.Group{ID: "room_42", Owner: "anchor", Name: "Tea"}},
			"AfterGroupDestroyed people room_42 ", rest,
			`"Operator_Account":"administrator","GroupId":"room_42","Type":"AVChatRoom","Owner_Account":"anchor","Name":"Tea","MemberList":[],` + when,
		},
		{
			chat.GroupChanged{Occasion: on(alice), Name: &name, Introduction: &none, Notice: &notice, Avatar: &none},
			"AfterGroupInfoChanged people room_42 ", web,
			group + `"Operator_Account":"alice","Name":"New","Introduction":"","Notification":"Read \"this\"","FaceUrl":"",` + when,
		},
		{
			chat.GroupChanged{Occasion: on(alice), Notice: &none},
			"AfterGroupInfoChanged people room_42 ", web,
			group + `"Operator_Account":"alice","Notification":"",` + when,
		},
		{
			chat.AttributesWritten{Occasion: on(boss), Op: chat.ReplaceAttribute, Set: map[string]string{"k": "v", "heat": "1"}, Keys: []string{"old"}},
			"AfterGroupAttrChanged people room_42 ", rest,
			group + `"Operator_Account":"boss","OptionType":"set","GroupAttr":[{"key":"heat","value":"1"},{"key":"k","value":"v"}],` + when,
		},
		{
			chat.AttributesWritten{Occasion: on(boss), Op: chat.SetAttribute, Set: map[string]string{"k": "v"}},
			"AfterGroupAttrChanged people room_42 ", rest,
			group + `"Operator_Account":"boss","OptionType":"modify","GroupAttr":[{"key":"k","value":"v"}],` + when,
		},
		{
			chat.AttributesWritten{Occasion: on(boss), Op: chat.DeleteAttribute, Keys: []string{"k", "a"}},
			"AfterGroupAttrChanged people room_42 ", rest,
			group + `"Operator_Account":"boss","OptionType":"delete","GroupAttr":[{"key":"a","value":""},{"key":"k","value":""}],` + when,
		},
		{
			chat.AttributesWritten{Occasion: on(boss), Op: chat.ClearAttribute, Keys: []string{"k"}},
			"AfterGroupAttrChanged people room_42 ", rest,
			group + `"Operator_Account":"boss","OptionType":"clear","GroupAttr":[{"key":"k","value":""}],` + when,
		},
		{
			chat.RoleChanged{Occasion: on(boss), User: "alice", Role: chat.RoleMember},
			"AfterMemberFieldChanged people room_42 ", rest,
			group + `"Operator_Account":"boss","Member_Account":"alice","Role":"Member",` + when,
		},
	} {
		var queue kept
		o := NewObserver(testApp, registryOf(t, Endpoint{ID: "mine", URL: "http://x/", Format: FormatIM, Events: []string{AllEvents}}), &queue)
		o.Observe(c.fact)
		if len(queue.events) != 1 {
			t.Errorf("%T became %d events", c.fact, len(queue.events))
			continue
		}
		e := queue.events[0]
		_, short, _ := strings.Cut(e.Command, ".")
		short = strings.TrimPrefix(short, "Callback")
		if got := fmt.Sprintf("%s %s %s %s", short, e.Class, e.Room, e.ID); got != c.where || e.Endpoint != "mine" || !e.At.Equal(at) {
			t.Errorf("%T is\n%s\nwant\n%s", c.fact, got, c.where)
		}
		if got := e.Query.Get("ClientIP") + " " + e.Query.Get("OptPlatform"); got != c.from {
			t.Errorf("%T is from %q, want %q", c.fact, got, c.from)
		}
		if want := `{"CallbackCommand":"` + e.Command + `",` + c.body; string(e.Body) != want {
			t.Errorf("%T is\n%s\nwant\n%s", c.fact, e.Body, want)
		}
	}
}

// TestWordsAreAVerdict: what words kept back is told twice, as a failure and as a verdict, of which the body has no command.
func TestWordsAreAVerdict(t *testing.T) {
	var queue kept
	o := NewObserver(testApp, registryOf(t, Endpoint{ID: "mine", URL: "http://x/", Format: FormatIM}), &queue)
	m := text("bad")
	m.Body = []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"bad"}},{"MsgType":"TIMCustomElem","MsgContent":{"Data":"worse","Desc":""}},{"MsgType":"TIMFaceElem","MsgContent":{"Index":1}}]`)
	m.Seq = 0
	o.Observe(chat.NotSent{Occasion: on(alice), M: m, Err: chat.ErrBlocked})
	if len(queue.events) != 2 || queue.events[0].Command != SendMsgException || queue.events[1].Command != ResultNotify {
		t.Fatalf("%+v", queue.events)
	}
	const want = `{"Scene":"GroupCustom","SdkAppId":1400000001,"From_Account":"alice","ContactItem":{"ContactType":2,"ToGroupId":"room_42"},` +
		`"ContentType":"Text","TextContent":["bad","worse"],"CtxcbResult":1,"CtxcbRequestId":"alice-4294967295","CtxcbKeywords":[],` +
		`"CtxcbSuggestion":"Block","CtxcbLabel":"Custom","CloudCustomData":"{\"v\":\"<é>\"}"}`
	if e := queue.events[1]; string(e.Body) != want || e.Query != nil {
		t.Errorf("query %v, body\n%s\nwant\n%s", e.Query, e.Body, want)
	}
}

// TestWordsInALetter: the same of a message to a user, which is told as one that failed.
func TestWordsInALetter(t *testing.T) {
	var queue kept
	o := NewObserver(testApp, registryOf(t, Endpoint{ID: "mine", URL: "http://x/", Format: FormatIM}), &queue)
	m := text("bad")
	m.Seq = 0
	o.Observe(chat.LetterSent{Occasion: on(alice), To: "bob", M: m, Err: chat.ErrBlocked}, chat.LetterSent{Occasion: on(alice), To: "bob", M: m, Err: chat.ErrNoReceiver})
	if len(queue.events) != 3 || queue.events[1].Command != ResultNotify || queue.events[1].Room != queue.events[0].Room {
		t.Fatalf("%+v", queue.events)
	}
	if body := string(queue.events[0].Body); !strings.Contains(body, `"SendMsgResult":80001,"ErrorInfo":"`) {
		t.Error(body)
	}
	const want = `{"Scene":"C2C","SdkAppId":1400000001,"From_Account":"alice","ContactItem":{"ContactType":1,"To_Account":"bob"},` +
		`"ContentType":"Text","TextContent":["bad"],"MsgID":"0_4294967295_1790000000","CtxcbResult":1,`
	if body := string(queue.events[1].Body); !strings.HasPrefix(body, want) {
		t.Errorf("%s\nwant\n%s", body, want)
	}
	if body := string(queue.events[2].Body); !strings.Contains(body, `"SendMsgResult":20003,"ErrorInfo":"there is no such user"`) {
		t.Error(body)
	}
}

// TestAVerdictAfterDelivery: of a message that is still known, beside its recall.
func TestAVerdictAfterDelivery(t *testing.T) {
	var queue kept
	o := NewObserver(testApp, registryOf(t, Endpoint{ID: "mine", URL: "http://x/", Format: FormatIM}), &queue)
	o.Observe(
		chat.Withdrew{Occasion: on(boss), Seqs: []uint64{901, 902}, Kind: chat.Blocked, Were: []*chat.Message{nil, text("bad")}},
		chat.Withdrew{Occasion: on(boss), Seqs: []uint64{903}, Kind: chat.Recalled, Were: []*chat.Message{text("good")}},
	)
	if len(queue.events) != 3 || queue.events[0].Command != AfterRecallMsg || queue.events[1].Command != ResultNotify || queue.events[2].Command != AfterRecallMsg {
		t.Fatalf("%+v", queue.events)
	}
	const want = `{"Scene":"Group","SdkAppId":1400000001,"From_Account":"alice","ContactItem":{"ContactType":2,"ToGroupId":"room_42"},` +
		`"ContentType":"Text","TextContent":["bad"],"MsgID":"901","CtxcbResult":1,`
	if body := string(queue.events[1].Body); !strings.HasPrefix(body, want) {
		t.Errorf("%s\nwant\n%s", body, want)
	}
}

func TestManyMembersAreToldInParts(t *testing.T) {
	var queue kept
	o := NewObserver(testApp, registryOf(t, Endpoint{ID: "mine", URL: "http://x/", Format: FormatIM}), &queue)
	users := make([]string, 1001)
	for i := range users {
		users[i] = fmt.Sprint("u", i)
	}
	o.Observe(chat.PresenceChanged{Occasion: on(house), Users: users, Cause: chat.CauseInterrupt})
	var said int
	for _, e := range queue.events {
		said += strings.Count(string(e.Body), "Member_Account")
	}
	if len(queue.events) != 3 || said != 1001 {
		t.Errorf("%d users in %d events", said, len(queue.events))
	}
}

// TestEachReceiverGetsWhatItWants: and Settle settles the queue.
func TestEachReceiverGetsWhatItWants(t *testing.T) {
	var queue kept
	o := NewObserver(testApp, registryOf(t,
		Endpoint{ID: "all", URL: "http://x/", Format: FormatIM},
		Endpoint{ID: "joins", URL: "http://x/", Format: FormatIM, Events: []string{AfterNewMemberJoin}},
		Endpoint{ID: "streams", URL: "http://x/", Format: FormatCSS},
	), &queue)
	o.Observe(chat.Came{Occasion: on(alice)}, chat.Sent{Occasion: on(alice), M: text("hi")})
	var got []string
	for _, e := range queue.events {
		got = append(got, e.Endpoint+" "+e.Command)
	}
	if want := "all " + AfterNewMemberJoin + "|joins " + AfterNewMemberJoin + "|all " + AfterSendMsg; strings.Join(got, "|") != want {
		t.Errorf("told %q", got)
	}
	if o.Settle(t.Context()); queue.settled != 1 {
		t.Error("the queue was not settled")
	}
}

// TestNobodyWantsIt: then telling costs nothing.
func TestNobodyWantsIt(t *testing.T) {
	var queue kept
	o := NewObserver(testApp, registryOf(t), &queue)
	facts := []chat.Fact{
		chat.Sent{Occasion: on(alice), M: text("hi")},
		chat.Came{Occasion: on(alice)},
		chat.SignedIn{Occasion: on(phone)},
		chat.NotSent{Occasion: on(alice), M: text("hi"), Err: chat.ErrBlocked},
		chat.PresenceChanged{Occasion: on(alice), Users: []string{"alice"}},
		chat.LetterSent{Occasion: on(alice), M: text("hi")},
		chat.Went{Occasion: on(alice)},
		chat.Withdrew{Occasion: on(alice)},
	}
	if n := testing.AllocsPerRun(100, func() { o.Observe(facts...) }); n != 0 || len(queue.events) != 0 {
		t.Errorf("%v allocations, %d events", n, len(queue.events))
	}
}

// TestEveryEventHasASample, and no other name has one.
func TestEveryEventHasASample(t *testing.T) {
	for format, names := range Known() {
		for _, name := range append(names, delivery.Dropped) {
			e, ok := Sample(testApp, format, name, at)
			if want := name != delivery.Dropped; ok != want || ok && (e.Command != name || e.ID == "" || !isObject(e.Body)) {
				t.Errorf("%s, %s: %v %+v", format, name, ok, e)
			}
		}
	}
	if _, ok := Sample(testApp, "xml", AfterSendMsg, at); ok {
		t.Error("there is a sample of an unknown format")
	}
}
