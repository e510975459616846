package callback

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // Tencent's format
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/internal/outbound"
	"liveroom/web/callback/delivery"
)

// near says whether Unix seconds in words are about now.
func near(text string, now time.Time) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && n >= now.Add(-time.Minute).Unix() && n <= now.Add(time.Minute).Unix()
}

// signedWell checks our own signature as docs/callbacks.md tells a receiver to.
func signedWell(t *testing.T, key string, r reception) {
	t.Helper()
	at := r.header.Get("Liveroom-Timestamp")
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = fmt.Fprintf(mac, "%s.%s", at, r.body)
	if want := "v1=" + hex.EncodeToString(mac.Sum(nil)); !near(at, time.Now()) || r.header.Get("Liveroom-Signature") != want {
		t.Errorf("timestamp %q, signature %q, want %q", at, r.header.Get("Liveroom-Signature"), want)
	}
}

func TestSendIM(t *testing.T) {
	b := newBackend(t, says(200, `{"ActionStatus":"FAIL","ErrorCode":1,"ErrorInfo":"whatever"}`))
	s := NewSender(testApp, registryOf(t, Endpoint{ID: "mine", URL: b.URL + "/im?tenant=7", Format: FormatIM, Key: "xxxxyyyy"}), client(t))
	e, _ := Sample(testApp, FormatIM, AfterNewMemberJoin, at)
	e.Endpoint = "mine"
	if r := s.Send(t.Context(), e); r.Outcome != delivery.Delivered || r.Status != 200 || !strings.Contains(r.Answer, "whatever") {
		t.Errorf("%+v", r)
	}
	got := b.last(t)
	requestTime := got.query.Get("RequestTime")
	sum := sha256.Sum256([]byte("xxxxyyyy" + requestTime))
	want := "tenant=7&SdkAppid=1400000001&CallbackCommand=Group.CallbackAfterNewMemberJoin&contenttype=json&ClientIP=203.0.113.9&OptPlatform=iOS&Sign=" +
		hex.EncodeToString(sum[:]) + "&RequestTime=" + requestTime
	if got.line != want || !near(requestTime, time.Now()) {
		t.Errorf("query\n%s\nwant\n%s", got.line, want)
	}
	if got.body != string(e.Body) || got.header.Get("Content-Type") != "application/json" || got.header.Get("Liveroom-Event-Id") != e.ID {
		t.Errorf("%s\n%v", got.body, got.header)
	}
	signedWell(t, "xxxxyyyy", got)
	if len(e.Query) != 2 {
		t.Errorf("the event's own query was changed: %v", e.Query)
	}
}

// TestSendWithoutKey: then nothing is signed.
func TestSendWithoutKey(t *testing.T) {
	b := newBackend(t, says(200, `{}`))
	s := NewSender(testApp, registryOf(t), client(t))
	for format, command := range map[Format]string{FormatIM: OnMemberStateChange, FormatCSS: StreamStart, FormatStatus: LiveStatus, FormatEvents: GiftSettled} {
		e, _ := Sample(testApp, format, command, at)
		if r := s.sendTo(t.Context(), Endpoint{URL: b.URL, Format: format}, e); r.Outcome != delivery.Delivered {
			t.Errorf("%s: %+v", format, r)
		}
		got := b.last(t)
		if got.body != string(e.Body) || strings.Contains(strings.ToLower(got.line+got.body+fmt.Sprint(got.header)), "sign") {
			t.Errorf("%s: %s\n%s\n%v", format, got.line, got.body, got.header)
		}
		if want := "SdkAppid=1400000001&CallbackCommand=Group.CallbackOnMemberStateChange&contenttype=json"; format == FormatIM && got.line != want {
			t.Errorf("query %s, want %s", got.line, want)
		}
	}
}

// TestSendCSS: sign and t are made anew at each try, the rest stays as it was stored.
func TestSendCSS(t *testing.T) {
	b := newBackend(t, says(200, "ok"))
	s := NewSender(testApp, registryOf(t, Endpoint{ID: "css", URL: b.URL, Format: FormatCSS, Key: "callback_key_0005"}), client(t))
	e, _ := Sample(testApp, FormatCSS, StreamStop, at)
	e.Endpoint = "css"
	stored := string(e.Body)
	if r := s.Send(t.Context(), e); r.Outcome != delivery.Delivered || string(e.Body) != stored {
		t.Errorf("%+v, stored body now %s", r, e.Body)
	}
	got := b.last(t)
	var fields struct {
		Sign string
		T    int64
	}
	if err := json.Unmarshal([]byte(got.body), &fields); err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum([]byte("callback_key_0005" + strconv.FormatInt(fields.T, 10))) //nolint:gosec // Tencent's format
	if fields.Sign != hex.EncodeToString(sum[:]) || !near(strconv.FormatInt(fields.T-600, 10), time.Now()) {
		t.Errorf("sign %s, t %d", fields.Sign, fields.T)
	}
	if head := stored[:len(stored)-1] + `,"sign":"`; !strings.HasPrefix(got.body, head) || got.line != "" {
		t.Errorf("body %s, query %s", got.body, got.line)
	}
	signedWell(t, "callback_key_0005", got)
}

