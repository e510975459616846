package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"liveroom/address"
	"liveroom/internal/bench"
)

type benchCmd struct {
	Media benchMediaCmd `cmd:"" help:"Load a server with publishers and viewers, and measure what it pays for them and what they see. Only for servers that are yours: it is as heavy as you ask for."`
	Chat  benchChatCmd  `cmd:"" help:"Load a server's chat with listeners and messages, and measure what it pays for them and what arrives. Only for servers that are yours."`
	Plan  benchPlanCmd  `cmd:"" help:"Say how many nodes an audience needs, what bounds them and what Redis carries, from what was measured. It loads nothing."`
}

// benchMediaCmd is what to measure. Without addresses they are signed with the server's keys.
type benchMediaCmd struct {
	Push string   `help:"RTMP address to publish to, with %d for the number of the publisher. Default: a signed one of a stream of its own." placeholder:"URL"`
	Play []string `help:"Address to play, with %d for the number of the publisher; PROTOCOL=URL where the address doesn't tell (llhls). May be repeated. Default: signed ones." placeholder:"URL" sep:"none"`
	Room string   `help:"Stream to sign addresses for; publisher 2 uses ROOM-1, and so on. With --publishers 0 it runs already." placeholder:"ROOM"`

	Publishers int            `help:"How many publishers; viewers are spread over their streams." default:"1"`
	Viewers    map[string]int `help:"How many viewers of each protocol: flv, wsflv, rtmp, hls, llhls. Default: a few of all." placeholder:"flv=500,rtmp=200" mapsep:","`
	Duration   time.Duration  `help:"The time that is measured." default:"30s"`
	Ramp       time.Duration  `help:"The time within which viewers come." default:"3s"`
	Settle     time.Duration  `help:"The time between that and the measuring." default:"2s"`

	Bitrate  bench.Rate    `help:"Of each stream, picture and sound. Default 2Mbit; of streams that run already: unknown." placeholder:"2Mbit"`
	FPS      int           `name:"fps" help:"Pictures in a second." default:"30"`
	GOP      time.Duration `name:"gop" help:"From keyframe to keyframe." default:"2s"`
	Keyframe int           `help:"How many times larger than the others a keyframe is." default:"8"`

	PID      []int      `name:"pid" help:"Measure the server by its process id, on the same machine." placeholder:"PID" xor:"meter"`
	Metrics  string     `help:"Measure the server by its metrics. Default with signed addresses: those at --ops." placeholder:"URL" xor:"meter"`
	Network  bench.Rate `help:"The server's bandwidth, for the capacity." placeholder:"1Gbit"`
	Insecure bool       `help:"Don't check certificates."`
	JSON     bool       `name:"json" help:"Print the report as JSON."`
}

// Run measures, prints the report and fails if a viewer or publisher did not get what it should.
func (c benchMediaCmd) Run(e *env) error {
	plan, own, err := c.plan(e)
	if err != nil {
		return err
	}
	if need, have := plan.Descriptors(), descriptors(); uint64(need) > have { //nolint:gosec // not negative
		return fmt.Errorf("--viewers and --publishers need up to %d descriptors, this process may have %d: raise ulimit -n, or run from two machines", need, have)
	}
	plan.Progress = func(what string) { fmt.Fprintln(e.errOut, "bench:", what) }
	report, err := bench.Run(e.ctx, plan)
	if err != nil {
		return err
	}
	c.tidy(e, own, plan.TLS)
	if c.JSON {
		out := json.NewEncoder(e.out)
		out.SetIndent("", "  ")
		err = out.Encode(report)
	} else {
		err = report.Write(e.out)
	}
	if err == nil && report.Failed() {
		err = errBench
	}
	return err
}

var errBench = errors.New("bench: not everyone got what they should; the report says who and why")

// Bounds of what may be asked for; the descriptors bound it further.
const (
	maxPublishers = 100_000
	maxViewers    = 1_000_000 // of each protocol
)

