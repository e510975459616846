package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/internal/bench"
)

// benchMedia runs `liveroom bench media` against n and reads its report.
func benchMedia(t *testing.T, n *node, args ...string) (bench.Report, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, progress bytes.Buffer
	err := run(ctx, append([]string{
		"bench", "media", "--json", "--data", n.data, "--ops", n.ops, "--public-url", "http://" + n.http, "--public-rtmp-url", "rtmp://" + n.rtmp,
		"--ramp", "200ms", "--settle", "200ms", "--gop", "1s",
	}, args...), &out, &progress)
	var r bench.Report
	if jsonErr := json.Unmarshal(out.Bytes(), &r); jsonErr != nil {
		t.Fatalf("%v, and %v:\n%s%s", err, jsonErr, out.String(), progress.String())
	}
	t.Cleanup(func() {
		if t.Failed() {
			var text strings.Builder
			_ = r.Write(&text) // into memory
			t.Logf("%v\n%s", err, text.String())
		}
	})
	return r, err
}

func TestBenchMediaMeasuresEveryProtocol(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	r, err := benchMedia(t, n, "--publishers", "2", "--viewers", "flv=24,wsflv=4,rtmp=4,hls=4,llhls=4", "--bitrate", "400kbit",
		"--duration", "7s") // within it lie a segment of HLS and the look for it: only what is sent and comes in it has a latency
	if err != nil && r.Total.Stalls == 0 { // a machine full of other tests may stall
		t.Errorf("fails: %v", err)
	}
	if p := r.Publishers; p == nil || p.Accepted != 2 || p.Refused+p.Lost != 0 || p.Mbps < .7 || p.Mbps > .9 {
		t.Errorf("publishers %+v", p)
	}
	if len(r.Health) != 2 {
		t.Errorf("ingest health %+v", r.Health)
	}
	for _, h := range r.Health {
		if h.BitsPerSecond < 300_000 || h.BitsPerSecond > 500_000 || h.FramesPerSecond < 28 || h.KeyframeInterval != "1s" || h.Repaired != 0 || len(h.Advice) > 1 {
			t.Errorf("ingest health %+v", h) // a low bitrate is worth an advice
		}
	}
	viewers := map[bench.Protocol]int{}
	for _, f := range append(r.Protocols, r.Total) {
		viewers[f.Protocol] = f.Viewers
		if f.Refused+f.Never+f.Dead != 0 || len(f.Reasons) != 0 {
			t.Errorf("%s: refused %d, never %d, dead %d: %+v", f.Protocol, f.Refused, f.Never, f.Dead, f.Reasons)
		}
		if f.Expected < 60 || f.Expected > 140 || f.Gbit <= 0 {
			t.Errorf("%s: %.1f %% of expected, %.4f Gbit", f.Protocol, f.Expected, f.Gbit)
		}
		if int(f.First.Count) != f.Viewers || f.Lost != 0 || f.Checked == 0 {
			t.Errorf("%s: %d first frames, %d lost of %d", f.Protocol, f.First.Count, f.Lost, f.Checked)
		}
		if f.Latency.Count == 0 || f.Latency.P50 <= 0 || f.Latency.P50 >= 6000 {
			t.Errorf("%s: latency %+v", f.Protocol, f.Latency)
		}
	}
	if viewers[bench.FLV] != 24 || viewers[bench.WSFLV] != 4 || viewers[bench.RTMP] != 4 || viewers[bench.HLS] != 4 || viewers[bench.LLHLS] != 4 || len(viewers) != 6 {
		t.Errorf("viewers %v", viewers)
	}
	if s := r.Server; s == nil || s.CPUSeconds <= 0 || s.PerGbit <= 0 || s.RSSBefore < 1<<20 || s.RSSAfter < 1<<20 || r.Capacity == nil || r.Capacity.PerCore < 1 {
		t.Errorf("server %+v (%s), capacity %+v", s, r.Unmeasured, r.Capacity)
	}
	var list struct{ Rooms []struct{ ID string } }
	n.call(http.MethodGet, "/api/v1/rooms", nil, &list)
	for _, room := range list.Rooms {
		if strings.HasPrefix(room.ID, "bench-") {
			t.Errorf("room %s stays", room.ID)
		}
	}

	t.Run("refused", func(t *testing.T) {
		wrong := "?txSecret=00000000000000000000000000000000&txTime=7FFFFFFF"
		r, err := benchMedia(t, n, "--duration", "4s", "--viewers", "flv=2,wsflv=2,rtmp=2,hls=1,llhls=1", // refusals over RTMP are held back
			"--play", "http://"+n.http+"/live/nobody.flv"+wrong, "--play", "ws://"+n.http+"/live/nobody.flv"+wrong,
			"--play", "rtmp://"+n.rtmp+"/live/nobody"+wrong, "--play", "hls=http://"+n.http+"/live/nobody.m3u8"+wrong)
		if err == nil || r.Total.Refused != 8 {
			t.Errorf("error %v, %d refused", err, r.Total.Refused)
		}
		for _, f := range r.Protocols {
			if f.Refused != f.Viewers || len(f.Reasons) != 1 || f.Reasons[0].Code != "bad_signature" || f.Reasons[0].Detail == "" || f.Reasons[0].Count != f.Viewers {
				t.Errorf("%s: %d refused, %+v", f.Protocol, f.Refused, f.Reasons)
			}
		}
		r, err = benchMedia(t, n, "--publishers", "2", "--push", "rtmp://"+n.rtmp+"/live/nobody-%d"+wrong)
		if p := r.Publishers; err == nil || p.Refused != 2 || len(p.Reasons) != 1 || p.Reasons[0].Code != "bad_signature" {
			t.Errorf("error %v, publishers %+v", err, p)
		}
	})
}

