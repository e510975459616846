package socket

import (
	"fmt"
	"net/http"
	"net/netip"
	"time"
)

// maxFrameBytes is the longest frame a client may send, fragments together (docs/protocol.md).
const maxFrameBytes = 16 << 10

// Config tunes a Server. The zero value of a field means its default.
type Config struct {
	MaxSockets    int // at a time (20,000, or the descriptor limit less 512 if that is smaller); negative: no limit
	MaxPerAddress int // at a time, IPv6 by /64 (512); negative: no limit
	MaxGroups     int // one socket may be in at a time (8)

	HandshakeTimeout time.Duration // for writing the upgrade's answer (10s)
	AuthTimeout      time.Duration // from the upgrade until a good auth (10s)
	PingEvery        time.Duration // a silent client is pinged (15s)
	IdleTimeout      time.Duration // a silent client is gone (30s); more than PingEvery
	WriteTimeout     time.Duration // for one write of at most 32 KiB (10s)
	OpTimeout        time.Duration // for one op (15s)
	CloseTimeout     time.Duration // for the goodbye, and for draining at the end of Run (3s)

	OpsPerSecond float64 // frames a client may send, sustained (10)
	OpsBurst     int     // and at once (40)

	QueueFrames int // undelivered frames a socket may have (256)
	QueueBytes  int // undelivered bytes of batches a socket may have (256 KiB)
	ReplyBytes  int // bytes of resume answers under way on all sockets; beyond, a resume is cut to the history (256 MiB)

	ReconnectSpread time.Duration // clients sent away come back spread over this time (5s)

	FailuresPerMinute int           // failed logins of one address before it is refused unheard (60)
	FailureDelay      time.Duration // before the answer to a failed login; doubles with each, up to 16-fold (250ms)

	PublicURL string // where browsers reach the server: a notice may show pictures from there without TLS

	Draws   Draws   // lucky draws; nil: there are none
	Files   Files   // who may upload, and where to; nil: nobody
	Likes   Likes   // nil: nobody likes
	Follows Follows // nil: nobody follows

	Summaries Summaries // how live sessions went; nil: they are not summed up

	Levels Levels // how far users have come; nil: there are no levels
	Gifts  Gifts  // what can be given; nil: nothing

	Node  string // this node of a cluster, as Peers knows it: letters of a URL's path, which clients see; empty: it is alone
	Peers Peers  // the others; nil: there are none

	// ClientAddr tells who is calling, where trusted proxies are in between. Nil: the connection's address.
	ClientAddr func(*http.Request) netip.Addr
}

// Validate names the first field that is out of bounds.
func (c Config) Validate() error {
	for _, f := range []struct {
		name string
		ok   bool
		must string
		got  any
	}{
		{"MaxGroups", c.MaxGroups > 0 && c.MaxGroups <= 64, "1–64", c.MaxGroups},
		{"HandshakeTimeout", c.HandshakeTimeout > 0, "positive", c.HandshakeTimeout},
		{"AuthTimeout", c.AuthTimeout > 0, "positive", c.AuthTimeout},
		{"PingEvery", c.PingEvery > 0, "positive", c.PingEvery},
		{"IdleTimeout", c.IdleTimeout > c.PingEvery, "more than PingEvery", c.IdleTimeout},
		{"WriteTimeout", c.WriteTimeout > 0, "positive", c.WriteTimeout},
		{"OpTimeout", c.OpTimeout > 0, "positive", c.OpTimeout},
		{"CloseTimeout", c.CloseTimeout > 0, "positive", c.CloseTimeout},
		{"OpsPerSecond", c.OpsPerSecond > 0, "positive", c.OpsPerSecond},
		{"OpsBurst", c.OpsBurst > 0, "positive", c.OpsBurst},
		{"QueueFrames", c.QueueFrames > 1, "at least 2", c.QueueFrames},
		{"QueueBytes", c.QueueBytes >= 1<<10, "at least 1 KiB", c.QueueBytes},
		{"ReplyBytes", c.ReplyBytes > 0, "positive", c.ReplyBytes},
		{"ReconnectSpread", c.ReconnectSpread > 0, "positive", c.ReconnectSpread},
		{"FailuresPerMinute", c.FailuresPerMinute > 0, "positive", c.FailuresPerMinute},
		{"FailureDelay", c.FailureDelay > 0, "positive", c.FailureDelay},
	} {
		if !f.ok {
			return fmt.Errorf("socket: %s is %v, must be %s", f.name, f.got, f.must)
		}
	}
	return nil
}

func (c Config) withDefaults() Config {
	def(&c.MaxSockets, defaultMaxSockets())
	def(&c.MaxPerAddress, 512)
	def(&c.MaxGroups, 8)
	def(&c.HandshakeTimeout, 10*time.Second)
	def(&c.AuthTimeout, 10*time.Second)
	def(&c.PingEvery, 15*time.Second)
	def(&c.IdleTimeout, 2*c.PingEvery)
	def(&c.WriteTimeout, 10*time.Second)
	def(&c.OpTimeout, 15*time.Second)
	def(&c.CloseTimeout, 3*time.Second)
	def(&c.OpsPerSecond, 10)
	def(&c.OpsBurst, 40)
	def(&c.QueueFrames, 256)
	def(&c.QueueBytes, 256<<10)
	def(&c.ReplyBytes, 256<<20)
	def(&c.ReconnectSpread, 5*time.Second)
	def(&c.FailuresPerMinute, 60)
	def(&c.FailureDelay, 250*time.Millisecond)
	if c.ClientAddr == nil {
		c.ClientAddr = remoteAddr
	}
	return c
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// remoteAddr is the address of the connection; none is the zero Addr.
func remoteAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr()
}