// plan makes the plan; own are the rooms that come into being by it.
func (c benchMediaCmd) plan(e *env) (p bench.Plan, own []string, err error) {
	if c.Publishers < 0 || c.Publishers > maxPublishers { // each has an address before descriptors are counted
		return p, nil, fmt.Errorf("--publishers is %d, must not be negative or above %d", c.Publishers, maxPublishers)
	}
	p = bench.Plan{
		Format:   bench.Format{Bitrate: c.Bitrate, FPS: c.FPS, GOP: c.GOP, KeyframeTimes: c.Keyframe},
		Expected: c.Bitrate, Ramp: c.Ramp, Settle: c.Settle, Duration: c.Duration, Network: c.Network,
	}
	if c.Insecure {
		p.TLS = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // asked for, and nothing secret is sent
	}
	var play map[bench.Protocol][]string
	if c.Push == "" && len(c.Play) == 0 {
		var streams []string
		p.Push, play, streams, err = c.signed(e)
		if c.Room == "" {
			own = streams
		}
		p.Health = func(ctx context.Context) ([]bench.Health, error) { return pushHealth(ctx, e, streams, p.TLS) }
	} else {
		p.Push, play, err = c.given()
	}
	if err == nil {
		p.Audiences, err = c.audiences(play)
	}
	p.Server = c.meter(e)
	return p, own, err
}

// signed are the addresses of streams, signed with the server's keys.
func (c benchMediaCmd) signed(e *env) (push []string, play map[bench.Protocol][]string, streams []string, err error) {
	keys, err := e.signing()
	if err != nil {
		return nil, nil, nil, err
	}
	name := c.Room
	if name == "" {
		if c.Publishers == 0 {
			return nil, nil, nil, errors.New("--publishers 0 needs a --room whose stream runs already")
		}
		name = "bench-" + strings.ToLower(rand.Text()[:8])
	}
	if err := address.ValidName(name); err != nil {
		return nil, nil, nil, fmt.Errorf("--room: %w", err)
	}
	expires := time.Now().Add(c.Ramp*2 + c.Settle + c.Duration + time.Hour)
	play = map[bench.Protocol][]string{}
	for i := range max(c.Publishers, 1) {
		stream := name
		if i > 0 {
			stream += "-" + strconv.Itoa(i)
		}
		if c.Publishers > 0 {
			push = append(push, e.cli.base().Push(keys.PushKey, stream, expires).RTMP)
		}
		streams = append(streams, stream)
		a := e.cli.base().Play(keys.PlayKey, stream, expires)
		for protocol, url := range map[bench.Protocol]string{
			bench.FLV: a.FLV, bench.WSFLV: a.WSFLV, bench.RTMP: a.RTMP, bench.HLS: a.HLS, bench.LLHLS: a.HLS,
		} {
			play[protocol] = append(play[protocol], url)
		}
	}
	return push, play, streams, nil
}

// given are the addresses of --push and --play.
func (c benchMediaCmd) given() (push []string, play map[bench.Protocol][]string, err error) {
	if c.Room != "" {
		return nil, nil, errors.New("--room is for signed addresses: give it without --push and --play")
	}
	if c.Push != "" && c.Publishers > 0 {
		if push = forEach(c.Push, c.Publishers); len(push) > 1 && push[0] == push[1] {
			return nil, nil, errors.New("--push needs %d for the number of the publisher")
		}
	}
	play = map[bench.Protocol][]string{}
	for _, raw := range c.Play {
		name, url, ok := strings.Cut(raw, "=")
		protocol := bench.Protocol(name)
		own := !ok || strings.ContainsAny(name, ":/?") // an = of the address itself
		if own {
			url = raw
		}
		addresses := forEach(url, c.Publishers)
		if own {
			if protocol, err = bench.Guess(addresses[0]); err != nil {
				return nil, nil, fmt.Errorf("--play: %w", err)
			}
		}
		play[protocol] = append(play[protocol], addresses...)
	}
	return push, play, nil
}

