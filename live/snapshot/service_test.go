package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob"
	"liveroom/live/stream"
)

func TestPicturesAreTakenEachIntervalOfNewerKeyframes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		s.room("a", 10*time.Second)
		defer s.begin()()
		time.Sleep(3*time.Second + off)
		s.wantMade("before the first keyframe", 0)
		s.frame("a")
		time.Sleep(time.Second)
		s.wantMade("with the first", 1)
		for i := range 5 {
			s.frame("a")
			time.Sleep(10 * time.Second)
			s.wantMade("each interval", 2+i)
		}
		time.Sleep(time.Minute)
		s.wantMade("without a newer keyframe", 6)
		s.frame("a")
		time.Sleep(time.Second)
		s.wantMade("late, with a newer one", 7)
		s.frame("a")
		time.Sleep(time.Second)
		s.wantMade("at once after it", 7)
		if st := s.Stats(); st.Skipped != 0 {
			t.Errorf("%d pictures are said to be left out because of other rooms", st.Skipped)
		}
		if got := len(s.taken); got != 7 || s.taken[6].Room != "a" || s.taken[6].Stream != "s-a" || s.taken[6].Shots[0].Width != 640 {
			t.Errorf("told of %d: %+v", got, s.taken)
		}
	})
}

func TestNoPictureWhileGatedOrGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		s.room("a", 2*time.Second)
		s.frame("a")
		defer s.begin()()
		time.Sleep(off)
		s.wantMade("at the start", 1)
		s.gate("a")
		time.Sleep(time.Minute)
		s.wantMade("gated", 1)
		s.change(func() { s.sources = nil })
		s.frame("a")
		time.Sleep(time.Minute)
		s.wantMade("pushed elsewhere", 1)
	})
}

// A picture that is being made when its stream is paused, ends, or becomes that of another session is not kept: it must not become
// the cover of a paused room, nor of one that was deleted and made anew.
func TestWhatIsNotShownAnyMoreIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		s.room("a", time.Hour)
		s.takes = time.Second
		defer s.begin()()
		for what, change := range map[string]func(){
			"paused": func() { s.gate("a") },
			"another session": func() {
				s.change(func() { s.frames["s-a"] = stream.Keyframe{Session: "another", Generation: 2, Time: 5} })
			},
		} {
			time.Sleep(off)
			s.frame("a")
			took := make(chan error)
			go func() {
				_, err := s.Take(t.Context(), "a")
				took <- err
			}()
			time.Sleep(500 * time.Millisecond)
			change()
			if err := <-took; !errors.Is(err, ErrNoStream) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if st := s.Stats(); len(s.names()) != 0 || len(s.taken) != 0 || st.Failed["store"]+st.Failed["picture"]+st.Taken != 0 {
			t.Errorf("kept %v, told of %v, %+v", s.names(), s.taken, st)
		}
		s.gate("a")
		s.frame("a")
		if shots, err := s.Take(t.Context(), "a"); err != nil || len(shots) != 1 {
			t.Errorf("when it is shown again: %v, %v", shots, err)
		}
	})
}

// A picture is as old as its keyframe, not as its storing; and it is one of its room, also where the clock that the room was made by
// is ahead.
func TestAPictureIsAsOldAsItsBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		s.takes = 10 * time.Second
		ahead := time.Now().Add(time.Hour)
		s.change(func() {
			s.sources = []Source{{Room: "a", Stream: "s-a"}, {Room: "b", Stream: "s-b", Made: ahead}}
		})
		s.frame("a")
		s.frame("b")
		defer s.begin()()
		synctest.Wait()
		began := time.Now()
		if shots, err := s.Take(t.Context(), "a"); err != nil || !shots[0].At.Equal(began) {
			t.Errorf("begun at %v: %+v, %v", began, shots, err)
		}
		if _, err := s.Take(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		if shots, err := s.Shots(t.Context(), "b", ahead); err != nil || len(shots) != 1 {
			t.Errorf("of a room that was made at %v: %+v, %v", ahead, shots, err)
		}
	})
}

