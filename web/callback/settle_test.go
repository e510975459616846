package callback

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/internal/outbound"
)

func newSettlement(t *testing.T, all ...Endpoint) *Settlement {
	t.Helper()
	return NewSettlement(testApp, registryOf(t, all...), client(t), slog.New(slog.DiscardHandler))
}

// settles is a receiver of gift.settle at an address.
func settles(url string) Endpoint {
	return Endpoint{ID: "till", URL: url, Format: FormatEvents, Events: []string{GiftSettle}, Key: "event_key_0007"}
}

// asksGifts is a receiver of Tencent's callback.
func asksGifts(url string) Endpoint {
	return Endpoint{ID: "im", URL: url, Format: FormatIM, Events: []string{BeforeSendGift}, Key: "token"}
}

var rose = LiveGift{Group: "room_42", Key: "c:alice:o1", By: alice, From: "alice", To: "anna", Gift: "rose", Count: 3, Price: 100, At: at}

// decided is a decision in short.
func decided(d Decision, reason string, err error) string {
	if d == Undecided || err != nil {
		return strings.SplitN("? "+err.Error(), ":", 2)[0]
	}
	return strings.TrimSpace(string(d) + " " + reason)
}

// TestSettlements: only what is said clearly decides about money; all else is to be asked again.
func TestSettlements(t *testing.T) {
	for reply, want := range map[string]string{
		`{"result":"accepted"}`:                                                    "accepted",
		` {"result":"accepted","reason":"","balance":[{"x":1}]} `:                  "accepted",
		`{"result":"refused","reason":"not enough coins"}`:                         "refused not enough coins",
		`{"result":"refused"}`:                                                     "refused refused",
		`{"result":"refused","reason":"` + strings.Repeat("é", maxReason+1) + `"}`: "refused " + strings.Repeat("é", maxReason),
		`{"result":"Accepted"}`:                                                    "? no_result",
		`{"Result":"accepted"}`:                                                    "? no_result",
		`{"result":""}`:                                                            "? no_result",
		`{"result":null}`:                                                          "? no_result",
		`{"result":true}`:                                                          "? no_result",
		`{"result":["accepted"]}`:                                                  "? no_result",
		`{"result":"accepted","reason":1}`:                                         "? no_result",
		`{"result":"pending"}`:                                                     "? no_result",
		`{}`:                                                                       "? no_result",
		`{"order":{"result":"accepted"}}`:                                          "? no_result",
		`{"result":"refused","result":"accepted"}`:                                 "? not_json",
		`{"result":"refused","\u0072esult":"accepted"}`:                            "? not_json",
		`[{"result":"accepted"}]`:                                                  "? not_json",
		`{"result":"accepted"} {"result":"refused"}`:                               "? not_json",
		`{"result":"accepted"`:                                                     "? not_json",
		`"accepted"`:                                                               "? not_json",
		``:                                                                         "? not_json",
		"<html>accepted</html>":                                                    "? not_json",
		"\xef\xbb\xbf" + `{"result":"accepted"}`:                                   "? not_json",
		`{"result":"accepted","x":"` + strings.Repeat("x", maxReply) + `"}`: "? " + whyLarge,
	} {
		s := newSettlement(t, settles(newBackend(t, says(200, reply)).URL))
		if got := decided(s.Settle(t.Context(), "room_42", "c:alice:o1", 1, json.RawMessage(`{}`))); got != want {
			t.Errorf("%.60s: %.60s, want %.60s", reply, got, want)
		}
	}
	for _, status := range []int{201, 204, 302, 400, 404, 500} {
		s := newSettlement(t, settles(newBackend(t, says(status, `{"result":"accepted"}`)).URL))
		if got := decided(s.Settle(t.Context(), "room_42", "c:alice:o1", 1, json.RawMessage(`{}`))); got != "? status" {
			t.Errorf("%d: %s", status, got)
		}
	}
}

// TestSettlementIsSigned: the receiver can tell that we ask, of which order, and how often it was asked.
func TestSettlementIsSigned(t *testing.T) {
	b := newBackend(t, says(200, `{"result":"accepted"}`))
	s := newSettlement(t, Endpoint{ID: "all", URL: b.URL + "/all", Format: FormatEvents}, settles(b.URL))
	if !s.Asks(GiftSettle) || s.Asks(BeforeSendGift) {
		t.Error("who is asked?")
	}
	for attempt := 1; attempt <= 2; attempt++ {
		if got := decided(s.Settle(t.Context(), "a b:c", "c:alice:o1", attempt, json.RawMessage(`{"id":"o1"}`))); got != "accepted" {
			t.Fatal(got)
		}
	}
	got := b.last(t)
	signedWell(t, "event_key_0007", got)
	if want := `{"event":"gift.settle","attempt":2,"order":{"id":"o1"}}`; got.body != want || got.line != "" {
		t.Errorf("%s?%s, want %s", got.body, got.line, want)
	}
	if id := got.header.Get("Liveroom-Event-Id"); id != "gift.settle:a+b%3Ac:c:alice:o1" || id != b.received()[0].header.Get("Liveroom-Event-Id") {
		t.Errorf("id %q", id)
	}
	if st := s.Stats(); st.Asked != 2 || st.Accepted != 2 || st.Refused != 0 || len(st.Failed) != 0 {
		t.Errorf("%+v", st)
	}
}

