package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestHostileBackends: what strangers and broken programs send to /v4 ends with an envelope or a closed connection, and
// hinders nobody.
func TestHostileBackends(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	b := n.backend()
	b.people()
	group := b.group()
	good := b.query("administrator", b.sig)
	memory := n.used()

	t.Run("deep nesting", func(t *testing.T) {
		for _, body := range []string{
			strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 20_000), strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
			`{"GroupId":"` + group + `","Random":1,"MsgBody":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`,
			`{"GroupId":"` + group + `","Random":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":` + strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000) + `}]}`,
		} {
			if r := b.send("group_open_http_svc/send_group_msg", good, body); r.ErrorCode == 0 {
				t.Errorf("%.60s…: %s", body, r.raw)
			}
		}
	})
	t.Run("2 MB", func(t *testing.T) {
		body := `{"GroupId":"` + strings.Repeat("x", 2<<20) + `"}`
		for range 10 {
			r, err := b.attempt("group_open_http_svc/get_online_member_num", good, body)
			if err == nil && r.ErrorCode != 93000 { // or it isn't read to its end, and the connection closed
				t.Errorf("%s", r.raw)
			}
		}
	})
	t.Run("a slow body", func(t *testing.T) {
		var slow []net.Conn
		for range 200 {
			conn, err := net.Dial("tcp", n.http)
			if err != nil {
				t.Fatal(err)
			}
			slow = append(slow, conn)
			_, _ = fmt.Fprintf(conn, "POST /v4/group_open_http_svc/get_group_info?%s HTTP/1.1\r\nHost: im\r\nContent-Length: 100000\r\n\r\n{", good)
		}
		for range 100 { // others are served meanwhile
			b.ok("get_online_member_num", obj{"GroupId": group})
		}
		for _, conn := range slow {
			_ = conn.SetReadDeadline(time.Now().Add(60 * time.Second))
			first := make([]byte, 4096)
			if n, err := conn.Read(first); err == nil && !bytes.Contains(first[:n], []byte(`"ErrorCode":60008`)) {
				t.Errorf("a body that never came: %s", first[:n])
			}
			_ = conn.Close()
		}
	})
	t.Run("an answer above 1 MB", func(t *testing.T) {
		var ids []string
		for range 50 {
			id := b.group()
			ids = append(ids, id)
			var fields []obj
			for i := range 10 {
				fields = append(fields, obj{"Key": fmt.Sprint("k", i), "Value": strings.Repeat("\x01", 512)}) // six bytes each in JSON
			}
			b.ok("modify_group_base_info", obj{"GroupId": id, "AppDefinedData": fields})
		}
		b.must(10018, "get_group_info", obj{"GroupIdList": ids})
		b.ok("get_group_info", obj{"GroupIdList": ids[:5]})
	})
	n.eventually("what was sent needs no memory any more", func() bool { return n.used() < memory+32<<20 })
	if strings.Contains(n.log.String(), "panic") {
		t.Error("something panicked")
	}
	if strings.Contains(n.log.String(), b.sig) {
		t.Error("a UserSig is in the log")
	}
}

// TestGuessingUserSigs: who tries is refused unheard after a while, with 70050, and is no burden.
func TestGuessingUserSigs(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	b := n.backend()
	wrong := signedByTencent(t, b.app, b.key+"x", "administrator", 0)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		codes = map[int]int{}
		tries = make(chan struct{})
	)
	for range 16 {
		wg.Go(func() {
			for range tries {
				r, err := b.attempt("im_open_login_svc/account_import", b.query("administrator", wrong), "{}")
				if err != nil {
					t.Error(err)
					continue
				}
				mu.Lock()
				codes[r.ErrorCode]++
				mu.Unlock()
			}
		})
	}
	for range 5000 {
		tries <- struct{}{}
	}
	close(tries)
	wg.Wait()
	if codes[70009] == 0 || codes[70050] < 4900 || codes[70009]+codes[70050] != 5000 {
		t.Errorf("answered %v", codes)
	}
	if strings.Contains(n.log.String(), wrong) {
		t.Error("a UserSig is in the log")
	}
}

// FuzzV4 sends anything to any command, as an administrator and as somebody who says so. All of it is answered with an
// envelope.
func FuzzV4(f *testing.F) {
	n := benchProgram(f)
	p, keys := n.p, n.keys
	sig := signedByTencent(f, keys.SDKAppID, keys.AppSecret, "administrator", 0)
	good := fmt.Sprintf("sdkappid=%d&identifier=administrator&usersig=%s&random=1&contenttype=json", keys.SDKAppID, sig)
	var asked atomic.Uint32
	post := func(t testing.TB, path, query, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		r.URL = &url.URL{Path: "/v4/" + path, RawQuery: query}
		n := asked.Add(1)
		r.RemoteAddr = fmt.Sprintf("[2001:db8:%x:%x::1]:4711", n>>16, n&0xffff) // who guesses is not heard for a while
		w := httptest.NewRecorder()
		p.web.ServeHTTP(w, r)
		got := reply{raw: w.Body.Bytes(), status: w.Code}
		if err := got.enveloped(); err != nil {
			t.Errorf("%s?%s %.300q: %v", path, query, body, err)
		}
		if got.ErrorCode == 60008 || got.ErrorCode == 10002 {
			t.Errorf("%s %.300q: %s", path, body, got.raw)
		}
	}
	post(f, "im_open_login_svc/account_import", good, `{"UserID":"u1"}`)
	post(f, "group_open_http_svc/create_group", good, `{"Type":"AVChatRoom","Name":"r","GroupId":"g"}`)
	for _, r := range rows() {
		for _, q := range r.requests() {
			var base obj
			if len(r.good) > 0 {
				base = r.good[0].body(nil)
			}
			raw, err := json.Marshal(q.body(base))
			if err != nil {
				f.Fatal(err)
			}
			if len(raw) < 2000 {
				f.Add(service(r.command), "", strings.ReplaceAll(string(raw), "$group", "g"))
			}
		}
	}
	for _, query := range []string{"sdkappid", "&&&=&", "sdkappid=%zz&usersig=%", good + "&" + good, strings.ReplaceAll(good, "=", "=%00"), "usersig=" + sig, good + strings.Repeat("&a=b", 1000)} {
		f.Add("group_open_http_svc/create_group", query, "{}")
	}
	for _, body := range []string{"", "\x00", "\xff\xfe", `{"a":1}`, `{"Type":null}`, `{"Type":"AVChatRoom","Name":"\ud800"}`, `{"Type":"A","Type":"B"}`, "1e999", `{"Name":1e999}`} {
		f.Add("group_open_http_svc/create_group", "", body)
	}
	f.Fuzz(func(t *testing.T, path, query, body string) {
		if query == "" {
			query = good
		}
		post(t, path, query, body)
	})
}
