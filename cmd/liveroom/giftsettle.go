package main

import (
	"context"
	"encoding/json"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/web/callback"
)

// giftSettler has backends decide about gifts (gift.settle).
type giftSettler struct{ asks *callback.Settlement }

// Settle implements gift.Settler.
func (s giftSettler) Settle(ctx context.Context, o gift.Order, attempt int) (gift.Verdict, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return gift.Verdict{}, err
	}
	d, reason, err := s.asks.Settle(ctx, o.Group, o.Key(), attempt, body)
	return gift.Verdict{State: gift.State(d), Reason: reason}, err
}

// liveGiftSettler has a backend of Tencent's decide about them (Live.CallbackBeforeSendGift).
type liveGiftSettler struct{ asks *callback.Settlement }

// Settle implements gift.Settler. A backend that may have been asked is not asked again: it could not know that it is the same
// gift, and would charge twice. For the same reason a question is not given up when the server stops: it has 2 s anyway.
func (s liveGiftSettler) Settle(ctx context.Context, o gift.Order, attempt int) (gift.Verdict, error) {
	if attempt > 1 {
		return gift.Verdict{State: gift.Refused, Reason: callback.ReasonNoAnswer}, nil
	}
	d, reason := s.asks.SettleLive(context.WithoutCancel(ctx), callback.LiveGift{
		Group: o.Group, Key: o.Key(), By: chat.Identity{User: o.From}, From: o.From, To: o.To,
		Gift: o.Gift, Count: int64(o.Count), Price: o.Price, At: o.CreatedAt,
	})
	return gift.Verdict{State: gift.State(d), Reason: reason}, nil
}

// giftTeller tells receivers of callbacks what is in the ledger.
type giftTeller struct{ events *callback.Events }

// Tell implements gift.Teller.
func (t giftTeller) Tell(ctx context.Context, group string, entries []gift.Entry) error {
	for _, e := range entries {
		t.events.GiftSettled(group, e.Key(), e.Order)
	}
	return t.events.Settle(ctx)
}
