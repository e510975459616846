package main

import (
	"encoding/json"
	"testing"

	"liveroom/chat"
)

// TestWhatShowsALikeIsNoMessage, whoever sends it: it counts by itself.
func TestWhatShowsALikeIsNoMessage(t *testing.T) {
	set := Settings{LikeMessage: "$.kind=heart", GiftMessage: "$.cmd=present", GiftMessageOrder: "$.o", GiftMessageGift: "$.g"}
	likes, err := set.likesIn()
	if err != nil {
		t.Fatal(err)
	}
	gifts, err := newGiftReader(&set)
	if err != nil {
		t.Fatal(err)
	}
	var told int
	i := interaction{
		spoken: []func(*chat.Message){func(*chat.Message) { told++ }},
		shown: []func(*chat.Message) bool{
			func(m *chat.Message) bool { return likes(m) > 0 },
			func(m *chat.Message) bool { return gifts.is(customData(m.Body)) },
		},
	}
	var talk chat.Config
	i.joinInteraction(&talk)
	for data, want := range map[string]int{
		`{"type":"like","count":3}`: 0, `{"type":" LIKE "}`: 0, `{"type":"follow","user":"anna"}`: 0, `{"type":"gift"}`: 0,
		`{"kind":"heart"}`: 0, `{"cmd":"present"}`: 0,
		`{"type":"question"}`: 1, `{"kind":"rose"}`: 1, `{"cmd":1}`: 1, `like`: 1, ``: 1, `[]`: 1, `{"type":["like"]}`: 1,
	} {
		body, _ := json.Marshal(customBody(data))
		told = 0
		if talk.Delivered(&chat.Message{Body: body}); told != want {
			t.Errorf("%s is told %d times, want %d", data, told, want)
		}
	}
	for _, body := range []string{`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"{\"type\":\"like\"}"}}]`, `[]`, ``} {
		told = 0
		if talk.Delivered(&chat.Message{Body: json.RawMessage(body)}); told != 1 {
			t.Errorf("%s is told %d times", body, told)
		}
	}
}
