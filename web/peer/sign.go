package peer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Prefix is what all paths between nodes begin with.
const Prefix = "/internal/"

const (
	// header holds the signature: version, time in Unix ms, SHA-256 of the body ("-" for none), MAC in hex, the asking
	// node, the node that is asked.
	header = "Liveroom-Node"
	// version begins each signature, and what is signed: nothing else that the node key signs begins like this.
	version = "peer1"
	// validity is how far the clocks of two nodes may be apart.
	validity = 30 * time.Second
	// noBody stands for the hash of a body that isn't there.
	noBody = "-"
	// maxNodeBytes is the longest id of a node.
	maxNodeBytes = 128
)

// signature is what header says.
type signature struct {
	at   string // Unix ms
	body string // hex of SHA-256, or noBody
	mac  string // hex
	node string // who asks
	to   string // who is asked
}

// sign returns the header for a request of node to another.
func sign(key []byte, node, to string, r *http.Request, body []byte, now time.Time) string {
	s := signature{at: strconv.FormatInt(now.UnixMilli(), 10), body: hashed(body), node: node, to: to}
	return strings.Join([]string{version, s.at, s.body, hex.EncodeToString(s.sum(key, r)), s.node, s.to}, " ")
}

// hashed is a body as it is signed.
func hashed(body []byte) string {
	if len(body) == 0 {
		return noBody
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// sum is the MAC of a request.
func (s signature) sum(key []byte, r *http.Request) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range []string{version, s.at, s.body, s.node, s.to, r.Method, r.URL.EscapedPath(), r.URL.RawQuery} {
		mac.Write([]byte(part))
		mac.Write([]byte{'\n'}) // no part can hold one
	}
	return mac.Sum(nil)
}

// readSignature takes a header apart. A node's id has no space.
func readSignature(h string) (s signature, ok bool) {
	parts := strings.Split(h, " ")
	if len(parts) != 6 || parts[0] != version || parts[4] == "" || len(parts[4]) > maxNodeBytes {
		return s, false
	}
	return signature{at: parts[1], body: parts[2], mac: parts[3], node: parts[4], to: parts[5]}, true
}

// verify says why self refuses a request, "" if it is a node's. The body is not looked at yet.
func verify(key []byte, self string, r *http.Request, now time.Time) (signature, string) {
	s, ok := readSignature(r.Header.Get(header))
	if !ok {
		return s, whyUnsigned
	}
	mac, err := hex.DecodeString(s.mac)
	if err != nil || !hmac.Equal(mac, s.sum(key, r)) {
		return s, whyForged
	}
	ms, err := strconv.ParseInt(s.at, 10, 64)
	if age := now.Sub(time.UnixMilli(ms)); err != nil || age > validity || age < -validity {
		return s, whyTime
	}
	if s.to != self {
		return s, whyOther
	}
	return s, ""
}

// Why a request was refused; also told to who asked.
const (
	whyUnsigned = "unsigned"
	whyForged   = "forged"
	whyTime     = "time"
	whyBody     = "body"
	whyOther    = "other" // it is for another node, or for what this one was before its restart
)
