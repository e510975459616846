package callback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// newGate asks endpoints that name no events about everything.
func newGate(t *testing.T, all ...Endpoint) *Gate {
	for i := range all {
		if all[i].Events == nil && all[i].Format == FormatIM {
			all[i].Events = []string{AllEvents, BeforeCreateGroup, BeforeApplyJoinGroup, BeforeSendMsg, BeforeLetter}
		}
	}
	return NewGate(testApp, registryOf(t, all...), client(t), slog.New(slog.DiscardHandler))
}

// asks is each kind of question.
var asks = map[string]func(*Gate, context.Context) (chat.Ruling, error){
	"message": func(g *Gate, ctx context.Context) (chat.Ruling, error) { return g.Message(ctx, text("hi"), alice) },
	"letter": func(g *Gate, ctx context.Context) (chat.Ruling, error) {
		return g.Letter(ctx, "bob", text("hi"), alice)
	},
	"join": func(g *Gate, ctx context.Context) (chat.Ruling, error) {
		return chat.Ruling{}, g.Join(ctx, "room_42", alice)
	},
	"found": func(g *Gate, ctx context.Context) (chat.Ruling, error) {
		return chat.Ruling{}, g.Found(ctx, chat.GroupDraft{ID: "room_42", Name: "Tea", Owner: "alice"}, alice)
	},
}

// said is a decision in short: ok, drop, or code and words of the refusal.
func said(r chat.Ruling, err error) string {
	var refused *chat.Error
	switch {
	case errors.As(err, &refused):
		return fmt.Sprintf("%d %s", refused.Code, refused.Detail)
	case err != nil:
		return err.Error()
	case r.Drop:
		return "drop"
	case r.Body != nil || r.CloudCustomData != nil:
		return "rewrite"
	}
	return "ok"
}

const plain = " the operator's backend refused it"

// TestDecisions: what each ErrorCode means for each question (spec im-callbacks §5.1). ActionStatus means nothing.
func TestDecisions(t *testing.T) {
	for code, want := range map[string][4]string{ // message, letter, join, found
		"0":      {"ok", "ok", "ok", "ok"},
		"1":      {"10016" + plain, "20006" + plain, "10016" + plain, "10016" + plain},
		"2":      {"drop", "drop", "10016" + plain, "10016" + plain},
		"10099":  {"10016" + plain, "20006" + plain, "10016" + plain, "10016" + plain},
		"10100":  {"10100 no é", "20006" + plain, "10016" + plain, "10100 no é"},
		"10200":  {"10200 no é", "20006" + plain, "10016" + plain, "10200 no é"},
		"10201":  {"10016" + plain, "20006" + plain, "10016" + plain, "10016" + plain},
		"120000": {"10016" + plain, "20006" + plain, "10016" + plain, "10016" + plain},
		"120001": {"10016" + plain, "120001 no é", "10016" + plain, "10016" + plain},
		"130000": {"10016" + plain, "130000 no é", "10016" + plain, "10016" + plain},
		"130001": {"10016" + plain, "20006" + plain, "10016" + plain, "10016" + plain},
		"-1":     {"10016" + plain, "20006" + plain, "10016" + plain, "10016" + plain},
		`"1"`:    {"10016" + plain, "20006" + plain, "10016" + plain, "10016" + plain},
		`"0"`:    {"ok", "ok", "ok", "ok"},
	} {
		for _, action := range []string{"OK", "FAIL"} {
			b := newBackend(t, says(200, `{"ActionStatus":"`+action+`","ErrorCode":`+code+`,"ErrorInfo":"no é"}`))
			g := newGate(t, Endpoint{ID: "mine", URL: b.URL, Format: FormatIM, OnFailure: FailClosed})
			for i, kind := range []string{"message", "letter", "join", "found"} {
				if got := said(asks[kind](g, t.Context())); got != want[i] {
					t.Errorf("%s %s, %s: %q, want %q", action, code, kind, got, want[i])
				}
			}
		}
	}
}

