package pull

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"liveroom/internal/outbound"
	"liveroom/live/rtmp"
)

// Bounds of what is asked for over HTTP.
const (
	httpWait     = 10 * time.Second // for the head of an answer
	maxHead      = 64 << 10
	maxRedirects = 5
)

// client is what asks servers, through Config.Dial: it checks also where it is redirected to. shape, where there is one, changes
// answers, and broke is told of errors. done closes its connections.
func (s *Service) client(shape func(*http.Response) error, broke func(error)) (c *http.Client, done func()) {
	t := &http.Transport{
		DialContext: s.cfg.Dial, TLSHandshakeTimeout: httpWait, ResponseHeaderTimeout: httpWait, MaxResponseHeaderBytes: maxHead,
		IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 2, MaxConnsPerHost: 8, DisableCompression: true,
	}
	return &http.Client{Transport: shaped{t, shape, broke}, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			err := failed(rtmp.FailRedirect, "the server redirects again and again")
			broke(err)
			return err
		}
		req.Header.Del("Referer") // it would give the address away
		return nil
	}}, t.CloseIdleConnections
}

// shaped refuses what is no answer, and shapes the others.
type shaped struct {
	http.RoundTripper
	shape func(*http.Response) error
	broke func(error)
}

// RoundTrip implements http.RoundTripper.
func (s shaped) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.answer(req)
	if err != nil {
		s.broke(err)
	}
	return resp, err
}

func (s shaped) answer(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", "liveroom")
	resp, err := s.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return resp, nil
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusPartialContent:
		_ = resp.Body.Close()
		return nil, failed(rtmp.FailDenied, "the server answers "+strconv.Itoa(resp.StatusCode))
	case s.shape == nil:
		return resp, nil
	}
	if err := s.shape(resp); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// bounded is a body of which no more is read than it may have.
type bounded struct {
	io.Reader
	io.Closer
	left int
}

var errLarge = failed(CauseFormat, "a file of the source is larger than it may be")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLarge
	}
	n, err := b.Reader.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// httpFailure puts an error of asking a server into words.
func httpFailure(err error) error {
	var (
		own    *failure
		dns    *net.DNSError
		cert   *tls.CertificateVerificationError
		record tls.RecordHeaderError
		late   net.Error
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, outbound.ErrPrivate):
		return failed(rtmp.FailPrivate, "the server, or one that it names, has a private address, which the settings do not allow")
	case errors.As(err, &dns):
		return failed(rtmp.FailName, "the server's name can't be looked up")
	case errors.Is(err, syscall.ECONNREFUSED):
		return failed(rtmp.FailRefused, "nothing listens at the server's port")
	case errors.As(err, &cert), errors.As(err, &record):
		return failed(rtmp.FailTLS, "the server does not speak TLS at this port, or its certificate is not accepted")
	case errors.As(err, &late) && late.Timeout():
		return failed(rtmp.FailTimeout, "the server does not answer in time")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return failed(rtmp.FailClosed, "the server closed the connection")
	}
	return failed(rtmp.FailReach, "the server can't be reached, or says what makes no sense")
}
