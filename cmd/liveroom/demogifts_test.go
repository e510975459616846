package main

import (
	"errors"
	"os"
	"testing"

	"liveroom/chat/gift"
)

func TestADemoHasGiftsOfEachEffect(t *testing.T) {
	store := gift.NewMemory()
	gifts := gift.NewService(gift.Config{}, store, nil, nil, nil, nil)
	if err := ensureGifts(t.Context(), gifts); err != nil {
		t.Fatal(err)
	}
	all, err := gifts.Catalogue(t.Context())
	if err != nil || len(all.Enabled().Gifts) != len(demoGifts()) {
		t.Fatalf("%d gifts, %v", len(all.Enabled().Gifts), err)
	}
	effects := map[string]bool{}
	for _, g := range all.Gifts {
		effects[g.Effect] = true
		if _, err := os.Stat("../../web/ui/public" + g.Icon); err != nil {
			t.Errorf("gift %s has no picture: %v", g.ID, err)
		}
	}
	if len(effects) != 4 {
		t.Errorf("effects %v", effects)
	}
	// What somebody took away does not come back with the next start.
	for _, g := range all.Gifts {
		_, err = gifts.DeleteGift(t.Context(), g.ID)
	}
	if err := errors.Join(err, ensureGifts(t.Context(), gifts)); err != nil {
		t.Fatal(err)
	}
	if all, err = gifts.Catalogue(t.Context()); err != nil || len(all.Gifts) != 0 {
		t.Errorf("came back: %v, %v", all.Gifts, err)
	}
}
