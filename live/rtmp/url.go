package rtmp

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxURLBytes bounds the address of a stream on another server.
const maxURLBytes = 1024

// URL is the address of a stream on another server, such as rtmp://host/app/stream?token=…. All that follows the first element
// of its path may be a secret: String leaves it out.
type URL struct {
	secure bool
	host   string // as written, without the port
	port   string
	app    string // with its query, if it has one
	name   string // with its query; what encoders call the stream key
}

// ParseURL reads an address. The last element of the path is the stream, with all that follows a question mark; what is before
// it is the app. A query may stand behind the app as well (rtmp://host/app?vhost=x/stream), and the stream may be nothing but
// one. The error says what is wrong in words, without the address.
func ParseURL(text string) (URL, error) {
	if len(text) > maxURLBytes {
		return URL{}, fmt.Errorf("must be at most %d bytes", maxURLBytes)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }); i >= 0 {
		return URL{}, errors.New("must be printable ASCII without blanks; escape the rest")
	}
	scheme, rest, ok := strings.Cut(text, "://")
	var u URL
	switch scheme = strings.ToLower(scheme); {
	case ok && scheme == "rtmp":
		u.port = "1935"
	case ok && scheme == "rtmps":
		u.secure, u.port = true, "443"
	default:
		return URL{}, errors.New("must begin with rtmp:// or rtmps://")
	}
	authority, rest, _ := strings.Cut(rest, "/")
	if err := u.setHost(authority); err != nil {
		return URL{}, err
	}
	u.app, u.name = splitPath(rest)
	if u.app == "" || strings.HasPrefix(u.app, "?") || u.name == "" {
		return URL{}, errors.New("must be rtmp://host/app/stream, with the stream key at its end")
	}
	return u, nil
}

func (u *URL) setHost(authority string) error {
	if strings.Contains(authority, "@") {
		return errors.New("must have no user and password; what the server asks for goes into the stream key")
	}
	parsed, err := url.Parse("rtmp://" + authority)
	if err != nil || parsed.Hostname() == "" || parsed.Host != authority || strings.HasSuffix(authority, ":") {
		return errors.New("must name a host, and after a colon a port if it has another than the usual one")
	}
	u.host = parsed.Hostname()
	if port := parsed.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return errors.New("must have a port from 1 to 65535")
		}
		u.port = port
	}
	return nil
}

// splitPath takes app and stream apart.
func splitPath(path string) (app, name string) {
	plain, query, asked := strings.Cut(path, "?")
	if i := strings.LastIndexByte(plain, '/'); i >= 0 {
		app, name = plain[:i], plain[i+1:]
		if asked {
			name += "?" + query
		}
		return strings.Trim(app, "/"), name
	}
	appQuery, name, _ := strings.Cut(query, "/") // the query is the app's
	return plain + "?" + appQuery, name
}

// Secure says that it is rtmps.
func (u URL) Secure() bool { return u.secure }

// Host is the host's name or address, without a port.
func (u URL) Host() string { return u.host }

// Stream is the app and the stream's name, without their queries.
func (u URL) Stream() (app, name string) {
	app, _, _ = strings.Cut(u.app, "?")
	name, _, _ = strings.Cut(u.name, "?")
	return app, name
}

func (u URL) address() string { return net.JoinHostPort(u.host, u.port) }

// base is the address without the stream, as connect names it.
func (u URL) base() string {
	scheme, host, usual := "rtmp", u.host, "1935"
	if u.secure {
		scheme, usual = "rtmps", "443"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.port != usual {
		host += ":" + u.port
	}
	return scheme + "://" + host + "/" + u.app
}

// String is the address for people: without what may be secret.
func (u URL) String() string {
	if u.host == "" {
		return ""
	}
	base := u.base()
	at := strings.Index(base, "://") + 3
	at += strings.IndexByte(base[at:], '/') + 1
	return base[:at+strings.IndexAny(base[at:]+"/", "/?")] + "/…"
}

// LogValue implements slog.LogValuer.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// minSecretBytes is the shortest part of an address that is looked for in what the other server says.
const minSecretBytes = 4

// hide makes what the other server said fit to be shown: printable, of bounded length, and without what it repeats of the
// address's secret parts.
func (u URL) hide(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
	for _, secret := range u.secrets() {
		text = strings.ReplaceAll(text, secret, "…")
	}
	if len(text) > maxWordsBytes {
		text = strings.ToValidUTF8(text[:maxWordsBytes], "") + "…"
	}
	return text
}

// maxWordsBytes bounds what is shown of another server's words.
const maxWordsBytes = 200

// secrets are the parts of the address that String leaves out, the longest first: all elements of path and queries but names of
// parameters.
func (u URL) secrets() []string {
	first := u.app
	if i := strings.IndexAny(first, "/?"); i >= 0 {
		first = first[:i]
	}
	all := []string{u.name}
	for _, part := range strings.FieldsFunc(u.app[len(first):]+"/"+u.name, func(r rune) bool { return strings.ContainsRune("/?&", r) }) {
		if _, value, ok := strings.Cut(part, "="); ok {
			part = value
		}
		all = append(all, part)
	}
	for _, s := range all[:len(all):len(all)] {
		if plain, err := url.QueryUnescape(s); err == nil {
			all = append(all, plain)
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < minSecretBytes || s == first })
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return slices.Compact(all)
}