func TestPushThatComesAgainAndAgainBringsNoMorePictures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		defer s.begin()()
		time.Sleep(off)
		for range 30 {
			s.room("a", 30*time.Second)
			s.frame("a")
			time.Sleep(time.Second)
			s.change(func() { s.sources = nil })
			time.Sleep(time.Second)
		}
		if n := s.made(); n < 2 || n > 3 {
			t.Errorf("%d pictures in a minute", n)
		}
	})
}

// Twenty rooms want ten pictures a second, of which four can be made. Each gets its share, and nothing piles up.
func TestManyRoomsShareWhatIsAdmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		s.atOnce, s.takes = 2, 500*time.Millisecond
		for i := range 20 {
			s.room(fmt.Sprintf("r%02d", i), 2*time.Second)
		}
		defer s.begin()()
		time.Sleep(off)
		for range 240 {
			for i := range 20 {
				s.frame(fmt.Sprintf("r%02d", i))
			}
			time.Sleep(250 * time.Millisecond)
		}
		if s.most != 2 {
			t.Errorf("%d at once", s.most)
		}
		least, most := 1000, 0
		for i := range 20 {
			n := s.made(fmt.Sprintf("r%02d", i))
			least, most = min(least, n), max(most, n)
		}
		if least < 11 || most > 13 {
			t.Errorf("from %d to %d pictures in a minute, want 12 of each", least, most)
		}
		st := s.Stats()
		if st.Skipped < 250 || st.Rooms != 20 || st.Waiting > 20 || st.Making != 2 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestSlowStoreHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		slow := &slowStore{Store: s.store, room: "slow"}
		s.Service.store = slow
		s.room("slow", 2*time.Second)
		s.room("quick", 2*time.Second)
		defer s.begin()()
		time.Sleep(off)
		for range 20 {
			s.frame("slow")
			s.frame("quick")
			time.Sleep(2 * time.Second)
		}
		if n := s.made("quick"); n < 20 {
			t.Errorf("%d pictures of the other room", n)
		}
		if n := s.made("slow"); n != 2 { // one in 30 s
			t.Errorf("%d pictures of the slow one", n)
		}
		if st := s.Stats(); st.Failed["store"] != 1 {
			t.Errorf("stats %+v", st)
		}
	})
}

// slowStore never stores what is of a room.
type slowStore struct {
	blob.Store
	room string
}

func (s *slowStore) Put(ctx context.Context, name string, data ...[]byte) error {
	if strings.HasPrefix(name, of(s.room)) {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Store.Put(ctx, name, data...)
}

func TestWhatFailsCostsItsRoomThatPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		s.room("bad", 2*time.Second)
		s.room("good", 2*time.Second)
		s.fails["bad"] = true
		s.frame("bad")
		s.frame("good")
		defer s.begin()()
		time.Sleep(time.Minute + off)
		s.wantMade("one try a keyframe", 1, "bad")
		if st := s.Stats(); st.Failed["picture"] != 1 || st.Taken != 1 {
			t.Errorf("stats %+v", st)
		}
		s.store.Limit(1)
		s.change(func() { s.fails["bad"] = false })
		s.frame("bad")
		time.Sleep(3 * time.Second)
		if st := s.Stats(); st.Failed["full"] != 1 {
			t.Errorf("full: stats %+v", st)
		}
		s.store.Limit(0)
		s.frame("bad")
		time.Sleep(3 * time.Second)
		if st := s.Stats(); st.Taken != 2 {
			t.Errorf("room again: stats %+v", st)
		}
	})
}

func TestWithoutTheProgramNothingIsTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		gone := errors.New("missing")
		s.missing = gone
		s.room("a", 2*time.Second)
		s.frame("a")
		defer s.begin()()
		time.Sleep(time.Minute + off)
		s.wantMade("missing", 0)
		if _, err := s.Take(t.Context(), "a"); !errors.Is(err, gone) {
			t.Errorf("take: %v", err)
		}
		s.change(func() { s.missing = nil })
		time.Sleep(3 * time.Second)
		s.wantMade("there", 1)
	})
}

func TestTakeNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{Widths: []int{0, 320}})
		s.room("a", 0)
		s.room("b", 0)
		if _, err := s.Take(t.Context(), "a"); !errors.Is(err, ErrNoStream) {
			t.Errorf("not running: %v", err)
		}
		end := s.begin()
		time.Sleep(off)
		for _, room := range []string{"a", "elsewhere"} {
			if _, err := s.Take(t.Context(), room); !errors.Is(err, ErrNoStream) {
				t.Errorf("%s without a keyframe: %v", room, err)
			}
		}
		s.frame("a")
		results := make(chan []Shot)
		for range 5 {
			go func() {
				shots, err := s.Take(t.Context(), "a")
				if err != nil || len(shots) != 2 || shots[0].Width != 640 || shots[1].Width != 320 {
					t.Errorf("%+v, %v", shots, err)
				}
				results <- shots
			}()
		}
		first := <-results
		for range 4 {
			if got := <-results; !slices.Equal(got, first) {
				t.Errorf("%+v and %+v", got, first)
			}
		}
		if again, err := s.Take(t.Context(), "a"); err != nil || !slices.Equal(again, first) {
			t.Errorf("of the same keyframe: %+v, %v", again, err)
		}
		s.wantMade("five callers", 1)
		s.frame("a")
		if next, err := s.Take(t.Context(), "a"); err != nil || !next[0].At.After(first[0].At) {
			t.Errorf("of the next: %+v, %v", next, err)
		}
		s.change(func() { s.fails["a"] = true })
		s.frame("a")
		if _, err := s.Take(t.Context(), "a"); !errors.Is(err, ErrPicture) || !errors.Is(err, errWent) {
			t.Errorf("that fails: %v", err)
		}

		s.change(func() { s.takes = time.Hour })
		s.frame("b")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Take(ctx, "b"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("that takes long: %v", err)
		}
		for range maxWaiting - 1 {
			go func() { _, _ = s.Take(t.Context(), "b") }()
		}
		synctest.Wait()
		if _, err := s.Take(t.Context(), "b"); !errors.Is(err, ErrBusy) {
			t.Errorf("one too many: %v", err)
		}
		end()
	})
}

func TestTheNewestPicturesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{Widths: []int{0, 320}, Keep: 3})
		s.room("a", 2*time.Second)
		defer s.begin()()
		time.Sleep(off)
		for range 8 {
			s.frame("a")
			time.Sleep(2 * time.Second)
		}
		if names := s.names(); len(names) != 6 {
			t.Errorf("kept %v", names)
		}
		shots, err := s.Shots(t.Context(), "a", time.Time{})
		if err != nil || len(shots) != 6 || shots[0].Width != 640 || shots[1].Width != 320 || !shots[0].At.Equal(shots[1].At) || !shots[1].At.After(shots[2].At) {
			t.Fatalf("%+v, %v", shots, err)
		}
		if st := s.Stats(); st.Removed != 10 || st.Taken != 8 {
			t.Errorf("stats %+v", st)
		}
	})
}

// The push moved here from a node whose clock is ahead.
func TestNewestIsWhatWasTakenLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		ahead := Shot{At: time.Now().Add(time.Hour), Width: 10, Height: 10}
		_ = s.store.Put(t.Context(), of("a")+ahead.File(), []byte("old"))
		s.room("a", 2*time.Second)
		s.frame("a")
		defer s.begin()()
		time.Sleep(time.Second)
		p, err := s.Cover(t.Context(), "a", time.Time{}, 0)
		if err != nil || p.Width != 640 || !p.At.After(ahead.At) {
			t.Errorf("%+v, %v", p.Shot, err)
		}
	})
}
