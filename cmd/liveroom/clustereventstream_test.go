package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestEventStreamOverNodes posts the frames of an event stream to another node than has it, as a balancer may.
func TestEventStreamOverNodes(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, nil)
	one, two := c.nodes[0], c.nodes[1]
	one.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	resp, err := http.Get("http://" + one.http + "/chat/stream")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", resp, err)
	}
	defer func() { _ = resp.Body.Close() }()
	next := framesOf(t, resp.Body)
	var hello struct{ Key string }
	next(&hello)
	secret, where, _ := strings.Cut(hello.Key, ".")
	if where == "" || strings.Contains(where, "n1") { // no random part has a 1
		t.Errorf("the key says that the stream is on %q", where)
	}
	post := func(frame string) (int, string) {
		t.Helper()
		resp, err := http.Post("http://"+two.http+"/chat/stream/"+hello.Key, "text/plain", strings.NewReader(frame))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var problem struct{ Code string }
		_ = json.NewDecoder(resp.Body).Decode(&problem) // 204 has none
		return resp.StatusCode, problem.Code
	}
	enterByFrames(t, "r1", next, func(frame string) {
		t.Helper()
		if code, why := post(frame); code != http.StatusNoContent {
			t.Fatalf("%s: %d %s", frame, code, why)
		}
	})
	two.enter("r1", "anna", two.userSig("anna"), nil).say("r1", "hello", 1)
	for said := false; !said; {
		var push struct{ Items []item }
		next(&push)
		said = len(push.Items) > 0 && textIn(push.Items[0].chatMessage) == "hello"
	}
	one.kill()
	if code, why := post(`{"op":"ping"}`); code != http.StatusNotFound || why != "no_such_stream" {
		t.Errorf("a stream of a dead node: %d %s", code, why)
	}
	for _, n := range c.nodes {
		if strings.Contains(n.log.String(), secret) {
			t.Error("the log shows the key")
		}
	}
}
