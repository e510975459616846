package main

import (
	"context"
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

// breakingCatalogue takes some gifts and no more.
type breakingCatalogue struct {
	*gift.Service
	takes int
}

var errBroken = errors.New("broken by the test")

// PutGift implements catalogue.
func (b *breakingCatalogue) PutGift(ctx context.Context, g gift.Gift) (gift.Catalogue, error) {
	if b.takes--; b.takes < 0 {
		return gift.Catalogue{}, errBroken
	}
	return b.Service.PutGift(ctx, g)
}

func TestADemoThatWasInterruptedGetsTheRestOfItsGifts(t *testing.T) {
	for _, touched := range []bool{false, true} {
		gifts := gift.NewService(gift.Config{}, gift.NewMemory(), nil, nil, nil, nil)
		if err := ensureGifts(t.Context(), &breakingCatalogue{gifts, 3}); !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		want := len(demoGifts())
		if touched {
			if _, err := gifts.PutGift(t.Context(), gift.Gift{ID: "own", Name: "Own", Enabled: true}); err != nil {
				t.Fatal(err)
			}
			want = 4 // somebody's own by now
		}
		for range 2 {
			if err := ensureGifts(t.Context(), gifts); err != nil {
				t.Fatal(err)
			}
			if all, err := gifts.Catalogue(t.Context()); err != nil || len(all.Gifts) != want {
				t.Errorf("touched %v: %d gifts, want %d, %v", touched, len(all.Gifts), want, err)
			}
		}
	}
}
