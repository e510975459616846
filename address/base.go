package address

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Base is what addresses begin with.
type Base struct {
	PublicURL     string // http or https, as browsers reach this server; may have a path, no query
	PublicRTMPURL string // rtmp or rtmps, host and port
	App           string // AppName; the signature doesn't cover it
}

// PushAddresses are one stream's push addresses, as the API answers them.
type PushAddresses struct {
	RTMP string `json:"rtmp"`
	OBS  OBS    `json:"obs"`
}

// OBS is a push address as OBS asks for it (spec css §1.2).
type OBS struct {
	Server    string `json:"server"`
	StreamKey string `json:"streamKey"`
}

// PlayAddresses are one stream's play addresses, as the API answers them.
type PlayAddresses struct {
	RTMP  string `json:"rtmp"`
	FLV   string `json:"flv"`
	HLS   string `json:"hls"`
	WSFLV string `json:"wsFlv"`
}

// Validate says which part of b can't begin an address.
func (b Base) Validate() error {
	if err := checkBase("public URL", b.PublicURL, "http", "https"); err != nil {
		return err
	}
	if err := checkBase("public RTMP URL", b.PublicRTMPURL, "rtmp", "rtmps"); err != nil {
		return err
	}
	if !wellFormed(b.App) {
		return fmt.Errorf("app %q must have 1 to 64 letters, digits, _ . or -", b.App)
	}
	return nil
}

func checkBase(what, raw string, schemes ...string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%s %q must be %s://host[:port] without query or user", what, raw, schemes[0])
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme {
			return nil
		}
	}
	return fmt.Errorf("%s %q must begin with %s://", what, raw, strings.Join(schemes, ":// or "))
}

// Push makes the push addresses of a stream, signed with key until expires.
func (b Base) Push(key, name string, expires time.Time) PushAddresses {
	server := strings.TrimSuffix(b.PublicRTMPURL, "/") + "/" + b.App + "/"
	streamKey := name + signed(key, name, expires)
	return PushAddresses{RTMP: server + streamKey, OBS: OBS{Server: server, StreamKey: streamKey}}
}

// Play makes the play addresses of a stream, signed with key until expires; with an empty key they are bare, for rooms
// that anyone may play.
func (b Base) Play(key, name string, expires time.Time) PlayAddresses {
	web := strings.TrimSuffix(b.PublicURL, "/") + "/" + b.App + "/" + name
	query := signed(key, name, expires)
	return PlayAddresses{
		RTMP:  strings.TrimSuffix(b.PublicRTMPURL, "/") + "/" + b.App + "/" + name + query,
		FLV:   web + ".flv" + query,
		HLS:   web + ".m3u8" + query,
		WSFLV: "ws" + strings.TrimPrefix(web, "http") + ".flv" + query,
	}
}

func signed(key, name string, expires time.Time) string {
	if key == "" {
		return ""
	}
	secret, at := Sign(key, name, expires)
	return "?" + paramSecret + "=" + secret + "&" + paramTime + "=" + at
}

// LogValue hides the signature.
func (p PushAddresses) LogValue() slog.Value { return slog.StringValue(redactURL(p.RTMP)) }

// LogValue hides the signature.
func (p PlayAddresses) LogValue() slog.Value { return slog.StringValue(redactURL(p.FLV)) }

// LogValue hides the stream key.
func (o OBS) LogValue() slog.Value { return slog.StringValue(o.Server + redactURL(o.StreamKey)) }

func redactURL(raw string) string {
	path, query, found := strings.Cut(raw, "?")
	if !found {
		return raw
	}
	return path + "?" + Redact(query)
}
