package main

import (
	"fmt"
	"time"

	"liveroom/chat/gift"
)

// giftSettlement is who settles gifts: free, callback or live.
func (s *Settings) giftSettlement() string {
	if s.GiftSettlement == "" {
		return "callback"
	}
	return s.GiftSettlement
}

// gifts is what chat/gift is told of the settings.
func (s *Settings) gifts() gift.Config {
	return gift.Config{
		Merge: gift.Merge{Clicks: s.GiftComboClicks, Still: s.GiftComboStill}, Guests: s.GiftGuests == on,
		Expire: s.GiftExpire, Kept: s.GiftAge,
	}
}

// validGifts says which setting of gifts can't be used.
func (s *Settings) validGifts() error {
	switch {
	case s.GiftComboClicks < 1 || s.GiftComboClicks > 10_000:
		return fmt.Errorf("gift-combo-clicks is %d, must be from 1 to 10000", s.GiftComboClicks)
	case s.GiftComboStill < 100*time.Millisecond || s.GiftComboStill > time.Minute:
		return fmt.Errorf("gift-combo-still is %s, must be from 100ms to 1m", s.GiftComboStill)
	case s.GiftExpire < time.Minute || s.GiftExpire > 720*time.Hour:
		return fmt.Errorf("gift-expire is %s, must be from 1m to 720h", s.GiftExpire)
	case s.GiftAge < giftsKept:
		return fmt.Errorf("gift-ledger-age is %s, must be at least %s", s.GiftAge, giftsKept)
	}
	_, err := newGiftReader(s)
	return err
}
