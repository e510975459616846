package im_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// device is a connection that keeps what it is sent.
type device struct {
	id string

	mu      sync.Mutex
	letters []*chat.Message
	closed  chat.Closing
}

func (s *device) ID() string                  { return s.id }
func (s *device) Deliver(*chat.Batch)         {}
func (s *device) Left(string, chat.Departure) {}
func (s *device) Close(why chat.Closing)      { s.closed = why }
func (s *device) Direct(_ string, m *chat.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, m)
}

// signIn connects a device of a user.
func (d *door) signIn(user, platform string) *device {
	d.t.Helper()
	s := &device{id: user + platform}
	if err := d.chat.SignIn(d.t.Context(), chat.Identity{User: user, Platform: platform}, s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

func TestWhoIsOnline(t *testing.T) {
	d := newDoor(t, nil)
	d.must(accountService+"multiaccount_import", `{"Accounts":["ann","bob"]}`)
	for _, platform := range []string{chat.PlatformIOS, chat.PlatformWindows, chat.PlatformMiniProgram, chat.PlatformWeb, chat.PlatformMac} {
		d.signIn("ann", platform)
	}
	out := d.must("openim/query_online_status", `{"To_Account":["bob","nobody","ann"],"IsNeedDetail":1}`)
	if pick(out["QueryResult"], "To_Account") != "bob ann" || pick(out["QueryResult"], "Status") != "Offline Online" || pick(out["ErrorList"], "ErrorCode") != "70107" {
		t.Errorf("%v", out)
	}
	all, _ := out["QueryResult"].([]any)
	ann, _ := all[1].(map[string]any)
	if pick(ann["Detail"], "Platform") != "iPhone PC Web Mac" {
		t.Errorf("%v", ann)
	}
	if old := d.must("openim/querystate", `{"To_Account":["ann"]}`); pick(old["QueryResult"], "State") != "Online" || pick(old["QueryResult"], "Detail") != "<nil>" {
		t.Errorf("%v", old)
	}
	if out := d.call("openim/query_online_status", `{"To_Account":["x","y"]}`); out.code() != 70107 || pick(out["ErrorList"], "To_Account") != "x y" {
		t.Errorf("nobody exists: %v", out)
	}
}

func TestLettersOfABackend(t *testing.T) {
	d := newDoor(t, nil)
	d.must(accountService+"multiaccount_import", `{"AccountList":[{"UserID":"ann","Nick":"Ann"},{"UserID":"bob"}]}`)
	ann, bob := d.signIn("ann", "Web"), d.signIn("bob", "Web")
	const body = `"MsgRandom":4294967295,"MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"q\u0000uit"}}],"CloudCustomData":"c"`
	one := d.must("openim/sendmsg", `{"To_Account":"bob","MsgSeq":7,"MsgLifeTime":604800,"SyncOtherMachine":2,"MsgTimeStamp":1,`+body+`}`)
	again := d.must("openim/sendmsg", `{"To_Account":"bob","MsgSeq":7,`+body+`}`)
	if one["MsgKey"] != again["MsgKey"] || one["MsgTime"] != again["MsgTime"] || len(bob.letters) != 1 {
		t.Fatalf("%v, again %v, bob has %d", one, again, len(bob.letters))
	}
	if m := bob.letters[0]; m.From != "administrator" || m.CloudCustomData != "c" || string(m.Body) != `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"q\u0000uit"}}]` {
		t.Errorf("%+v", m)
	}
	if one["MsgKey"] != fmt.Sprintf("7_4294967295_%.0f", one["MsgTime"]) || bob.letters[0].Seq != 7 {
		t.Errorf("%v, %+v", one, bob.letters[0])
	}
	d.must("openim/sendmsg", `{"To_Account":"bob","From_Account":"ann",`+body+`}`)
	if m := bob.letters[1]; m.From != "ann" || m.Nick != "Ann" || len(ann.letters) != 1 {
		t.Errorf("%+v; ann's own device has %d", m, len(ann.letters))
	}
	d.must("openim/sendmsg", `{"To_Account":"bob","From_Account":"ann","SyncOtherMachine":2,"MsgRandom":2,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`)
	if len(bob.letters) != 3 || len(ann.letters) != 1 {
		t.Errorf("not synchronised: bob has %d, ann's own device %d", len(bob.letters), len(ann.letters))
	}
	out := d.must("openim/batchsendmsg", `{"To_Account":["ann","nobody","no body","bob"],`+body+`}`)
	if out["ActionStatus"] != "SomeError" || pick(out["ErrorList"], "To_Account") != "nobody no body" || pick(out["ErrorList"], "ErrorCode") != "90012 90012" || out["MsgKey"] == "" {
		t.Errorf("%v", out)
	}
	if out := d.must("openim/batchsendmsg", `{"To_Account":["ann"],`+body+`}`); out["ActionStatus"] != "OK" {
		t.Errorf("%v", out)
	}
	if out := d.call("openim/batchsendmsg", `{"To_Account":["x"],`+body+`}`); out.code() != 90012 || pick(out["ErrorList"], "To_Account") != "x" {
		t.Errorf("%v", out)
	}
}

// TestLettersAndCallbacks: who receives callbacks is asked about single messages and told of all, unless a message says no.
func TestLettersAndCallbacks(t *testing.T) {
	d := newDoor(t, nil)
	d.must(accountService+"account_import", `{"UserID":"bob"}`)
	for i, c := range []struct {
		command, to, forbid string
		asked, told         int
	}{
		{"sendmsg", `"bob"`, ``, 1, 1},
		{"sendmsg", `"bob"`, `"ForbidBeforeSendMsgCallback"`, 0, 1},
		{"sendmsg", `"bob"`, `"ForbidAfterSendMsgCallback"`, 1, 0},
		{"sendmsg", `"bob"`, `"ForbidBeforeSendMsgCallback","ForbidAfterSendMsgCallback"`, 0, 0},
		{"batchsendmsg", `["bob"]`, ``, 0, 1},
		{"batchsendmsg", `["bob"]`, `"ForbidAfterSendMsgCallback"`, 0, 0},
	} {
		asked, told := d.witness.letters()
		d.must("openim/"+c.command, fmt.Sprintf(`{"To_Account":%s,"MsgRandom":%d,"ForbidCallbackControl":[%s],"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`, c.to, i+1, c.forbid))
		askedNow, toldNow := d.witness.letters()
		if askedNow-asked != c.asked || toldNow-told != c.told {
			t.Errorf("%+v: asked %d times, told %d times", c, askedNow-asked, toldNow-told)
		}
	}
}

// letters are how often it was asked about letters, and told of them.
func (w *witness) letters() (asked, told int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.told {
		if _, ok := f.(chat.LetterSent); ok {
			told++
		}
	}
	return w.about, told
}

func TestNobodyMaySpeakWhoIsSilenced(t *testing.T) {
	d := newDoor(t, nil)
	d.must(accountService+"account_import", `{"UserID":"ann"}`)
	d.must("openconfigsvr/setnospeaking", `{"Set_Account":"ann","C2CmsgNospeakingTime":4294967295,"GroupmsgNospeakingTime":60}`)
	out := d.must("openconfigsvr/getnospeaking", `{"Get_Account":"ann"}`)
	if groups, _ := out["GroupmsgNospeakingTime"].(float64); out["C2CmsgNospeakingTime"] != float64(4294967295) || groups < 50 || groups > 60 {
		t.Errorf("%v", out)
	}
	d.must("openconfigsvr/setnospeaking", `{"Set_Account":"ann","C2CmsgNospeakingTime":0}`)
	if out := d.must("openconfigsvr/getnospeaking", `{"Get_Account":"ann"}`); out["C2CmsgNospeakingTime"] != float64(0) || out["GroupmsgNospeakingTime"] == float64(0) {
		t.Errorf("one ended: %v", out)
	}
	if out := d.must("openconfigsvr/getnospeaking", `{"Get_Account":"nobody"}`); out["GroupmsgNospeakingTime"] != float64(4294967295) {
		t.Errorf("nobody: %v", out)
	}
}

func TestTheRest(t *testing.T) {
	d := newDoor(t, nil)
	if out := d.must("openconfigsvr/getappinfo", `{}`); pick(out["Result"], "AppId") != "1400000000" || pick(out["Result"], "AppName") != "liveroom" {
		t.Errorf("%v", out)
	}
	if out := d.must("openconfigsvr/getappinfo", `{"RequestField":["AppName"]}`); pick(out["Result"], "AppId") != "<nil>" || pick(out["Result"], "AppName") != "liveroom" {
		t.Errorf("%v", out)
	}
	if out := d.must("ConfigSvc/GetIPList", `{}`); out["IPList"] == nil {
		t.Errorf("%v", out)
	}
	d.refused("open_msg_svc/get_history", `{"ChatType":"Group","MsgTime":"2026112115"}`, 1004, "")
}

// TestSilenceIsToldAsLongAsItWasSet: at most, and not as over before it is.
func TestSilenceIsToldAsLongAsItWasSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.must(accountService+"account_import", `{"UserID":"ann"}`)
		time.Sleep(300 * time.Millisecond)
		d.must("openconfigsvr/setnospeaking", `{"Set_Account":"ann","GroupmsgNospeakingTime":60}`)
		for _, left := range []float64{60, 30, 1, 1, 0} {
			if out := d.must("openconfigsvr/getnospeaking", `{"Get_Account":"ann"}`); out["GroupmsgNospeakingTime"] != left {
				t.Errorf("%v left, want %v", out["GroupmsgNospeakingTime"], left)
			}
			switch left {
			case 60, 30:
				time.Sleep(30 * time.Second)
			default:
				time.Sleep(600 * time.Millisecond)
			}
		}
	})
}

