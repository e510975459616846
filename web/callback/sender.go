package callback

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"liveroom/web/callback/delivery"
)

// Sender makes the tries of queued events: the envelope and signatures of each format are made anew at each.
type Sender struct {
	client    *Client
	receivers *Registry
	app       uint64
}

var _ delivery.Sender = (*Sender)(nil)

// NewSender returns the sender to an IM application's receivers.
func NewSender(app uint64, receivers *Registry, client *Client) *Sender {
	return &Sender{client: client, receivers: receivers, app: app}
}

// Send implements delivery.Sender.
func (s *Sender) Send(ctx context.Context, e delivery.Event) delivery.Result {
	to, ok := s.receivers.Endpoint(e.Endpoint)
	if !ok {
		return delivery.Result{Outcome: delivery.Failed, Why: "there is no such endpoint any more"}
	}
	return s.sendTo(ctx, to, e)
}

// sendTo makes one try to an endpoint, whatever the registry says of it.
func (s *Sender) sendTo(ctx context.Context, to Endpoint, e delivery.Event) delivery.Result {
	now := time.Now()
	var (
		got answer
		err error
	)
	switch to.Format {
	case FormatIM:
		if e.Command == delivery.Dropped {
			e.Command, e.Body = callbackDropped, dropped(e)
		}
		got, err = s.client.post(ctx, afterTimeout, imURL(to, s.app, e.Command, e.Query, now), headers(to, e.ID, e.Body, now), e.Body)
	case FormatCSS:
		if e.Command == delivery.Dropped {
			return delivery.Result{} // CSS has no word for what was not told: screenshots, whose time was over
		}
		body := signedCSS(to.Key, e.Command, e.Body, now)
		got, err = s.client.post(ctx, cssTimeout, to.URL, headers(to, e.ID, body, now), body)
	case FormatEvents, FormatStatus:
		if e.Command == delivery.Dropped && to.Format == FormatEvents {
			e.Command, e.Body = eventsDropped, eventsLoss(e)
		}
		got, err = s.client.post(ctx, afterTimeout, to.URL, headers(to, e.ID, e.Body, now), e.Body)
	}
	if err != nil {
		return resultOf(err)
	}
	return judge(to.Format, got)
}

// imURL is a receiver's URL with what Tencent puts into the query.
func imURL(to Endpoint, app uint64, command string, more url.Values, now time.Time) string {
	q := maps.Clone(more)
	if q == nil {
		q = url.Values{}
	}
	q["SdkAppid"], q["CallbackCommand"], q["contenttype"] = []string{strconv.FormatUint(app, 10)}, []string{command}, []string{"json"}
	if to.Key != "" {
		sign, at := signIM(to.Key, now)
		q["Sign"], q["RequestTime"] = []string{sign}, []string{at}
	}
	return withQuery(to.URL, q)
}

// headers are those of our own, for a body as it is sent.
func headers(to Endpoint, id string, body []byte, now time.Time) http.Header {
	h := http.Header{}
	if id != "" {
		h.Set(headerEvent, inHeader(id))
	}
	if to.Key != "" {
		at := strconv.FormatInt(now.Unix(), 10)
		h.Set(headerTimestamp, at)
		h.Set(headerSignature, "v1="+signBody(to.Key, at, body))
	}
	return h
}

// inHeader is an id that may have in it what people made: what can't stand in a header is escaped.
func inHeader(id string) string {
	if strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) {
		return url.QueryEscape(id)
	}
	return id
}

// resultOf is what a try without an answer says of the receiver: that it is away, unless it answered nonsense.
func resultOf(err error) delivery.Result {
	f, ok := err.(*failure) //nolint:errorlint // the client returns no other
	if !ok {
		return delivery.Result{Outcome: delivery.Unwell, Why: "no answer"}
	}
	r := delivery.Result{Outcome: delivery.Unwell, Timeout: f.why == whyTimeout, Why: f.Error()}
	if f.why == whyLarge {
		r.Outcome = delivery.Failed
	}
	return r
}

// judge says what an answer means. IM receivers answer 200 and JSON, CSS receivers 200, ours anything that is success.
func judge(format Format, got answer) delivery.Result {
	r := delivery.Result{Status: got.status, Answer: string(got.body)}
	switch {
	case got.status >= http.StatusInternalServerError, got.status == http.StatusTooManyRequests, got.status == http.StatusRequestTimeout:
		r.Outcome = delivery.Unwell
	case got.status >= http.StatusBadRequest:
		r.Outcome = delivery.Refused
	case (format == FormatStatus || format == FormatEvents) && got.status >= http.StatusOK && got.status < http.StatusMultipleChoices:
		return r
	case got.status != http.StatusOK:
		r.Outcome = delivery.Failed
	case format == FormatIM && !isObject(got.body):
		r.Outcome, r.Why = delivery.Failed, "the answer is no JSON object"
		return r
	default:
		return r
	}
	r.Why = fmt.Sprintf("answered %d %s", got.status, http.StatusText(got.status))
	return r
}

func isObject(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) && json.Valid(body)
}

// callbackDropped is our own command: it tells an IM receiver what it did not get.
const callbackDropped = "Liveroom.CallbackDropped"

// dropped puts a loss into the words of IM callbacks.
func dropped(e delivery.Event) []byte {
	var l delivery.Loss
	if json.Unmarshal(e.Body, &l) != nil {
		return e.Body // made by package delivery: it can be read
	}
	return newObject(256).text("CallbackCommand", callbackDropped).text("GroupId", l.Room).text("Class", l.Class).
		number("Count", int64(l.Count)).number("Since", l.Since.UnixMilli()).number("Until", l.Until.UnixMilli()).eventTime(l.Until)
}