// TestQuestions: what a receiver is asked, in words of Tencent's.
func TestQuestions(t *testing.T) {
	b := newBackend(t, says(200, `{"ErrorCode":0}`))
	g := newGate(t, Endpoint{ID: "mine", URL: b.URL, Format: FormatIM, Key: "token"})
	const message = `"OnlineOnlyFlag":0,"MsgBody":[{"MsgType":"TIMTextElem", "MsgContent":{"Text":"hi"}}],"CloudCustomData":"{\"v\":\"<é>\"}",`
	for kind, want := range map[string][2]string{
		"message": {BeforeSendMsg, `"GroupId":"room_42","Type":"AVChatRoom","From_Account":"alice","Operator_Account":"alice","Random":4294967295,"MsgId":"alice-4294967295",` + message},
		"letter":  {BeforeLetter, `"From_Account":"alice","To_Account":"bob","MsgSeq":901,"MsgRandom":4294967295,"MsgTime":1790000000,"MsgKey":"901_4294967295_1790000000",`},
		"join":    {BeforeApplyJoinGroup, `"GroupId":"room_42","Type":"AVChatRoom","Requestor_Account":"alice","ApplyMsg":"",`},
		"found":   {BeforeCreateGroup, `"Operator_Account":"alice","Owner_Account":"alice","Type":"AVChatRoom","Name":"Tea","CreateGroupNum":0,"MemberList":[],`},
	} {
		if got := said(asks[kind](g, t.Context())); got != "ok" {
			t.Errorf("%s: %s", kind, got)
		}
		got := b.last(t)
		if head := `{"CallbackCommand":"` + want[0] + `",` + want[1]; !strings.HasPrefix(got.body, head) || !strings.Contains(got.body, `"EventTime":1`) {
			t.Errorf("%s asked\n%s\nwant\n%s", kind, got.body, head)
		}
		if q := got.query; q.Get("CallbackCommand") != want[0] || q.Get("SdkAppid") != "1400000001" || q.Get("ClientIP") != "203.0.113.9" ||
			q.Get("OptPlatform") != "Web" || q.Get("Sign") == "" || !near(q.Get("RequestTime"), time.Now()) {
			t.Errorf("%s: query %s", kind, got.line)
		}
		signedWell(t, "token", got)
	}
}

func TestRewrites(t *testing.T) {
	const sent = `[{"MsgType":"TIMTextElem", "MsgContent":{"Text":"hi"}}]`
	for reply, want := range map[string][2]string{
		`"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"ho"}}]`: {`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"ho"}}]`, ""},
		`"CloudCustomData":"new"`: {"", "new"},
		`"MsgBody":[{"MsgContent":{"Text":"hi"},"MsgType":"TIMTextElem"}]`:                          {"", ""}, // the same in other words
		`"MsgBody":[],"CloudCustomData":""`:                                                         {"", ""},
		`"MsgBody":null,"CloudCustomData":null`:                                                     {"", ""},
		`"MsgBody":"text","CloudCustomData":7`:                                                      {"", ""},
		`"MsgBody":[{"x":1}],"CloudCustomData":"{\"v\":\"<é>\"}"`:                                   {`[{"x":1}]`, ""}, // the chat looks at it
		`"ErrorInfo":7,"MsgBody": [{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}},{"x":2}]  `: {`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}},{"x":2}]`, ""},
	} {
		b := newBackend(t, says(200, `{"ErrorCode":0,`+reply+`}`))
		g := newGate(t, Endpoint{ID: "mine", URL: b.URL, Format: FormatIM})
		r, err := g.Message(t.Context(), text("hi"), alice)
		cloud := ""
		if r.CloudCustomData != nil {
			cloud = *r.CloudCustomData
		}
		if err != nil || string(r.Body) != want[0] || cloud != want[1] || r.Drop {
			t.Errorf("%s: body %s, cloud %q, %v", reply, r.Body, cloud, err)
		}
		if n := g.Stats().Rewritten; n > 1 || (n == 1) != (want != [2]string{}) {
			t.Errorf("%s: %d rewritten", reply, n)
		}
	}
	b := newBackend(t, says(200, `{"ErrorCode":1,"MsgBody":[{"x":1}]}`))
	if r, err := newGate(t, Endpoint{ID: "mine", URL: b.URL, Format: FormatIM}).Message(t.Context(), text("hi"), alice); err == nil || r.Body != nil {
		t.Errorf("a refusal with a body: %s, %v; it was %s", r.Body, err, sent)
	}
}

