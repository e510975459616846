package gift_test

import (
	"errors"
	"testing"

	"liveroom/chat/gift"
)

// TestOrdersThatPend: a group takes as many orders as may pend, until some are settled.
func TestOrdersThatPend(t *testing.T) {
	h := gift.Head{Pending: gift.MaxPending - 1}
	h, err := h.Place(gift.Totals{})
	if err != nil || h.Pending != gift.MaxPending {
		t.Fatalf("the last one: %+v, %v", h, err)
	}
	if _, err := h.Place(gift.Totals{}); !errors.Is(err, gift.ErrPending) {
		t.Errorf("one more: %v", err)
	}
	if _, err := h.Refuse().Place(gift.Totals{}); err != nil {
		t.Errorf("after one was settled: %v", err)
	}
}
