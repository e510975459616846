package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Protocol is a way of playing.
type Protocol string

// The protocols, in the order of reports.
const (
	FLV   Protocol = "flv"   // HTTP-FLV
	WSFLV Protocol = "wsflv" // FLV in a WebSocket
	RTMP  Protocol = "rtmp"  // RTMP play
	HLS   Protocol = "hls"   // HLS, whole segments
	LLHLS Protocol = "llhls" // Low-Latency HLS: parts and blocking reloads
)

// Protocols are all of them, in the order of reports.
var protocols = []Protocol{FLV, WSFLV, RTMP, HLS, LLHLS}

// schemes are what an address of the protocol may begin with.
func (p Protocol) schemes() []string {
	switch p {
	case RTMP:
		return []string{"rtmp", "rtmps"}
	case WSFLV:
		return []string{"ws", "wss"}
	case FLV, HLS, LLHLS:
		return []string{"http", "https"}
	}
	return nil
}

// sockets are the descriptors a viewer needs at most.
func (p Protocol) sockets() int {
	switch p {
	case HLS, LLHLS:
		return 2
	case FLV, WSFLV, RTMP:
	}
	return 1
}

// Guess is the protocol that an address is usually played with; HLS stands for both kinds of it.
func Guess(address string) (Protocol, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", bare(err)
	}
	for _, p := range []Protocol{RTMP, WSFLV, FLV} {
		if !slices.Contains(p.schemes(), u.Scheme) {
			continue
		}
		if p == FLV && strings.HasSuffix(u.Path, ".m3u8") {
			return HLS, nil
		}
		return p, nil
	}
	return "", fmt.Errorf("an address to play begins with rtmp, ws or http, not %q", u.Scheme)
}

// Audience is the viewers of one protocol. Viewer i plays Addresses[i % len(Addresses)].
type Audience struct {
	Protocol  Protocol
	Viewers   int
	Addresses []string
}

// Plan is what to measure.
type Plan struct {
	// Push are the addresses to publish to, one for each publisher. Empty: the streams run already.
	Push []string
	// Format of what is published.
	Format Format
	// Expected is what each viewer should get. 0: Format.Bitrate if there are publishers, else unknown.
	Expected Rate
	// Audiences are the viewers. Empty: only the cost of ingest is measured.
	Audiences []Audience

	// Ramp is the time over which publishers, and then viewers, connect. Default 3 s.
	Ramp time.Duration
	// Settle is the time between the ramp and the measured window. Default 2 s.
	Settle time.Duration
	// Duration is the measured window. Default 30 s.
	Duration time.Duration
	// Sample: one viewer in so many is parsed to the end, at least 20 of each protocol. Default 20.
	Sample int

	// Server measures the server, nil for not.
	Server Meter
	// Health asks the server what it makes of the pushes, at the end of the window; nil for not.
	Health func(ctx context.Context) ([]Health, error)
	// Network is the server's bandwidth, for the capacity. 0: 1 and 10 Gbit/s are shown.
	Network Rate
	// TLS is used for https, wss and rtmps; nil for the usual.
	TLS *tls.Config
	// Progress is told in words what goes on; nil for nobody. It isn't called by two at once.
	Progress func(string)
}

// Health is what a server makes of one push.
type Health struct {
	Stream           string   `json:"stream"`
	BitsPerSecond    int64    `json:"bitsPerSecond"`
	FramesPerSecond  float64  `json:"framesPerSecond"`
	KeyframeInterval string   `json:"keyframeInterval"`
	Repaired         int64    `json:"repairedTimestamps"`
	Advice           []string `json:"advice"` // with its code first; empty: all is well
}

const minSample = 20 // viewers of each protocol that are parsed, if there are so many

func (p Plan) withDefaults() Plan {
	p.Format = p.Format.withDefaults()
	or(&p.Ramp, 3*time.Second)
	or(&p.Settle, 2*time.Second)
	or(&p.Duration, 30*time.Second)
	or(&p.Sample, 20)
	if p.Expected == 0 && len(p.Push) > 0 {
		p.Expected = p.Format.Bitrate
	}
	if p.Progress == nil {
		p.Progress = func(string) {}
	}
	return p
}

// Viewers is the number of them.
func (p Plan) Viewers() int {
	n := 0
	for _, a := range p.Audiences {
		n += a.Viewers
	}
	return n
}

// Descriptors is how many files and connections the plan needs at most.
func (p Plan) Descriptors() int {
	n := len(p.Push) + 64
	for _, a := range p.Audiences {
		n += a.Viewers * a.Protocol.sockets()
	}
	return n
}

// Validate says what can't be measured.
func (p Plan) Validate() error {
	p = p.withDefaults()
	if len(p.Push) == 0 && p.Viewers() == 0 {
		return errors.New("neither publishers nor viewers")
	}
	if p.Ramp < 0 || p.Settle < 0 || p.Duration < time.Second || p.Duration > 24*time.Hour {
		return errors.New("duration must be from 1s to 24h; ramp and settle not negative")
	}
	if p.Sample < 1 {
		return fmt.Errorf("sample is %d, must be at least 1", p.Sample)
	}
	if len(p.Push) > 0 {
		if err := p.Format.Validate(); err != nil {
			return err
		}
	}
	for _, address := range p.Push {
		if err := checkAddress("push", address, RTMP.schemes()); err != nil {
			return err
		}
	}
	for _, a := range p.Audiences {
		if a.Protocol.schemes() == nil {
			return fmt.Errorf("unknown protocol %q; there are %v", a.Protocol, protocols)
		}
		if a.Viewers < 0 || a.Viewers > 0 && len(a.Addresses) == 0 {
			return fmt.Errorf("%d viewers of %s with %d addresses", a.Viewers, a.Protocol, len(a.Addresses))
		}
		for _, address := range a.Addresses {
			if err := checkAddress(string(a.Protocol), address, a.Protocol.schemes()); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkAddress doesn't repeat the address, which may be a secret.
func checkAddress(what, address string, schemes []string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		return fmt.Errorf("the %s address must begin with %s://host", what, strings.Join(schemes, ":// or "))
	}
	if u.Scheme == "rtmp" || u.Scheme == "rtmps" {
		_, err = parseRTMP(u)
	}
	return err
}
