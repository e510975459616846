package draw_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
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
		if wrong := draw.Verify(export(t, s, "d1"), draw.Told{Commitment: d.Commitment, RulesHash: draw.RulesHash(d), EntriesHash: d.EntriesHash}); len(wrong) != 0 {
			t.Error(wrong)
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
		if want := `{"type":"draw_start","draw":{"id":"d1","title":"Tonight","prize":"A phone","trigger":{"keyword":"Hello"},"endsAt":"2000-01-01T00:01:00.000Z","winners":2,"eligibility":{"notWonBefore":true},"commitment":"` + d.Commitment + `","rulesHash":"` + draw.RulesHash(d) + `"}}`; string(r.told[0].Data) != want {
			t.Errorf("%s", r.told[0].Data)
		}
		if want := `{"type":"draw_result","draw":{"id":"d1","title":"Tonight","prize":"A phone","seed":"` + d.Seed + `","commitment":"` + d.Commitment + `","rulesHash":"` + draw.RulesHash(d) + `","entriesHash":"` + d.EntriesHash + `","entries":1,"places":2,"drawn":1,"winners":[{"user":"bob","nick":"BOB"}]}}`; string(r.told[1].Data) != want {
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
		if _, _, err := s.Export(t.Context(), "tea", "d1"); err == nil || !strings.Contains(err.Error(), "draw_not_ended") {
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
		if wrong := draw.Verify(export(t, s, "d1"), draw.Told{}); len(wrong) != 0 {
			t.Error(wrong)
		}
	})
}
