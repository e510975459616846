package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/internal/bench"
)

func TestBenchChatMeasuresARunningServer(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, progress bytes.Buffer
	err := run(ctx, []string{
		"bench", "chat", "--json", "--data", n.data, "--ops", n.ops, "--public-url", "http://" + n.http,
		"--connections", "200", "--rooms", "2", "--rate", "10", "--duration", "2s", "--warm", "200ms", "--slow", "1", "--likes", "20",
	}, &out, &progress)
	var r bench.ChatReport
	if jsonErr := json.Unmarshal(out.Bytes(), &r); err != nil || jsonErr != nil {
		t.Fatalf("%v, %v:\n%s%s", err, jsonErr, out.String(), progress.String())
	}
	if r.Joined != 200 || r.Rooms != 2 || r.Senders.Sent < 30 || r.Senders.Taken != r.Senders.Sent || r.Delivered != r.Expected || r.Expected < 190*15 {
		t.Errorf("joined %d; sent %+v; delivered %d of %d", r.Joined, r.Senders, r.Delivered, r.Expected)
	}
	if r.Latency.P50 <= 0 || r.Slow == nil || r.Slow.Listeners != 2 || r.WireBytes < 250 || r.PerFrame < 1 {
		t.Errorf("latency %+v, slow %+v, %v bytes, %v a frame", r.Latency, r.Slow, r.WireBytes, r.PerFrame)
	}
	if l := r.Likes; l == nil || l.Connections != 8 || l.Sent < 60 || l.Taken != l.Sent || l.Answer.P50 <= 0 {
		t.Errorf("likes %+v", l)
	}
	if s := r.Server; s == nil || s.PerMillion <= 0 || s.RSSJoined < 1<<20 || s.CPUPerJoinMS <= 0 {
		t.Errorf("server %+v (%s)", s, r.Unmeasured)
	}
	var list struct{ Rooms []struct{ ID string } }
	n.call(http.MethodGet, "/api/v1/rooms", nil, &list)
	if len(list.Rooms) != 0 {
		t.Errorf("rooms stay: %v", list.Rooms)
	}

	out.Reset()
	err = run(ctx, []string{
		"bench", "chat", "--json", "--data", n.data, "--ops", "", "--public-url", "http://" + n.http,
		"--connections", "600", "--sources", "1", "--rate", "0", "--duration", "1s", "--warm", "1ms",
	}, &out, &progress)
	if jsonErr := json.Unmarshal(out.Bytes(), &r); err == nil || jsonErr != nil || r.Joined < 400 || r.Joined > 512 || !strings.Contains(strings.Join(r.Hints, " "), "--sources") {
		t.Errorf("more of one address than are let in: %v, %v, joined %d, %v", err, jsonErr, r.Joined, r.Hints)
	}
}

func TestBenchChatFlags(t *testing.T) {
	data, _ := keptSecrets(t)
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"rooms", []string{"--rooms", "0"}, []string{"--rooms"}},
		{"connections", []string{"--connections=-1"}, []string{"--connections"}},
		{"rate", []string{"--rate=-1"}, []string{"rate"}},
		{"tls", []string{"--public-url", "https://h"}, []string{"--chat", "ws://"}},
		{"not a chat", []string{"--chat", "http://h/chat"}, []string{"ws://"}},
		{"priority", []string{"--priority", "Urgent"}, []string{"priority"}},
		{"descriptors", []string{"--connections", "1000000"}, []string{"descriptors", "ulimit"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mustFail(t, append([]string{"bench", "chat", "--data", data, "--duration", "1s"}, c.args...), c.says...)
		})
	}
	mustFail(t, []string{"bench", "chat", "--data", t.TempDir()}, "no secrets yet")
}

// TestBenchChatTidiesUp: of what a bench made everything is deleted, several at a time, also where the server refuses some of it.
func TestBenchChatTidiesUp(t *testing.T) {
	var mu sync.Mutex // guards deleted and open
	var all sync.Once
	deleted, open, together := map[string]int{}, 0, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		deleted[strings.TrimPrefix(r.Method+r.URL.Path, "DELETE/api/v1/")]++
		if open++; open == 8 && strings.Contains(r.URL.Path, "/accounts/") {
			all.Do(func() { close(together) })
		}
		mu.Unlock()
		if strings.Contains(r.URL.Path, "/accounts/") {
			select { // the first ones wait for each other
			case <-together:
			case <-r.Context().Done():
			}
		}
		mu.Lock()
		open--
		mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "b-0.l3") {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	data, _ := keptSecrets(t)
	var said bytes.Buffer
	e := &env{ctx: t.Context(), errOut: &said, cli: &cli{}}
	e.cli.Data, e.cli.PublicURL = data, server.URL
	p := bench.ChatPlan{Gifts: 1, GiftID: "rose"}
	for i := range 2 {
		room := bench.ChatRoom{Group: fmt.Sprint("b-", i)}
		room.Senders = []bench.ChatSender{{User: room.Group + ".0"}, {User: room.Group + ".0"}}
		for k := range 20 {
			room.Likers = append(room.Likers, bench.ChatSender{User: fmt.Sprint(room.Group, ".l", k)})
		}
		p.Rooms = append(p.Rooms, room)
	}
	benchChatCmd{}.tidy(e, p)
	if len(deleted) != 2+2*21+1 || deleted["rooms/b-1"] != 1 || deleted["accounts/b-0.0"] != 1 || deleted["accounts/b-1.l19"] != 1 || deleted["gifts/rose"] != 1 {
		t.Errorf("deleted %v", deleted)
	}
	if text := said.String(); text != "bench: 1 of 43 can't be deleted, the first is accounts/b-0.l3: the API answers 503 Service Unavailable\n" {
		t.Errorf("said %q", text)
	}
}