func TestBenchMediaOverTLS(t *testing.T) {
	t.Parallel()
	p := newPair(t, "bench")
	https, rtmps := freeAddr(t), freeAddr(t)
	n := startNode(t, "--https", https, "--rtmps", rtmps, "--tls-cert", p.cert, "--tls-key", p.key)
	secure := []string{
		"--public-url", "https://" + https, "--public-rtmp-url", "rtmps://" + rtmps, "--duration", "1s", "--bitrate", "400kbit",
		"--viewers", "flv=2,wsflv=2,rtmp=2,hls=1,llhls=1",
	}
	r, err := benchMedia(t, n, append(secure, "--insecure")...)
	if err != nil || r.Publishers.Accepted != 1 || r.Total.First.Count != 8 {
		t.Errorf("error %v, publishers %+v, %d first frames", err, r.Publishers, r.Total.First.Count)
	}
	if r, err = benchMedia(t, n, secure...); err == nil || r.Publishers.Lost != 1 || !strings.Contains(r.Publishers.Reasons[0].Detail, "certificate") {
		t.Errorf("with a certificate that nobody knows: %v, %+v", err, r.Publishers)
	}
}

// TestAddressesWithTheNumberOfThePublisher also where the address tells the protocol: before the number is put in it is no URL.
func TestAddressesWithTheNumberOfThePublisher(t *testing.T) {
	c := benchMediaCmd{Publishers: 2, Push: "rtmp://h/live/s%d", Play: []string{"http://h/live/s%d.flv", "llhls=http://h/live/s%d.m3u8"}}
	push, play, err := c.given()
	if err != nil {
		t.Fatal(err)
	}
	want := map[bench.Protocol][]string{
		bench.FLV: {"http://h/live/s0.flv", "http://h/live/s1.flv"}, bench.LLHLS: {"http://h/live/s0.m3u8", "http://h/live/s1.m3u8"},
	}
	if !slices.Equal(push, []string{"rtmp://h/live/s0", "rtmp://h/live/s1"}) || !maps.EqualFunc(play, want, slices.Equal) {
		t.Errorf("push %v, play %v", push, play)
	}
}

func TestBenchMediaFlags(t *testing.T) {
	data, _ := keptSecrets(t)
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"protocol", []string{"--viewers", "quic=3"}, []string{"--viewers", "quic", "llhls"}},
		{"negative", []string{"--viewers", "flv=-3"}, []string{"--viewers", "negative"}},
		{"publishers", []string{"--publishers=-1"}, []string{"--publishers"}},
		{"too many publishers", []string{"--publishers", "1000000000"}, []string{"--publishers", "100000"}},
		{"too many viewers to count", []string{"--viewers", "hls=9223372036854775807"}, []string{"--viewers", "hls", "1000000"}},
		{"an address that can't be read", []string{"--play", "http://h/s.flv?txSecret=s3cret\x7f"}, []string{"--play", "control character"}},
		{"nothing to play", []string{"--publishers", "0"}, []string{"--room"}},
		{"room", []string{"--room", "a b"}, []string{"--room"}},
		{"room and address", []string{"--room", "a", "--play", "http://h/live/s.flv"}, []string{"--room", "--play"}},
		{"address without number", []string{"--publishers", "2", "--push", "rtmp://h/live/s"}, []string{"--push", "%d"}},
		{"address of nothing", []string{"--play", "srt://h"}, []string{"--play", "srt"}},
		{"address of another protocol", []string{"--play", "rtmp=http://h/live/s"}, []string{"rtmp://"}},
		{"no address of the protocol", []string{"--play", "http://h/live/s.flv", "--viewers", "rtmp=1"}, []string{"no address", "rtmp"}},
		{"rate", []string{"--bitrate", "fast"}, []string{"fast", "2Mbit"}},
		{"fps", []string{"--fps", "1000"}, []string{"fps"}},
		{"two meters", []string{"--pid", "1", "--metrics", "http://h"}, []string{"--pid", "--metrics"}},
		{"more than there are descriptors", []string{"--viewers", "flv=1000000,hls=1000000"}, []string{"descriptors", "ulimit"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mustFail(t, append([]string{"bench", "media", "--data", data, "--duration", "1s"}, c.args...), c.says...)
		})
	}
	mustFail(t, []string{"bench", "media", "--data", t.TempDir()}, "no secrets yet")
	if help := mustCommand(t, "bench", "media", "--help"); !strings.Contains(help, "servers that are yours") {
		t.Errorf("does not say whom to load:\n%s", help)
	}
}
