package peer

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Why a node can't be asked. Compare with errors.Is.
var (
	// ErrUnknown says that there is no such node, or none that is alive.
	ErrUnknown = errors.New("peer: no such node")
	// ErrRefused says that the other node does not take this one for a node: another key, or another time. Or it is another one:
	// it was started again since, at the same address.
	ErrRefused = errors.New("peer: the other node refuses this one")
)

// Bounds of a connection between nodes, which are near each other.
const (
	connectTimeout   = 2 * time.Second
	handshakeTimeout = 3 * time.Second
	idleTimeout      = time.Minute // less than web's, so that it is this side that gives up
	idleConnections  = 64          // to one node
	maxAnswerHeader  = 64 << 10
)

// Nodes knows where the other nodes are. It must not do I/O.
type Nodes interface {
	// URL is where a node that is alive is reached by others: scheme and host.
	URL(id string) (string, bool)
}

// Client asks other nodes. Its methods may be called from any goroutine.
type Client struct {
	self  string
	key   []byte
	nodes Nodes
	http  *http.Client
}

// NewClient returns a client for the node self.
func NewClient(self string, key []byte, nodes Nodes) *Client {
	dialer := &net.Dialer{
		Timeout:         connectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 2},
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // a stream has a connection of its own: one that is slow holds up no other
	return &Client{self: self, key: key, nodes: nodes, http: &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, Protocols: protocols, DisableCompression: true,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: handshakeTimeout,
			MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: idleTimeout, MaxResponseHeaderBytes: maxAnswerHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close closes the connections that nothing goes over.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Call is a request to another node.
type Call struct {
	Node   string // its id
	Method string // GET if empty
	Path   string // under Prefix, escaped (url.URL.EscapedPath)
	Query  string // encoded, may be empty
	Body   []byte // at most 1 MiB; nil for none
}

// Do asks, and answers what the node does, whatever its status; the caller closes the body. It waits as long as ctx lets it.
func (c *Client) Do(ctx context.Context, call Call) (*http.Response, error) {
	base, ok := c.nodes.URL(call.Node)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, call.Node)
	}
	u, err := url.Parse(strings.TrimSuffix(base, "/") + call.Path)
	if err != nil {
		return nil, fmt.Errorf("ask node %s: its URL can't be used", call.Node)
	}
	u.RawQuery = call.Query
	r, err := http.NewRequestWithContext(ctx, call.Method, u.String(), bytes.NewReader(call.Body))
	if err != nil {
		return nil, fmt.Errorf("ask node %s: %w", call.Node, err)
	}
	r.Header.Set("User-Agent", "liveroom")
	r.Header.Set(header, sign(c.key, c.self, call.Node, r, call.Body, time.Now()))
	answer, err := c.http.Do(r) //nolint:gosec // to a node of the cluster
	if err != nil {
		return nil, fmt.Errorf("ask node %s: %w", call.Node, err)
	}
	if answer.StatusCode == http.StatusUnauthorized {
		why, _ := io.ReadAll(io.LimitReader(answer.Body, 64))
		_ = answer.Body.Close()
		return nil, fmt.Errorf("%w: node %s says %q", ErrRefused, call.Node, bytes.TrimSpace(why))
	}
	return answer, nil
}

// Get is Do of a request without body.
func (c *Client) Get(ctx context.Context, node, path, query string) (*http.Response, error) {
	return c.Do(ctx, Call{Node: node, Path: path, Query: query})
}
