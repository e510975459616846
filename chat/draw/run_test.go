package draw_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/draw"
)

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

// TestAStoreThatLostItsLastChanges: the room, which was told of what is lost, is told of what comes after it.
func TestAStoreThatLostItsLastChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rooms{}
		for _, id := range []string{"d1", "d2"} {
			s := draw.New(draw.Config{}, draw.NewMemory(), r, quiet()) // each time as it was before the first
			begin(t, s, terms(id))
			time.Sleep(time.Second)
			if _, err := s.Cancel(t.Context(), "tea", backend, id, ""); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if got := r.kinds(); got != "draw_start:d1 draw_cancelled:d1 draw_start:d2 draw_cancelled:d2" {
			t.Errorf("told %q", got)
		}
	})
}

// TestSweep: a draw is kept for its time after it is over, in the room that is there and in that which is gone.
func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := &rooms{}, draw.NewMemory()
		s := draw.New(draw.Config{Age: 24 * time.Hour}, store, r, quiet())
		begin(t, s, terms("d1"))
		if _, err := s.End(t.Context(), "tea", backend, "d1"); err != nil {
			t.Fatal(err)
		}
		r.gone = true
		for _, passes := range []time.Duration{0, 24 * time.Hour, time.Second} {
			time.Sleep(passes)
			if err := s.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Draw(t.Context(), "tea", "d1"); (err == nil) != (passes != time.Second) {
				t.Errorf("after %s: %v", passes, err)
			}
		}
	})
}
