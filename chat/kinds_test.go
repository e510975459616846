package chat_test

import (
	"errors"
	"strings"
	"testing"

	"liveroom/chat"
)

func TestRegisteredKinds(t *testing.T) {
	kinds := map[string]chat.Kind{
		"coupon":   {Priority: chat.High},
		"question": {Senders: chat.SendersMembers},
		"poll":     {Senders: chat.SendersAdmins, Priority: chat.Low},
		"receipt":  {Senders: chat.SendersServer},
		"short":    {MaxBytes: 150},
		"gift":     {Priority: chat.Low},
	}
	cfg := chat.Config{Kind: func(typ string) (chat.Kind, bool) { k, ok := kinds[typ]; return k, ok }, PriorityCap: chat.Normal}
	s := start(t, cfg, chat.NewMemory())
	create(t, s, "demo", "helper")
	alice, guest, helper, owner := named("alice"), chat.Identity{User: "guest_1", Guest: true}, named("helper"), named("owner")
	for _, who := range []chat.Identity{alice, guest, helper, owner} {
		enter(t, s, "demo", who, newSession(who.User))
	}
	viewer, _ := join(t, s, "demo", "viewer")
	boss := chat.Identity{User: "boss", Admin: true}
	for _, tc := range []struct {
		data string
		who  chat.Identity
		as   chat.Priority
		want chat.Priority // 0: refused
	}{
		{`{"type":"coupon"}`, alice, 0, chat.Normal}, // no more than members may claim
		{`{"type":"coupon"}`, boss, 0, chat.High},
		{`{"type":"coupon"}`, boss, chat.Low, chat.Low},
		{`{"type":" COUPON "}`, boss, 0, chat.High},
		{`{"type":"gift"}`, boss, 0, chat.Low},
		{`{"type":"question"}`, alice, 0, chat.Normal},
		{`{"type":"question"}`, guest, 0, 0},
		{`{"type":"Question"}`, guest, 0, 0},
		{`{"type":"question","type":"chat"}`, guest, 0, 0}, // some reader takes it for one
		{`{"type":"poll"}`, alice, 0, 0},
		{`{"type":"poll"}`, helper, 0, chat.Low},
		{`{"type":"poll"}`, owner, 0, chat.Low},
		{`{"type":"poll"}`, boss, 0, chat.Low},
		{`{"type":"receipt"}`, owner, 0, 0},
		{`{"type":"receipt"}`, boss, 0, chat.Normal},
		{`{"type":"short"}`, alice, 0, chat.Normal},
		{`{"type":"short","more":"` + strings.Repeat("x", 150) + `"}`, alice, 0, 0},
		{`{"type":"other"}`, guest, 0, chat.Normal},
	} {
		before := len(viewer.items())
		_, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: custom(tc.data), Priority: tc.as}, tc.who)
		arrived := viewer.items()[before:]
		switch {
		case tc.want == 0:
			if !errors.Is(err, chat.ErrPermission) && !errors.Is(err, chat.ErrTooLarge) || len(arrived) > 0 {
				t.Errorf("%s by %s: %d delivered, %v", tc.data, tc.who.User, len(arrived), err)
			}
		case err != nil || len(arrived) != 1 || arrived[0].Message.Priority != tc.want:
			t.Errorf("%s by %s: %d delivered, want priority %v; %v", tc.data, tc.who.User, len(arrived), tc.want, err)
		}
	}
	if err := s.Append(t.Context(), "demo", "f", chat.Fenced{Number: 1, Message: chat.Message{Body: custom(`{"type":"receipt"}`)}}); err != nil {
		t.Errorf("the server itself: %v", err)
	}
}

func TestServerTypes(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	for _, typ := range []string{
		"live_status", "status", "mute", "unmute", "mute_all", "kick", "ban", "unban", "dismissed", "notice", "broadcast",
		"gift_result", "draw_start", "draw_result", "draw_cancelled", "session_summary",
	} {
		if !chat.OfServer(strings.ToUpper(typ)) {
			t.Errorf("%s is for anybody", typ)
		}
		for _, who := range []chat.Identity{named("alice"), named("owner")} {
			if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: custom(`{"type":"` + typ + `"}`)}, who); !errors.Is(err, chat.ErrPermission) {
				t.Errorf("%s by %s: %v", typ, who.User, err)
			}
		}
	}
	for _, typ := range []string{"gift", "like", "follow", "coupon", ""} {
		if chat.OfServer(typ) {
			t.Errorf("%s is the server's", typ)
		}
	}
}
