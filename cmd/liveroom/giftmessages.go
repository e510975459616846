package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/internal/jsonpath"
)

// giftReader finds the paid gift in a message that a backend sends: in the Data of its custom element, by paths of the settings.
type giftReader struct {
	match jsonpath.Path // leads to value, where a message is a gift
	value string

	order, gift, count, price, name jsonpath.Path
}

// newGiftReader reads the settings; nil: messages are not looked into.
func newGiftReader(s *Settings) (*giftReader, error) {
	if s.GiftMessage == "" {
		return nil, nil
	}
	match, value, ok := strings.Cut(s.GiftMessage, "=")
	if !ok || value == "" {
		return nil, fmt.Errorf("gift-message is %.60q, must be a path and a value such as $.type=gift", s.GiftMessage)
	}
	r := &giftReader{value: value}
	for _, p := range []struct {
		setting, text string
		into          *jsonpath.Path
		needed        bool
	}{
		{"gift-message", match, &r.match, true},
		{"gift-message-order", s.GiftMessageOrder, &r.order, true},
		{"gift-message-gift", s.GiftMessageGift, &r.gift, true},
		{"gift-message-count", s.GiftMessageCount, &r.count, false},
		{"gift-message-price", s.GiftMessagePrice, &r.price, false},
		{"gift-message-name", s.GiftMessageName, &r.name, false},
	} {
		var err error
		if *p.into, err = jsonpath.Parse(p.text); err != nil {
			return nil, fmt.Errorf("%s: %w", p.setting, err)
		}
		if p.needed && p.into.IsZero() {
			return nil, fmt.Errorf("%s must lead somewhere", p.setting)
		}
	}
	return r, nil
}

// read returns the gift in a message; false: it is none. One that is a gift, but not whole, is refused.
func (r *giftReader) read(m *chat.Message) (b gift.Billing, is bool, err error) {
	data := customData(m.Body)
	if !r.is(data) {
		return b, false, nil
	}
	bad := func(what string, at jsonpath.Path) error {
		return &chat.Error{Code: chat.ErrParameter.Code, Name: chat.ErrParameter.Name, Field: "body", Detail: fmt.Sprintf("the message is a gift, and its %s at %s can't be read", what, at)}
	}
	b = gift.Billing{Group: m.Group, User: m.From, Nick: m.Nick, Avatar: m.Avatar, Count: 1}
	var ok bool
	if b.Order, ok = textAt(data, r.order); !ok {
		return b, true, bad("order", r.order)
	}
	if b.Gift, ok = textAt(data, r.gift); !ok {
		return b, true, bad("gift", r.gift)
	}
	if found, there := r.count.Find(data); there {
		n, ok := jsonpath.Integer(found)
		if !ok || n < 1 || n > gift.MaxCount {
			return b, true, bad("count", r.count)
		}
		b.Count = int(n)
	}
	if found, there := r.price.Find(data); there {
		n, ok := jsonpath.Integer(found)
		if !ok {
			return b, true, bad("price", r.price)
		}
		b.Price = &n
	}
	b.Name, _ = textAt(data, r.name)
	b.Message = b.Order
	return b, true, nil
}

// is says whether the Data of a custom element is a gift.
func (r *giftReader) is(data json.RawMessage) bool {
	found, ok := r.match.Find(data)
	return ok && reads(found, r.value)
}

// reads says whether a value reads as a word of the settings.
func reads(value json.RawMessage, word string) bool {
	text, ok := jsonpath.Text(value)
	return ok && text == word || !ok && string(value) == word // true, false
}

func textAt(data json.RawMessage, at jsonpath.Path) (string, bool) {
	found, ok := at.Find(data)
	if !ok {
		return "", false
	}
	text, ok := jsonpath.Text(found)
	return text, ok && text != ""
}

// customData is the Data of a MsgBody's custom element; nil: it has none.
func customData(body json.RawMessage) json.RawMessage {
	if !bytes.Contains(body, []byte(`"TIMCustomElem"`)) {
		return nil
	}
	var elements []struct {
		MsgType    string
		MsgContent struct{ Data string }
	}
	if json.Unmarshal(body, &elements) != nil {
		return nil // the chat refuses it in its own words
	}
	for _, e := range elements {
		if e.MsgType == "TIMCustomElem" {
			return json.RawMessage(e.MsgContent.Data)
		}
	}
	return nil
}

// billedChat is the chat for doors by which backends send: what they send of paid gifts goes into the ledger before it goes
// into the room, and after the chat has found nothing wrong with it. Who gets an error sends again, and the order's id says that
// it is the same.
type billedChat struct {
	*chat.Service
	gifts  giftDoor
	reader *giftReader // nil: messages are not looked into
}

// billedChat is the chat for the doors of backends.
func (p *program) billedChat() billedChat {
	reader, _ := newGiftReader(&p.set) // Validate has checked it
	return billedChat{p.chat, giftDoor{p.gifts, p}, reader}
}

// Send implements web.Chat.
func (b billedChat) Send(ctx context.Context, m chat.Message, who chat.Identity) (chat.Ack, error) {
	return b.SendWith(ctx, m, who, chat.SendOptions{})
}

// SendWith implements im.ChatSender.
func (b billedChat) SendWith(ctx context.Context, m chat.Message, who chat.Identity, how chat.SendOptions) (chat.Ack, error) {
	in, is, err := b.paid(m, who)
	if err != nil {
		return chat.Ack{}, err
	}
	if is {
		how.Before = func(ctx context.Context) error {
			_, err := b.gifts.Bill(ctx, in)
			return err
		}
	}
	return b.Service.SendWith(ctx, m, who, how)
}

// paid reads the gift that a message of a backend is, if it is one.
func (b billedChat) paid(m chat.Message, who chat.Identity) (in gift.Billing, is bool, err error) {
	if b.reader == nil || !who.Admin {
		return in, false, nil
	}
	if m.From == "" {
		m.From = who.User
	}
	return b.reader.read(&m)
}
