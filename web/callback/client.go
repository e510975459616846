package callback

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"liveroom/internal/outbound"
)

// How long a receiver may take, from its name's look-up to the last byte of its answer.
const (
	beforeTimeout = 2 * time.Second  // somebody waits (spec im-callbacks §2)
	afterTimeout  = 5 * time.Second  // of IM and of our own format
	cssTimeout    = 20 * time.Second // spec css §3.1
)

// Bounds of a connection. Making one goes on when the request is given up that it was made for (net/http.Transport), so it
// needs a bound of its own. An HTTP/2 connection serves many requests and outlives those that get no answer: one over which
// nothing came for pingAfter is asked for a sign of life.
const (
	connectTimeout   = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	pingAfter        = 5 * time.Second
	pingTimeout      = 5 * time.Second
)

// Bounds of an answer.
const (
	maxReply       = 1 << 20
	maxReplyHeader = 64 << 10
)

// The two failures that are told apart from others: the receiver was too slow, or said too much.
const (
	whyTimeout = "timeout"
	whyLarge   = "reply_too_large"
)

// failure is why a receiver gave no answer that counts. Its text has nothing of the receiver's URL, which may hold a secret.
type failure struct {
	why    string // stable, snake_case: for counters and the delivery log
	detail string // for people; may be empty
}

func (f *failure) Error() string {
	if f.detail == "" {
		return f.why
	}
	return f.why + ": " + f.detail
}

// Client posts to receivers: over pooled connections, without following redirects and without proxies, and to no private
// address that is not allowed. It has no goroutines of its own but the pool's.
type Client struct{ http *http.Client }

// NewClient returns a client for receivers that may have the private addresses given.
func NewClient(private outbound.Private) *Client {
	dialer := &net.Dialer{Control: private.Control, Timeout: connectTimeout}
	return newClient(dialer.DialContext)
}

func newClient(dial func(ctx context.Context, network, addr string) (net.Conn, error)) *Client {
	return &Client{http: &http.Client{
		Transport: &http.Transport{
			DialContext: counted(dial), ForceAttemptHTTP2: true, DisableCompression: true,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: handshakeTimeout,
			HTTP2:        &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
			MaxIdleConns: 1024, MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxReplyHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close closes the connections that nothing goes over.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// answer is what a receiver said.
type answer struct {
	status int
	body   []byte
}

// post sends one JSON body, within timeout. The error is a *failure.
func (c *Client) post(ctx context.Context, timeout time.Duration, url string, header http.Header, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var asked request
	req, err := http.NewRequestWithContext(asked.watch(ctx), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return answer{}, &failure{"bad_url", "the receiver's URL can't be used"}
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "liveroom")
	req.Header["X-Idempotency-Key"] = nil // not sent: says that a pooled connection found closed may be replaced (net/http.Transport)
	resp, err := c.http.Do(req)           //nolint:gosec // to an address that is checked when it is dialled
	if err != nil {
		return answer{}, failureOf(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if asked.unasked() {
		return answer{}, &failure{"connection", "the receiver answered more than it was asked"}
	}
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	switch {
	case err != nil:
		return answer{}, failureOf(ctx, err)
	case len(reply) > maxReply:
		return answer{}, &failure{whyLarge, fmt.Sprintf("the answer has more than %d bytes", maxReply)}
	}
	return answer{resp.StatusCode, reply}, nil
}

// failureOf puts an error of net/http into words without the URL.
func failureOf(ctx context.Context, err error) *failure {
	var (
		dns  *net.DNSError
		op   *net.OpError
		cert *tls.CertificateVerificationError
		hand tls.RecordHeaderError
		late net.Error
	)
	switch {
	case errors.Is(err, outbound.ErrPrivate):
		return &failure{"private_address", "the receiver has a private address; --callback-private allows those"}
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		return &failure{"stopped", "the request was given up"}
	case ctx.Err() != nil, errors.As(err, &late) && late.Timeout():
		return &failure{whyTimeout, "no complete answer in time"}
	case errors.As(err, &dns):
		return &failure{"dns", "the receiver's name was not found"}
	case errors.As(err, &cert):
		return &failure{"tls", "the receiver's certificate is not accepted: " + cert.Err.Error()}
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &hand):
		return &failure{"tls", "the receiver does not speak TLS"}
	case errors.As(err, &op) && op.Op == "dial":
		return &failure{"connect", "the receiver can't be reached"}
	case errors.As(err, &op) && op.Op == "remote error":
		return &failure{"tls", "the receiver ended the TLS handshake"}
	}
	return &failure{"connection", "the connection ended before the answer was complete"}
}
