package main

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
	"liveroom/internal/outbound"
	"liveroom/web/callback"
	"liveroom/web/callback/delivery"
)

// heldEvents is a queue that keeps what it is given.
type heldEvents struct{ all []delivery.Event }

func (h *heldEvents) Append(events ...delivery.Event) { h.all = append(h.all, events...) }
func (h *heldEvents) Settle(context.Context) error    { return nil }

// TestGiftSettlers: what backends are asked of an order and what their answers make of it; Tencent's are never asked twice.
func TestGiftSettlers(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	receivers, err := callback.NewRegistry(t.Context(), callback.NewEndpointMemory(),
		callback.Endpoint{URL: r.URL + "/im", Format: callback.FormatIM, Events: []string{callback.BeforeSendGift}},
		callback.Endpoint{URL: r.URL + "/events", Format: callback.FormatEvents, Events: []string{callback.AllEvents, callback.GiftSettle}},
	)
	if err != nil {
		t.Fatal(err)
	}
	local, _ := outbound.ParsePrivate("on")
	client := callback.NewClient(local)
	defer client.Close()
	asks := callback.NewSettlement(1400000001, receivers, client, slog.New(slog.DiscardHandler))
	r.answers(func(g received) (int, string) {
		if g.body["attempt"] == 2. {
			return 200, `{"result":"refused","reason":"no money"}`
		}
		return 200, `{"result":"accepted","ErrorCode":0}`
	})
	o := gifttest.Many(gifttest.Order("g", "alice", "o1"), 3)
	var got []gift.Verdict
	for _, s := range []gift.Settler{giftSettler{asks}, liveGiftSettler{asks}} {
		for attempt := 1; attempt <= 2; attempt++ {
			v, err := s.Settle(t.Context(), o, attempt)
			if err != nil {
				t.Error(err)
			}
			got = append(got, v)
		}
	}
	want := []gift.Verdict{{State: gift.Accepted}, {State: gift.Refused, Reason: "no money"}, {State: gift.Accepted}, {State: gift.Refused, Reason: "no_answer"}}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
	if n := len(r.all("/im", "CallbackCommand", callback.BeforeSendGift)); n != 1 {
		t.Errorf("Tencent's was asked %d times", n)
	}
	stopping, stop := context.WithCancel(t.Context())
	stop()
	if v, err := (liveGiftSettler{asks}).Settle(stopping, o, 1); v.State != gift.Accepted || err != nil {
		t.Errorf("a question of a server that stops: %+v, %v", v, err)
	}
	asked := r.wait(t, 1, "/events", "event", "gift.settle")
	order, _ := asked.body["order"].(map[string]any)
	if order["id"] != "o1" || order["from"] != "alice" || order["value"] != 300. || order["state"] != "" {
		t.Errorf("%s", asked.raw)
	}
	r.answers(func(received) (int, string) { return http.StatusInternalServerError, "" })
	if v, err := (giftSettler{asks}).Settle(t.Context(), o, 3); err == nil || v.Known() {
		t.Errorf("%+v, %v", v, err)
	}

	queue := &heldEvents{}
	teller := giftTeller{callback.NewEvents(receivers, queue)}
	if err := teller.Tell(t.Context(), "g", []gift.Entry{{Number: 1, Order: o}, {Number: 2, Order: gifttest.Billed(o, gifttest.Start)}}); err != nil {
		t.Fatal(err)
	}
	if len(queue.all) != 2 || queue.all[0].ID != "gift.settled:g:c:alice:o1" || queue.all[1].ID != "gift.settled:g:b:o1" ||
		!strings.Contains(string(queue.all[0].Body), `"order":{"id":"o1",`) {
		t.Errorf("%+v", queue.all)
	}
}
