package address

import (
	"log/slog"
	"net/url"
	"strings"
)

// MaxAddressBytes is the longest address Parse reads.
const MaxAddressBytes = 4096

// Address is an address taken apart. It keeps its signature from logs: print it with String, log it as it is.
type Address struct {
	Scheme  string   // rtmp, rtmps, http, https, ws or wss
	Host    string   // lower case, with port where one was given
	App     string   // AppName
	Name    string   // stream name, without extension
	Format  string   // "flv" or "m3u8" over HTTP and WebSocket, empty over RTMP
	queries []string // raw
}

// Parse takes an address apart. It checks the form only, not the signature. The error is an *Error.
func Parse(raw string) (Address, error) {
	if len(raw) > MaxAddressBytes {
		return Address{}, refuse(CodeURL, "the address is longer than any address of this kind")
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil { // url.Error repeats the whole text, signature and all
		return Address{}, refuse(CodeURL, "this is not a URL")
	}
	if u.Host == "" || u.User != nil || u.Fragment != "" {
		return Address{}, refuse(CodeURL, "an address is scheme://host/app/stream?txSecret=…&txTime=…, without user or fragment")
	}
	app, rest, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if !ok || app == "" {
		return Address{}, refuse(CodeURL, "after the host an address has two parts, /app/stream")
	}
	a := Address{Scheme: u.Scheme, Host: strings.ToLower(u.Host), App: app}
	if u.RawQuery != "" || u.ForceQuery {
		a.queries = []string{u.RawQuery}
	}
	if err := a.setName(rest); err != nil {
		return Address{}, err
	}
	return a, nil
}

// setName reads the last path element, already percent-decoded by url.Parse.
func (a *Address) setName(element string) error {
	switch a.Scheme {
	case "rtmp", "rtmps":
		a.Name = element
	case "http", "https", "ws", "wss":
		for _, format := range []string{"flv", "m3u8"} {
			if name, ok := strings.CutSuffix(element, "."+format); ok {
				a.Name, a.Format = name, format
			}
		}
		switch {
		case a.Format == "":
			return refuse(CodeURL, "a play address over "+a.Scheme+" ends in .flv or .m3u8")
		case a.Format != "flv" && a.Scheme[0] == 'w':
			return refuse(CodeURL, "over WebSocket a stream is played as .flv only")
		}
	default:
		return refuse(CodeURL, "the scheme must be rtmp, rtmps, http, https, ws or wss")
	}
	return ValidName(a.Name)
}

// Queries returns the raw query strings, to be given to Verifier.Check.
func (a Address) Queries() []string { return a.queries }

// String is the address with its signature hidden.
func (a Address) String() string {
	name := a.Name
	if a.Format != "" {
		name += "." + a.Format
	}
	out := a.Scheme + "://" + a.Host + "/" + a.App + "/" + name
	for _, query := range a.queries {
		out += "?" + Redact(query)
	}
	return out
}

// GoString hides the signature from %#v.
func (a Address) GoString() string { return a.String() }

// LogValue hides the signature.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.String()) }
