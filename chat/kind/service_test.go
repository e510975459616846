package kind_test

import (
	"errors"
	"strings"
	"testing"

	"liveroom/chat"
	"liveroom/chat/kind"
	"liveroom/chat/kind/kindtest"
)

func TestMemory(t *testing.T) {
	kindtest.Store(t, func(*testing.T) kind.Store { return kind.NewMemory() })
}

// TestInForce: what is put is in force at once here, and elsewhere after a reload.
func TestInForce(t *testing.T) {
	store := kind.NewMemory()
	here, err := kind.New(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	there, err := kind.New(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	put, err := here.Put(t.Context(), kind.Kind{Type: "Coupon", Priority: chat.High, Weight: 5, Senders: kind.Server, MaxBytes: 100})
	if err != nil || put.Type != "coupon" || put.ChangedAt.IsZero() {
		t.Fatalf("%+v, %v", put, err)
	}
	if k, ok := here.Kind("coupon"); !ok || k != (chat.Kind{Priority: chat.High, Senders: chat.SendersServer, MaxBytes: 100}) {
		t.Errorf("%+v, %v", k, ok)
	}
	if _, ok := there.Kind("coupon"); ok {
		t.Error("it is in force on another node before that heard of it")
	}
	if err := there.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if k, err := there.Find(" COUPON"); err != nil || k != put || len(there.All()) != 1 {
		t.Errorf("%+v, %v", k, err)
	}
	if err := here.Delete(t.Context(), "COUPON"); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Find("coupon"); !errors.Is(err, kind.ErrUnknown) {
		t.Error(err)
	}
	if err := here.Delete(t.Context(), "coupon"); !errors.Is(err, kind.ErrUnknown) {
		t.Error(err)
	}
}

func TestWeight(t *testing.T) {
	s, err := kind.New(t.Context(), kind.NewMemory())
	if err != nil {
		t.Fatal(err)
	}
	body := func(elem, field, value string) *chat.Message {
		return &chat.Message{Body: []byte(`[{"MsgType":"` + elem + `","MsgContent":{"` + field + `":` + value + `}}]`)}
	}
	coupon := body("TIMCustomElem", "Data", `"{\"type\":\"Coupon\",\"n\":1}"`)
	if got := s.Weight(coupon); got != 1 {
		t.Errorf("before: %d", got)
	}
	for typ, weight := range map[string]int{"coupon": 0, "question": 7} {
		if _, err := s.Put(t.Context(), kind.Kind{Type: typ, Weight: weight}); err != nil {
			t.Fatal(err)
		}
	}
	for want, m := range map[int]*chat.Message{
		0: coupon,
		7: body("TIMCustomElem", "Data", `"{\"type\":\"question\"}"`),
		1: body("TIMTextElem", "Text", `"TIMCustomElem {\"type\":\"question\"}"`),
	} {
		if got := s.Weight(m); got != want {
			t.Errorf("%s: %d, want %d", m.Body, got, want)
		}
	}
	for _, m := range []*chat.Message{body("TIMCustomElem", "Data", `"question"`), body("TIMCustomElem", "Data", `7`), body("TIMCustomElem", "Data", `"{\"type\":\"other\"}"`), {Body: []byte("TIMCustomElem")}} {
		if got := s.Weight(m); got != 1 {
			t.Errorf("%s: %d", m.Body, got)
		}
	}
}

func TestKindsOutOfBoundsAreNamed(t *testing.T) {
	s, err := kind.New(t.Context(), kind.NewMemory())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		field string
		k     kind.Kind
	}{
		{"type", kind.Kind{}},
		{"type", kind.Kind{Type: " coupon"}},
		{"type", kind.Kind{Type: "cou\u200bpon"}},
		{"type", kind.Kind{Type: strings.Repeat("a", 65)}},
		{"type", kind.Kind{Type: "live_status"}},
		{"type", kind.Kind{Type: "Draw_Result"}},
		{"senders", kind.Kind{Type: "like", Senders: kind.Admins}},
		{"senders", kind.Kind{Type: "Like", Senders: kind.Members}},
		{"senders", kind.Kind{Type: "follow", Senders: kind.Server}},
		{"maxBytes", kind.Kind{Type: "follow", MaxBytes: 100}},
		{"priority", kind.Kind{Type: "a", Priority: 9}},
		{"senders", kind.Kind{Type: "a", Senders: "nobody"}},
		{"weight", kind.Kind{Type: "a", Weight: -1}},
		{"weight", kind.Kind{Type: "a", Weight: 101}},
		{"maxBytes", kind.Kind{Type: "a", MaxBytes: 15}},
		{"maxBytes", kind.Kind{Type: "a", MaxBytes: 20_000}},
		{"description", kind.Kind{Type: "a", Description: strings.Repeat("a", 501)}},
		{"description", kind.Kind{Type: "a", Description: "\xff"}},
	} {
		var refused *chat.Error
		if _, err := s.Put(t.Context(), tc.k); !errors.As(err, &refused) || refused.Field != tc.field {
			t.Errorf("%+v: %v, want %s", tc.k, err, tc.field)
		}
	}
}

// TestTypesOfOps: of what the ops like and follow send, the priority can be registered.
func TestTypesOfOps(t *testing.T) {
	s, err := kind.New(t.Context(), kind.NewMemory())
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []string{"like", "follow"} {
		if _, err := s.Put(t.Context(), kind.Kind{Type: typ, Priority: chat.Normal, Senders: kind.Anyone}); err != nil {
			t.Error(err)
		}
		if k, ok := s.Kind(typ); !ok || k != (chat.Kind{Priority: chat.Normal, Senders: chat.SendersAnyone}) {
			t.Errorf("%+v, %v", k, ok)
		}
	}
}