// TestNobodyIsAsked: where no receiver wants to be asked, everything is allowed at no cost.
func TestNobodyIsAsked(t *testing.T) {
	b := newBackend(t, says(200, `{"ErrorCode":1}`))
	g := newGate(t, Endpoint{ID: "mine", URL: b.URL, Format: FormatIM, Events: []string{AfterSendMsg}}, Endpoint{ID: "css", URL: b.URL, Format: FormatCSS})
	for kind, ask := range asks {
		if got := said(ask(g, t.Context())); got != "ok" {
			t.Errorf("%s: %s", kind, got)
		}
	}
	m := text("hi")
	if n := testing.AllocsPerRun(100, func() { _, _ = g.Message(t.Context(), m, alice) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if len(b.received()) != 0 {
		t.Error("somebody was asked")
	}
}

// TestOneIsAsked: the first that names the command; all is what is told.
func TestOneIsAsked(t *testing.T) {
	refusing, allowing := newBackend(t, says(200, `{"ErrorCode":1}`)), newBackend(t, says(200, `{"ErrorCode":0}`))
	g := newGate(
		t, Endpoint{ID: "a", URL: refusing.URL, Format: FormatIM, Events: []string{AllEvents}},
		Endpoint{ID: "b", URL: allowing.URL, Format: FormatIM, Events: []string{AllEvents, BeforeSendMsg}},
		Endpoint{ID: "c", URL: refusing.URL, Format: FormatIM, Events: []string{BeforeSendMsg}},
	)
	if r, err := g.Message(t.Context(), text("hi"), alice); said(r, err) != "ok" || !g.AsksMessages() {
		t.Error(said(r, err))
	}
	if err := g.Join(t.Context(), "room_42", alice); err != nil {
		t.Errorf("joining, which nobody names: %v", err)
	}
	if refused, allowed := len(refusing.received()), len(allowing.received()); refused != 0 || allowed != 1 {
		t.Errorf("%d and %d were asked", refused, allowed)
	}
}

const noAnswer = " the operator's backend did not say whether it may be done; try again"

// TestNoValidAnswer: the endpoint's policy decides, whatever the reason was; a receiver that answers after 3 s is as good
// as one that is not there.
func TestNoValidAnswer(t *testing.T) {
	hold := make(chan struct{})
	slow := newBackend(t, func(http.ResponseWriter, reception) { <-hold })
	defer close(hold)
	gone := newBackend(t, says(200, ""))
	gone.Close()
	other := newBackend(t, says(200, `{"ErrorCode":1}`))
	where := func(status int, body string) string { return newBackend(t, says(status, body)).URL }
	redirect := newBackend(t, func(w http.ResponseWriter, _ reception) { w.Header().Set("Location", other.URL); w.WriteHeader(307) })
	for url, why := range map[string]string{
		slow.URL: whyTimeout, gone.URL: "connect", redirect.URL: "status", where(500, `{"ErrorCode":1}`): "status", where(204, ""): "status",
		where(200, "<html>"): "not_json", where(200, ""): "not_json", where(200, "[]"): "not_json", where(200, "{}"): "no_code",
		where(200, `{"ErrorCode":null}`): "no_code", where(200, `{"ErrorCode":"x"}`): "no_code", where(200, `{"ErrorCode":1.5}`): "no_code",
		where(200, `{"ErrorCode":1`): "not_json", where(200, strings.Repeat(" ", maxReply+1)): whyLarge,
	} {
		open := newGate(t, Endpoint{ID: "mine", URL: url, Format: FormatIM, OnFailure: FailOpen})
		closed := newGate(t, Endpoint{ID: "mine", URL: url, Format: FormatIM, OnFailure: FailClosed})
		var each sync.WaitGroup
		for kind, ask := range asks {
			each.Go(func() {
				if got := said(ask(open, t.Context())); got != "ok" {
					t.Errorf("%s, %s, deliver: %s", why, kind, got)
				}
			})
			each.Go(func() {
				want := map[string]string{"message": "80003", "letter": "20006", "join": "10016", "found": "10016"}[kind] + noAnswer
				if got := said(ask(closed, t.Context())); got != want {
					t.Errorf("%s, %s, reject: %s", why, kind, got)
				}
			})
		}
		each.Wait()
		if n := open.Stats().Failed; n[why] != 4 || len(n) != 1 {
			t.Errorf("%s was counted as %v", why, n)
		}
	}
	if len(other.received()) != 0 {
		t.Error("the gate followed a redirect")
	}
}

// TestWhoAskedIsGone: that says nothing of the receiver.
func TestWhoAskedIsGone(t *testing.T) {
	asked := make(chan struct{}, 1)
	hold := make(chan struct{})
	b := newBackend(t, func(http.ResponseWriter, reception) { asked <- struct{}{}; <-hold })
	defer close(hold)
	g := newGate(t, Endpoint{ID: "mine", URL: b.URL, Format: FormatIM})
	for range failuresToOpen + 1 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-asked; cancel() }()
		if _, err := g.Message(ctx, text("hi"), alice); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if st := g.Stats(); st.Open != 0 || len(st.Failed) != 0 {
		t.Errorf("%+v", st)
	}
}

// TestSlowReceiverHoldsUpNobody: of one group so many are asked at a time, of all together so many; the rest is decided by
// the policy at once, while the receiver still thinks.
func TestSlowReceiverHoldsUpNobody(t *testing.T) {
	synctest.Test(t, slowReceiver)
}

func slowReceiver(t *testing.T) {
	hold, network := make(chan struct{}), newPipes()
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-hold
		_, _ = io.WriteString(w, `{"ErrorCode":1}`)
	})}
	go func() { _ = srv.Serve(network) }()
	defer func() { _ = srv.Close() }()
	g := newGate(t, Endpoint{ID: "mine", URL: "http://backend.example.com/", Format: FormatIM})
	g.client = newClient(network.dial)
	g.client.http.Transport.(*http.Transport).DisableKeepAlives = true
	ask := func(group string) string {
		m := text("hi")
		m.Group = group
		return said(g.Message(t.Context(), m, alice))
	}
	var waiting sync.WaitGroup
	begin := func(group string, n int) {
		for range n {
			waiting.Go(func() { ask(group) })
		}
	}
	begin("busy", maxAskedGroup)
	asked := func(n uint64) {
		t.Helper()
		synctest.Wait()
		if got := g.Stats().Asked; got != n {
			t.Fatalf("%d are asked, want %d", got, n)
		}
	}
	asked(maxAskedGroup)
	if got := ask("busy"); got != "ok" {
		t.Errorf("one more in the busy group: %s", got)
	}
	for i := 1; i < maxAsked/maxAskedGroup; i++ {
		begin(fmt.Sprint("other", i), maxAskedGroup)
	}
	asked(maxAsked)
	if got := ask("quiet"); got != "ok" {
		t.Errorf("one in another group: %s", got)
	}
	if st := g.Stats(); st.Failed[whyBusy] != 2 || st.Asked != maxAsked {
		t.Errorf("%+v", st)
	}
	close(hold)
	waiting.Wait()
	d := g.desks["mine"]
	if d.asked != 0 || len(d.groups) != 0 {
		t.Errorf("%d places are taken, groups %v", d.asked, d.groups)
	}
}

