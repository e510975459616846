package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"testing"
	"time"

	"liveroom/address"
	"liveroom/internal/redistest"
	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
	"liveroom/web/im"
)

// BenchmarkPushToMember measures what a viewer waits for: from a push being admitted by the program (claim stored, fsync
// included) to REST saying live, and to a member having the status message, over the real store, outbox and sockets.
// 100 runs: go test -run '^$' -bench PushToMember -benchtime 100x ./cmd/liveroom
func BenchmarkPushToMember(b *testing.B) {
	n := benchProgram(b)
	n.pushToMember(b, n)
}

// BenchmarkPushToMemberOfAnotherNode is the same over two nodes and a real Redis: the push comes to one, REST and the member
// are at the other.
func BenchmarkPushToMemberOfAnotherNode(b *testing.B) {
	redis := redistest.Start(b, redistest.Durable()...)
	keys := newSecrets()
	a, other := benchNode(b, redis.URL(), keys), benchNode(b, redis.URL(), keys)
	a.pushToMember(b, other)
}

// pushToMember pushes to a node again and again, and measures until another, which may be the same, tells of it.
func (n *benched) pushToMember(b *testing.B, other *benched) {
	const room = "bench"
	if _, err := n.p.rooms.Create(b.Context(), live.Draft{ID: room}); err != nil {
		b.Fatal(err)
	}
	told := listenForStatus(b, other.base, room)
	secret, at := address.Sign(n.keys.PushKey, room, time.Now().Add(time.Hour))
	req := stream.Request{Protocol: stream.RTMP, App: "live", Name: room + "?txSecret=" + secret + "&txTime=" + at}
	var rest, message []time.Duration
	for b.Loop() {
		began := time.Now()
		push, err := n.p.rooms.Publish(b.Context(), req)
		if err != nil {
			b.Fatal(err)
		}
		for restStatus(b, other.base, room) != status.Live {
		}
		rest = append(rest, time.Since(began))
		for r := range told {
			if r.Code == status.Live {
				message = append(message, time.Since(began))
				break
			}
		}
		push.Close(stream.StopClosed)
		for r := range told {
			if r.Code == status.Paused {
				break
			}
		}
	}
	b.ReportMetric(quantile(rest, 50), "rest-p50-ms")
	b.ReportMetric(quantile(rest, 99), "rest-p99-ms")
	b.ReportMetric(quantile(message, 50), "member-p50-ms")
	b.ReportMetric(quantile(message, 99), "member-p99-ms")
}

func quantile(all []time.Duration, percent int) float64 {
	slices.Sort(all)
	return float64(all[min(len(all)*percent/100, len(all)-1)].Microseconds()) / 1000
}

// benched is the whole program in this process.
type benched struct {
	p    *program
	base string // host:port
	keys Secrets
}

// benchProgram runs a node that is alone.
func benchProgram(b testing.TB) *benched {
	b.Helper()
	return benchNode(b, "", newSecrets())
}

// benchNode runs a node of the cluster of a Redis; none: it is alone.
func benchNode(b testing.TB, redis string, keys Secrets) *benched {
	b.Helper()
	addr := func() string { return freeAddr(b) }
	set := *configuredBy(b, "--http="+addr(), "--rtmp="+addr(), "--ops="+addr(), "--data="+b.TempDir(), "--public-url=http://localhost", "--public-rtmp-url=rtmp://localhost",
		"--redis="+redis, "--gift-settlement=free", "--chat-user-burst=0", "--popularity-weights=message=1")
	set.InternalURL = "http://" + set.HTTP
	for _, command := range im.Commands() { // as many as come
		set.IMRates = append(set.IMRates, path.Base(command)+"=0")
	}
	p, err := newProgram(context.Background(), set, keys, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done, ready := make(chan error, 1), make(chan struct{})
	p.ready = func(context.Context) error { close(ready); return nil }
	go func() { done <- p.run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
		p.close()
	})
	<-ready
	return &benched{p, set.HTTP, keys}
}

func restStatus(b *testing.B, base, room string) status.Code {
	b.Helper()
	resp, err := http.Get("http://" + base + "/api/v1/rooms/" + room + "/status")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	var r struct{ Code status.Code }
	if err := json.Unmarshal(raw, &r); err != nil {
		b.Fatal(fmt.Errorf("%w: %s", err, raw))
	}
	return r.Code
}

// listenForStatus joins a room over a real socket and passes on each status message.
func listenForStatus(b *testing.B, base, room string) <-chan status.Record {
	b.Helper()
	out := make(chan status.Record, 16)
	m := dialMember(b, base)
	m.onStatus = func(r status.Record) { out <- r }
	m.must(map[string]any{"op": "auth", "platform": "Web"}, nil)
	m.must(map[string]any{"op": "join", "group": room}, &m.joined)
	return out
}
