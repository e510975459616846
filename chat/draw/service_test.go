package draw_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/draw"
)

// TestADraw: who says the keyword within the window is in once, and the winners are told when it is over.
func TestADraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := &rooms{}, draw.NewMemory()
		var told []draw.Draw
		s := draw.New(draw.Config{Ended: func(_ context.Context, d draw.Draw) error { told = append(told, d); return nil }}, store, r, quiet())
		run(t, s)
		r.say("early", "hello")
		time.Sleep(time.Second)
		d := begin(t, s, terms("d1"))
		if d.Seed != "" || len(d.Commitment) != 64 || d.State != draw.Open || d.Anchor != "anna" {
			t.Errorf("%+v", d)
		}
		if got := r.kinds(); got != "draw_start:d1" {
			t.Errorf("told %q", got)
		}
		r.say("bob", "  ＨＥＬＬＯ ")
		r.say("al", "hello")
		r.say("bob", "hello")
		r.say("eve", "hello there")
		r.custom("zoe", `{"type":"hello"}`)
		r.say(chat.Administrator, "hello")
		m := r.say("rob", "hello")
		r.mu.Lock()
		m.Withdrawn = "recalled"
		r.mu.Unlock()
		time.Sleep(time.Minute - time.Millisecond)
		r.say("last", "hello")
		time.Sleep(time.Millisecond)
		r.say("late", "hello")
		time.Sleep(2 * time.Second)
		synctest.Wait()

		d = show(t, s, "d1")
		if d.State != draw.Ended || d.Entries != 3 || len(d.Drawn) != 2 || d.Gap || d.Seed == "" {
			t.Errorf("%+v", d)
		}
		if got := users(t, store, "d1"); got != "bob al last" {
			t.Errorf("entered: %s", got)
		}
		if got := r.kinds(); got != "draw_start:d1 draw_result:d1" {
			t.Errorf("told %q", got)
		}
		if len(told) != 1 || told[0].ID != "d1" || len(told[0].Drawn) != 2 {
			t.Errorf("the backend was told %+v", told)
		}
		x, err := s.Export(t.Context(), "tea", "d1")
		if err != nil || len(draw.Verify(x, draw.Told{Commitment: d.Commitment, EntriesHash: d.EntriesHash})) != 0 {
			t.Errorf("%v %v", err, draw.Verify(x, draw.Told{}))
		}
		if st := s.Stats(); st != (draw.Stats{Started: 1, Ended: 1, Entered: 3}) {
			t.Errorf("%+v", st)
		}
	})
}