// TestCircuit: a receiver that fails again and again is left alone for a while that grows, tried with one question, and
// asked again as soon as it answers.
func TestCircuit(t *testing.T) {
	d := &desk{groups: map[string]int{}}
	now := at
	fail := func() {
		t.Helper()
		if why := d.enter("g", now); why != "" {
			t.Fatal(why)
		}
		d.leave("g", false, now)
	}
	for range failuresToOpen - 1 {
		fail()
	}
	if d.open() {
		t.Fatal("open too early")
	}
	if why := d.enter("g", now); why != "" {
		t.Fatal(why)
	}
	d.leave("g", true, now) // in a row means in a row
	for range failuresToOpen {
		fail()
	}
	for _, pause := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		if why := d.enter("g", now.Add(pause*time.Second-1)); why != whyOpen {
			t.Fatalf("within %d s: %q", pause, why)
		}
		now = now.Add(pause * time.Second)
		if why := d.enter("g", now); why != "" {
			t.Fatalf("after %d s: %q", pause, why)
		}
		if why := d.enter("other", now); why != whyOpen {
			t.Fatalf("a second question while one tries the receiver: %q", why)
		}
		d.leave("g", false, now)
	}
	now = now.Add(openAtMost)
	if why := d.enter("g", now); why != "" {
		t.Fatal(why)
	}
	d.abandoned("g") // told nothing: the next one tries
	if why := d.enter("g", now); why != "" {
		t.Fatal(why)
	}
	d.leave("g", true, now)
	if d.open() {
		t.Error("still open after an answer")
	}
	fail()
	if d.open() {
		t.Error("open after one failure")
	}
}

