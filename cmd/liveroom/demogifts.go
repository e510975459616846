package main

import (
	"context"
	"slices"

	"liveroom/chat/gift"
)

// demoGifts are what the catalogue of a demo begins with: one gift of each effect that the pages know, cheap and dear ones.
// Their pictures come with the pages.
func demoGifts() []gift.Gift {
	all := []gift.Gift{
		{ID: "clap", Name: "Applause", Effect: "none", Combo: true},
		{ID: "heart", Name: "Heart", Price: 10, Effect: "float", Combo: true},
		{ID: "rose", Name: "Rose", Price: 100, Effect: "float", Combo: true},
		{ID: "tea", Name: "Cup of tea", Price: 350, Effect: "float", Combo: true},
		{ID: "cake", Name: "Cake", Price: 990, Effect: "confetti", Combo: true},
		{ID: "crown", Name: "Crown", Price: 5_000, Effect: "confetti"},
		{ID: "rocket", Name: "Rocket", Price: 20_000, Effect: "banner"},
		{ID: "castle", Name: "Castle", Price: 100_000, Effect: "banner"},
	}
	for i := range all {
		all[i].Icon, all[i].Enabled, all[i].Order = "/gifts/"+all[i].ID+".svg", true, i+1
	}
	return all
}

// catalogue is what a demo needs of gifts (gift.Service).
type catalogue interface {
	Catalogue(ctx context.Context) (gift.Catalogue, error)
	PutGift(ctx context.Context, g gift.Gift) (gift.Catalogue, error)
}

// ensureGifts fills a catalogue that nobody ever touched, or goes on where it was interrupted.
func ensureGifts(ctx context.Context, gifts catalogue) error {
	there, err := gifts.Catalogue(ctx)
	all := demoGifts()
	// Each change is another version: so many as gifts that are all of the demo are those of a filling.
	others := func(g gift.Gift) bool { return !slices.Contains(all, g) }
	if n := len(there.Gifts); err != nil || there.Version != uint64(n) || n >= len(all) || slices.ContainsFunc(there.Gifts, others) {
		return err
	}
	for _, g := range all[len(there.Gifts):] {
		if _, err := gifts.PutGift(ctx, g); err != nil {
			return err
		}
	}
	return nil
}