func TestWhatIsWrongWithCallsAboutPeople(t *testing.T) {
	d := newDoor(t, nil)
	d.must(accountService+"account_import", `{"UserID":"bob"}`)
	many := `"u"` + strings.Repeat(`,"u"`, 500)
	const random, body = `"MsgRandom":1`, `"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]`
	for _, c := range []struct {
		command, body string
		code          int
		words         string
	}{
		{"openim/query_online_status", `{}`, 90001, "To_Account"},
		{"openim/query_online_status", `{"To_Account":[]}`, 90001, "To_Account"},
		{"openim/query_online_status", `{"To_Account":"ann"}`, 90003, "To_Account must be an Array"},
		{"openim/query_online_status", `{"To_Account":[1]}`, 60015, "To_Account[0]"},
		{"openim/query_online_status", `{"To_Account":[` + many + `]}`, 90011, "500"},
		{"openim/querystate", `{"To_Account":["ann"],"IsNeedDetail":"1"}`, 90001, "IsNeedDetail"},
		{"openim/querystate", `[]`, 90001, "object"},
		{"openim/sendmsg", `{`, 90001, "JSON"},
		{"openim/sendmsg", `{` + random + `,` + body + `}`, 90003, "To_Account"},
		{"openim/sendmsg", `{"To_Account":123,` + random + `,` + body + `}`, 60015, "To_Account"},
		{"openim/sendmsg", `{"To_Account":"nobody",` + random + `,` + body + `}`, 90012, ""},
		{"openim/sendmsg", `{"To_Account":"no body",` + random + `,` + body + `}`, 90012, "To_Account"},
		{"openim/sendmsg", `{"To_Account":"bob","From_Account":"nobody",` + random + `,` + body + `}`, 90008, "From_Account"},
		{"openim/sendmsg", `{"To_Account":"bob","From_Account":1,` + random + `,` + body + `}`, 60015, "From_Account"},
		{"openim/sendmsg", `{"To_Account":"bob",` + body + `}`, 90005, "MsgRandom"},
		{"openim/sendmsg", `{"To_Account":"bob","MsgRandom":"1",` + body + `}`, 90005, "MsgRandom"},
		{"openim/sendmsg", `{"To_Account":"bob","MsgRandom":4294967296,` + body + `}`, 90005, "MsgRandom"},
		{"openim/sendmsg", `{"To_Account":"bob","MsgRandom":1.5,` + body + `}`, 90005, "MsgRandom"},
		{"openim/sendmsg", `{"To_Account":"bob","MsgRandom":-1,` + body + `}`, 90005, "MsgRandom"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `}`, 90002, "MsgBody"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `,"MsgBody":{}}`, 90002, "MsgBody"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `,"MsgBody":[]}`, 90010, "MsgBody"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `,"MsgBody":[{"MsgType":"TIMOtherElem","MsgContent":{}}]}`, 90010, "MsgBody"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `,` + body + `,"MsgTimeStamp":"1"}`, 90006, "MsgTimeStamp"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `,` + body + `,"SyncOtherMachine":3}`, 90031, "SyncOtherMachine"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `,` + body + `,"SyncOtherMachine":"1"}`, 90031, "SyncOtherMachine"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `,` + body + `,"MsgLifeTime":604801}`, 90026, "MsgLifeTime"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `,` + body + `,"MsgLifeTime":"1"}`, 90044, "MsgLifeTime"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `,` + body + `,"OfflinePushInfo":[]}`, 90043, "OfflinePushInfo"},
		{"openim/sendmsg", `{"To_Account":"bob",` + random + `,` + body + `,"ForbidCallbackControl":["All"]}`, 90001, "ForbidCallbackControl"},
		{"openim/batchsendmsg", `{` + random + `,` + body + `}`, 90003, "To_Account"},
		{"openim/batchsendmsg", `{"To_Account":"bob",` + random + `,` + body + `}`, 90007, "To_Account"},
		{"openim/batchsendmsg", `{"To_Account":[7],` + random + `,` + body + `}`, 60015, "To_Account[0]"},
		{"openim/batchsendmsg", `{"To_Account":[` + many + `],` + random + `,` + body + `}`, 90011, "500"},
		{"openim/batchsendmsg", `{"To_Account":["bob"],` + random + `,"MsgBody":[]}`, 90010, "MsgBody"},
		{"openconfigsvr/setnospeaking", `{"C2CmsgNospeakingTime":1}`, 130002, "Set_Account"},
		{"openconfigsvr/setnospeaking", `{"Set_Account":7,"C2CmsgNospeakingTime":1}`, 60015, "Set_Account"},
		{"openconfigsvr/setnospeaking", `{"Set_Account":"bob"}`, 130008, "Nospeaking"},
		{"openconfigsvr/setnospeaking", `{"Set_Account":"bob","C2CmsgNospeakingTime":"1"}`, 130002, "C2CmsgNospeakingTime"},
		{"openconfigsvr/setnospeaking", `{"Set_Account":"nobody","C2CmsgNospeakingTime":1}`, 130004, "Set_Account"},
		{"openconfigsvr/getnospeaking", `{}`, 130002, "Get_Account"},
		{"openconfigsvr/getappinfo", `{"RequestField":"AppName"}`, 130002, "RequestField"},
		{"open_msg_svc/get_history", `{}`, 1001, "ChatType"},
		{"open_msg_svc/get_history", `{"ChatType":"All","MsgTime":"2026112115"}`, 1001, "ChatType"},
		{"openim/all_member_push", `{}`, 60009, ""},
	} {
		d.refused(c.command, c.body, c.code, c.words)
	}
	long := strings.Repeat("x", 12<<10)
	d.refused("openim/sendmsg", `{"To_Account":"bob",`+random+`,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"`+long+`"}}]}`, 80002, "MsgBody")
}
