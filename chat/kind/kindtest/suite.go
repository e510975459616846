// Package kindtest holds what every kind.Store must do. Memory, bbolt and Redis pass the same suite.
package kindtest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/kind"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

// Sample is a registered type.
func Sample(typ string) kind.Kind {
	return kind.Kind{Type: typ, Priority: chat.High, Senders: kind.Server, Weight: 3, MaxBytes: 500, Description: "<A \"coupon\">", ChangedAt: at}
}

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) kind.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s kind.Store)
	}{
		{"types are put, put again and deleted", putDelete},
		{"there are so many at most", bounds},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func putDelete(t *testing.T, s kind.Store) {
	ctx := t.Context()
	is(t, s)
	for _, typ := range []string{"question", "优惠券", "coupon"} {
		if err := s.PutKind(ctx, Sample(typ)); err != nil {
			t.Fatal(err)
		}
	}
	is(t, s, Sample("coupon"), Sample("question"), Sample("优惠券"))
	other := kind.Kind{Type: "coupon", Senders: kind.Anyone, ChangedAt: at.Add(time.Second)}
	if err := s.PutKind(ctx, other); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteKind(ctx, "question"); err != nil {
		t.Fatal(err)
	}
	is(t, s, other, Sample("优惠券"))
	if err := s.DeleteKind(ctx, "question"); !errors.Is(err, kind.ErrUnknown) {
		t.Errorf("deleted twice: %v", err)
	}
	if err := s.DeleteKind(ctx, "never"); !errors.Is(err, kind.ErrUnknown) {
		t.Error(err)
	}
}

func bounds(t *testing.T, s kind.Store) {
	ctx := t.Context()
	for i := range kind.MaxKinds {
		if err := s.PutKind(ctx, Sample(fmt.Sprintf("t%03d", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutKind(ctx, Sample("more")); !errors.Is(err, kind.ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	if err := s.PutKind(ctx, Sample("t007")); err != nil {
		t.Errorf("one that is there: %v", err)
	}
	if all, err := s.Kinds(ctx); err != nil || len(all) != kind.MaxKinds {
		t.Errorf("%d, %v", len(all), err)
	}
}

func is(t *testing.T, s kind.Store, want ...kind.Kind) {
	t.Helper()
	got, err := s.Kinds(t.Context())
	if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, %v, want %+v", got, err, want)
	}
}
