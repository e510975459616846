package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestChatOverAnEventStream chats without a WebSocket from a page of another origin, over HTTP/1.1 and HTTP/2; a page that
// is not listed can't.
func TestChatOverAnEventStream(t *testing.T) {
	t.Parallel()
	const site = "https://www.example.com"
	files, https := newPair(t, "one"), freeAddr(t)
	n := startNode(t, "--https", https, "--tls-cert", files.cert, "--tls-key", files.key, "--cors-origins", site)
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	anna := n.enter("r1", "anna", n.userSig("anna"), nil)
	h2 := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the test's own certificate
	t.Cleanup(h2.CloseIdleConnections)
	var keys []string
	for _, c := range []struct {
		base   string
		client *http.Client
		major  int
	}{{"http://" + n.http, http.DefaultClient, 1}, {"https://" + https, &http.Client{Transport: h2}, 2}} {
		t.Run(fmt.Sprint("HTTP/", c.major), func(t *testing.T) {
			do := func(method, path, origin, body string) *http.Response {
				t.Helper()
				r, err := http.NewRequestWithContext(t.Context(), method, c.base+path, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Origin", origin)
				resp, err := c.client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = resp.Body.Close() })
				return resp
			}
			for _, ask := range [][2]string{{"GET", "/chat/stream"}, {"POST", "/chat/stream/key"}} {
				if resp := do(ask[0], ask[1], "https://elsewhere.example", ""); resp.StatusCode != http.StatusForbidden {
					t.Errorf("%v from elsewhere: %s", ask, resp.Status)
				}
			}
			stream := do("GET", "/chat/stream", site, "")
			if stream.ProtoMajor != c.major || stream.Header.Get("Access-Control-Allow-Origin") != site {
				t.Fatalf("%s %s %v", stream.Proto, stream.Status, stream.Header)
			}
			next := framesOf(t, stream.Body)
			var hello struct{ Key string }
			next(&hello)
			keys = append(keys, hello.Key)
			enterByFrames(t, "r1", next, func(frame string) {
				t.Helper()
				resp := do("POST", "/chat/stream/"+hello.Key, site, frame)
				if resp.StatusCode != http.StatusNoContent || resp.Header.Get("Access-Control-Allow-Origin") != site {
					t.Fatalf("%s: %s %v", frame, resp.Status, resp.Header)
				}
			})
			anna.say("r1", "hello over "+stream.Proto, uint32(c.major))
			for {
				var push struct{ Items []item }
				next(&push)
				if len(push.Items) > 0 && textIn(push.Items[0].chatMessage) == "hello over "+stream.Proto {
					return
				}
			}
		})
	}
	n.eventually("streams whose clients went are gone", func() bool {
		resp, err := http.Get("http://" + n.ops + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(raw), "liveroom_chat_streams 0\n")
	})
	for _, key := range keys {
		if strings.Contains(n.log.String(), key) {
			t.Error("the log shows keys")
		}
	}
}

// framesOf returns what waits for the next frame of a chat event stream.
func framesOf(t *testing.T, stream io.Reader) (next func(out any)) {
	lines := bufio.NewScanner(stream)
	return func(out any) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), out); err != nil {
					t.Fatalf("%v in %s", err, data)
				}
				return
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
	}
}

// enterByFrames joins a room over a chat event stream: post sends a frame, next waits for what the stream says.
func enterByFrames(t *testing.T, room string, next func(out any), post func(frame string)) {
	t.Helper()
	for _, frame := range []string{`{"id":1,"op":"auth"}`, `{"id":2,"op":"join","group":"` + room + `"}`} {
		post(frame)
		var answer struct{ Reply, Code int }
		if next(&answer); answer.Reply == 0 || answer.Code != 0 {
			t.Fatalf("%s: %+v", frame, answer)
		}
	}
}
