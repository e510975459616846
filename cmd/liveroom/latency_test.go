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
	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
	"liveroom/web/im"
)

// BenchmarkPushToMember measures what a viewer waits for: from a push being admitted by the program (claim stored, fsync
// included) to REST saying live, and to a member having the status message, over the real store, outbox and sockets.
// 100 runs: go test -run '^$' -bench PushToMember -benchtime 100x ./cmd/liveroom
func BenchmarkPushToMember(b *testing.B) {
	p, base, keys := benchProgram(b)
	const room = "bench"
	if _, err := p.rooms.Create(b.Context(), live.Draft{ID: room}); err != nil {
		b.Fatal(err)
	}
	told := listenForStatus(b, base, room)
	secret, at := address.Sign(keys.PushKey, room, time.Now().Add(time.Hour))
	req := stream.Request{Protocol: stream.RTMP, App: "live", Name: room + "?txSecret=" + secret + "&txTime=" + at}
	var rest, message []time.Duration
	for b.Loop() {
		began := time.Now()
		push, err := p.rooms.Publish(b.Context(), req)
		if err != nil {
			b.Fatal(err)
		}
		for restStatus(b, base, room) != status.Live {
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

// benchProgram runs the whole program in this process.
func benchProgram(b testing.TB) (p *program, base string, keys Secrets) {
	b.Helper()
	addr := func() string { return freeAddr(b) }
	set := Settings{
		HTTP: addr(), RTMP: addr(), Ops: addr(), Data: b.TempDir(), Apps: []string{"live"}, AutoRoom: on,
		PublicURL: "http://localhost", PublicRTMPURL: "rtmp://localhost", Grace: time.Minute, PauseLimit: time.Minute,
	}
	for _, command := range im.Commands() { // as many as come
		set.IMRates = append(set.IMRates, path.Base(command)+"=0")
	}
	keys = newSecrets()
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
	return p, set.HTTP, keys
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