// forEach is the address for each of n publishers; without %d it is the same for all.
func forEach(url string, n int) (out []string) {
	for i := range max(n, 1) {
		out = append(out, strings.ReplaceAll(url, "%d", strconv.Itoa(i)))
	}
	return out
}

// usualViewers come where none are asked for.
var usualViewers = map[string]int{"flv": 100, "wsflv": 20, "rtmp": 50, "hls": 20, "llhls": 20}

// audiences are the viewers that were asked for, or some of each protocol that has an address.
func (c benchMediaCmd) audiences(play map[bench.Protocol][]string) (out []bench.Audience, err error) {
	wanted := c.Viewers
	if wanted == nil {
		wanted = map[string]int{}
		for protocol := range play {
			wanted[string(protocol)] = usualViewers[string(protocol)]
		}
	}
	for name, n := range wanted {
		protocol := bench.Protocol(name)
		addresses := play[protocol]
		if protocol == bench.LLHLS && len(addresses) == 0 {
			addresses = play[bench.HLS]
		}
		if n < 0 || n > maxViewers {
			return nil, fmt.Errorf("--viewers: %s is %d, must not be negative or above %d", name, n, maxViewers)
		}
		if n > 0 && len(addresses) == 0 {
			return nil, fmt.Errorf("--viewers: there is no address to play %q; protocols are flv, wsflv, rtmp, hls and llhls", name)
		}
		out = append(out, bench.Audience{Protocol: protocol, Viewers: n, Addresses: addresses})
	}
	return out, nil
}

// meter is how the server is measured; nil for not.
func (c benchMediaCmd) meter(e *env) bench.Meter {
	switch {
	case len(c.PID) > 0:
		return bench.Process(c.PID)
	case c.Metrics != "":
		return bench.Metrics(c.Metrics)
	case c.Push != "" || len(c.Play) > 0 || e.cli.Ops == "":
		return nil
	}
	host, port, err := net.SplitHostPort(e.cli.Ops)
	if err != nil {
		return nil
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return bench.Metrics("http://" + net.JoinHostPort(host, port) + "/metrics")
}

// apiTimeout is how long the API may take, for all rooms together.
const apiTimeout = 5 * time.Second

// room does one call of the API about a room; out may be nil. A room that isn't there is no error.
func (e *env) room(ctx context.Context, config *tls.Config, method, path string, out any) error {
	return e.api(ctx, config, method, "rooms/"+path, nil, out)
}

// pushHealth asks the server what it makes of the pushes.
func pushHealth(ctx context.Context, e *env, streams []string, config *tls.Config) (out []bench.Health, err error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	for _, stream := range streams {
		var in struct {
			BitsPerSecond int64
			Video         struct {
				FramesPerSecond  float64
				KeyframeInterval string
			}
			Timestamps struct{ Repaired int64 }
			Advice     []struct{ Code, Text string }
		}
		if err := e.room(ctx, config, http.MethodGet, stream+"/ingest", &in); err != nil {
			return out, err
		}
		h := bench.Health{
			Stream: stream, BitsPerSecond: in.BitsPerSecond, FramesPerSecond: in.Video.FramesPerSecond,
			KeyframeInterval: in.Video.KeyframeInterval, Repaired: in.Timestamps.Repaired, Advice: []string{},
		}
		for _, a := range in.Advice {
			h.Advice = append(h.Advice, a.Code+": "+a.Text)
		}
		out = append(out, h)
	}
	return out, nil
}

// tidy deletes the rooms that the bench's pushes made.
func (c benchMediaCmd) tidy(e *env, rooms []string, config *tls.Config) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), apiTimeout)
	defer cancel()
	for _, room := range rooms {
		if err := e.room(ctx, config, http.MethodDelete, room, nil); err != nil {
			fmt.Fprintf(e.errOut, "bench: room %s stays: %v\n", room, err)
			return
		}
	}
}
