package main

import (
	"context"
	"encoding/json"

	"liveroom/chat"
)

// totals tells groups how far their likes and gifts have come: as counters of the server, and in the custom field live_totals.
type totals struct{ p *program }

// shownTotals is the custom field live_totals.
type shownTotals struct {
	Likes     chat.Number `json:"likes"`
	GiftValue chat.Number `json:"giftValue"`
	GiftCount chat.Number `json:"giftCount"`
}

// RaiseCounters raises counters of the server, and brings the custom field in step with all of them. What is told already costs
// no more than looking at it.
func (t totals) RaiseCounters(ctx context.Context, group string, to map[string]chat.Number) error {
	now, err := t.p.chat.Counters(ctx, group, nil)
	if err != nil {
		return err
	}
	for key, n := range to {
		if is, there := now.All[key]; !there || n > is {
			if err := t.p.chat.RaiseCounters(ctx, group, to); err != nil {
				return err
			}
			break
		}
	}
	return t.show(ctx, group)
}

// show writes the field from the counters. Another node may have raised others of them meanwhile and written first: then it is
// written again.
func (t totals) show(ctx context.Context, group string) error {
	for last := ""; ; {
		now, err := t.p.chat.Counters(ctx, group, nil)
		if err != nil {
			return err
		}
		text, err := json.Marshal(shownTotals{now.All[chat.CounterLikes], now.All[chat.CounterGiftValue], now.All[chat.CounterGiftCount]})
		if err != nil || string(text) == last {
			return err
		}
		if err := t.p.chat.SetTotals(ctx, group, string(text)); err != nil {
			return err
		}
		last = string(text)
	}
}