// TestCircuitOfTheGate: after five failures nobody waits for the receiver, and another URL is another receiver.
func TestCircuitOfTheGate(t *testing.T) {
	b := newBackend(t, says(500, ""))
	g := newGate(t, Endpoint{ID: "mine", URL: b.URL, Format: FormatIM, OnFailure: FailClosed})
	for range failuresToOpen + 3 {
		if got := said(g.Message(t.Context(), text("hi"), alice)); got != "80003"+noAnswer {
			t.Fatal(got)
		}
	}
	if st := g.Stats(); len(b.received()) != failuresToOpen || st.Failed["status"] != failuresToOpen || st.Failed[whyOpen] != 3 || st.Open != 1 {
		t.Errorf("%d were asked, %+v", len(b.received()), st)
	}
	well := newBackend(t, says(200, `{"ErrorCode":2}`))
	if _, err := g.receivers.Change(t.Context(), "mine", func(e *Endpoint) error { e.URL = well.URL; return nil }); err != nil {
		t.Fatal(err)
	}
	if got := said(g.Message(t.Context(), text("hi"), alice)); got != "drop" {
		t.Error(got)
	}
	if err := g.receivers.Delete(t.Context(), "mine"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.receivers.Create(t.Context(), Endpoint{ID: "new", URL: well.URL, Format: FormatIM, Events: []string{BeforeSendMsg}, Enabled: true}); err != nil {
		t.Fatal(err)
	}
	if got := said(g.Message(t.Context(), text("hi"), alice)); got != "drop" || len(g.desks) != 1 {
		t.Errorf("%s; %d desks", got, len(g.desks))
	}
	if st := g.Stats(); st.Dropped != 2 || st.Open != 0 {
		t.Errorf("%+v", st)
	}
}

// TestWordsOfAReceiver are bounded, at a whole character.
func TestWordsOfAReceiver(t *testing.T) {
	if got := clip(strings.Repeat("é", maxErrorInfo)); len(got) != maxErrorInfo || strings.Contains(got, "\uFFFD") {
		t.Errorf("%d bytes", len(got))
	}
	if got := clip("a" + strings.Repeat("é", maxErrorInfo)); len(got) != maxErrorInfo-1 {
		t.Errorf("%d bytes", len(got))
	}
	if got := clip("a\xffb"); got != "a\uFFFDb" {
		t.Error(got)
	}
}

// FuzzReadVerdict: whatever a receiver answers is a decision or a failure, and what it puts in a message's place is JSON.
func FuzzReadVerdict(f *testing.F) {
	for _, seed := range []string{`{"ErrorCode":0}`, `{"ErrorCode":"10100","ErrorInfo":"x","MsgBody":[{}],"CloudCustomData":"c"}`, `{"errorcode":1}`, "", "null", "[", `{"ErrorCode":99999999999999999999}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, reply []byte) {
		v, err := readVerdict(answer{200, reply})
		if err != nil {
			why(t, err)
			return
		}
		if v.body != nil && (v.body[0] != '[' || !isObject([]byte(`{"a":`+string(v.body)+`}`))) {
			t.Errorf("body %q", v.body)
		}
		if r := v.refusal(groupCodes, codeGroup); len(r.Detail) > maxErrorInfo {
			t.Errorf("%d bytes of words", len(r.Detail))
		}
	})
}
