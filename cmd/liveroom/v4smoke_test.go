package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSmokeOfABackend walks the sixteen steps of spec im-rest §10 over HTTPS, as a backend does that was moved here: it has
// changed the host, and trusts the certificate.
func TestSmokeOfABackend(t *testing.T) {
	t.Parallel()
	files, https := newPair(t, "im"), freeAddr(t)
	n := startNode(t, "--https", https, "--tls-cert", files.cert, "--tls-key", files.key)
	b := n.backend().secure(https, files.cert)
	const group = "live_1"
	named := obj{"GroupId": group}

	b.ok("im_open_login_svc/account_import", `{"UserID":"host1","Nick":"Host"}`) // 1
	b.ok("im_open_login_svc/account_import", `{"UserID":"u1"}`)
	create := `{"Type":"AVChatRoom","Name":"r","GroupId":"live_1","Owner_Account":"host1"}`
	var made struct{ GroupId string }
	if b.ok("create_group", create, &made); made.GroupId != group { // 2
		t.Errorf("made %q", made.GroupId)
	}
	b.must(10025, "create_group", create) // 3
	b.must(10021, "create_group", strings.Replace(create, "host1", "u1", 1))
	b.must(10007, "create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"live_2","MemberList":[{"Member_Account":"u1"}]}`) // 4

	b.ok("set_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"status","value":"live"}]}`) // 5
	var state struct {
		GroupAttrAry []struct{ Key, Value string }
	}
	b.ok("group_open_attr_http_svc/get_group_attr", named, &state) // 6
	if len(state.GroupAttrAry) == 0 || state.GroupAttrAry[0].Value != "live" {
		t.Errorf("attributes %+v", state)
	}

	audience := n.enter(group, "u1", b.userSig("u1"), nil)
	gift := message(group, custom(`{"gift":"rose"}`), "MsgPriority", "High", "From_Account", "host1")
	var first, again sent
	if b.ok("send_group_msg", gift, &first); first.MsgSeq < 1 || first.MsgTime < 1_700_000_000 || first.MsgDropReason != "" { // 7
		t.Errorf("%+v", first)
	}
	if b.ok("send_group_msg", gift, &again); again != first { // 8
		t.Errorf("sent again: %+v, want %+v", again, first)
	}

	b.ok("forbid_send_msg", `{"GroupId":"live_1","Members_Account":["u1"],"MuteTime":60}`) // 9
	b.must(10017, "send_group_msg", message(group, text("muted"), "From_Account", "u1"))
	for command, list := range map[string]string{"get_group_muted_account": "MutedAccountList", "get_group_shutted_uin": "ShuttedUinList"} { // 10
		var muted map[string]any
		b.ok(command, named, &muted)
		if all, _ := muted[list].([]any); len(all) != 1 || all[0].(map[string]any)["Member_Account"] != "u1" {
			t.Errorf("%s: %v", command, muted)
		}
	}
	b.must(10005, "ban_group_member", obj{"GroupId": group, "Members_Account": many(21, user), "Duration": 60}) // 11
	b.must(10004, "delete_group_member", obj{"GroupId": group, "MemberToDel_Account": []string{"u1"}})          // 12
	b.kept(16)
	passed, took := b.burst(group, 100) // 13
	if most := 40 * int(took/time.Second+2); passed < 39 || passed > most {
		t.Errorf("%d of 100 messages passed in %s, want 40 a second", passed, took)
	}
	audience.hears(passed)
	var info struct {
		GroupInfo []struct {
			GroupId, Type string
			ErrorCode     int
		}
	}
	b.ok("get_group_info", `{"GroupIdList":["live_1","nope"]}`, &info) // 14
	if g := info.GroupInfo; len(g) != 2 || g[0].GroupId != group || g[0].ErrorCode != 0 || g[0].Type != "AVChatRoom" || g[1].GroupId != "nope" || g[1].ErrorCode != 10010 {
		t.Errorf("%+v", info)
	}
	b.ok("destroy_group", named) // 15
	b.must(10010, "get_online_member_num", named)
	own := b.send("group_open_http_svc/get_group_info", b.query("u1", b.userSig("u1")), `{"GroupIdList":["live_1"]}`) // 16
	if own.ErrorCode != 60010 || own.ActionStatus != "FAIL" {
		t.Errorf("a user's own UserSig: %s", own.raw)
	}
	if got := audience.count(func(m chatMessage) bool { return strings.Contains(string(m.Body), "rose") }); got != 1 {
		t.Errorf("the gift came %d times", got)
	}
}

// burst sends texts to a group, many at a time. It returns how many were not dropped, and how long it took.
func (b *backend) burst(group string, count int) (passed int, took time.Duration) {
	b.t.Helper()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		next  = make(chan string)
		began = time.Now()
	)
	for range 20 {
		wg.Go(func() {
			for body := range next {
				r, err := b.attempt("group_open_http_svc/send_group_msg", b.query("administrator", b.sig), body)
				var m sent
				if err != nil || r.ErrorCode != 0 || json.Unmarshal(r.raw, &m) != nil {
					b.t.Errorf("%s %v", r.raw, err)
					continue
				}
				mu.Lock()
				switch {
				case m.MsgDropReason == "" && m.MsgSeq > 0:
					passed++
				case m.MsgDropReason != "MsgFreqCtrl" || m.MsgSeq != 0:
					b.t.Errorf("dropped: %s", r.raw)
				}
				mu.Unlock()
			}
		})
	}
	for i := range count {
		raw, err := json.Marshal(message(group, text(fmt.Sprint("burst ", i))))
		if err != nil {
			b.t.Fatal(err)
		}
		next <- string(raw)
	}
	close(next)
	wg.Wait()
	return passed, time.Since(began)
}

// hears waits until so many texts of a burst have come; more than those are an error.
func (m *member) hears(texts int) {
	m.t.Helper()
	of := func(msg chatMessage) bool { return strings.HasPrefix(textIn(msg), "burst ") }
	eventually(m.t, fmt.Sprint(texts, " messages of the burst have come"), func() bool { return m.count(of) >= texts })
	if got := m.count(of); got != texts {
		m.t.Errorf("%d messages of the burst came, want %d", got, texts)
	}
}

// count says how many of the messages heard since joining are of a kind.
func (m *member) count(of func(chatMessage) bool) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, msg := range m.messages {
		if of(msg) {
			n++
		}
	}
	return n
}