// TestWhatTheRoomIsTold: the messages, as pages read them.
func TestWhatTheRoomIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rooms{}
		s := draw.New(draw.Config{Session: func(string) string { return "01J" }}, draw.NewMemory(), r, quiet())
		x := terms("d1")
		x.Prize, x.Eligibility = "A phone", draw.Eligibility{NotWonBefore: true}
		d := begin(t, s, x)
		r.say("bob", "hello")
		d, err := s.End(t.Context(), "tea", backend, "d1")
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"type":"draw_start","draw":{"id":"d1","title":"Tonight","prize":"A phone","trigger":{"keyword":"Hello"},"endsAt":"2000-01-01T00:01:00.000Z","winners":2,"eligibility":{"notWonBefore":true},"commitment":"` + d.Commitment + `"}}`; string(r.told[0].Data) != want {
			t.Errorf("%s", r.told[0].Data)
		}
		if want := `{"type":"draw_result","draw":{"id":"d1","title":"Tonight","prize":"A phone","seed":"` + d.Seed + `","commitment":"` + d.Commitment + `","entriesHash":"` + d.EntriesHash + `","entries":1,"places":2,"drawn":1,"winners":[{"user":"bob","nick":"BOB"}]}}`; string(r.told[1].Data) != want {
			t.Errorf("%s", r.told[1].Data)
		}
		if err := chat.CheckBody(r.told[1].Body()); err != nil {
			t.Error(err)
		}
		var body []struct{ MsgContent struct{ Data string } }
		if err := json.Unmarshal(r.told[1].Body(), &body); err != nil || body[0].MsgContent.Data != string(r.told[1].Data) {
			t.Errorf("%s: %v", r.told[1].Body(), err)
		}
	})
}

// TestManyWinnersFitInAMessage: it names the first of them.
func TestManyWinnersFitInAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rooms{}
		s := draw.New(draw.Config{}, draw.NewMemory(), r, quiet())
		x := terms("d1")
		x.Winners, x.Prize, x.Title = draw.MaxWinners, strings.Repeat("賞", 120), strings.Repeat("\"", 120)
		begin(t, s, x)
		for range draw.MaxWinners {
			r.say("u"+strings.Repeat("9", 20)+string(rune('a'+r.seq%26))+strings.Repeat("x", int(r.seq/26)%10)+strings.Repeat("y", int(r.seq/260)), "hello")
		}
		d, err := s.End(t.Context(), "tea", backend, "d1")
		if err != nil || len(d.Drawn) != draw.MaxWinners {
			t.Fatal(len(d.Drawn), err)
		}
		if n := len(r.told[1].Body()); n > 8<<10 || n < 4<<10 {
			t.Errorf("%d bytes", n)
		}
	})
}

// TestEndAndCancel: now, by those who may, and once.
func TestEndAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := &rooms{}, draw.NewMemory()
		s := draw.New(draw.Config{}, store, r, quiet())
		anna, bob := chat.Identity{User: "anna"}, chat.Identity{User: "bob"}
		if _, err := s.Start(t.Context(), "tea", bob, terms("d1")); !errors.Is(err, draw.ErrNotOwner) {
			t.Errorf("a viewer starts: %v", err)
		}
		d, err := s.Start(t.Context(), "tea", anna, terms("d1"))
		if err != nil || d.By != "anna" {
			t.Fatal(d, err)
		}
		if again, err := s.Start(t.Context(), "tea", anna, terms("d1")); err != nil || again.Number != d.Number {
			t.Errorf("again: %+v, %v", again, err)
		}
		other := terms("d1")
		other.Winners++
		if _, err := s.Start(t.Context(), "tea", anna, other); !errors.Is(err, draw.ErrReused) {
			t.Errorf("the same id: %v", err)
		}
		if _, err := s.Start(t.Context(), "tea", anna, terms("d2")); !errors.Is(err, draw.ErrRunning) {
			t.Errorf("a second: %v", err)
		}
		if _, err := s.Export(t.Context(), "tea", "d1"); err == nil || !strings.Contains(err.Error(), "draw_not_ended") {
			t.Errorf("export of an open one: %v", err)
		}
		if _, err := s.End(t.Context(), "tea", bob, "d1"); !errors.Is(err, draw.ErrNotOwner) {
			t.Errorf("a viewer ends: %v", err)
		}
		r.say("bob", "hello")
		time.Sleep(10 * time.Millisecond)
		ended, err := s.End(t.Context(), "tea", anna, "d1")
		if err != nil || ended.State != draw.Ended || len(ended.Drawn) != 1 || ended.EndsAt.Sub(ended.StartedAt) > time.Second {
			t.Errorf("%+v, %v", ended, err)
		}
		if again, err := s.End(t.Context(), "tea", anna, "d1"); err != nil || again.Seed != ended.Seed {
			t.Errorf("ended again: %+v, %v", again, err)
		}
		if _, err := s.Cancel(t.Context(), "tea", anna, "d1", ""); !errors.Is(err, draw.ErrOver) {
			t.Errorf("cancelled when it is over: %v", err)
		}
		begin(t, s, terms("d2"))
		if _, err := s.Cancel(t.Context(), "tea", bob, "d2", ""); !errors.Is(err, draw.ErrNotOwner) {
			t.Errorf("a viewer cancels: %v", err)
		}
		for range 2 {
			if d, err := s.Cancel(t.Context(), "tea", anna, "d2", "wrong prize"); err != nil || d.State != draw.Cancelled || d.Seed != "" {
				t.Errorf("%+v, %v", d, err)
			}
		}
		if _, err := s.End(t.Context(), "tea", anna, "d2"); !errors.Is(err, draw.ErrOver) {
			t.Errorf("ended when it is cancelled: %v", err)
		}
		if got := r.kinds(); got != "draw_start:d1 draw_result:d1 draw_start:d2 draw_cancelled:d2" {
			t.Errorf("told %q", got)
		}
		all, err := s.Draws(t.Context(), "tea", 0, 10)
		if err != nil || len(all) != 2 || all[0].Seed != "" || all[1].Seed == "" {
			t.Errorf("%+v, %v", all, err)
		}
		_, err = s.Draw(t.Context(), "tea", "d9")
		_, end := s.End(t.Context(), "tea", anna, "d9")
		_, cancel := s.Cancel(t.Context(), "tea", anna, "d9", "")
		_, none := s.Start(t.Context(), "milk", backend, terms("d1"))
		if !errors.Is(err, draw.ErrNoDraw) || !errors.Is(end, draw.ErrNoDraw) || !errors.Is(cancel, draw.ErrNoDraw) || !errors.Is(none, chat.ErrNoGroup) {
			t.Errorf("%v, %v, %v, %v", err, end, cancel, none)
		}
	})
}

// TestAWindowOfParts: a draw ends at a whole millisecond, as times are shown: who entered just before is not said to be too late.
func TestAWindowOfParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rooms{}
		s := draw.New(draw.Config{}, draw.NewMemory(), r, quiet())
		run(t, s)
		x := terms("d1")
		x.Window = 10*time.Second + 900*time.Microsecond
		d := begin(t, s, x)
		if again := begin(t, s, x); again.Number != d.Number {
			t.Errorf("the same again: %+v", again)
		}
		time.Sleep(10 * time.Second)
		time.Sleep(500 * time.Microsecond)
		r.say("bob", "hello")
		time.Sleep(5 * time.Second)
		x1, err := s.Export(t.Context(), "tea", "d1")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(x1.View())
		if err != nil {
			t.Fatal(err)
		}
		read, err := draw.ParseExport(raw)
		if err != nil || len(draw.Verify(read, draw.Told{})) > 0 {
			t.Errorf("%v, %v", err, draw.Verify(read, draw.Told{}))
		}
	})
}

// TestWhoMayEnter: each kind of eligibility, asked when he enters.
func TestWhoMayEnter(t *testing.T) {
	levels, gifts := map[string]int{"al": 5, "bob": 4}, map[string]int64{"al": 100}
	cfg := draw.Config{
		Session: func(string) string { return "01J" },
		Levels:  func(context.Context, []string) (map[string]int, error) { return levels, nil },
		Followers: func(_ context.Context, anchor string, _ []string) (map[string]bool, error) {
			return map[string]bool{"al": anchor == "anna"}, nil
		},
		Gifts: func(_ context.Context, group, session string, least int64, _ []string) (map[string]int64, error) {
			if group != "tea" || session != "01J" || least != 100 {
				return nil, errors.New("of another session")
			}
			return gifts, nil
		},
	}
	for name, e := range map[string]draw.Eligibility{
		"level": {MinLevel: 5}, "follower": {Follower: true}, "gifts": {GiftValue: 100}, "all": {MinLevel: 5, Follower: true, GiftValue: 100, NotWonBefore: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, store := &rooms{}, draw.NewMemory()
				s := draw.New(cfg, store, r, quiet())
				x := terms("d1")
				x.Eligibility = e
				begin(t, s, x)
				r.say("bob", "hello")
				r.say("al", "hello")
				if _, err := s.End(t.Context(), "tea", backend, "d1"); err != nil {
					t.Fatal(err)
				}
				if got := users(t, store, "d1"); got != "al" {
					t.Errorf("entered: %q", got)
				}
				if st := s.Stats(); st.Refused != 1 || st.Entered != 1 {
					t.Errorf("%+v", st)
				}
				if !e.NotWonBefore {
					return
				}
				x.ID = "d2"
				begin(t, s, x)
				r.say("al", "hello")
				if d, err := s.End(t.Context(), "tea", backend, "d2"); err != nil || d.Entries != 0 || len(d.Drawn) != 0 {
					t.Errorf("who has won: %+v, %v", d, err)
				}
			})
		})
	}
}

// TestWhoGetsThereLater: one who may not enter may a moment later, and what can't be found out keeps nobody out.
func TestWhoGetsThereLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards level and failing
		level, failing := 1, errors.New("away")
		r, store := &rooms{}, draw.NewMemory()
		s := draw.New(draw.Config{Levels: func(_ context.Context, users []string) (map[string]int, error) {
			mu.Lock()
			defer mu.Unlock()
			return map[string]int{"bob": level, "al": 9}, failing
		}}, store, r, quiet())
		run(t, s)
		x := terms("d1")
		x.Eligibility.MinLevel = 5
		begin(t, s, x)
		r.say("al", "hello")
		time.Sleep(5 * time.Second)
		if d := show(t, s, "d1"); d.Entries != 0 {
			t.Errorf("%+v", d)
		}
		mu.Lock()
		failing = nil
		mu.Unlock()
		r.say("bob", "hello")
		time.Sleep(5 * time.Second)
		mu.Lock()
		level = 5
		mu.Unlock()
		r.say("bob", "hello")
		time.Sleep(time.Minute)
		if got := users(t, store, "d1"); got != "al bob" {
			t.Errorf("entered: %q", got)
		}
	})
}

// TestSlowLookups: a draw whose users are asked about slowly comes to its end all the same.
func TestSlowLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := &rooms{}, draw.NewMemory()
		s := draw.New(draw.Config{Followers: func(ctx context.Context, _ string, users []string) (map[string]bool, error) {
			all := map[string]bool{}
			for _, user := range users {
				select {
				case <-ctx.Done():
					return nil, ctx.Err()
				case <-time.After(50 * time.Millisecond):
				}
				all[user] = true
			}
			return all, nil
		}}, store, r, quiet())
		run(t, s)
		x := terms("d1")
		x.Eligibility.Follower = true
		begin(t, s, x)
		for i := range 700 {
			r.say(fmt.Sprint("u", i), "hello")
		}
		time.Sleep(2 * time.Minute)
		if d := show(t, s, "d1"); d.State != draw.Ended || d.Entries != 700 {
			t.Errorf("%s with %d entries", d.State, d.Entries)
		}
	})
}

// TestWhatNobodyKnowsIsRefused: draws that ask for what this server does not know can't be started.
func TestWhatNobodyKnowsIsRefused(t *testing.T) {
	s := draw.New(draw.Config{}, draw.NewMemory(), &rooms{}, quiet())
	for field, change := range map[string]func(*draw.Terms){
		"eligibility.minLevel":  func(x *draw.Terms) { x.Eligibility.MinLevel = 1 },
		"eligibility.follower":  func(x *draw.Terms) { x.Eligibility.Follower = true },
		"eligibility.giftValue": func(x *draw.Terms) { x.Eligibility.GiftValue = 1 },
	} {
		x := terms("d1")
		change(&x)
		var refused *chat.Error
		if _, err := s.Start(t.Context(), "tea", backend, x); !errors.As(err, &refused) || refused.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	offline := draw.New(draw.Config{Gifts: func(context.Context, string, string, int64, []string) (map[string]int64, error) { return nil, nil }}, draw.NewMemory(), &rooms{}, quiet())
	x := terms("d1")
	x.Eligibility.GiftValue = 1
	if _, err := offline.Start(t.Context(), "tea", backend, x); err == nil || !strings.Contains(err.Error(), "not live") {
		t.Errorf("no session: %v", err)
	}
}

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

// TestALogWithAHole: the draw says that messages are missing.
func TestALogWithAHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := &rooms{}, draw.NewMemory()
		s := draw.New(draw.Config{}, store, r, quiet())
		begin(t, s, terms("d1"))
		r.say("bob", "hello")
		m := r.say("al", "hello")
		r.floor = m.Seq
		r.say("zoe", "hello")
		d, err := s.End(t.Context(), "tea", backend, "d1")
		if err != nil || !d.Gap || users(t, store, "d1") != "zoe" {
			t.Errorf("%+v, %v", d, err)
		}
		if told := string(r.told[1].Data); !strings.Contains(told, `"entries":1,"gap":true,"places":2`) {
			t.Errorf("the room is told %s", told)
		}
	})
}

// TestALogThatNumbersAnew: nobody is lost, or in twice, where a store began another epoch.
func TestALogThatNumbersAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := &rooms{}, draw.NewMemory()
		s := draw.New(draw.Config{}, store, r, quiet())
		run(t, s)
		for range 5 {
			r.say("early", "x")
		}
		begin(t, s, terms("d1"))
		r.say("bob", "hello")
		r.say("al", "hello")
		time.Sleep(15 * time.Second)
		r.mu.Lock()
		r.log, r.seq = nil, 0
		r.mu.Unlock()
		r.say("al", "hello")
		r.say("zoe", "hello")
		time.Sleep(time.Minute)
		if d := show(t, s, "d1"); d.State != draw.Ended || !d.Gap || users(t, store, "d1") != "bob al zoe" {
			t.Errorf("%+v: %s", d, users(t, store, "d1"))
		}
	})
}

// TestARoomThatGoes: its draw is cancelled, and nothing waits for ever.
func TestARoomThatGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := &rooms{}, draw.NewMemory()
		s := draw.New(draw.Config{}, store, r, quiet())
		run(t, s)
		begin(t, s, terms("d1"))
		r.mu.Lock()
		r.gone = true
		r.mu.Unlock()
		time.Sleep(5 * time.Second)
		if d := show(t, s, "d1"); d.State != draw.Cancelled {
			t.Errorf("%+v", d)
		}
		if busy, err := store.Busy(t.Context()); len(busy) != 0 || err != nil {
			t.Errorf("%v, %v", busy, err)
		}
	})
}

// TestManyMessages: a draw's log is longer than what is looked at at a time.
func TestManyMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := &rooms{}, draw.NewMemory()
		s := draw.New(draw.Config{}, store, r, quiet())
		run(t, s)
		begin(t, s, terms("d1"))
		for i := range 2000 {
			r.say("u"+string(rune('a'+i%26)), map[bool]string{true: "hello", false: "x"}[i%2 == 0])
		}
		time.Sleep(2 * time.Minute)
		if d := show(t, s, "d1"); d.State != draw.Ended || d.Entries != 13 || d.Place != 2000 {
			t.Errorf("%+v", d)
		}
	})
}
