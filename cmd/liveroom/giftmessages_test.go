package main

import (
	"errors"
	"fmt"
	"testing"

	"liveroom/chat"
)

func TestGiftsInMessages(t *testing.T) {
	r, err := newGiftReader(&Settings{
		GiftMessage: "$.data.kind=paid", GiftMessageOrder: "$.data.order.id", GiftMessageGift: "$.data.gift", GiftMessageCount: "$.n",
		GiftMessagePrice: "$.price", GiftMessageName: "$.name",
	})
	if err != nil {
		t.Fatal(err)
	}
	body := func(data string) []byte {
		return fmt.Appendf(nil, `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}},{"MsgType":"TIMCustomElem","MsgContent":{"Data":%q,"Desc":""}}]`, data)
	}
	for _, tc := range []struct {
		name, body string
		want       string // empty: it is no gift
	}{
		{"whole", string(body(`{"data":{"kind":"paid","order":{"id":7},"gift":"rose"},"n":"3","price":5,"name":"Rose"}`)), "7 rose x3 at 5 Rose by alice"},
		{"least", string(body(`{"data":{"kind":"paid","order":{"id":"a"},"gift":"rose"}}`)), "a rose x1 at -  by alice"},
		{"JSON in a string", string(body(`{"data":"{\"kind\":\"paid\",\"order\":\"{\\\"id\\\":\\\"a\\\"}\",\"gift\":\"rose\"}"}`)), "a rose x1 at -  by alice"},
		{"another kind", string(body(`{"data":{"kind":"free","order":{"id":"a"},"gift":"rose"}}`)), ""},
		{"no kind", string(body(`{"data":{}}`)), ""},
		{"no JSON", string(body(`paid`)), ""},
		{"no custom element", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"TIMCustomElem"}}]`, ""},
		{"no body", ``, ""},
		{"no order", string(body(`{"data":{"kind":"paid","gift":"rose"}}`)), "refused"},
		{"no gift", string(body(`{"data":{"kind":"paid","order":{"id":"a"}}}`)), "refused"},
		{"half a rose", string(body(`{"data":{"kind":"paid","order":{"id":"a"},"gift":"rose"},"n":0.5}`)), "refused"},
		{"none", string(body(`{"data":{"kind":"paid","order":{"id":"a"},"gift":"rose"},"n":0}`)), "refused"},
		{"a price that is none", string(body(`{"data":{"kind":"paid","order":{"id":"a"},"gift":"rose"},"price":"much"}`)), "refused"},
	} {
		b, is, err := r.read(&chat.Message{Group: "g", From: "alice", Body: []byte(tc.body)})
		got := ""
		switch {
		case errors.Is(err, chat.ErrParameter) && is:
			got = "refused"
		case err != nil:
			t.Fatal(err)
		case is:
			price := "-"
			if b.Price != nil {
				price = fmt.Sprint(*b.Price)
			}
			got = fmt.Sprintf("%s %s x%d at %s %s by %s", b.Order, b.Gift, b.Count, price, b.Name, b.User)
			if b.Message != b.Order || b.Group != "g" {
				t.Errorf("%s: %+v", tc.name, b)
			}
		}
		if got != tc.want {
			t.Errorf("%s: read %q, want %q", tc.name, got, tc.want)
		}
	}
	if none, err := newGiftReader(&Settings{}); none != nil || err != nil {
		t.Errorf("without a setting: %v, %v", none, err)
	}
}