// TestLiveGift: Tencent's callback as its receivers know it, and what their answers mean.
func TestLiveGift(t *testing.T) {
	for reply, want := range map[string]string{
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`: "accepted",
		`{"ErrorCode":0,"ErrorInfo":"welcome"}`:              "accepted",
		`{"ErrorCode":1,"ErrorInfo":"too poor"}`:             "refused too poor",
		`{"ErrorCode":10100}`:                                "refused refused",
		`{"ErrorCode":2}`:                                    "refused refused",
		`{"ErrorCode":-1}`:                                   "refused refused",
		`{}`:                                                 "refused no_answer",
		`<html>`:                                             "refused no_answer",
		``:                                                   "refused no_answer",
	} {
		s := newSettlement(t, asksGifts(newBackend(t, says(200, reply)).URL))
		d, reason := s.SettleLive(t.Context(), rose)
		if got := decided(d, reason, nil); got != want {
			t.Errorf("%s: %s, want %s", reply, got, want)
		}
	}
	b := newBackend(t, says(200, `{"ErrorCode":0}`))
	s := newSettlement(t, asksGifts(b.URL+"/im"))
	s.SettleLive(t.Context(), rose)
	got := b.last(t)
	const want = `{"CallbackCommand":"Live.CallbackBeforeSendGift","Operator_Account":"alice","RoomId":"room_42",` +
		`"GiftWater":{"From_Account":"alice","To_Account":["anna"],"Time":1790000000,"GiftId":"rose","Count":3,"Coins":100}}`
	if got.body != want {
		t.Errorf("%s\nwant %s", got.body, want)
	}
	signedWell(t, "token", got)
	if q := got.query; q.Get("CallbackCommand") != BeforeSendGift || q.Get("SdkAppid") != "1400000001" || q.Get("ClientIP") != "203.0.113.9" || q.Get("Sign") == "" {
		t.Error(got.line)
	}
	if id := got.header.Get("Liveroom-Event-Id"); id != "Live.CallbackBeforeSendGift:room_42:c:alice:o1" {
		t.Error(id)
	}
	nobody := rose
	nobody.To = ""
	s.SettleLive(t.Context(), nobody)
	if got := b.last(t); !strings.Contains(got.body, `"To_Account":[],`) {
		t.Error(got.body)
	}
}

// TestNobodySettles: no receiver, one that is away, one too slow and one that is closed to us never accept.
func TestNobodySettles(t *testing.T) {
	hold := make(chan struct{})
	slow := newBackend(t, func(http.ResponseWriter, reception) { <-hold })
	defer close(hold)
	gone := newBackend(t, says(200, ""))
	gone.Close()
	var each sync.WaitGroup
	for why, url := range map[string]string{whyTimeout: slow.URL, "connect": gone.URL, "no_receiver": ""} {
		each.Go(func() {
			all := []Endpoint{settles(url), asksGifts(url)}
			all[1].OnFailure = FailOpen // means nothing here
			if url == "" {
				all = nil
			}
			s := newSettlement(t, all...)
			started := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), beforeTimeout) // as whoever asks has one
			defer cancel()
			var live sync.WaitGroup
			live.Go(func() {
				if d, reason := s.SettleLive(ctx, rose); d != Refused || reason != "no_answer" {
					t.Errorf("%s: live: %s %s", why, d, reason)
				}
			})
			if got := decided(s.Settle(ctx, "room_42", "c:alice:o1", 1, json.RawMessage(`{}`))); got != "? "+why {
				t.Errorf("%s: %s", why, got)
			}
			live.Wait()
			if n := s.Stats().Failed[why]; n != 2 {
				t.Errorf("%s counted %d times", why, n)
			}
			if why == whyTimeout && time.Since(started) < beforeTimeout {
				t.Errorf("given up after %s", time.Since(started))
			}
		})
	}
	each.Wait()
	private := NewSettlement(testApp, registryOf(t, settles(slow.URL)), NewClient(outbound.Private{}), slog.New(slog.DiscardHandler))
	if got := decided(private.Settle(t.Context(), "room_42", "c:alice:o1", 1, json.RawMessage(`{}`))); got != "? private_address" {
		t.Error(got)
	}
}

// TestSettlementLeavesTheIllAlone: after five failures in a row it is not asked for a while; one who gives up says nothing of it.
func TestSettlementLeavesTheIllAlone(t *testing.T) {
	b := newBackend(t, says(200, "garbage"))
	s := newSettlement(t, settles(b.URL))
	ask := func(ctx context.Context) string {
		return decided(s.Settle(ctx, "room_42", "c:alice:o1", 1, json.RawMessage(`{}`)))
	}
	given, cancel := context.WithCancel(t.Context())
	cancel()
	for range failuresToOpen + 1 {
		if _, _, err := s.Settle(given, "room_42", "c:alice:o1", 1, json.RawMessage(`{}`)); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	for range failuresToOpen {
		if got := ask(t.Context()); got != "? not_json" {
			t.Fatal(got)
		}
	}
	if got := ask(t.Context()); got != "? "+whyOpen || len(b.received()) != failuresToOpen || s.Stats().Open != 1 {
		t.Errorf("%s; asked %d times", got, len(b.received()))
	}
}

// FuzzReadDecision: whatever a receiver answers decides or not, and a refusal has few words.
func FuzzReadDecision(f *testing.F) {
	for _, seed := range []string{`{"result":"accepted"}`, `{"result":"refused","reason":"é"}`, `{"result":"refused","result":"accepted"}`, "", "null", "{", `{"result":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, reply []byte) {
		d, reason, err := readDecision(answer{200, reply})
		switch {
		case err != nil:
			why(t, err)
			if d != Undecided {
				t.Errorf("%s with %v", d, err)
			}
		case d == Refused && (reason == "" || len([]rune(reason)) > maxReason):
			t.Errorf("refused with %q", reason)
		case d == Undecided, d == Accepted && reason != "":
			t.Errorf("%q with reason %q", d, reason)
		}
	})
}
