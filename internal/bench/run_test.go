package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// flakyRate is what flaky sends: pictures only.
const flakyRate = 437_500

// flaky serves FLV as its path says: /good, /dies after the first picture, /mute after the header, /stalls after the
// first picture, /refused with a problem document, /odd with something else, /moved to /good.
func flaky(t *testing.T) *httptest.Server {
	t.Helper()
	s := newSynthetic(Format{Bitrate: 500_000, GOP: 500 * time.Millisecond})
	head := append([]byte("FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"), flvTag(nil, flvVideo, 0, s.header)...)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/refused":
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"code":"expired","detail":"The address is over."}`)
			return
		case "/odd":
			http.Error(w, "no", http.StatusTeapot)
			return
		case "/moved":
			http.Redirect(w, req, "/good", http.StatusFound)
			return
		}
		_, _ = w.Write(head)
		ctl := http.NewResponseController(w)
		if err := ctl.Flush(); err != nil {
			t.Error(err)
		}
		begun := time.Now()
		for n := 0; req.URL.Path != "/mute"; n++ {
			if n > 0 && req.URL.Path == "/dies" {
				return
			}
			if n > 0 && req.URL.Path == "/stalls" {
				break
			}
			_, _ = w.Write(flvTag(nil, flvVideo, s.pictureTime(n), s.frame(nil, n, time.Now())))
			if ctl.Flush() != nil {
				return
			}
			time.Sleep(time.Until(begun.Add(s.pictureTime(n + 1)))) // the stream's pace
		}
		<-req.Context().Done()
	}))
	t.Cleanup(srv.Close)
	return srv
}

// measure runs a plan and logs the report if the test fails.
func measure(t *testing.T, ctx context.Context, p Plan) Report {
	t.Helper()
	p.Ramp, p.Settle = 100*time.Millisecond, 100*time.Millisecond
	r, err := Run(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(text.String())
		}
	})
	if _, err := json.Marshal(r); err != nil { // no NaN, no infinity
		t.Error(err)
	}
	return r
}

func TestEveryFateIsCounted(t *testing.T) {
	t.Parallel()
	srv := flaky(t)
	var addresses []string
	for _, path := range []string{"good", "dies", "mute", "stalls", "refused", "odd", "moved"} {
		addresses = append(addresses, srv.URL+"/"+path)
	}
	addresses = append(addresses, "http://127.0.0.1:1/nobody-listens")
	// 160 viewers, of whom one in 8 is parsed, and that is always the first address: the rest is drained where that can be.
	r := measure(t, t.Context(), Plan{
		Audiences: []Audience{{FLV, 160, addresses}}, Duration: 2500 * time.Millisecond, Expected: flakyRate,
		Server: Process{os.Getpid()}, Network: 2e9,
	})
	f := r.Protocols[0]
	if f.Viewers != 160 || f.Refused != 40 || f.Dead != 20 || f.Never != 40 || f.Stalls != 20 {
		t.Errorf("refused %d, want 40; dead %d, want 20; never %d, want 40; stalls %d, want 20", f.Refused, f.Dead, f.Never, f.Stalls)
	}
	got := map[string]int{}
	for _, reason := range f.Reasons {
		got[reason.Code] += reason.Count
	}
	for code, want := range map[string]int{"expired": 20, "http_418": 20, codeClosed: 20, "connect": 20, "no_media": 20} {
		if got[code] != want {
			t.Errorf("%d × %s, want %d: %+v", got[code], code, want, f.Reasons)
		}
	}
	if f.First.Count != 80 || f.Checked < 20*60 || f.Lost != 0 || f.LongestGap < 2000 {
		t.Errorf("first frames %d, checked %d, lost %d, longest gap %.0f ms", f.First.Count, f.Checked, f.Lost, f.LongestGap)
	}
	if f.Latency.Count == 0 || f.Latency.P50 > 1000 {
		t.Errorf("latency %+v", f.Latency)
	}
	if !r.Failed() || len(r.Distrust) == 0 || len(r.Hints) == 0 || r.Server == nil || r.Server.CPUSeconds <= 0 {
		t.Errorf("failed %v, distrust %q, hints %q, server %+v", r.Failed(), r.Distrust, r.Hints, r.Server)
	}
	if c := r.Capacity; c == nil || c.PerCore < 1 || c.PerCoreMost <= c.PerCore || len(c.Networks) != 1 || c.Networks[0].Viewers != 3657 {
		t.Errorf("capacity %+v", c)
	}
}

func TestWhoWatchesWellIsNoFailure(t *testing.T) {
	t.Parallel()
	srv := flaky(t)
	r := measure(t, t.Context(), Plan{
		Audiences: []Audience{{FLV, 60, []string{srv.URL + "/good"}}}, Duration: 2 * time.Second, Expected: flakyRate,
	})
	if r.Failed() || r.Interrupted || r.Total.Expected < 90 || r.Total.Slowest < 85 || r.Server != nil {
		t.Errorf("failed %v, interrupted %v, %.1f %% of expected, slowest %.1f %%, server %+v", r.Failed(), r.Interrupted, r.Total.Expected, r.Total.Slowest, r.Server)
	}
}

func TestInterruptedGivesWhatThereIs(t *testing.T) {
	t.Parallel()
	srv := flaky(t)
	ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
	defer cancel()
	plan := Plan{Audiences: []Audience{{FLV, 5, []string{srv.URL + "/good"}}}, Duration: time.Hour}
	r := measure(t, ctx, plan)
	if !r.Interrupted || r.Seconds < .3 || r.Seconds > 5 || r.Total.Gbit == 0 || r.Failed() {
		t.Errorf("%+v", r)
	}
	cancel()
	if r = measure(t, ctx, plan); !r.Interrupted || r.Seconds != 0 || r.Failed() {
		t.Errorf("ended before it began: %+v", r)
	}
}

func TestHintsAndDoubts(t *testing.T) {
	refusals := func(codes ...string) (out []Reason) {
		for _, code := range codes {
			out = append(out, Reason{Code: code, Count: 1})
		}
		return out
	}
	viewers := func(codes ...string) Report {
		return Report{Protocols: []Figures{{Refused: 1, Reasons: refusals(codes...)}}}
	}
	for _, c := range []struct {
		name string
		r    Report
		says string // in a hint or doubt; empty: there is none
	}{
		{"all is well", Report{Seconds: 1, Total: Figures{Viewers: 1, Expected: 100}, Bitrate: 1}, ""},
		{"another refusal", viewers("bad_signature"), ""},
		{"closed", viewers(codeClosed), "--max-per-address"},
		{"HLS sessions", viewers("expired", "too_many"), "--max-per-address"},
		{"pushes", Report{Publishers: &Publishers{Refused: 1, Reasons: refusals("too_many_pushes")}}, "--max-pushes-per-address"},
		{"limits", viewers("room_full"), "--max-viewers"},
		{"a load at its limit", Report{Load: Load{PercentOfCores: 95, Cores: 2}}, "2 cores"},
		{"a drain at its limit", Report{Load: Load{DrainPercent: 95}}, "run two"},
		{"a busy machine", Report{Load: Load{MachinePercent: 99}}, "took from one another"},
		{"late publishers", Report{Publishers: &Publishers{Late: Spread{P99: 80, Max: 100}}}, "late"},
		{"a short measurement", Report{Server: &Server{CPUSeconds: .1}}, "0.01 s"},
		{"too little", Report{Seconds: 1, Total: Figures{Viewers: 1, Expected: 80}, Bitrate: 1}, "80.0 %"},
	} {
		r := &run{plan: Plan{Push: []string{"rtmp://h/live/s"}}}
		r.judge(&c.r)
		all := append(c.r.Hints, c.r.Distrust...)
		if c.says == "" && len(all) > 0 || c.says != "" && (len(all) != 1 || !strings.Contains(all[0], c.says)) {
			t.Errorf("%s: %q, want %q", c.name, all, c.says)
		}
	}
}

func TestPlansThatCannotBe(t *testing.T) {
	flv := []string{"http://h/live/s.flv"}
	for _, c := range []struct {
		name, says string
		plan       Plan
	}{
		{"nothing", "neither", Plan{}},
		{"no address", "0 addresses", Plan{Audiences: []Audience{{FLV, 1, nil}}}},
		{"protocol", `"quic"`, Plan{Audiences: []Audience{{"quic", 1, flv}}}},
		{"scheme", "rtmp://", Plan{Audiences: []Audience{{RTMP, 1, flv}}}},
		{"push scheme", "push", Plan{Push: flv}},
		{"push without stream", "app/stream", Plan{Push: []string{"rtmp://h/live"}}},
		{"short", "duration", Plan{Audiences: []Audience{{FLV, 1, flv}}, Duration: time.Millisecond}},
		{"sample", "sample", Plan{Audiences: []Audience{{FLV, 1, flv}}, Sample: -1}},
		{"format", "fps", Plan{Push: []string{"rtmp://h/live/s"}, Format: Format{FPS: -3}}},
	} {
		if _, err := Run(t.Context(), c.plan); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want something about %q", c.name, err, c.says)
		}
	}
	for address, want := range map[string]Protocol{
		"rtmp://h/a/s": RTMP, "wss://h/a/s.flv": WSFLV, "https://h/a/s.flv?x=.m3u8": FLV, "http://h/a/s.m3u8?x=1": HLS, "srt://h": "", ":": "",
	} {
		if got, err := Guess(address); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", address, got, err)
		}
	}
	if _, err := Guess("http://h/a.flv?txSecret=s3cret\x7f"); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("an address that can't be read: %v", err)
	}
	if n := (Plan{Push: make([]string, 2), Audiences: []Audience{{FLV, 10, nil}, {HLS, 5, nil}}}).Descriptors(); n != 64+2+10+10 {
		t.Errorf("%d descriptors", n)
	}
}

// An address in an error would show a signature, and make each error one of its own.
func TestReasonsHoldNoAddress(t *testing.T) {
	_, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/s1.ts?txSecret=s3cret\x7f", http.NoBody)
	if r := reasonOf(fmt.Errorf("playlist: %w", err)); err == nil || r.Detail == "" || strings.Contains(r.Detail, "s3cret") {
		t.Errorf("%v became %+v", err, r)
	}
}

func TestMetrics(t *testing.T) {
	body := "# HELP x y\nprocess_cpu_seconds_total 12.5\nother{a=\"b\"} 3\nprocess_resident_memory_bytes 3.2e+07\n"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/metrics" {
			fmt.Fprint(w, body)
			return
		}
		http.NotFound(w, req)
	}))
	defer srv.Close()
	u, err := Metrics(srv.URL + "/metrics").Usage(t.Context())
	if err != nil || u.CPU != 12500*time.Millisecond || u.RSSBytes != 32_000_000 {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := Metrics(srv.URL + "/nothing").Usage(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("404: %v", err)
	}
	body = "up 1\n"
	if _, err := Metrics(srv.URL + "/metrics").Usage(t.Context()); err == nil || !strings.Contains(err.Error(), metricCPU) {
		t.Errorf("without the figures: %v", err)
	}
}
