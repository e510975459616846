package draw_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/draw"
)

// TestTermsOutOfBoundsAreNamed: the field at fault stands in the refusal.
func TestTermsOutOfBoundsAreNamed(t *testing.T) {
	s := draw.New(draw.Config{}, draw.NewMemory(), &rooms{}, quiet())
	for _, tc := range []struct {
		field  string
		change func(*draw.Terms)
	}{
		{"id", func(x *draw.Terms) { x.ID = "a b" }},
		{"id", func(x *draw.Terms) { x.ID = strings.Repeat("a", 65) }},
		{"title", func(x *draw.Terms) { x.Title = "" }},
		{"title", func(x *draw.Terms) { x.Title = "a\nb" }},
		{"title", func(x *draw.Terms) { x.Title = strings.Repeat("題", 121) }},
		{"prize", func(x *draw.Terms) { x.Prize = "\xff" }},
		{"window", func(x *draw.Terms) { x.Window = 9 * time.Second }},
		{"window", func(x *draw.Terms) { x.Window = time.Hour + 1 }},
		{"winners", func(x *draw.Terms) { x.Winners = 0 }},
		{"winners", func(x *draw.Terms) { x.Winners = 1001 }},
		{"trigger", func(x *draw.Terms) { x.Trigger = draw.Trigger{} }},
		{"trigger", func(x *draw.Terms) { x.Trigger.MessageType = "coupon" }},
		{"trigger.keyword", func(x *draw.Terms) { x.Trigger.Keyword = " " }},
		{"trigger.keyword", func(x *draw.Terms) { x.Trigger.Keyword = strings.Repeat("a", 61) }},
		{"trigger.messageType", func(x *draw.Terms) { x.Trigger = draw.Trigger{MessageType: strings.Repeat("a", 65)} }},
		{"trigger.messageType", func(x *draw.Terms) { x.Trigger = draw.Trigger{MessageType: "a", Contains: true} }},
		{"eligibility.minLevel", func(x *draw.Terms) { x.Eligibility.MinLevel = -1 }},
		{"eligibility.giftValue", func(x *draw.Terms) { x.Eligibility.GiftValue = -1 }},
	} {
		x := terms("d1")
		tc.change(&x)
		var refused *chat.Error
		if _, err := s.Start(t.Context(), "tea", backend, x); !errors.As(err, &refused) || refused.Field != tc.field || !errors.Is(err, chat.ErrParameter) {
			t.Errorf("%s: %v", tc.field, err)
		}
	}
	if _, err := s.Cancel(t.Context(), "tea", backend, "d1", "a\nb"); !errors.Is(err, chat.ErrParameter) {
		t.Error(err)
	}
}

// TestTriggers: what enters and what does not.
func TestTriggers(t *testing.T) {
	for _, tc := range []struct {
		name    string
		trigger draw.Trigger
		say     func(r *rooms)
		enters  bool
	}{
		{"a part of the text", draw.Trigger{Keyword: "抽奖", Contains: true}, func(r *rooms) { r.say("bob", "我要抽奖!") }, true},
		{"a part where the whole is asked for", draw.Trigger{Keyword: "抽奖"}, func(r *rooms) { r.say("bob", "我要抽奖!") }, false},
		{"a type", draw.Trigger{MessageType: "red_packet"}, func(r *rooms) { r.custom("bob", `{"type":"red_packet","n":1}`) }, true},
		{"another type", draw.Trigger{MessageType: "red_packet"}, func(r *rooms) { r.custom("bob", `{"type":"red"}`) }, false},
		{"a type in another form", draw.Trigger{MessageType: "Red_Packet"}, func(r *rooms) { r.custom("bob", `{"type":" RED_packet"}`) }, true},
		{"a final sigma", draw.Trigger{Keyword: "ΤΥΧΕΡΟΣ"}, func(r *rooms) { r.say("bob", "τυχερος") }, true},
		{"the type as text", draw.Trigger{MessageType: "red_packet"}, func(r *rooms) { r.say("bob", `red_packet`) }, false},
		{"no JSON", draw.Trigger{MessageType: "red_packet"}, func(r *rooms) { r.custom("bob", `red_packet`) }, false},
		{"a body of another form", draw.Trigger{Keyword: "a"}, func(r *rooms) { r.deliver("bob", map[string]any{"MsgType": 1}) }, false},
		{"a server's", draw.Trigger{Keyword: "a"}, func(r *rooms) { r.say("bob", "a").Server = true }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &rooms{}
				s := draw.New(draw.Config{}, draw.NewMemory(), r, quiet())
				x := terms("d1")
				x.Trigger = tc.trigger
				begin(t, s, x)
				tc.say(r)
				if d, err := s.End(t.Context(), "tea", backend, "d1"); err != nil || (d.Entries == 1) != tc.enters {
					t.Errorf("%d entries, %v", d.Entries, err)
				}
			})
		})
	}
}