func TestSendStatus(t *testing.T) {
	b := newBackend(t, says(204, ""))
	s := NewSender(testApp, registryOf(t, Endpoint{ID: "own", URL: b.URL, Format: FormatStatus, Key: "status_key_0006"}), client(t))
	e, _ := Sample(testApp, FormatStatus, LiveStatus, at)
	e.Endpoint = "own"
	if r := s.Send(t.Context(), e); r.Outcome != delivery.Delivered || r.Status != 204 {
		t.Errorf("%+v", r)
	}
	signedWell(t, "status_key_0006", b.last(t))
}

// TestOutcomes: what each answer means in each format.
func TestOutcomes(t *testing.T) {
	const done, never, again, away = delivery.Delivered, delivery.Refused, delivery.Failed, delivery.Unwell
	for _, c := range []struct {
		status           int
		body             string
		im, css, status_ delivery.Outcome
	}{
		{200, `{"ErrorCode":0}`, done, done, done},
		{200, ` {} `, done, done, done},
		{200, "", again, done, done},
		{200, "[]", again, done, done},
		{200, "null", again, done, done},
		{200, "<html>", again, done, done},
		{201, "{}", again, again, done},
		{204, "", again, again, done},
		{302, "{}", again, again, again},
		{400, "{}", never, never, never},
		{404, "{}", never, never, never},
		{408, "{}", away, away, away},
		{429, "{}", away, away, away},
		{500, "{}", away, away, away},
		{503, "{}", away, away, away},
	} {
		b := newBackend(t, says(c.status, c.body))
		s := NewSender(testApp, registryOf(t), client(t))
		for format, want := range map[Format]delivery.Outcome{FormatIM: c.im, FormatCSS: c.css, FormatStatus: c.status_, FormatEvents: c.status_} {
			r := s.sendTo(t.Context(), Endpoint{URL: b.URL, Format: format}, delivery.Event{Command: "x", Body: []byte("{}")})
			if r.Outcome != want || r.Status != c.status || (r.Why == "") != (want == done) || r.Answer != c.body {
				t.Errorf("%d %q, %s: %+v, want %s", c.status, c.body, format, r, want)
			}
		}
	}
}

func TestNoAnswer(t *testing.T) {
	hold := make(chan struct{})
	b := newBackend(t, func(http.ResponseWriter, reception) { <-hold })
	defer close(hold)
	for f, want := range map[*failure]delivery.Result{
		{why: whyTimeout, detail: "late"}: {Outcome: delivery.Unwell, Timeout: true, Why: "timeout: late"},
		{why: "connect"}:                  {Outcome: delivery.Unwell, Why: "connect"},
		{why: "private_address"}:          {Outcome: delivery.Unwell, Why: "private_address"},
		{why: whyLarge}:                   {Outcome: delivery.Failed, Why: "reply_too_large"},
	} {
		if got := resultOf(f); got != want {
			t.Errorf("%v: %+v, want %+v", f, got, want)
		}
	}
	s := NewSender(testApp, registryOf(t), NewClient(outbound.Private{}))
	if r := s.sendTo(t.Context(), Endpoint{URL: b.URL + "?token=secret", Format: FormatIM}, delivery.Event{}); r.Outcome != delivery.Unwell || strings.Contains(r.Why, "secret") {
		t.Errorf("%+v", r)
	}
	if r := s.Send(t.Context(), delivery.Event{Endpoint: "gone"}); r.Outcome == delivery.Delivered {
		t.Errorf("to an endpoint that is gone: %+v", r)
	}
}

// TestDroppedInIM: what the queue dropped is told in the words of IM callbacks.
func TestDroppedInIM(t *testing.T) {
	b := newBackend(t, says(200, "{}"))
	s := NewSender(testApp, registryOf(t), client(t))
	loss, err := json.Marshal(delivery.Loss{Room: "demo", Class: "talk", Count: 120, Since: time.UnixMilli(1790000000000), Until: time.UnixMilli(1790000060000)})
	if err != nil {
		t.Fatal(err)
	}
	s.sendTo(t.Context(), Endpoint{URL: b.URL, Format: FormatIM}, delivery.Event{Command: delivery.Dropped, Body: loss, Query: url.Values{}})
	const want = `{"CallbackCommand":"Liveroom.CallbackDropped","GroupId":"demo","Class":"talk","Count":120,"Since":1790000000000,"Until":1790000060000,"EventTime":1790000060000}`
	if got := b.last(t); got.body != want || got.query.Get("CallbackCommand") != "Liveroom.CallbackDropped" {
		t.Errorf("%s\n%s", got.line, got.body)
	}
}
