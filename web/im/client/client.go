package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"liveroom/chat/account"
)

const (
	sigLifetime = 24 * time.Hour   // of a UserSig; Tencent advises at least that
	sigRenewal  = 12 * time.Hour   // a UserSig is used no longer than that
	maxReply    = 1 << 20          // bytes; a larger answer is refused by Tencent's own hosts (10018)
	maxInfo     = 300              // bytes kept of an ErrorInfo
	idleTimeout = 90 * time.Second // of a connection nobody uses
	maxConns    = 64
	pingAfter   = 5 * time.Second // without anything over an HTTP/2 connection it is asked for a sign of life
)

// Config of a Client.
type Config struct {
	BaseURL string         // such as https://console.tim.qq.com; an http address sends the UserSig in the clear
	Signer  account.Signer // the host's SDKAppID and key
	Admin   string         // an administrator of the application; default administrator
	Timeout time.Duration  // longest time a call may take; default 5 s, since Tencent's own limit behind its door is 3 s
}

// Validate says which value can't be used.
func (c Config) Validate() error {
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("base url: must be an http or https address such as https://console.tim.qq.com")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return fmt.Errorf("base url: must be scheme, host and port alone")
	}
	if err := account.CheckUser(cmp.Or(c.Admin, defaultAdmin)); err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	return c.Signer.Validate()
}

// defaultAdmin is the administrator that every application has.
const defaultAdmin = "administrator"

// Client calls the commands of one application on one host.
type Client struct {
	cfg  Config
	base string
	http *http.Client

	mu     sync.Mutex
	sig    string
	signed time.Time
}

// New returns a client. It connects when it is first used.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Admin, cfg.Timeout = cmp.Or(cfg.Admin, defaultAdmin), cmp.Or(cfg.Timeout, 5*time.Second)
	return &Client{
		cfg: cfg, base: strings.TrimRight(cfg.BaseURL, "/") + "/v4/",
		http: &http.Client{
			Timeout: cfg.Timeout,
			// A UserSig stands in the address, and must not be carried on to another one.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				MaxIdleConns: maxConns, MaxIdleConnsPerHost: maxConns, MaxConnsPerHost: maxConns, IdleConnTimeout: idleTimeout,
				TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
				MaxResponseHeaderBytes: 64 << 10,
				// Making a connection goes on when its call is given up, and takes one of maxConns; an HTTP/2 connection
				// outlives the calls that got no answer over it.
				DialContext: (&net.Dialer{Timeout: cfg.Timeout}).DialContext, TLSHandshakeTimeout: cfg.Timeout,
				HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: cfg.Timeout},
			},
		},
	}, nil
}

// Close lets go of idle connections. Calls that are under way go on.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Call calls a command with in as its body and decodes the answer into out, unless that is nil. It fails with an *Error if
// the host refuses, and with ErrUnreachable if it has no answer. No error holds the UserSig.
func (c *Client) Call(ctx context.Context, service, command string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	err = c.try(ctx, service, command, body, out)
	if refused, ok := errors.AsType[*Error](err); ok && refused.staleSig() {
		c.forgetSig()
		err = c.try(ctx, service, command, body, out)
	}
	return err
}

func (c *Client) try(ctx context.Context, service, command string, body []byte, out any) error {
	sig, err := c.userSig(time.Now())
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	raw, err := c.post(ctx, service, command, sig, body)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUnreachable, command, err)
	}
	var envelope struct {
		ActionStatus string
		ErrorCode    *int
		ErrorInfo    string
	}
	if err := json.Unmarshal(raw, &envelope); err != nil || envelope.ErrorCode == nil {
		return fmt.Errorf("%w: %s: not Tencent's envelope", ErrUnreachable, command)
	}
	if *envelope.ErrorCode != 0 || envelope.ActionStatus == "FAIL" {
		return &Error{Command: command, Code: *envelope.ErrorCode, Info: clip(without(sig, envelope.ErrorInfo), maxInfo)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUnreachable, command, err)
	}
	return nil
}

// without is a text without the UserSig, as it is and as it stands in an address.
func without(sig, text string) string {
	return strings.NewReplacer(sig, "…", url.QueryEscape(sig), "…").Replace(text)
}

// post returns what the host answers. Its errors never name the address, which has the UserSig in it.
func (c *Client) post(ctx context.Context, service, command, sig string, body []byte) ([]byte, error) {
	query := url.Values{
		"sdkappid": {strconv.FormatUint(c.cfg.Signer.AppID, 10)}, "identifier": {c.cfg.Admin}, "usersig": {sig},
		"random": {strconv.FormatUint(uint64(rand.Uint32()), 10)}, "contenttype": {"json"},
	}
	address := c.base + url.PathEscape(service) + "/" + url.PathEscape(command) + "?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("no such command")
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		if refused, ok := errors.AsType[*url.Error](err); ok {
			err = refused.Err
		}
		if words := err.Error(); words != without(sig, words) { // of who repeats what it hears in place of HTTP
			err = errors.New(without(sig, words))
		}
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("HTTP status %d", resp.StatusCode)
	case len(raw) > maxReply:
		return nil, fmt.Errorf("more than %d bytes", maxReply)
	}
	return raw, nil
}

// userSig is the administrator's UserSig, renewed long before it expires.
func (c *Client) userSig(now time.Time) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := now.Sub(c.signed); c.sig != "" && age >= 0 && age < sigRenewal {
		return c.sig, nil
	}
	sig, err := c.cfg.Signer.Sign(c.cfg.Admin, now, sigLifetime)
	if err != nil {
		return "", err
	}
	c.sig, c.signed = sig, now
	return sig, nil
}

// forgetSig makes the next call sign anew.
func (c *Client) forgetSig() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sig = ""
}

// clip cuts a text to at most n bytes, between two characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
