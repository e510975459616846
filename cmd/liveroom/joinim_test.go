package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestTheIMDoorOfANode: it is on every public port and in the metrics, and shares with the API who failed too often.
func TestTheIMDoorOfANode(t *testing.T) {
	t.Parallel()
	files, https := newPair(t, "im"), freeAddr(t)
	n := startNode(t, "--https", https, "--tls-cert", files.cert, "--tls-key", files.key, "--admins", "a1,a2,a3,a4,a5", "--im-rates", "get_online_member_num=2")
	b := n.backend()
	two := b.secure(https, files.cert)
	tr, ok := two.client.Transport.(*http.Transport)
	if !ok {
		t.Fatal("no transport")
	}
	tr.ForceAttemptHTTP2 = true
	for name, each := range map[string]*backend{"http": b, "https": b.secure(https, files.cert), "h2": two} {
		for i := range 5 {
			admin := fmt.Sprint("a", i+1)
			if r := each.send("im_open_login_svc/account_import", each.query(admin, each.userSig(admin)), `{"UserID":"`+name+`"}`); r.ErrorCode != 0 {
				t.Errorf("%s, %s: %s", name, admin, r.raw)
			}
		}
		each.kept(5)
	}
	if r := b.send("im_open_login_svc/account_import", b.query("u1", b.userSig("u1")), `{"UserID":"u2"}`); r.ErrorCode != 60010 {
		t.Errorf("no administrator: %s", r.raw)
	}
	codes := map[int]int{}
	for range 40 {
		codes[b.send("group_open_http_svc/get_online_member_num", b.query("administrator", b.sig), `{}`).ErrorCode]++
	}
	if codes[10006] == 0 || codes[10004] < 2 || codes[10004]+codes[10006] != 40 {
		t.Errorf("more calls than --im-rates allows: %v", codes)
	}
	for _, want := range []string{
		`liveroom_im_commands_total{code="0",command="im_open_login_svc/account_import"} 15`,
		`liveroom_im_commands_total{code="60010",command="im_open_login_svc/account_import"} 1`,
	} {
		if !strings.Contains(n.metrics(), want) {
			t.Errorf("no %s in the metrics", want)
		}
	}

	b.key += "x"
	forged := b.userSig("administrator")
	n.eventually("who guesses is heard at neither door", func() bool { // but for one guess each 2 s
		r := b.send("im_open_login_svc/account_import", b.query("administrator", forged), `{}`)
		if r.ErrorCode != 70050 {
			return false
		}
		resp, _ := n.request(http.MethodPost, "/api/v1/rooms", map[string]any{"id": "r"}, "Bearer "+n.secrets.APIToken)
		return resp.StatusCode == http.StatusTooManyRequests
	})
	for _, sig := range []string{b.sig, forged} {
		if strings.Contains(n.log.String(), sig) {
			t.Error("a UserSig is in the log")
		}
	}
	if !strings.Contains(n.log.String(), "usersig=…") {
		t.Error("the log has no call at all")
	}
}
