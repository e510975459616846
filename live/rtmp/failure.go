package rtmp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"liveroom/internal/outbound"
)

// Failure says why a connection to another server could not be made, or ended.
type Failure struct {
	Code   string // stable, one of the constants below
	Detail string // a sentence a person can act on; holds no secret
	err    error
}

// Why a connection to another server fails.
const (
	FailPrivate   = "private_address"    // it has an address that is not allowed
	FailName      = "unknown_host"       // its name can't be looked up
	FailRefused   = "connection_refused" // nothing listens there
	FailReach     = "unreachable"        // or the connection could not be made for another reason
	FailTLS       = "tls"                // certificate or TLS handshake
	FailTimeout   = "no_answer"          // it does not answer in time
	FailForeign   = "not_rtmp"           // it speaks something else
	FailAuth      = "auth_needed"        // it wants a way of proving oneself that is not offered
	FailRedirect  = "redirected"         // it points elsewhere, which is not followed
	FailDenied    = "denied"             // it refuses, in words of its own
	FailClosed    = "closed"             // it closed the connection
	FailLost      = "lost"               // the connection broke
	FailStalled   = "stalled"            // it takes nothing any more
	FailSilent    = "silent"             // nothing comes from it any more
	FailProtocol  = "protocol"           // it says what makes no sense
	FailCancelled = "cancelled"          // by this side
)

// FailureCodes are the codes that say what another server did.
func FailureCodes() []string {
	return []string{
		FailPrivate, FailName, FailRefused, FailReach, FailTLS, FailTimeout, FailForeign, FailAuth, FailRedirect, FailDenied, FailClosed, FailLost,
		FailStalled, FailSilent, FailProtocol,
	}
}

func (f *Failure) Error() string { return f.Code + ": " + f.Detail }

// Unwrap returns the error of the network, if there was one.
func (f *Failure) Unwrap() error { return f.err }

func failed(code string, err error, format string, args ...any) *Failure {
	return &Failure{Code: code, Detail: fmt.Sprintf(format, args...), err: err}
}

// dialFailure puts an error of dialling into words.
func dialFailure(ctx context.Context, err error, patience time.Duration) *Failure {
	var (
		dns  *net.DNSError
		late net.Error
	)
	switch {
	case errors.Is(err, outbound.ErrPrivate):
		return failed(FailPrivate, err, "the server has a private address, which the settings do not allow")
	case errors.Is(ctx.Err(), context.Canceled):
		return failed(FailCancelled, err, "the connection was given up")
	case errors.As(err, &dns):
		return failed(FailName, err, "the server's name can't be looked up")
	case errors.Is(err, syscall.ECONNREFUSED):
		return failed(FailRefused, err, "nothing listens at the server's port")
	case ctx.Err() != nil, errors.As(err, &late) && late.Timeout():
		return failed(FailTimeout, err, "no connection to the server within %v", patience)
	}
	return failed(FailReach, err, "the server can't be reached")
}

// tlsFailure is dialFailure for the TLS handshake.
func tlsFailure(ctx context.Context, err error, patience time.Duration) *Failure {
	var (
		cert   *tls.CertificateVerificationError
		record tls.RecordHeaderError
		late   net.Error
	)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return failed(FailCancelled, err, "the connection was given up")
	case errors.As(err, &cert):
		return failed(FailTLS, err, "the server's certificate is not accepted: %s", printable(cert.Err.Error()))
	case errors.As(err, &record):
		return failed(FailTLS, err, "the server does not speak TLS at this port")
	case ctx.Err() != nil, errors.As(err, &late) && late.Timeout():
		return failed(FailTimeout, err, "the server did not finish the TLS handshake within %v", patience)
	}
	return failed(FailTLS, err, "the TLS handshake with the server failed")
}

// failure puts an error of a connection that was made into words.
func (l *link) failure(ctx context.Context, err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return failed(FailCancelled, err, "the connection was given up")
	case errors.Is(err, errSlow):
		return failed(FailStalled, err, "the server took nothing of what was sent for %v", l.cfg.Write)
	case errors.Is(err, errProtocol), errors.Is(err, errAMF):
		return failed(FailProtocol, err, "the server's answer makes no sense: %s", l.url.hide(err.Error()))
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return failed(FailTimeout, err, "the server accepted the connection and did not answer to %s in time", l.doing)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return failed(FailClosed, err, "the server closed the connection during %s", l.doing)
	}
	return failed(FailLost, err, "the connection broke during %s", l.doing)
}

// rejected is the answer of a server that refuses a call, or ends what it had allowed.
func (l *link) rejected(args []any) *Failure {
	var code, words string
	var redirect bool
	for _, a := range args {
		info, ok := a.(amfProps)
		if m, isMap := a.(amfMap); isMap {
			info, ok = amfProps(m), true
		}
		if !ok {
			continue
		}
		if text := info.text("code"); text != "" {
			code = text
		}
		if text := info.text("description"); text != "" {
			words = text
		}
		if ex, is := info.get("ex").(amfProps); is {
			redirect = redirect || ex.text("redirect") != ""
		}
	}
	said := l.url.hide(strings.TrimSpace(code + " " + words))
	if said != "" {
		said = ": " + said
	}
	switch lower := strings.ToLower(words); {
	case redirect:
		return failed(FailRedirect, nil, "the server points to another address, which is not followed; use that one")
	case strings.Contains(lower, "authmod") || strings.Contains(lower, "need auth"):
		return failed(FailAuth, nil, "the server asks for a user and a password, which is not offered; only keys in the address are%s", said)
	case strings.HasSuffix(code, ".BadName"):
		return failed(FailDenied, nil, "the server refused to %s: the stream key is wrong, or in use%s", l.doing, said)
	}
	return failed(FailDenied, nil, "the server refused to %s%s", l.doing, said)
}
